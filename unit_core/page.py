"""Any picture -> the digits on it, where they stood, in reading order. No torch.

Classical means throughout: the paper is flattened, the ink binarised, the page turned upright,
ruled lines and tables taken out, and what is connected is a digit.
"""

import functools
import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import cv2
import numpy as np
from PIL import Image

WORKING_PIXELS = 9_000_000  # a digit of a full sheet still has its 20 pixels; more only costs time
DARKEST_PAPER = 40  # of 255: below, there is only noise to divide by
CONTOUR = 0.14  # of the darkest ink around: where a stroke ends
NOISE = 3.0  # mean deviations that ink stands out from the paper's grain, once smoothed
FAINTEST = 12  # of 255, how much darker than paper ink is at least
UNBROKEN = 0.85  # of a ruled line's length shows between what crosses it
PALE = 0.45  # of the usual darkness of ink: what is paler is print, grain or the other side
SMALLEST = 0.33  # digit, of how tall most of the ink stands
ALONG = 0.2  # of the page that a ruled line is seen along, at least
MOST_INK = 0.6  # of a page: above, it is no writing
FORM = 20  # cells that a form has at least
ALONE = 0.8  # of its cells hold a single piece of ink
EVEN = 128  # neither ink nor paper
STEEPEST = 15  # degrees: what stands steeper was meant so


