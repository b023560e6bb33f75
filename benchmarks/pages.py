"""What pages cost and how well they are read: two real sheets, synthetic pages, numbers.

The sheets (32 x 40 digits, digit = row mod 10, writers of the training set) as they are and as a
worse scanner or a phone would see them; sheets and pages composed from test digits, whose writers
the model has not seen (--part validation while developing); numbers of 4 digits whose script is not
told.

python benchmarks/pages.py [--checkpoint checkpoints/full] [--data-dir D] [--part test] [--json F]
"""

import argparse
import io
import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from here import ROOT
from compose import CLEAN, HARD, Composed, Conditions, Hand, compose, sheet
from PIL import Image

from unit_core import Translator
from unit_core.data import load_test, load_train, split
from unit_core.domains import DATA_DIR_VARIABLE, data_folder, domain
from unit_core.page import Box, find
from unit_core.parting import settle
from unit_core.pictures import open_picture
from unit_core.reading import DOUBTFUL, Digit, Reading, read

ROWS, COLUMNS = 40, 32
CONDITIONS = {
    "clean": CLEAN,
    "shadow, tilt and ruling": HARD,
    "shadow, tilt and a grid": Conditions(tilt=4, shadow=0.5, noise=0.03, ruled="grid"),
    "chalk on a board": Conditions(tilt=2, noise=0.02, bright=True),
    "seen at an angle": Conditions(angle=0.12),
    "digits that touch": Conditions(gaps=(-0.12, 0.1)),
    "a failing pen": Conditions(failing=1.0),
}


def overlap(truth: Sequence[Box], found: Sequence[Box]) -> np.ndarray:
    """Intersection over union of all boxes: (truth, found)."""
    a, b = (
        np.array([[box.x, box.y, box.x + box.width, box.y + box.height] for box in boxes])
        for boxes in (truth, found)
    )
    low, high = (
        np.maximum(a[:, None, :2], b[None, :, :2]),
        np.minimum(a[:, None, 2:], b[None, :, 2:]),
    )
    shared = (high - low).clip(0).prod(2)
    areas = [(each[:, 2:] - each[:, :2]).prod(1) for each in (a, b)]
    return shared / (areas[0][:, None] + areas[1][None] - shared)


def matched(truth: Sequence[Box], found: Sequence[Box], least: float = 0.5) -> dict[int, int]:
    """Which of `found` each box of `truth` is: one to one, by intersection over union."""
    if not truth or not found:
        return {}
    iou = overlap(truth, found)
    pairs = np.argwhere(iou >= least)
    pairs = pairs[np.argsort(-iou[tuple(pairs.T)])]
    match: dict[int, int] = {}
    for i, j in pairs.tolist():
        if i not in match and j not in match.values():
            match[i] = j
    return match


def digits_of(reading: Reading) -> list[Digit]:
    return [digit for line in reading.lines for digit in line.digits]


class Score:
    """Counts of digits, summed over pages."""

    def __init__(self) -> None:
        self.true = self.found = self.matched = self.right = self.script = self.doubtful = 0
        self.seconds: list[float] = []

    def add(
        self,
        truth: Sequence[tuple[int, str]],
        read_: Sequence[Digit],
        match: Mapping[int, int],
        seconds: float,
    ) -> None:
        """`truth` are the digits of a page and their scripts; `match` is which of `read_` each
        is."""
        pairs = [(truth[i], read_[j]) for i, j in match.items()]
        self.true += len(truth)
        self.found += len(read_)
        self.matched += len(match)
        self.right += sum(digit.digit == value for (value, _), digit in pairs)
        self.script += sum(digit.script == script for (_, script), digit in pairs)
        self.doubtful += sum(digit.confidence < DOUBTFUL for digit in read_)
        self.seconds.append(seconds)

    def figures(self) -> dict[str, float]:
        """In percent, but for F1 and seconds."""
        return {
            "digits": self.true,
            "found": percent(self.matched, self.true),
            "extra": self.found - self.matched,
            "f1": round(2 * self.matched / max(1, self.true + self.found), 4),
            "read": percent(self.right, self.matched),
            "end_to_end": percent(self.right, self.true),
            "script": percent(self.script, self.matched),
            "doubtful": percent(self.doubtful, self.found),
            "seconds": round(float(np.mean(self.seconds)), 2),
        }


def percent(part: int, whole: int) -> float:
    return round(100 * part / max(1, whole), 2)


def timed(translator: Translator, picture: Image.Image) -> tuple[list[Digit], float]:
    """What auto reads, and the processor's seconds from picture to reading."""
    began = time.process_time()
    (page,) = settle(translator, [find(picture)])
    reading = read(translator, page)
    return digits_of(reading), time.process_time() - began


# --- sheets ---------------------------------------------------------------------------------------


