"""A page that has been read -> its picture rewritten in another script, digit by digit in place."""

import functools
import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from PIL import Image

from unit_core.domains import check_known
from unit_core.evidence import best_of, hypotheses_of
from unit_core.ink import BOX, ink_box
from unit_core.networks import class_means
from unit_core.page import Box, Found, Page
from unit_core.paper import stroke_width
from unit_core.reading import Digit, Reading, numbers_of, slices_of
from unit_core.translator import Translator

FAINT = 0.1  # of a digit's darkest ink: what is erased with it
SMOOTH = 0.4  # pixels of a translation, in which it is blurred: its edges are no stairs
THINNEST = 0.8  # stroke, of the pen's width
EDGE = 0.06  # of a line's height, that it keeps from the edge of the picture: half a stroke
NUMBERS = 1 / 3  # of the way from number to number: how far a digit may reach
SURE, LIKELY = 0.6, 0.37  # of usual ink: what is drawn, and what is where it goes on from that


def rewrite(
    translator: Translator,
    page: Page,
    reading: Reading,
    target: str,
    onto: Image.Image | None = None,
) -> Image.Image:
    """The picture with every digit that is not yet in `target` translated in its place.

    In its own hand, its ink's colour, as heavy, as large and as tilted, on the paper cleaned of it.
    The digits of `reading` are known by their boxes; what was corrected in them counts. Written on
    a copy of the page's picture, or `onto` it where that is needed no more: a copy of the largest
    takes 200 MB.
    Raises ValueError for a script that the translator does not know.
    """
    picture = page.picture.copy() if onto is None else onto
    places = {each.box: each for line in page.lines for each in line}
    lines = [[digit for digit in line.digits if digit.box in places] for line in reading.lines]
    glyphs = _translated(translator, places, lines, target)
    for line in lines:
        todo = [digit.box for digit in line if digit.box in glyphs]
        if not todo:
            continue
        rooms = _rooms(page, [places[digit.box] for digit in line])
        colours = _erase(picture, page, [places[box] for box in todo])
        for box, colour in zip(todo, colours, strict=True):
            _write(picture, page, places[box], glyphs[box], rooms[box], colour)
    return picture


@dataclass(frozen=True)
class _Glyph:
    """A translated digit, (28, 28) in [0, 1]; `stretch`: how much taller it is than a pen draws it,
    `source_stretch`: how much taller its original was."""

    ink: np.ndarray
    stretch: float
    source_stretch: float


def _translated(
    translator: Translator,
    places: Mapping[Box, Found],
    lines: Sequence[Sequence[Digit]],
    target: str,
) -> dict[Box, _Glyph]:
    """Every digit that is not in `target`, by its box."""
    glyphs = {}
    means = class_means(translator.config).to(translator.device)
    check_known(target, translator.domains)
    stretch = translator.scripts[target].stretch
    for script in dict.fromkeys(digit.script for line in lines for digit in line):
        if script == target:
            continue
        own = [[digit for digit in line if digit.script == script] for line in lines]
        digits = [digit for line in own for digit in line]
        hypotheses = hypotheses_of(translator, [places[d.box].ink for d in digits], script)
        codes = torch.cat([best_of(hypotheses, part).codes[part] for part in slices_of(own)])
        # What a person corrected: the same hand, around the mean of another digit.
        read_as = translator.classify_codes(codes).argmax(1)
        codes = codes + means[[digit.digit for digit in digits]] - means[read_as]
        made = translator.decode(codes, target).cpu().numpy()
        seen = [best_of(hypotheses, part).stretch for part in slices_of(own)]
        was = np.repeat(seen, [len(line) for line in own])
        for digit, ink, before in zip(digits, made, was, strict=True):
            glyphs[digit.box] = _Glyph(ink, stretch, float(before))
    return glyphs