@dataclass(frozen=True)
class Box:
    """Pixels of the upright picture."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True)
class Found:
    """A digit: where it stands in the picture, and its own ink, float32 (h, w) in [0, 1], upright,
    without neighbours and ruled lines. `corner` is where that ink begins (x, y) in the frame."""

    box: Box
    ink: np.ndarray
    corner: tuple[int, int]

    @property
    def left(self) -> int:
        """Where its surest ink begins in the frame; a pixel of halo is around it."""
        return self.corner[0] + 1

    @property
    def top(self) -> int:
        return self.corner[1] + 1

    @property
    def right(self) -> int:
        return self.corner[0] + self.ink.shape[1] - 1

    @property
    def bottom(self) -> int:
        return self.corner[1] + self.ink.shape[0] - 1


@dataclass(frozen=True)
class Page:
    """A picture (RGB, upright) and the digits on it, in lines from top to bottom, left to right.

    `tilt` is how far the lines are turned, in radians, clockwise. `frame` (2, 3) takes points of
    the straightened page, in which digits were found, to pixels of the picture. `bright` tells
    that ink is brighter than its paper. `crumbs` are too small for digits by themselves, but may
    be what a pen left of one.
    """

    picture: Image.Image
    lines: tuple[tuple[Found, ...], ...]
    tilt: float
    frame: np.ndarray
    bright: bool
    crumbs: tuple[Found, ...] = ()


def find(picture: Image.Image) -> Page:
    """The digits on a picture, of dark ink on bright paper or bright on dark."""
    scale = min(1.0, (WORKING_PIXELS / (picture.width * picture.height)) ** 0.5)
    grey = np.asarray(picture.reduce(max(1, int(1 / scale))).convert("L"))  # small first: memory
    if scale < 1:
        size = round(picture.width * scale), round(picture.height * scale)
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    bright = _is_bright(grey)
    ink = _flattened(255 - grey if bright else grey)
    around = _surroundings(ink)
    layers = [ink, *(cv2.subtract(layer, around) for layer in _standing_out(ink))]
    tilt = _tilt(layers[1] > EVEN)
    turn, size = _turn(ink.shape, tilt)
    if tilt:
        layers = [cv2.warpAffine(layer, turn, size, flags=cv2.INTER_LINEAR) for layer in layers]
    frame = cv2.invertAffineTransform(turn) / scale
    ink, mask, faint = layers[0], *((layer > EVEN).astype(np.uint8) for layer in layers[1:])
    if not 0 < mask.mean() < MOST_INK:
        return Page(picture, (), tilt, frame, bright)
    stroke = stroke_width(mask)
    level, upright = _ruling(faint, stroke), _ruling(faint.T, stroke).T
    mask = _without_ruling(mask, level, upright)
    stroke = stroke_width(mask)
    labels, pieces, typical = _pieces(mask, ink, stroke)
    pieces = [piece for piece in pieces if not _of_ruling(piece, level, upright)]
    pieces = _joined(pieces, lambda one, other: _close(one, other, stroke, typical))
    if level.any() and upright.any():
        pieces = _one_a_cell(pieces, level | upright)
    mended = [_mended(line, stroke, typical) for line in in_lines(pieces)]
    used = {label for line in mended for piece in line for label in piece.labels}
    lines = [tuple(_found(piece, labels, ink, frame) for piece in line) for line in mended if line]
    rest = [piece for piece in pieces if used.isdisjoint(piece.labels)]
    crumbs = tuple(_found(piece, labels, ink, frame) for piece in rest)
    return Page(picture, tuple(lines), tilt, frame, bright, crumbs)


def _is_bright(grey: np.ndarray) -> bool:
    """Whether the ink is brighter than its paper: ink is little, and stands out to one side."""
    small = cv2.GaussianBlur(_shrunk(grey, 800), (3, 3), 0)
    difference = small.astype(np.float64) - cv2.medianBlur(small, 31)
    return float((difference**3).sum()) > 0


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
    paper = cv2.morphologyEx(small, cv2.MORPH_CLOSE, _rectangle(width, width))
    paper = np.maximum(cv2.blur(paper, (9, 9)), np.uint8(DARKEST_PAPER))
    common = cv2.medianBlur(cv2.divide(small, paper, scale=240), 31)
    paper = cv2.multiply(paper, np.maximum(common, np.uint8(200)), scale=1 / 240)
    paper = cv2.resize(paper, grey.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return 255 - cv2.divide(grey, paper, scale=255)


def _rectangle(width: int, height: int) -> np.ndarray:
    return cv2.getStructuringElement(cv2.MORPH_RECT, (width, height))


def _surroundings(ink: np.ndarray) -> np.ndarray:
    """Desk, scanner's lid or thumb, uint8 0 or 255: dark areas that come in over the edge."""
    small = _shrunk(ink, 800)
    level, _ = cv2.threshold(small, 0, 255, cv2.THRESH_OTSU)
    dark = (small > level).astype(np.uint8)
    thick = cv2.morphologyEx(dark, cv2.MORPH_OPEN, _rectangle(11, 11))
    _, labels = cv2.connectedComponents(np.pad(thick, 1, mode="edge"))
    edge = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    dark = np.isin(labels[1:-1, 1:-1], edge[edge > 0]).astype(np.uint8) * 255
    return cv2.resize(cv2.dilate(dark, _rectangle(25, 25)), ink.shape[::-1])


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
    strong = cv2.convertScaleAbs(cv2.dilate(smooth, _rectangle(31, 31)), alpha=CONTOUR)
    strong = np.maximum(np.maximum(faint, strong), np.uint8(0.35 * otsu))
    return (
        cv2.addWeighted(smooth, 1, strong, -1, EVEN),
        cv2.addWeighted(smooth, 1, faint, -1, EVEN),
    )


def stroke_width(mask: np.ndarray) -> float:
    """How wide the strokes are, in pixels."""
    return float(_stroke_of(_depths(mask)[mask > 0].mean())) if mask.any() else 1.0


def _depths(mask: np.ndarray) -> np.ndarray:
    """How far each pixel of ink is from paper."""
    return cv2.distanceTransform(mask, cv2.DIST_L2, 3)


def _stroke_of(depth: np.ndarray) -> np.ndarray:
    """The width of strokes, from the mean depth of their pixels: that is a fourth of it."""
    return np.maximum(1.0, 4 * depth - 2)


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


def _without_ruling(mask: np.ndarray, level: np.ndarray, upright: np.ndarray) -> np.ndarray:
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


