"""A page of found digits -> what they say, and in which script.

Which script a line is in is decided from all its digits together: alone, ೨ may be a 2. So is
whether they are as a pen drew them, or stretched as the digits of a data set.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import expit

from unit_core.domains import target_of
from unit_core.evidence import BATCH, Hypothesis, hypotheses_of, total, verdict
from unit_core.page import Box, Found, Page
from unit_core.translator import Translator

DOUBTFUL = 0.85
CHANGE = 6.0  # evidence that a change of script, or of stretch, within a line takes
TURN = 6.0  # the same, from line to line: a row of zeros alone could be of any script
MANY = 8  # digits of a line, of one hand: more say hardly more
GAP = 1.0  # of a line's height: a wider gap ends a number; or one of more than
SPACE, UNEVEN = 0.5, 1.8  # of its digits' usual height, and of their usual gap


@dataclass(frozen=True)
class Digit:
    """A digit read. `confidence` in [0, 1]: how likely it is a digit, and this one."""

    box: Box
    script: str
    digit: int
    confidence: float


@dataclass(frozen=True)
class Line:
    """`evidence` is the probability of each script, given all digits of the line; `glyphs` are
    the digits 0 to 9 of its own."""

    script: str
    glyphs: str
    evidence: Mapping[str, float]
    digits: tuple[Digit, ...]

    @property
    def text(self) -> str:
        """The line as it is written: in the script's own glyphs, a space between numbers."""
        numbers = numbers_of([digit.box for digit in self.digits])
        return " ".join(
            "".join(self.glyphs[digit.digit] for digit in self.digits[number]) for number in numbers
        )