def _rooms(page: Page, line: Sequence[Found]) -> dict[Box, tuple[float, float]]:
    """From where to where each digit may reach, in the frame: half of the way to its neighbours, a
    third where a number ends, and not over the edge of the picture."""
    line = sorted(line, key=lambda each: each.left)
    starts = {number.start for number in numbers_of([each.box for each in line])}
    height = float(np.mean([each.box.y + each.box.height / 2 for each in line]))
    edges = np.array([[0, height, 1], [page.picture.width, height, 1]], np.float32)
    first, last = (edges @ cv2.invertAffineTransform(page.frame).T)[:, 0].tolist()
    inset = EDGE * max(each.bottom - each.top for each in line)
    lefts, rights = [min(first + inset, line[0].left)], []
    for i, (one, other) in enumerate(itertools.pairwise(line), 1):
        reach = (other.left - one.right) * (NUMBERS if i in starts else 1 / 2)
        lefts.append(other.left - reach)
        rights.append(one.right + reach)
    rights.append(max(last - inset, line[-1].right))
    return {each.box: (a, b) for each, a, b in zip(line, lefts, rights, strict=True)}


def _erase(picture: Image.Image, page: Page, line: Sequence[Found]) -> list[np.ndarray]:
    """Clean the paper of a line's digits, in place; the colours of their ink, (3,) each."""
    scale = _scale(page)
    margin = math.ceil(4 * scale)
    left = max(0, min(each.box.x for each in line) - margin)
    top = max(0, min(each.box.y for each in line) - margin)
    right = min(picture.width, max(each.box.x + each.box.width for each in line) + margin)
    bottom = min(picture.height, max(each.box.y + each.box.height for each in line) + margin)
    paper = np.array(picture.crop((left, top, right, bottom)))
    mask = np.zeros(paper.shape[:2], bool)
    colours = []
    for each in line:
        ink, x, y = _placed(each.ink, _to_picture(page, each.corner), paper.shape, (left, top))
        place = np.s_[y : y + ink.shape[0], x : x + ink.shape[1]]
        colours.append(np.median(paper[place][ink >= 0.8 * ink.max()], axis=0))
        mask[place] |= ink > FAINT
    width = 2 * round(scale) + 1
    around = cv2.dilate(mask.astype(np.uint8), np.ones((width, width), np.uint8))
    cleaned = cv2.inpaint(paper, around, 2 * scale, cv2.INPAINT_TELEA)
    picture.paste(Image.fromarray(cleaned), (left, top))
    return colours


def _scale(page: Page) -> float:
    """Pixels of the picture in one of the frame."""
    return float(np.hypot(*page.frame[:, 0]))


def _to_picture(page: Page, corner: tuple[float, float], pixels: float = 1.0) -> np.ndarray:
    """(2, 3): from an array with `pixels` a pixel of the frame, laid at `corner`, to a picture."""
    inside = np.array([[1 / pixels, 0, corner[0]], [0, 1 / pixels, corner[1]], [0, 0, 1]])
    return page.frame @ inside


def _placed(
    ink: np.ndarray, way: np.ndarray, shape: tuple[int, ...], origin: tuple[int, int] = (0, 0)
) -> tuple[np.ndarray, int, int]:
    """`ink` moved by `way` (2, 3) to a picture of `shape` that begins at `origin`: what of it falls
    there, and at which x and y."""
    height, width = ink.shape
    corners = np.array([[0, 0], [width, 0], [0, height], [width, height]]) @ way[:, :2].T
    corners += way[:, 2] - origin
    x, y = np.clip(np.floor(corners.min(0)).astype(int) - 1, 0, (shape[1] - 1, shape[0] - 1))
    right, bottom = np.clip(np.ceil(corners.max(0)).astype(int) + 1, (x + 1, y + 1), shape[1::-1])
    here = way - np.array([[0, 0, origin[0] + x], [0, 0, origin[1] + y]])
    # warpAffine counts from the middles of pixels, `way` from their corners.
    here[:, 2] += here[:, :2].sum(1) / 2 - 0.5
    moved = cv2.warpAffine(ink, here, (int(right - x), int(bottom - y)), flags=cv2.INTER_LINEAR)
    return moved, int(x), int(y)