def _ruling(faint: np.ndarray, stroke: float) -> np.ndarray:
    """Level ruled lines, uint8 0 or 1: long runs of ink that go on from one to the next."""
    run = round(max(12 * stroke, 30))
    whole = cv2.morphologyEx(np.ascontiguousarray(faint), cv2.MORPH_CLOSE, _rectangle(5, 1))
    thick = cv2.dilate(whole, _rectangle(1, 3))  # a line that still leans a little, or is thin
    runs = cv2.morphologyEx(thick, cv2.MORPH_OPEN, _rectangle(run, 1))
    if not runs.any():
        return runs
    chained = cv2.dilate(runs, _rectangle(run // 4 * 2 + 1, 3))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(chained)
    lines = np.zeros_like(runs)
    enough = min(4 * run, max(2 * run, 0.9 * faint.shape[1]))
    for label in np.flatnonzero(stats[1:, cv2.CC_STAT_WIDTH] > enough) + 1:
        x, y, width, height, _ = stats[label]
        place = np.s_[y : y + height, x : x + width]
        own = runs[place] * np.uint8(labels[place] == label)
        if own.any(0).mean() > UNBROKEN:  # else flat strokes side by side
            lines[place] = np.maximum(lines[place], own)
    return cv2.dilate(lines, _rectangle(3, 3))


def _of_ruling(piece: "_Piece", level: np.ndarray, upright: np.ndarray) -> bool:
    """Whether a piece is nothing but a ruled line's own, where it is too faint to go on by."""
    flat, thin = piece.height < 0.25 * piece.width, piece.width < 0.25 * piece.height
    return bool(
        (flat and level[piece.top : piece.bottom].any(0).mean() > ALONG)
        or (thin and upright[:, piece.left : piece.right].any(1).mean() > ALONG)
    )


def _crossing(thickness: float, turned: bool) -> list[np.ndarray]:
    """Short lines in the directions in which a stroke may cross a level ruled line, or an upright
    one if `turned`: straight, and leaning to either side by half."""
    length = round(thickness) + 4
    leaning = np.zeros((length, length // 2), np.uint8)
    rows = np.arange(length)
    leaning[rows, rows * (length // 2) // length] = 1
    kernels = [_rectangle(1, length), leaning, leaning[::-1]]
    return [np.ascontiguousarray(each.T if turned else each) for each in kernels]


@dataclass(frozen=True)
class _Piece:
    """Connected ink of the straightened page: a box, how wide its strokes are, and the labels in it
    that belong together."""

    left: int
    top: int
    right: int
    bottom: int
    stroke: float
    labels: tuple[int, ...]

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def height(self) -> int:
        return self.bottom - self.top

    @property
    def size(self) -> int:
        return max(self.width, self.height)

    def __or__(self, other: "_Piece") -> "_Piece":
        return _Piece(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
            max(self.stroke, other.stroke),
            self.labels + other.labels,
        )


def _pieces(
    mask: np.ndarray, ink: np.ndarray, stroke: float
) -> tuple[np.ndarray, list[_Piece], float]:
    """Connected ink that may be of digits: the picture of all labels, the pieces, and how tall
    most of the ink stands."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask)
    x, y, w, h, area = stats[1:].T
    size = np.maximum(w, h)
    at_edge = (x == 0) | (y == 0) | (x + w == mask.shape[1]) | (y + h == mask.shape[0])
    thin = np.minimum(w, h) < 0.25 * size
    keep = (size > 2 * stroke) & ~(at_edge & thin)
    if not keep.any():
        return labels, [], 0.0
    inside = mask > 0
    dark = np.bincount(labels[inside], ink[inside], minlength=len(stats))[1:] / area
    keep &= dark > PALE * _weighted_median(dark[keep], area[keep])
    usual = keep & (size < min(mask.shape) / 2)  # not a frame, nor the edge of the sheet
    usual = usual if usual.any() else keep
    typical = _weighted_median(h[usual], area[usual])
    keep &= (size > 0.15 * typical) & (size < 5 * typical)
    strokes = _stroke_of(np.bincount(labels[inside], _depths(mask)[inside], len(stats))[1:] / area)
    pieces = [
        _Piece(x[i], y[i], x[i] + w[i], y[i] + h[i], float(strokes[i]), (int(i) + 1,))
        for i in np.flatnonzero(keep)
    ]
    return labels, pieces, typical


def _weighted_median(values: np.ndarray, weights: np.ndarray) -> float:
    order = np.argsort(values)
    total = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(total, total[-1] / 2)])


def _joined(pieces: Sequence[_Piece], belong: Callable[[_Piece, _Piece], bool]) -> list[_Piece]:
    """Pieces with those that belong to them, from left to right."""
    near: list[_Piece] = []  # whose neighbours may still come
    done: list[_Piece] = []
    for piece in sorted(pieces, key=lambda piece: piece.left):
        while (other := next((o for o in near if belong(o, piece)), None)) is not None:
            near.remove(other)
            piece = piece | other
        done += [o for o in near if o.right + o.height < piece.left]
        near = [o for o in near if o.right + o.height >= piece.left]
        near.append(piece)
    return sorted(done + near, key=lambda piece: piece.left)


def _close(one: _Piece, other: _Piece, stroke: float, typical: float) -> bool:
    """Whether two pieces are one digit, by themselves: one lies within the other's box, or close
    to it and is small, or above it, as the bar of a 5."""
    tall = max(one.height, other.height)
    gap = max(
        max(one.left, other.left) - min(one.right, other.right),
        max(one.top, other.top) - min(one.bottom, other.bottom),
    )
    if gap > max(1.5 * stroke, 0.2 * tall):
        return False
    small, large = sorted((one, other), key=lambda piece: piece.size)
    if large.size < 6 * stroke:  # specks
        return False
    if min(_across(one, other), _along(one, other)) > 0.8:
        return True
    if small.size < 0.5 * large.size and gap <= max(1.5 * stroke, 0.12 * tall):
        return True
    return (
        _across(one, other) > 0.6
        and gap <= 0.2 * tall
        and (one | other).height < max(1.3 * tall, (1.7 if gap <= stroke else 1.25) * typical)
    )


def _across(one: _Piece, other: _Piece) -> float:
    """How much of the narrower stands above or below the other; negative for a gap."""
    shared = min(one.right, other.right) - max(one.left, other.left)
    return shared / min(one.width, other.width)


def _along(one: _Piece, other: _Piece) -> float:
    """How much of the lower stands beside the other."""
    shared = min(one.bottom, other.bottom) - max(one.top, other.top)
    return shared / min(one.height, other.height)


class Standing(Protocol):
    """What has its place in the straightened page."""

    @property
    def left(self) -> int: ...
    @property
    def top(self) -> int: ...
    @property
    def right(self) -> int: ...
    @property
    def bottom(self) -> int: ...


T = TypeVar("T", bound=Standing)


def in_lines(standing: Sequence[T]) -> list[list[T]]:
    """What stands side by side is a line, however far apart: a table's rows are."""
    lines: list[list[T]] = []
    for each in sorted(standing, key=lambda each: each.left):
        near = [(_apart(line, each), line) for line in lines]
        apart, line = min(near, key=lambda pair: pair[0], default=(1.0, []))
        if apart < 0.5:
            line.append(each)
        else:
            lines.append([each])
    lines.sort(key=lambda line: sum(_middle(each) for each in line) / len(line))
    return lines


def _middle(each: Standing) -> float:
    return (each.top + each.bottom) / 2


def _apart(line: Sequence[Standing], piece: Standing) -> float:
    """How far a piece is above or below the end of a line, in heights of the taller."""
    last = line[-4:]
    height = max(each.bottom - each.top for each in [piece, *last])
    return abs(_middle(piece) - sum(map(_middle, last)) / len(last)) / height


def _one_a_cell(pieces: Sequence["_Piece"], walls: np.ndarray) -> list["_Piece"]:
    """On a form that has a digit in each of its cells, what stands in a cell is one; else the same.

    `walls` (H, W) uint8 is 1 where ruled lines are. Cells of an unusual size are let alone.
    """
    half = cv2.dilate(walls, _rectangle(2, 2))[::2, ::2]  # a quarter of the memory
    _, cells, stats, _ = cv2.connectedComponentsWithStats(1 - half)
    inside: dict[int, list[_Piece]] = {}
    for each in pieces:
        cell = int(cells[(each.top + each.bottom) // 4, (each.left + each.right) // 4])
        inside.setdefault(cell, []).append(each)
    on_walls = inside.pop(0, [])
    if not inside:
        return list(pieces)
    area = stats[list(inside), cv2.CC_STAT_AREA]
    usual = abs(area / np.median(area) - 1) < 0.3
    alone = usual & [len(own) == 1 for own in inside.values()]
    if usual.sum() < FORM or alone.sum() < ALONE * usual.sum():
        return list(pieces)
    widths = [own[0].width for own, one in zip(inside.values(), alone, strict=True) if one]
    widest = 1.2 * np.quantile(widths, 0.95)  # what is wider is a number
    found = list(on_walls)
    for own, fits in zip(inside.values(), usual, strict=True):
        whole = functools.reduce(operator.or_, own)
        found += [whole] if fits and whole.width < widest else own
    return found


def _mended(line: Sequence[_Piece], stroke: float, typical: float) -> list[_Piece]:
    """The digits of a line: in it they stand side by side, so what overlaps is one digit, and what
    is too small or flat for one belongs to its neighbour, or is none."""
    heights = np.array([piece.height for piece in line])
    centres = np.array([(piece.left + piece.right) / 2 for piece in line])

    def tall(piece: _Piece) -> float:
        """How tall digits are about there: numbers of any size may share a line."""
        about = np.abs(centres - (piece.left + piece.right) / 2) < 5 * piece.size
        return float(np.percentile(heights[about] if about.sum() > 1 else heights, 80))

    def speck(piece: _Piece) -> bool:
        high = min(2 * stroke, 2.7 * piece.stroke)  # small numbers have thinner strokes
        dash = piece.height < high and piece.width > 2 * piece.height
        return dash or piece.size < 0.45 * tall(piece)

    def part(piece: _Piece) -> bool:
        return speck(piece) or piece.height < 0.3 * tall(piece)

    def same(one: _Piece, other: _Piece) -> bool:
        whole = one | other
        most = tall(whole)
        if whole.height > 1.3 * most:
            return False
        if _across(one, other) > 0.5:
            return True
        gap = whole.width - one.width - other.width
        return gap <= 0.15 * most and whole.width < 1.6 * most and (part(one) or part(other))

    whole = _joined(line, same)
    return [piece for piece in whole if not speck(piece) and piece.size > SMALLEST * typical]


def _found(piece: _Piece, labels: np.ndarray, ink: np.ndarray, frame: np.ndarray) -> Found:
    """A digit cut out: its own ink alone, from 0 for paper to 1 for what is darkest in it."""
    top, left = max(0, piece.top - 1), max(0, piece.left - 1)
    place = np.s_[top : piece.bottom + 1, left : piece.right + 1]
    around = labels[place]
    own = np.isin(around, piece.labels)
    halo = cv2.dilate(own.astype(np.uint8), _rectangle(3, 3)).astype(bool) & ((around == 0) | own)
    dark = ink[place].astype(np.float32)
    full = float(np.percentile(dark[own], 90))
    return found_at((dark * halo / full).clip(0, 1), own, (left, top), frame)


def found_at(ink: np.ndarray, own: np.ndarray, corner: tuple[int, int], frame: np.ndarray) -> Found:
    """A digit of the straightened page that `frame` takes to the picture: its ink (h, w), where it
    is surely ink, and where it begins."""
    y, x = np.nonzero(own)
    points = np.concatenate(
        [np.stack([x + dx, y + dy], 1) + corner for dx in (0, 1) for dy in (0, 1)]
    )
    points = points @ frame[:, :2].T + frame[:, 2]
    low, high = np.floor(points.min(0) + 0.5), np.ceil(points.max(0) - 0.5)
    box = Box(int(low[0]), int(low[1]), int(high[0] - low[0]), int(high[1] - low[1]))
    return Found(box, ink, corner)