def sheets(translator: Translator, folder: Path) -> dict[str, Any]:
    """Every sheet in `folder`, as it is and changed. Where a digit stands is told by the sheet's
    own ruling, not by what was found."""
    scores: dict[str, Score] = {}
    truth = [(i // COLUMNS % 10, "kannada") for i in range(ROWS * COLUMNS)]
    for path in sorted(folder.glob("*.png")):
        grey = np.asarray(open_picture(path).convert("L"))
        cells = cells_of(ruling(grey), path.name)
        for name, changed, way in changes(grey):
            read_, seconds = timed(translator, Image.fromarray(changed).convert("RGB"))
            back = cells @ np.vstack([cv2.invertAffineTransform(way), [0, 0, 1]])
            match = in_cells([digit.box for digit in read_], back)
            scores.setdefault(name, Score()).add(truth, read_, match, seconds)
    return {name: score.figures() for name, score in scores.items()}


def ruling(grey: np.ndarray) -> np.ndarray:
    """The lines of a scanned form, a mask: the largest connected ink."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats((grey < 128).astype(np.uint8))
    return labels == 1 + stats[1:, cv2.CC_STAT_AREA].argmax()


def cells_of(lines: np.ndarray, name: str) -> np.ndarray:
    """The way (3, 3) from a form's pixels to its cells: digits of column c and row r lie in
    [c, c + 1) x [r, r + 1). Ends the benchmark where `lines` are not the ruling of a whole form."""
    points = np.argwhere(lines)[:, ::-1]
    ways = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]])  # clockwise from the upper left
    corners = points[(points @ ways.T).argmin(0)].astype(np.float32)
    if cv2.contourArea(corners) < 0.8 * lines.size:
        sys.exit(f"{name}: no form of {ROWS} x {COLUMNS} cells is ruled all over it")
    ends = np.array([[0, 0], [COLUMNS, 0], [COLUMNS, ROWS], [0, ROWS]], np.float32)
    return cv2.getPerspectiveTransform(corners, ends)


def in_cells(boxes: Sequence[Box], cells: np.ndarray) -> dict[int, int]:
    """Which of `boxes` has its middle in each cell, row by row: of several the one nearest to the
    cell's."""
    if not boxes:
        return {}
    middles = np.array([[box.x + box.width / 2, box.y + box.height / 2] for box in boxes])
    places = cv2.perspectiveTransform(middles[None], cells)[0]
    off = np.abs(places - np.floor(places) - 0.5).max(1)
    match: dict[int, int] = {}
    for j in off.argsort().tolist():
        column, row = np.floor(places[j]).astype(int).tolist()
        if 0 <= column < COLUMNS and 0 <= row < ROWS:
            match.setdefault(row * COLUMNS + column, j)
    return match


def changes(grey: np.ndarray) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """A sheet as others would see it, uint8, and the way (2, 3) from its pixels to theirs."""
    random = np.random.default_rng(0)
    height, width = grey.shape
    same = np.eye(2, 3)
    grid = cv2.dilate(ruling(grey).astype(np.uint8), np.ones((3, 3))) > 0
    yield "as scanned", grey, same
    yield "without its grid", np.where(grid, np.uint8(255), grey), same
    yield "a thick grid", np.where(grid, cv2.erode(grey, np.ones((5, 5))), grey), same
    yield "white on black", 255 - grey, same
    for dpi in (150, 480):
        scale = dpi / 300
        mode = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        yield (
            f"at {dpi} dpi",
            cv2.resize(grey, None, fx=scale, fy=scale, interpolation=mode),
            scale * same,
        )
    for degrees in (1.3, -6):
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 0.85)
        turned = cv2.warpAffine(grey, turn, (width, height), borderValue=255)
        yield f"turned by {degrees} degrees", turned, turn
    half = cv2.resize(grey, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA).astype(np.float32)
    small_grid = cv2.resize(grid.astype(np.uint8), half.shape[::-1]) > 0
    grain = random.normal(0, 4, half.shape)
    faint = np.where(small_grid, half, 255 - 0.35 * (255 - half))
    yield "a faint pen", (faint + grain).clip(0, 255).astype(np.uint8), same / 2
    faint = np.where(small_grid, 255 - 0.3 * (255 - half), half)
    yield "a faint grid", (faint + grain).clip(0, 255).astype(np.uint8), same / 2
    y, x = np.mgrid[-1 : 1 : half.shape[0] * 1j, -1 : 1 : half.shape[1] * 1j]  # type: ignore[misc]
    light = 1 - 0.5 / (1 + np.exp(-4 * (x + y)))
    photo = (230 - 0.6 * (255 - half)) * light + 1.5 * grain
    file = io.BytesIO()
    Image.fromarray(photo.clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=60)
    yield "in a shadow, as JPEG", np.asarray(Image.open(file)), same / 2
    desk = np.full((height + 400, width + 500), 60, np.uint8)
    desk[200 : 200 + height, 250 : 250 + width] = 0.8 * grey + 20
    yield "on a dark desk", desk, np.array([[1.0, 0, 250], [0, 1, 200]])


# --- synthetic pages and numbers ------------------------------------------------------------------


def hands(names: Sequence[str], part: str, data_dir: Path | None) -> list[Hand]:
    """Digits as a pen drew them, and as their data set has them where that is stretched."""
    found = []
    for name in names:
        digits = (
            load_test(name, data_dir)
            if part == "test"
            else split(load_train(name, data_dir)).validation
        )
        images, labels = digits.images.numpy(), digits.labels.numpy()
        writers = None if digits.writers is None else digits.writers.numpy()
        for stretch in domain(name, data_dir).stretches:
            found.append(Hand(name, images, labels, stretch, writers))
    return found


def composed_sheets(translator: Translator, pens: Sequence[Hand]) -> dict[str, float]:
    """Sheets such as those, each of one writer's Kannada digits; nothing without such writers."""
    score, random = Score(), np.random.default_rng(0)
    for pen in pens:
        if pen.script != "kannada" or pen.stretch == 1 or pen.writers is None:
            continue
        for writer in np.unique(pen.writers):
            own = pen.writers == writer
            hand = replace(pen, images=pen.images[own], labels=pen.labels[own])
            page = sheet(hand, random, ROWS, COLUMNS)
            add(score, translator, page)
    return score.figures() if score.seconds else {}


def add(score: Score, translator: Translator, page: Composed) -> None:
    """Read `page`: a digit is found where a box covers enough of where it was put."""
    written = [each for number in page.numbers for each in number]
    read_, seconds = timed(translator, page.picture)
    match = matched([each.box for each in written], [digit.box for digit in read_])
    score.add([(each.digit, each.script) for each in written], read_, match, seconds)


def synthetic(translator: Translator, pens: Sequence[Hand], pages: int) -> dict[str, Any]:
    results = {}
    for name, conditions in CONDITIONS.items():
        random, score = np.random.default_rng(0), Score()
        for _ in range(pages):
            page = compose(pens, random, conditions)
            add(score, translator, page)
        results[name] = score.figures()
    return results


def numbers(translator: Translator, pens: Sequence[Hand], count: int) -> dict[str, float]:
    """How many numbers of 4 digits, each alone on its page, are taken for their own script."""
    results = {}
    for pen in pens:
        random, right = np.random.default_rng(0), 0
        for _ in range(count):
            page = compose([pen], random, CLEAN, (700, 240), numbers=1, digits=(4, 4))
            read_, _ = timed(translator, page.picture)
            right += bool(read_) and all(digit.script == pen.script for digit in read_)
        shape = (
            "as written" if pen.stretch == translator.scripts[pen.script].stretch else "stretched"
        )
        results[f"{pen.script}, {shape}"] = percent(right, count)
    return results


def markdown(results: dict[str, Any]) -> str:
    """The table of docs/results.md."""
    lines = [
        "| | found, % | F1 | read, of those found, % | its script, % | CPU seconds a page |",
        "|---|---|---|---|---|---|",
    ]
    changed = results.get("sheets", {})
    named: dict[str, Any] = {"two sheets of 1,280, as scanned": changed.get("as scanned")}
    others = [score for name, score in changed.items() if name != "as scanned"]
    if others:
        worst = min(others, key=lambda score: score["end_to_end"])
        named[f"the same, worst of {len(others)} changes"] = worst
    named["sheets composed of unseen writers' digits"] = results.get("composed_sheets")
    named |= {f"synthetic, {name}": score for name, score in results["pages"].items()}
    for name, score in named.items():
        if score:
            cells = [f"{score['found']:.2f}", f"{score['f1']:.3f}", f"{score['read']:.2f}"]
            cells += [f"{score['script']:.1f}", f"{score['seconds']:.1f}"]
            lines.append(f"| {' | '.join([name, *cells])} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--checkpoint", type=Path, default=ROOT / "checkpoints" / "full")
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--part", choices=("test", "validation"), default="test")
    parser.add_argument("--pages", type=int, default=30, help="synthetic pages a condition")
    parser.add_argument("--numbers", type=int, default=500, help="numbers a script")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()

    cv2.setNumThreads(1)
    translator = Translator.load(given.checkpoint)
    pens = hands(translator.domains, given.part, given.data_dir)
    folder = data_folder(given.data_dir)
    results: dict[str, Any] = {"digits_from": given.part}
    if folder is None or not (folder / "scans").is_dir():
        print(f"no sheets: name a data folder with scans/ by --data-dir or {DATA_DIR_VARIABLE}")
    else:
        results["sheets"] = sheets(translator, folder / "scans")
    results["composed_sheets"] = composed_sheets(translator, pens)
    results["pages"] = synthetic(translator, pens, given.pages)
    results["script_of_4_digits"] = numbers(translator, pens, given.numbers)
    print(markdown(results), json.dumps(results["script_of_4_digits"]), sep="\n\n")
    if given.json:
        given.json.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