def _write(
    picture: Image.Image,
    page: Page,
    found: Found,
    glyph: _Glyph,
    room: tuple[float, float],
    colour: np.ndarray,
) -> None:
    """Write a glyph where `found` stood, in place.

    Data sets fit their digits into one box, whatever their script: a glyph is as large as its box
    was, only squeezed where neighbours are close.
    """
    box, before = ink_box(glyph.ink), ink_box(found.ink)
    if box is None or before is None:
        return
    rows, columns = before
    height, width = rows.stop - rows.start, columns.stop - columns.start
    side = max(height, width / glyph.source_stretch)
    drawn = np.pad(glyph.ink[box], 2)
    across, along = side * glyph.stretch / BOX, side / BOX  # pixels of the frame in one of `drawn`
    free = max(1.0, room[1] - room[0])  # boxes of neighbours may lie in each other
    squeeze = min(1.0, free / (glyph.ink[box].shape[1] * across))
    across, along = across * squeeze, along * squeeze**0.5
    pixels = 2 * _scale(page)  # twice as fine as the picture
    size = [round(n * unit * pixels) for n, unit in zip(drawn.shape, (along, across), strict=True)]
    fine = cv2.resize(drawn, size[::-1], interpolation=cv2.INTER_CUBIC)
    fine = cv2.GaussianBlur(fine, (0, 0), SMOOTH * across * pixels)
    ink = _as_heavy(fine, pixels * stroke_width((found.ink > 0.5).astype(np.uint8)))
    wide, high = drawn.shape[1] * across, drawn.shape[0] * along
    margins = 2 * across, 2 * along
    middle = found.corner[0] + (columns.start + columns.stop) / 2
    left = float(np.clip(middle - wide / 2 + margins[0], room[0], room[1] - wide + 2 * margins[0]))
    top = found.corner[1] + (rows.start + rows.stop - high) / 2
    way = _to_picture(page, (left - margins[0], top), pixels)
    alpha, x, y = _placed(ink, way, (picture.height, picture.width))
    area = (x, y, x + alpha.shape[1], y + alpha.shape[0])
    paper = np.asarray(picture.crop(area), np.float32)
    written = paper + (colour - paper) * alpha[..., None]
    picture.paste(Image.fromarray(written.round().astype(np.uint8)), area)


def _as_heavy(ink: np.ndarray, stroke: float) -> np.ndarray:
    """A drawing with strokes `stroke` wide, in pixels, and soft edges.

    Heavier or lighter as a whole, so that it stays by the same hand; but a pen draws along the
    middle of every stroke, for what is thinner than others would be the first to break.
    """
    ink = ink.clip(0, 1)
    if not ink.any():
        return ink
    usual = (ink**2).sum() / ink.sum()  # a pale translation has pale middles
    _, labels = cv2.connectedComponents((ink > LIKELY * usual).astype(np.uint8))
    drawn = np.isin(labels, np.unique(labels[ink > SURE * usual])).astype(np.uint8)
    inside, outside = (cv2.distanceTransform(part, cv2.DIST_L2, 5) for part in (drawn, 1 - drawn))
    along = cv2.distanceTransform(1 - _middles(drawn), cv2.DIST_L2, 5)
    as_a_whole = inside - outside + (stroke - stroke_width(drawn)) / 2
    depth = np.maximum(as_a_whole, THINNEST * stroke / 2 - along)
    return (depth / 2 + 0.5).clip(0, 1).astype(np.float32)


def _middles(mask: np.ndarray) -> np.ndarray:
    """The middle lines of strokes, a pixel wide and as connected as they are (Zhang, Suen 1984)."""
    around, stay = _peeling()
    mask = np.pad(mask, 1)
    before = np.zeros_like(mask)
    while not np.array_equal(mask, before):
        before = mask
        for side in stay:
            mask = mask & cv2.LUT(cv2.filter2D(mask, -1, around), side)
    return mask[1:-1, 1:-1]


@functools.cache
def _peeling() -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """A kernel that makes a number of a pixel's eight neighbours, a bit each; and by that number
    whether the pixel stays as the lower right and the upper left of strokes are peeled off."""
    around = np.array([[128, 1, 2], [64, 0, 4], [32, 16, 8]], np.float32)
    ring = np.arange(256)[:, None] >> np.arange(8) & 1  # from above, clockwise
    count, runs = ring.sum(1), ((ring == 0) & (np.roll(ring, -1, 1) == 1)).sum(1)
    edge = (count >= 2) & (count <= 6) & (runs == 1)
    up, right, down, left = ring[:, ::2].T
    lower = edge & (up & right & down == 0) & (right & down & left == 0)
    upper = edge & (up & right & left == 0) & (up & down & left == 0)
    return around, ((~lower).astype(np.uint8), (~upper).astype(np.uint8))