def numbers_of(boxes: Sequence[Box]) -> list[slice]:
    """A line's digits in numbers, parted by wide gaps."""
    heights = [box.height for box in boxes]
    gaps = [box.x - before.x - before.width for before, box in itertools.pairwise(boxes)]
    wide = GAP * max(heights)
    if len(gaps) > 1:  # of two the lesser is the usual one
        usual = sorted(gaps)[(len(gaps) - 1) // 2]
        wide = min(wide, max(SPACE * float(np.median(heights)), UNEVEN * usual))
    starts = [i for i, gap in enumerate(gaps, 1) if gap > wide]
    return [slice(*ends) for ends in itertools.pairwise([0, *starts, len(boxes)])]


@dataclass(frozen=True)
class Reading:
    """All lines of a picture of `width` x `height` pixels, top to bottom."""

    lines: tuple[Line, ...]
    width: int
    height: int

    def to_json(self) -> dict[str, Any]:
        """As JSON has it; a box is [x, y, width, height] in pixels."""
        return {"lines": [_line_json(line) for line in self.lines]}


def _line_json(line: Line) -> dict[str, Any]:
    digits = [
        {
            "box": [digit.box.x, digit.box.y, digit.box.width, digit.box.height],
            "script": digit.script,
            "digit": digit.digit,
            "confidence": round(digit.confidence, 4),
        }
        for digit in line.digits
    ]
    evidence = {name: round(value, 4) for name, value in line.evidence.items()}
    return {"text": line.text, "script": line.script, "evidence": evidence, "digits": digits}


def read(translator: Translator, page: Page, source: str | None = None) -> Reading:
    """What the digits of `page` say, in the script `source`, or each line in what fits it best.

    Raises ValueError for a script that the translator does not know.
    """
    return read_pages(translator, [page], source)[0]


def read_pages(
    translator: Translator, pages: Sequence[Page], source: str | None = None
) -> list[Reading]:
    """As `read`, all pages in one batch through the model."""
    names = translator.domains if source is None else (source,)
    lines = [line for page in pages for line in page.lines]
    found = [each for line in lines for each in line]
    inks = [each.ink for each in found]
    hypotheses = [each for name in names for each in hypotheses_of(translator, inks, name)]
    glyphs = {name: script.glyphs for name, script in translator.scripts.items()}
    parts = iter(slices_of(lines))
    runs = [  # for each line
        run
        for page in pages
        for run in _runs(hypotheses, [(next(parts), line) for line in page.lines])
    ]
    every = list(itertools.chain(*runs))
    sure = _agreement(translator, hypotheses, every)
    read_lines = iter(
        [_line(found[run.part], hypotheses[run.best], run, sure[run.part], glyphs) for run in line]
        for line in runs
    )
    return [
        Reading(
            tuple(itertools.chain(*(next(read_lines) for _ in page.lines))),
            page.picture.width,
            page.picture.height,
        )
        for page in pages
    ]


@dataclass(frozen=True)
class _Run:
    """Digits of a line in one script, `part` of all: the `best` hypothesis of them, and the
    probability of each script."""

    part: slice
    best: int
    evidence: Mapping[str, float]


def _runs(
    hypotheses: Sequence[Hypothesis], lines: Sequence[tuple[slice, Sequence[Found]]]
) -> list[list[_Run]]:
    """The digits of a page's lines in runs of one script: seldom more than one a line.

    The likeliest way through the numbers of the page where a change of mind costs (Viterbi 1967).
    """
    if not lines:
        return []
    numbers = [
        [
            slice(part.start + number.start, part.start + number.stop)
            for number in numbers_of([each.box for each in line])
        ]
        for part, line in lines
    ]
    costs = [cost for line in numbers for cost in (TURN, *[CHANGE] * (len(line) - 1))]
    own = np.array(
        [
            total(hypotheses, number) * min(1.0, MANY / (part.stop - part.start))
            for (part, _), line in zip(lines, numbers, strict=True)
            for number in line
        ]
    )
    before = np.zeros_like(own)  # the best that may precede each number, by its hypothesis
    after = np.zeros_like(own)  # that may follow it
    for i in range(1, len(own)):
        before[i] = _message(before[i - 1] + own[i - 1], costs[i])
    for i in range(len(own) - 2, -1, -1):
        after[i] = _message(after[i + 1] + own[i + 1], costs[i + 1])
    ways = (before + own + after).argmax(1)
    runs: list[list[_Run]] = []
    at = 0
    for line in numbers:
        here = range(at, at := at + len(line))
        runs.append([])
        for _, group in itertools.groupby(here, lambda i: hypotheses[ways[i]].script):
            same = list(group)
            first, last = same[0], same[-1]
            part = slice(line[first - here.start].start, line[last - here.start].stop)
            totals = before[first] + own[first : last + 1].sum(0) + after[last]
            runs[-1].append(_Run(part, *verdict(hypotheses, totals)))
    return runs


def _message(scores: np.ndarray, cost: float) -> np.ndarray:
    """The best of `scores` (hypotheses,) for each hypothesis next to it, where a change costs."""
    return np.maximum(scores, scores.max() - cost)


def slices_of(lines: Sequence[Sequence[Any]]) -> list[slice]:
    """Where each line stands in all lines put together."""
    ends = np.cumsum([len(line) for line in lines], dtype=int).tolist()
    return [slice(end - len(line), end) for end, line in zip(ends, lines, strict=True)]


def _agreement(
    translator: Translator,
    hypotheses: Sequence[Hypothesis],
    runs: Sequence[_Run],
) -> np.ndarray:
    """How sure each digit is, (N,): read alike before and after translation, and like a digit.

    What is no digit is seldom read alike in both scripts.
    """
    sure = np.zeros(len(hypotheses[0].evidence))
    for i, hypothesis in enumerate(hypotheses):
        own = [np.arange(run.part.start, run.part.stop) for run in runs if run.best == i]
        if not own:
            continue
        rows = np.concatenate(own)
        other = target_of(hypothesis.script, translator.domains)
        for some in np.array_split(rows, -(-len(rows) // BATCH)):
            echo = translator.classify(translator.decode(hypothesis.codes[some], other), other)
            both = (hypothesis.beliefs[some], echo)
            digit = both[0].argmax(1, keepdim=True)
            alike = np.prod([each.gather(1, digit)[:, 0].cpu().numpy() for each in both], axis=0)
            sure[some] = alike * expit(hypothesis.evidence[some])
    return sure


def _line(
    found: Sequence[Found],
    hypothesis: Hypothesis,
    run: _Run,
    sure: np.ndarray,
    glyphs: Mapping[str, str],
) -> Line:
    values = hypothesis.beliefs[run.part].argmax(1).tolist()
    digits = tuple(
        Digit(each.box, hypothesis.script, value, float(confidence))
        for each, value, confidence in zip(found, values, sure, strict=True)
    )
    return Line(hypothesis.script, glyphs[hypothesis.script], run.evidence, digits)
