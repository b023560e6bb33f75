"""A photo or scan of a page -> its ink, upright and free of light, grain and ruled lines. No torch.

The paper is flattened, the ink binarised, the page turned upright, ruled lines and tables are found
and taken out.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np

DARKEST_PAPER = 40  # of 255: below, there is only noise to divide by
CONTOUR = 0.14  # of the darkest ink around: where a stroke ends
NOISE = 3.0  # mean deviations that ink stands out from the paper's grain, once smoothed
FAINTEST = 12  # of 255, how much darker than paper ink is at least
UNBROKEN = 0.85  # of a ruled line's length shows between what crosses it
EVEN = 128  # neither ink nor paper
STEEPEST = 15  # degrees: what stands steeper was meant so


@dataclass(frozen=True)
class Sheet:
    """A page turned upright, (H, W) each: how dark its `ink` is, uint8 0 to 255, and uint8 0 or 1
    where it is of `strokes`, and of `anything` faint.

    It was turned by `tilt`, in radians, clockwise; `turn` (2, 3) takes points to where they are.
    """

    ink: np.ndarray
    strokes: np.ndarray
    anything: np.ndarray
    tilt: float
    turn: np.ndarray


def straightened(grey: np.ndarray) -> Sheet:
    """A picture of dark ink on bright paper, uint8 (H, W), turned upright."""
    ink = _flattened(grey)
    around = _surroundings(ink)
    layers = [ink, *(cv2.subtract(layer, around) for layer in _standing_out(ink))]
    tilt = _tilt(layers[1] > EVEN)
    turn, size = _turn(ink.shape, tilt)
    if tilt:
        layers = [cv2.warpAffine(layer, turn, size, flags=cv2.INTER_LINEAR) for layer in layers]
    strokes, anything = ((layer > EVEN).astype(np.uint8) for layer in layers[1:])
    return Sheet(layers[0], strokes, anything, tilt, turn)


def ruling(sheet: Sheet) -> tuple[np.ndarray, np.ndarray]:
    """Ruled lines, uint8 0 or 1: level ones, and upright ones."""
    stroke = stroke_width(sheet.strokes)
    return _ruling(sheet.anything, stroke), _ruling(sheet.anything.T, stroke).T


def is_bright(grey: np.ndarray) -> bool:
    """Whether the ink is brighter than its paper: ink is little, and stands out to one side."""
    small = cv2.GaussianBlur(_shrunk(grey, 800), (3, 3), 0)
    difference = small.astype(np.float64) - cv2.medianBlur(small, 31)
    return float((difference**3).sum()) > 0


def without_ruling(mask: np.ndarray, level: np.ndarray, upright: np.ndarray) -> np.ndarray:
    """The strokes but for ruled lines and tables; those that cross them are whole again."""
    if not (level.any() or upright.any()):
        return mask
    rest = mask & (1 - (level | upright))
    if rest.sum() < 0.02 * mask.sum():
        return mask  # a long 1, and nothing else
    mended = rest.copy()
    for ruling, turned in ((level, False), (upright, True)):
        if ruling.any():
            for kernel in _crossing(stroke_width(ruling), turned):
                mended |= cv2.morphologyEx(rest, cv2.MORPH_CLOSE, kernel) & ruling & mask
    return mended


def stroke_width(mask: np.ndarray) -> float:
    """How wide the strokes are, in pixels."""
    return float(stroke_of(depths(mask)[mask > 0].mean())) if mask.any() else 1.0


def stroke_of(depth: np.ndarray) -> np.ndarray:
    """The width of strokes, from the mean depth of their pixels: that is a fourth of it."""
    return np.maximum(1.0, 4 * depth - 2)


def depths(mask: np.ndarray) -> np.ndarray:
    """How far each pixel of ink is from paper."""
    return cv2.distanceTransform(mask, cv2.DIST_L2, 3)


def rectangle(width: int, height: int) -> np.ndarray:
    return cv2.getStructuringElement(cv2.MORPH_RECT, (width, height))


def _shrunk(grey: np.ndarray, side: int) -> np.ndarray:
    scale = min(1.0, side / max(grey.shape))
    size = [max(1, round(length * scale)) for length in grey.shape[::-1]]
    return cv2.resize(grey, size, interpolation=cv2.INTER_AREA)


def _flattened(grey: np.ndarray) -> np.ndarray:
    """Dark ink on bright paper, uint8 -> how far it is from the paper around it, 0 to 255.

    The paper is what a closing leaves, wider than any stroke, set right by what is commonest
    around; light and shadow multiply, so the quotient is free of them.
    """
    small = cv2.medianBlur(_shrunk(grey, 400), 5)
    width = max(3, max(small.shape) // 6)
    paper = cv2.morphologyEx(small, cv2.MORPH_CLOSE, rectangle(width, width))
    paper = np.maximum(cv2.blur(paper, (9, 9)), np.uint8(DARKEST_PAPER))
    common = cv2.medianBlur(cv2.divide(small, paper, scale=240), 31)
    paper = cv2.multiply(paper, np.maximum(common, np.uint8(200)), scale=1 / 240)
    paper = cv2.resize(paper, grey.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return 255 - cv2.divide(grey, paper, scale=255)


def _surroundings(ink: np.ndarray) -> np.ndarray:
    """Desk, scanner's lid or thumb, uint8 0 or 255: dark areas that come in over the edge."""
    small = _shrunk(ink, 800)
    level, _ = cv2.threshold(small, 0, 255, cv2.THRESH_OTSU)
    dark = (small > level).astype(np.uint8)
    thick = cv2.morphologyEx(dark, cv2.MORPH_OPEN, rectangle(11, 11))
    _, labels = cv2.connectedComponents(np.pad(thick, 1, mode="edge"))
    edge = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    dark = np.isin(labels[1:-1, 1:-1], edge[edge > 0]).astype(np.uint8) * 255
    return cv2.resize(cv2.dilate(dark, rectangle(25, 25)), ink.shape[::-1])


