"""Which ink is one digit: what the model takes for digits decides where boxes alone cannot.

Digits that touch are one piece of ink, and what a failing pen wrote is many. So ink that stands
close is taken apart, and of all ways to make digits of its pieces the likeliest is kept
(over-segmentation and a search, as LeCun et al. 1998, section V).
"""

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple, dataclass, replace
from functools import cache

import cv2
import numpy as np

from unit_core.evidence import hypotheses_of
from unit_core.ink import ink_box
from unit_core.page import Found, Page, found_at
from unit_core.paper import stroke_width
from unit_core.standing import across, gap_between, in_lines, tall_around
from unit_core.translator import Translator

NEAR = 0.3  # of the digits' height: ink that is closer may be of one digit
MOST = 5  # pieces of a digit
WIDEST = 1.7  # of their height
WIDE = 1.4  # times most digits of a line: may be two
A_LINE = 4  # digits tell how wide most are
CUTS = 3  # through a piece as wide as digits are high
SURE_INK = 0.3  # of a digit's darkest
FAINTEST = 0.02  # ink that counts at all, of 1
MOST_PIECES = 200  # in a cluster: more is a scribble, and the search goes as deep
MOST_CANDIDATES = 2000
MOST_STATES = 20_000  # of a search: beyond, nothing new is tried
EVIDENCE = 12.0  # beyond, a digit is as sure as can be


@dataclass(frozen=True)
class Weights:
    """What speaks for a candidate, added over the digits that a cluster is parted into: learnt on
    pages composed of validation digits (`benchmarks/parting.py`)."""

    digit: float = -1.17  # each, so that fewer are better
    evidence: float = 0.48
    high: float = 1.43
    high_squared: float = -0.15
    wide: float = 0.87
    wide_squared: float = -1.94
    known: float = 1.72
    crumb: float = 0.05  # one that is of no digit


WEIGHTS = Weights()


@dataclass(frozen=True, eq=False)
class Piece:
    """Ink (h, w) of the straightened page that stays together, from `left`, `top` on. Its `owner`
    is the digit, or crumb, that it was found in; `cut` tells that it was cut off its neighbours."""

    ink: np.ndarray
    left: int
    top: int
    owner: int
    cut: bool = False

    @property
    def right(self) -> int:
        return self.left + self.ink.shape[1]

    @property
    def bottom(self) -> int:
        return self.top + self.ink.shape[0]


@dataclass(frozen=True)
class Candidate:
    """Pieces of a cluster as one digit, `members` as bits: how `high` and `wide` it is, in heights
    of the digits around, and whether its boxes alone had made it one, `known`."""

    members: int
    found: Found
    high: float
    wide: float
    known: bool


@dataclass(frozen=True)
class Cluster:
    """Ink that stands close: what was taken for `digits`; with crumbs, its pieces from left to
    right; all that these may make."""

    digits: tuple[Found, ...]
    pieces: tuple[Piece, ...]
    candidates: tuple[Candidate, ...]


def settle(translator: Translator, pages: Sequence[Page]) -> list[Page]:
    """The pages, with their digits parted and put together as the model's evidence speaks for."""
    grouped = [clusters(page) for page in pages]
    found = [each.found for own in grouped for group in own for each in group.candidates]
    if not found:
        return list(pages)
    inks = [each.ink for each in found]
    hypotheses = [
        each for name in translator.domains for each in hypotheses_of(translator, inks, name)
    ]
    at = 0
    settled = []
    for page, own in zip(pages, grouped, strict=True):
        gone: set[Found] = set()
        new: list[Found] = []
        for cluster in own:
            part = slice(at, at := at + len(cluster.candidates))
            ways = [
                best_way(cluster, scores(cluster, hypothesis.evidence[part]))
                for hypothesis in hypotheses
            ]
            best = max(ways, key=lambda way: way.score)
            gone.update(cluster.digits)
            new += [each.found for each in best.chosen]
        if own:
            kept = [each for line in page.lines for each in line if each not in gone]
            lines = tuple(tuple(line) for line in in_lines([*kept, *new]))
            page = replace(page, lines=lines, crumbs=())
        settled.append(page)
    return settled


# --- what stands close ----------------------------------------------------------------------------


def clusters(page: Page) -> list[Cluster]:
    """All ink that may have to be parted, or joined: what stands alone is settled already."""
    heights = {
        each: tall
        for line in page.lines
        for each, tall in zip(line, tall_around(line), strict=True)
    }
    found = [*(each for line in page.lines for each in line), *page.crumbs]
    usual = float(np.median(list(heights.values()))) if heights else 0.0
    wide: dict[Found, float] = {}
    for line in page.lines:
        widths = [each.right - each.left for each in line]
        most = WIDE * float(np.median(widths)) if len(line) >= A_LINE else 0.0
        wide |= {each: max(most, heights[each]) for each in line}
    clusters = []
    for group in _near(found, lambda each: heights.get(each, usual)):
        group.sort(key=lambda each: each not in heights)  # crumbs come last
        digits = tuple(each for each in group if each in heights)
        tall = max((heights[each] for each in digits), default=usual)
        alone = group[0].right - group[0].left if len(group) == 1 else None
        if alone is not None and alone < wide.get(group[0], math.inf):
            continue
        pieces = _pieces(group, tall)
        candidates = _candidates(pieces, digits, tall, page.frame)
        if candidates:
            clusters.append(Cluster(digits, pieces, candidates))
    return clusters


