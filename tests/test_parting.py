"""Digits that touch are parted, broken ones put together, and what stands alone is left alone."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from compose import CLEAN, Conditions, Hand, compose
from pages import matched
from PIL import Image

from unit_core import Translator, parting
from unit_core.data import load_train, split
from unit_core.page import Page, find
from unit_core.parting import clusters, settle
from unit_core.reading import read

PAIRS = 24


@pytest.fixture(scope="module")
def pen(real_data: Path) -> Hand:
    digits = split(load_train("mnist", real_data)).validation
    return Hand("mnist", digits.images.numpy(), digits.labels.numpy())


def drawn(pen: Hand, which: int) -> np.ndarray:
    """A digit's ink, twice as large, cropped."""
    large = cv2.resize(pen.images[which], (56, 56), interpolation=cv2.INTER_CUBIC)
    rows, columns = (np.flatnonzero((large > 100).any(axis)) for axis in (1, 0))
    return large[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def on_paper(*inks: np.ndarray, gap: int) -> Image.Image:
    """Dark on white, side by side, `gap` pixels apart."""
    width = sum(ink.shape[1] + gap for ink in inks)
    paper = np.zeros((140, width + 120), np.uint8)
    left = 60
    for ink in inks:
        place = paper[100 - ink.shape[0] : 100, left : left + ink.shape[1]]
        np.maximum(place, ink, out=place)
        left += ink.shape[1] + gap
    return Image.fromarray(255 - paper).convert("RGB")


def found_on(page: Page) -> int:
    return sum(len(line) for line in page.lines)


def test_digits_that_touch_are_parted_and_read(translator: Translator, pen: Hand):
    blind, parted, right = 0, 0, 0
    for i in range(PAIRS):
        page = find(on_paper(drawn(pen, 2 * i), drawn(pen, 2 * i + 1), gap=-6))
        blind += found_on(page) == 2
        (settled,) = settle(translator, [page])
        parted += found_on(settled) == 2
        digits = [digit for line in read(translator, settled).lines for digit in line.digits]
        told = "".join(str(each.digit) for each in digits)
        right += told == f"{pen.labels[2 * i]}{pen.labels[2 * i + 1]}"
    assert blind < PAIRS / 2  # or else there is nothing to part
    assert parted > 0.75 * PAIRS
    assert right > 0.65 * PAIRS


def test_a_broken_digit_is_put_together(translator: Translator, pen: Hand):
    whole, right = 0, 0
    for i in range(PAIRS):
        ink = drawn(pen, i).copy()
        middle = ink.shape[0] // 2
        ink[middle - 2 : middle + 2] = 0  # a fold in the paper
        (page,) = settle(translator, [find(on_paper(drawn(pen, 100), ink, gap=25))])
        digits = [digit for line in read(translator, page, "mnist").lines for digit in line.digits]
        whole += len(digits) == 2
        right += [digit.digit for digit in digits] == [int(pen.labels[100]), int(pen.labels[i])]
    assert whole > 0.8 * PAIRS
    assert right > 0.6 * PAIRS


def test_what_stands_alone_is_left_as_it_is(translator: Translator, pen: Hand):
    page = find(on_paper(*(drawn(pen, i) for i in range(5)), gap=40))
    (settled,) = settle(translator, [page])
    assert found_on(page) == 5
    assert [id(each) for line in settled.lines for each in line] == [
        id(each) for line in page.lines for each in line
    ]
    assert settle(translator, []) == []
    (blank,) = settle(translator, [find(Image.new("RGB", (90, 90), "white"))])
    assert blank.lines == ()


def test_pages_together_are_settled_as_alone(translator: Translator, pen: Hand):
    random = np.random.default_rng(0)
    pages = [
        find(compose([pen], random, conditions, (900, 500), numbers=5).picture)
        for conditions in (CLEAN, Conditions(failing=1.0))
    ]
    together = settle(translator, pages)
    alone = [settle(translator, [page])[0] for page in pages]
    for one, other in zip(together, alone, strict=True):
        assert [[each.box for each in line] for line in one.lines] == [
            [each.box for each in line] for line in other.lines
        ]


def test_a_failing_pen_costs_fewer_digits(translator: Translator, pen: Hand):
    random, score = np.random.default_rng(1), {False: 0, True: 0}
    for _ in range(10):
        composed = compose([pen], random, Conditions(failing=1.0), (900, 600), numbers=8)
        truth = [each.box for number in composed.numbers for each in number]
        page = find(composed.picture)
        for settled in (False, True):
            seen = settle(translator, [page])[0] if settled else page
            boxes = [each.box for line in seen.lines for each in line]
            score[settled] += 2 * len(matched(truth, boxes)) - len(
                boxes
            )  # extra ones count against
    assert score[True] > score[False]


@pytest.mark.parametrize("kind", ["hatched", "speckled", "one stroke", "a row of 300"])
def test_a_scribble_comes_to_an_end(translator: Translator, kind: str):
    paper = np.full((500, 700), 255, np.uint8)
    random = np.random.default_rng(0)
    if kind == "a row of 300":  # each near the next
        paper = np.full((120, 14_500), 255, np.uint8)
        for x in range(40, 14_440, 48):
            corners = np.array([(x, 30), (x + 17, 90), (x + 34, 30)], np.int32)
            cv2.polylines(paper, [corners], False, 0, 6)
    elif kind == "hatched":
        for x in range(30, 660, 9):
            cv2.line(paper, (x, 60), (x + 25, 440), 0, 3)
    elif kind == "speckled":
        for x, y in random.integers(20, 480, (400, 2)).tolist():
            cv2.circle(paper, (x, y), 4, 0, -1)
    else:
        points = np.cumsum(random.normal(0, 18, (300, 2)), axis=0)
        points = (points - points.min(0)) / np.ptp(points, 0) * (600, 400) + 40
        cv2.polylines(paper, [points.astype(np.int32)], False, 0, 3)
    page = find(Image.fromarray(paper).convert("RGB"))
    for each in clusters(page):
        assert len(each.pieces) <= parting.MOST_PIECES
        assert len(each.candidates) <= parting.MOST_CANDIDATES
    (settled,) = settle(translator, [page])  # comes back: a search without bounds would not
    assert found_on(settled) <= found_on(page) + sum(len(each.pieces) for each in clusters(page))


def test_the_search_finds_the_best_way():
    """Against all ways, on random scores."""
    random = np.random.default_rng(0)
    blank = np.zeros((3, 3), np.float32)
    pieces = tuple(parting.Piece(blank, 4 * i, 0, owner=i) for i in range(6))
    for _ in range(20):
        sets = {1 << i for i in range(6)} | {int(m) for m in random.integers(1, 64, 14)}
        candidates = tuple(parting.Candidate(m, None, 1.0, 1.0, False) for m in sets)  # type: ignore[arg-type]
        scores = random.normal(size=len(candidates)).tolist()
        cluster = parting.Cluster((None,) * 4, pieces, candidates)  # type: ignore[arg-type]

        def best(left: int, of: list[tuple[int, float]]) -> float:
            ways = [0.0 if left & 0b1111 == 0 else -np.inf]
            ways[0] += -0.5 * left.bit_count()
            for i, (members, score) in enumerate(of):
                if not members & ~left:
                    ways.append(score + best(left & ~members, of[i + 1 :]))
            return max(ways)

        options = list(zip((each.members for each in candidates), scores, strict=True))
        way = parting.best_way(cluster, scores, crumb=-0.5)
        assert way.score == pytest.approx(best(0b111111, options))
        assert len({id(each) for each in way.chosen}) == len(way.chosen)


def test_a_speck_far_from_its_digit_is_no_trouble():
    page = find(on_paper(np.full((40, 12), 255, np.uint8), gap=20))
    ((digit,),) = page.lines
    ink = np.zeros((40, 90), np.float32)
    ink[:, :12] = ink[18:20, 88:] = 1  # as a cell of a form may hold it
    (cluster,) = clusters(replace(page, lines=((replace(digit, ink=ink),),)))
    assert [piece.ink.shape[1] for piece in cluster.pieces] == [12, 2]
