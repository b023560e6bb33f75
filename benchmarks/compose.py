"""Synthetic pages with known digits: numbers of a data set's digits laid out on paper.

Clean, or as a phone sees them: tilted, in a shadow, ruled, noisy. The truth is kept beside.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image

from unit_core.page import Box


@dataclass(frozen=True)
class Conditions:
    """What happens to a page: the most its lines are turned, in degrees; how dark its shadow is
    and how strong its noise, as shares of full contrast; ruled "lines", a "grid" or none; whether
    it is chalk on a board; the paper between digits (from, to), in their heights, below 0 where
    they touch; how much a failing pen may leave out, 0 to 1; and how far corners come in where
    the page is seen at an angle, as a share of its sides."""

    tilt: float = 0.0
    shadow: float = 0.0
    noise: float = 0.01
    ruled: str = ""
    bright: bool = False
    gaps: tuple[float, float] = (0.08, 0.45)
    failing: float = 0.0
    angle: float = 0.0


CLEAN = Conditions()
HARD = Conditions(tilt=6.0, shadow=0.5, noise=0.03, ruled="lines")


@dataclass(frozen=True)
class Written:
    """A digit as it was put on the page."""

    box: Box
    digit: int
    script: str


@dataclass(frozen=True)
class Composed:
    """A picture, and its numbers in no order, each from left to right."""

    picture: Image.Image
    numbers: tuple[tuple[Written, ...], ...]


@dataclass(frozen=True)
class Hand:
    """Digits to write with: `images` (N, 28, 28) uint8 with ink 255, `labels` (N,), of `script`,
    `stretch` times as tall as the pen drew them; who wrote each, `writers` (N,), where known."""

    script: str
    images: np.ndarray
    labels: np.ndarray
    stretch: float = 1.0
    writers: np.ndarray | None = None


def compose(
    hands: Sequence[Hand],
    random: np.random.Generator,
    conditions: Conditions = CLEAN,
    size: tuple[int, int] = (1400, 1000),
    numbers: int = 14,
    digits: tuple[int, int] = (1, 8),
) -> Composed:
    """A page of `size` (width, height) with up to `numbers` numbers of `digits` (from, to) digits.

    Each number is of one hand, one size and one pen; none touches another number.
    """
    width, height = size
    ink = np.zeros((height, width), np.float32)
    taken = np.zeros((height, width), bool)
    written: list[list[tuple[np.ndarray, int, str]]] = []  # points of its ink (n, 2), digit, script
    pitch = int(random.integers(60, 90))
    for _ in range(numbers):
        hand = hands[int(random.integers(len(hands)))]
        tall = float(random.uniform(26, 0.8 * pitch if conditions.ruled else 64))
        count = int(random.integers(digits[0], digits[1] + 1))
        patches = [
            _patch(hand, int(random.integers(len(hand.labels))), tall, random, conditions.failing)
            for _ in range(count)
        ]
        gaps = [float(random.uniform(*conditions.gaps)) * tall for _ in patches]
        length = int(sum(each[0].shape[1] + gap for each, gap in zip(patches, gaps, strict=True)))
        room = int(1.6 * tall) + 8
        if length + 2 * room >= width:
            continue
        for _ in range(40):  # a free place
            x = int(random.integers(room, width - room - length))
            y = int(random.integers(room, height - room))
            if conditions.ruled:
                y = y // pitch * pitch + pitch - int(random.uniform(-0.05, 0.3) * tall)
            area = np.s_[max(0, y - room) : y + room // 2, max(0, x - room) : x + length + room]
            if y < height - room and not taken[area].any():
                break
        else:
            continue
        taken[area] = True
        number = []
        for (patch, digit), gap in zip(patches, gaps, strict=True):
            h, w = patch.shape
            top = y - h + int(random.uniform(-0.06, 0.06) * tall)
            place = ink[top : top + h, x : x + w]
            np.maximum(place, patch[: place.shape[0], : place.shape[1]], out=place)
            rows, columns = np.nonzero(patch > 0.5)
            points = np.stack([columns + x, rows + top], 1).astype(np.float64)
            number.append((points, digit, hand.script))
            x += w + int(gap)
        written.append(number)
    pen = float(random.uniform(0.55, 0.95))
    ink *= pen
    _rule(ink, conditions.ruled, pitch, pen, random)

    angle = float(random.uniform(-conditions.tilt, conditions.tilt))
    turn = np.vstack([cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0), [0, 0, 1]])
    view = _seen_from(size, conditions.angle, random) @ turn
    ink = cv2.warpPerspective(ink, view, size, flags=cv2.INTER_LINEAR)

    def placed(points: np.ndarray) -> Box:
        return _box(cv2.perspectiveTransform(points[None], view)[0])

    boxed = tuple(
        tuple(Written(placed(points), digit, script) for points, digit, script in number)
        for number in written
    )
    return Composed(_photo(ink, conditions, random), boxed)


def sheet(hand: Hand, random: np.random.Generator, rows: int, columns: int) -> Composed:
    """A table with a digit of `hand` in each cell, in order down the columns, as a scanner at 300
    dpi sees it; `numbers` has its columns."""
    high, wide, margin = 84, 148, 60
    height, width = rows * high + 2 * margin, columns * wide + 2 * margin
    ink = np.zeros((height, width), np.float32)
    written: list[list[Written]] = []
    for i in range(min(rows * columns, len(hand.labels))):
        column, row = divmod(i, rows)
        patch, digit = _patch(hand, i, float(random.uniform(38, 56)), random, 0.0)
        h, w = patch.shape
        top, left = (
            margin + at * cell + (cell - side) // 2 + int(random.uniform(-0.1, 0.1) * cell)
            for at, cell, side in ((row, high, h), (column, wide, w))
        )
        ink[top : top + h, left : left + w] = patch
        y, x = np.nonzero(patch > 0.5)
        box = _box(np.stack([x + left, y + top], 1).astype(np.float64))
        if not row:
            written.append([])
        written[-1].append(Written(box, digit, hand.script))
    for row in range(rows + 1):
        ink[margin + row * high - 1 :][:3, margin : width - margin] = 0.9
    for column in range(columns + 1):
        ink[margin : height - margin, margin + column * wide - 1 :][:, :3] = 0.9
    return Composed(_photo(ink, CLEAN, random), tuple(map(tuple, written)))


def _patch(
    hand: Hand, which: int, tall: float, random: np.random.Generator, failing: float
) -> tuple[np.ndarray, int]:
    """A digit's ink, cropped, about `tall` high; wide ones are lower, as they were written."""
    digit = hand.images[which].astype(np.float32) / 255
    if failing:
        digit = _with_gaps(digit, failing, random)
    scale = tall / 20
    size = round(28 * scale), max(1, round(28 * scale / hand.stretch))
    large = cv2.resize(digit, size, interpolation=cv2.INTER_CUBIC).clip(0, 1)
    rows, columns = np.nonzero(large > 0.3)
    crop = large[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    return crop, int(hand.labels[which])


def _with_gaps(digit: np.ndarray, failing: float, random: np.random.Generator) -> np.ndarray:
    """As of a pen that fails here and there, but leaves most of the digit."""
    grain = cv2.GaussianBlur(random.normal(size=digit.shape), (3, 3), 0)
    level = np.quantile(grain, failing * random.uniform(0, 0.2))
    left = digit * ((grain / grain.std() - level / grain.std()) * 3).clip(0, 1)
    return left.astype(np.float32) if (left > 0.5).sum() > 20 else digit


def _rule(ink: np.ndarray, ruled: str, pitch: int, pen: float, random: np.random.Generator) -> None:
    if not ruled:
        return
    thick, shade = int(random.integers(1, 4)), float(random.uniform(0.3, 0.9)) * pen
    for y in range(pitch, ink.shape[0], pitch):
        np.maximum(ink[y : y + thick], shade, out=ink[y : y + thick])
    if ruled == "grid":
        for x in range(pitch // 2, ink.shape[1], 2 * pitch):
            np.maximum(ink[:, x : x + thick], shade, out=ink[:, x : x + thick])


def _seen_from(size: tuple[int, int], angle: float, random: np.random.Generator) -> np.ndarray:
    """A picture of `size` with each corner moved in by up to `angle` of its sides: (3, 3)."""
    if not angle:
        return np.eye(3)
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
    moved = corners + (1 - 2 * corners) * random.uniform(0, angle, (4, 2))
    return cv2.getPerspectiveTransform(
        *((each * size).astype(np.float32) for each in (corners, moved))
    )


def _box(points: np.ndarray) -> Box:
    (left, top), (right, bottom) = points.min(0), points.max(0) + 1
    return Box(round(left), round(top), round(right - left), round(bottom - top))


def _photo(ink: np.ndarray, conditions: Conditions, random: np.random.Generator) -> Image.Image:
    """The ink in colour on lit paper."""
    height, width = ink.shape
    paper = random.uniform(0.8, 0.97) * random.uniform(0.94, 1.0, 3)
    colour = np.array([[0.1, 0.1, 0.12], [0.1, 0.15, 0.45], [0.5, 0.1, 0.12]])[random.integers(3)]
    if conditions.bright:
        paper, colour = random.uniform(0.08, 0.25, 3), random.uniform(0.85, 1.0, 3)
    shown = paper + (colour - paper) * ink[..., None]
    if conditions.shadow:
        x, y = np.meshgrid(np.linspace(-1, 1, width), np.linspace(-1, 1, height))
        turn = random.uniform(0, 2 * np.pi)
        across = x * np.cos(turn) + y * np.sin(turn)
        edge = 1 / (1 + np.exp(-(across - random.uniform(-0.4, 0.4)) * random.uniform(3, 25)))
        lamp = 1 - 0.3 * conditions.shadow * (x * np.sin(turn) - y * np.cos(turn) + 1) / 2
        shown = shown * ((1 - conditions.shadow * edge) * lamp)[..., None]
    shown = shown + random.normal(0, conditions.noise, ink.shape)[..., None]
    return Image.fromarray((shown.clip(0, 1) * 255).astype(np.uint8))