def _near(found: Sequence[Found], tall: Callable[[Found], float]) -> list[list[Found]]:
    """Groups of what stands so close to another of its group that both may be of one digit."""

    def near(one: Found, other: Found) -> bool:
        most = max(tall(one), tall(other))
        high = max(one.bottom, other.bottom) - min(one.top, other.top)
        return gap_between(one, other) < NEAR * most and high < WIDEST * most

    open_: list[list[Found]] = []  # whose neighbours may still come
    done: list[list[Found]] = []
    for each in sorted(found, key=lambda each: each.left):
        own, apart = [each], []
        for group in open_:
            if any(near(other, each) for other in group):
                own = group + own
            elif any(other.right + NEAR * tall(other) > each.left - tall(each) for other in group):
                apart.append(group)
            else:
                done.append(group)
        open_ = [*apart, own]
    return done + open_


def _beside(one: Piece, other: Piece, tall: float) -> bool:
    """Whether two pieces may be next to each other in a digit: cut apart, only where they were."""
    if one.cut and other.cut and one.owner == other.owner:
        return gap_between(one, other) <= 0
    return gap_between(one, other) < NEAR * tall


# --- its pieces, and what they may make -----------------------------------------------------------


def _pieces(group: Sequence[Found], tall: float) -> tuple[Piece, ...]:
    """What is connected, cut where it is wide and thin enough to have been two; left to right."""
    pieces = [
        piece
        for owner, each in enumerate(group)
        for part in _connected(each, owner, tall)
        for piece in _cut(part, tall, stroke_width(_sure(each.ink)))
    ]
    return tuple(sorted(pieces, key=lambda piece: piece.left + piece.right))


def _sure(ink: np.ndarray) -> np.ndarray:
    return (ink > SURE_INK * ink.max()).astype(np.uint8)


