"""Any picture -> the digits on it, where they stood, in reading order. No torch.

Classical means throughout: on the straightened page (`paper`) what is connected is a digit, and
what stands so that it must be of one is put together.
"""

import functools
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image

from unit_core.paper import (
    depths,
    is_bright,
    rectangle,
    ruling,
    straightened,
    stroke_of,
    stroke_width,
    without_ruling,
)
from unit_core.standing import across, along, gap_between, in_lines

WORKING_PIXELS = 9_000_000  # a digit of a full sheet still has its 20 pixels; more only costs time
PALE = 0.45  # of the usual darkness of ink: what is paler is print, grain or the other side
SMALLEST = 0.33  # digit, of how tall most of the ink stands
ALONG = 0.2  # of the page that a ruled line is seen along, at least
MOST_INK = 0.6  # of a page: above, it is no writing
FORM = 20  # cells that a form has at least
ALONE = 0.8  # of its cells hold a single piece of ink


@dataclass(frozen=True)
class Box:
    """Pixels of the upright picture."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, eq=False)  # each is itself: what arrays hold is not compared
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
        size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    bright = is_bright(grey)
    sheet = straightened(255 - grey if bright else grey)
    ink, tilt = sheet.ink, sheet.tilt
    frame = cv2.invertAffineTransform(sheet.turn) / scale
    if not 0 < sheet.strokes.mean() < MOST_INK:
        return Page(picture, (), tilt, frame, bright)
    level, upright = ruling(sheet)
    mask = without_ruling(sheet.strokes, level, upright)
    stroke = stroke_width(mask)
    labels, pieces, typical = _pieces(mask, ink, stroke)
    pieces = [piece for piece in pieces if not _of_ruling(piece, level, upright)]
    pieces = _joined(pieces, lambda one, other: _close(one, other, stroke, typical))
    if level.any() and upright.any():
        pieces = _one_a_cell(pieces, level | upright)
    mended = [_mended(line, stroke, typical) for line in in_lines(pieces)]
    used = {label for line in mended for piece in line for label in piece.labels}
    labels, ink = np.pad(labels, 1), np.pad(ink, 1)  # so that at the edge, too, there is a halo
    lines = [tuple(_found(piece, labels, ink, frame) for piece in line) for line in mended if line]
    rest = [piece for piece in pieces if used.isdisjoint(piece.labels)]
    crumbs = tuple(_found(piece, labels, ink, frame) for piece in rest)
    return Page(picture, tuple(lines), tilt, frame, bright, crumbs)


def _of_ruling(piece: "_Piece", level: np.ndarray, upright: np.ndarray) -> bool:
    """Whether a piece is nothing but a ruled line's own, where it is too faint to go on by."""
    flat, thin = piece.height < 0.25 * piece.width, piece.width < 0.25 * piece.height
    return bool(
        (flat and level[piece.top : piece.bottom].any(0).mean() > ALONG)
        or (thin and upright[:, piece.left : piece.right].any(1).mean() > ALONG)
    )


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
    strokes = stroke_of(np.bincount(labels[inside], depths(mask)[inside], len(stats))[1:] / area)
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
    gap = gap_between(one, other)
    if gap > max(1.5 * stroke, 0.2 * tall):
        return False
    small, large = sorted((one, other), key=lambda piece: piece.size)
    if large.size < 6 * stroke:  # specks
        return False
    if min(across(one, other), along(one, other)) > 0.8:
        return True
    if small.size < 0.5 * large.size and gap <= max(1.5 * stroke, 0.12 * tall):
        return True
    return (
        across(one, other) > 0.6
        and gap <= 0.2 * tall
        and (one | other).height < max(1.3 * tall, (1.7 if gap <= stroke else 1.25) * typical)
    )


def _one_a_cell(pieces: Sequence["_Piece"], walls: np.ndarray) -> list["_Piece"]:
    """On a form that has a digit in each of its cells, what stands in a cell is one; else the same.

    `walls` (H, W) uint8 is 1 where ruled lines are. Cells of an unusual size are let alone.
    """
    half = cv2.dilate(walls, rectangle(2, 2))[::2, ::2]  # a quarter of the memory
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
        if across(one, other) > 0.5:
            return True
        gap = whole.width - one.width - other.width
        return gap <= 0.15 * most and whole.width < 1.6 * most and (part(one) or part(other))

    whole = _joined(line, same)
    return [piece for piece in whole if not speck(piece) and piece.size > SMALLEST * typical]


def _found(piece: _Piece, labels: np.ndarray, ink: np.ndarray, frame: np.ndarray) -> Found:
    """A digit cut out: its own ink alone, from 0 for paper to 1 for what is darkest in it.

    `labels` and `ink` are of the straightened page with a pixel of margin.
    """
    place = np.s_[piece.top : piece.bottom + 2, piece.left : piece.right + 2]
    around = labels[place]
    own = np.isin(around, piece.labels)
    halo = cv2.dilate(own.astype(np.uint8), rectangle(3, 3)).astype(bool) & ((around == 0) | own)
    dark = ink[place].astype(np.float32)
    full = float(np.percentile(dark[own], 90))
    return found_at((dark * halo / full).clip(0, 1), own, (piece.left - 1, piece.top - 1), frame)


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