def _standing_out(ink: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How far pixels are ink, uint8 above EVEN where they are: of strokes, and of anything faint.

    Ink stands out from the grain of its paper; a stroke also is a third as dark as the darkest
    around it, so that it is as wide by a faint pen as by a strong one.
    """
    smooth = cv2.GaussianBlur(ink, (3, 3), 0)
    rough = cv2.absdiff(ink, cv2.medianBlur(ink, 5))
    small = _shrunk(rough, max(1, max(ink.shape) // 8))
    noise = cv2.resize(cv2.medianBlur(small, 31), ink.shape[::-1], interpolation=cv2.INTER_LINEAR)
    otsu, _ = cv2.threshold(smooth, 0, 255, cv2.THRESH_OTSU)
    faint = np.maximum(cv2.convertScaleAbs(noise, alpha=NOISE), np.uint8(FAINTEST))
    strong = cv2.convertScaleAbs(cv2.dilate(smooth, rectangle(31, 31)), alpha=CONTOUR)
    strong = np.maximum(np.maximum(faint, strong), np.uint8(0.35 * otsu))
    return (
        cv2.addWeighted(smooth, 1, strong, -1, EVEN),
        cv2.addWeighted(smooth, 1, faint, -1, EVEN),
    )


def _tilt(mask: np.ndarray) -> float:
    """How far lines are turned, in radians, clockwise; 0 where there are none.

    Turned back by the right angle, rows are either full or empty: the sum of their squared ink
    is greatest (Postl 1986).
    """
    small = _shrunk(mask.astype(np.uint8) * 255, 1000) > 64
    y, x = np.nonzero(small)
    if not len(y) or np.ptp(x) < 2 * np.ptp(y) and _count(small) < 3:
        return 0.0  # a slanted 1 is no tilted line
    step = max(1, len(y) // 30_000)
    y, x = y[::step] - small.shape[0] / 2, x[::step] - small.shape[1] / 2

    def sharpness(angle: float) -> float:
        row = np.floor(y * math.cos(angle) - x * math.sin(angle)).astype(np.int64)
        return float((np.bincount(row - row.min()).astype(np.float64) ** 2).sum())

    def sharpest(degrees: np.ndarray) -> float:
        return float(max(degrees, key=lambda angle: sharpness(math.radians(angle))))

    rough = sharpest(np.arange(-STEEPEST, STEEPEST + 0.1, 0.5))
    if abs(rough) >= STEEPEST:
        return 0.0
    angle = math.radians(sharpest(rough + np.arange(-10, 11) / 20))
    return angle if sharpness(angle) > 1.05 * sharpness(0.0) else 0.0


def _count(mask: np.ndarray) -> int:
    return cv2.connectedComponents(mask.astype(np.uint8))[0] - 1


def _turn(shape: tuple[int, ...], tilt: float) -> tuple[np.ndarray, tuple[int, int]]:
    """Turning a picture of `shape` upright about its middle: (2, 3), and the size that holds it."""
    height, width = shape
    cos, sin = math.cos(tilt), math.sin(tilt)
    size = (
        math.ceil(width * cos + height * abs(sin)),
        math.ceil(height * cos + width * abs(sin)),
    )
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), math.degrees(tilt), 1.0)
    turn = turn + np.array([[0, 0, (size[0] - width) / 2], [0, 0, (size[1] - height) / 2]])
    return turn, size


def _ruling(faint: np.ndarray, stroke: float) -> np.ndarray:
    """Level ruled lines, uint8 0 or 1: long runs of ink that go on from one to the next."""
    run = round(max(12 * stroke, 30))
    whole = cv2.morphologyEx(np.ascontiguousarray(faint), cv2.MORPH_CLOSE, rectangle(5, 1))
    thick = cv2.dilate(whole, rectangle(1, 3))  # a line that still leans a little, or is thin
    runs = cv2.morphologyEx(thick, cv2.MORPH_OPEN, rectangle(run, 1))
    if not runs.any():
        return runs
    chained = cv2.dilate(runs, rectangle(run // 4 * 2 + 1, 3))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(chained)
    lines = np.zeros_like(runs)
    enough = min(4 * run, max(2 * run, 0.9 * faint.shape[1]))
    for label in np.flatnonzero(stats[1:, cv2.CC_STAT_WIDTH] > enough) + 1:
        x, y, width, height, _ = stats[label]
        place = np.s_[y : y + height, x : x + width]
        own = runs[place] * np.uint8(labels[place] == label)
        if own.any(0).mean() > UNBROKEN:  # else flat strokes side by side
            lines[place] = np.maximum(lines[place], own)
    return cv2.dilate(lines, rectangle(3, 3))


def _crossing(thickness: float, turned: bool) -> list[np.ndarray]:
    """Short lines in the directions in which a stroke may cross a level ruled line, or an upright
    one if `turned`: straight, and leaning to either side by half."""
    length = round(thickness) + 4
    leaning = np.zeros((length, length // 2), np.uint8)
    rows = np.arange(length)
    leaning[rows, rows * (length // 2) // length] = 1
    kernels = [rectangle(1, length), leaning, leaning[::-1]]
    return [np.ascontiguousarray(each.T if turned else each) for each in kernels]