def _connected(found: Found, owner: int, tall: float) -> list[Piece]:
    """A digit's ink in connected pieces, but for what stands above each other."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(_sure(found.ink))
    sizes = stats[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(1)
    large = [i for i in range(1, count) if sizes[i] > 0.15 * tall]
    parts = [found.ink]
    if len(large) > 1:  # every pixel goes with the nearest
        away = [
            cv2.distanceTransform((labels != i).astype(np.uint8), cv2.DIST_L2, 3) for i in large
        ]
        nearest = np.argmin(away, 0)
        parts = [np.where(nearest == i, found.ink, 0) for i in range(len(large))]
    stacked: list[Piece] = []
    for piece in sorted(
        (_cropped(part, *found.corner, owner) for part in parts), key=lambda piece: piece.left
    ):
        above = [other for other in stacked if across(other, piece) > 0.5]
        stacked = [other for other in stacked if other not in above]
        stacked.append(_together([*above, piece]))
    return stacked


def _cropped(ink: np.ndarray, left: int, top: int, owner: int) -> Piece:
    box = ink_box(ink, FAINTEST)
    assert box is not None  # what was cut off is never nothing
    return Piece(ink[box], left + box[1].start, top + box[0].start, owner)


def _together(pieces: Sequence[Piece]) -> Piece:
    left, top = min(p.left for p in pieces), min(p.top for p in pieces)
    right, bottom = max(p.right for p in pieces), max(p.bottom for p in pieces)
    ink = np.zeros((bottom - top, right - left), np.float32)
    for piece in pieces:
        rows = slice(piece.top - top, piece.bottom - top)
        place = ink[rows, piece.left - left : piece.right - left]
        np.maximum(place, piece.ink, out=place)
    return Piece(ink, left, top, pieces[0].owner)


def _cut(piece: Piece, tall: float, stroke: float) -> list[Piece]:
    """A wide piece, cut upright where there is least ink to cut through."""
    width = piece.ink.shape[1]
    least = max(2, round(0.2 * tall))  # a digit is seldom narrower
    if width < 0.75 * tall:
        return [piece]
    ink = np.convolve(piece.ink.sum(0), [0.25, 0.5, 0.25], "same")
    columns: list[int] = []
    for column in (np.argsort(ink[least : width - least], kind="stable") + least).tolist():
        if ink[column] > 2.5 * stroke or len(columns) >= CUTS * width / tall:
            break
        if all(abs(column - other) >= least for other in columns):
            columns.append(column)
    ends = [0, *sorted(columns), width]
    return [
        replace(_cropped(piece.ink[:, a:b], piece.left + a, piece.top, piece.owner), cut=True)
        for a, b in itertools.pairwise(ends)
        if (piece.ink[:, a:b] > FAINTEST).any()  # not the gap before a speck
    ]


def _candidates(
    pieces: Sequence[Piece], digits: Sequence[Found], tall: float, frame: np.ndarray
) -> tuple[Candidate, ...]:
    """All that may be one digit; none if there is nothing to decide, or far too much.

    Owners of pieces below the number of `digits` are these, the rest are crumbs.
    """
    if not 2 <= len(pieces) <= MOST_PIECES:
        return ()
    found: dict[int, Candidate] = {}
    for owner, each in enumerate(digits):
        members = sum(1 << i for i, piece in enumerate(pieces) if piece.owner == owner)
        high, wide = each.bottom - each.top, each.right - each.left
        found[members] = Candidate(members, each, high / tall, wide / tall, known=True)
    for members in _subsets(pieces, tall):
        if members not in found:
            whole = _together([piece for i, piece in enumerate(pieces) if members >> i & 1])
            ink, corner = np.pad(whole.ink, 1), (whole.left - 1, whole.top - 1)
            each = found_at(ink, _sure(ink), corner, frame)
            high, wide = whole.ink.shape
            found[members] = Candidate(members, each, high / tall, wide / tall, known=False)
        if len(found) > MOST_CANDIDATES:
            return ()
    return tuple(found.values())


def _subsets(pieces: Sequence[Piece], tall: float) -> Iterator[int]:
    """Pieces alone, and with their neighbours, up to a digit's size; as bits."""
    near = [
        sum(1 << j for j, o in enumerate(pieces) if j != i and _beside(each, o, tall))
        for i, each in enumerate(pieces)
    ]
    seen = set()
    todo = [1 << i for i in range(len(pieces))]
    while todo:
        members = todo.pop()
        if members in seen:
            continue
        seen.add(members)
        own = [i for i in range(len(pieces)) if members >> i & 1]
        if len(own) > 1:
            boxes = [pieces[i] for i in own]
            wide = max(p.right for p in boxes) - min(p.left for p in boxes)
            high = max(p.bottom for p in boxes) - min(p.top for p in boxes)
            if max(wide, high) > WIDEST * tall:
                continue
        yield members
        if len(own) < MOST:
            around = 0
            for i in own:
                around |= near[i]
            todo += [members | 1 << j for j in range(len(pieces)) if around & ~members & 1 << j]


# --- what most speaks for -------------------------------------------------------------------------


@dataclass(frozen=True)
class Way:
    """Digits that a cluster may be parted into, and what speaks for them together."""

    score: float
    chosen: tuple[Candidate, ...] = ()


def traits(each: Candidate, evidence: float) -> tuple[float, ...]:
    """What is weighed of a candidate, in the order of `Weights`, but for crumbs."""
    evidence = min(max(evidence, -EVIDENCE), EVIDENCE)
    high, wide = math.log(each.high), math.log(each.wide)
    shape = high, high**2, wide, wide**2
    return 1.0, evidence, *shape, float(each.known)


def scores(cluster: Cluster, evidence: np.ndarray, weights: Weights = WEIGHTS) -> list[float]:
    """What speaks for each candidate, given its evidence (N,)."""
    *own, _ = astuple(weights)
    return [
        math.fsum(w * t for w, t in zip(own, traits(each, e), strict=True))
        for each, e in zip(cluster.candidates, evidence.tolist(), strict=True)
    ]


def best_way(cluster: Cluster, scores: Sequence[float], crumb: float = WEIGHTS.crumb) -> Way:
    """The digits of a cluster for which most speaks; what is no crumb belongs to one of them."""
    is_crumb = [piece.owner >= len(cluster.digits) for piece in cluster.pieces]
    starting: list[list[tuple[int, float, Candidate]]] = [[] for _ in cluster.pieces]
    for each, score in zip(cluster.candidates, scores, strict=True):
        starting[_first(each.members)].append((each.members, score, each))

    @cache
    def best(left: int) -> Way:
        if not left:
            return Way(0.0)
        ways = []
        first = _first(left)
        if is_crumb[first]:
            rest = best(left & ~(1 << first))
            ways.append(Way(rest.score + crumb, rest.chosen))
        crowded = best.cache_info().currsize > MOST_STATES
        for members, score, each in starting[first]:
            if crowded and not (each.known or members == 1 << first):
                continue
            if not members & ~left:
                rest = best(left & ~members)
                ways.append(Way(rest.score + score, (each, *rest.chosen)))
        return max(ways, key=lambda way: way.score)

    return best((1 << len(cluster.pieces)) - 1)


def _first(members: int) -> int:
    return (members & -members).bit_length() - 1
