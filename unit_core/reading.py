"""A page of found digits -> what they say and in which script; and the page rewritten in another.

Which script a line is in is decided from all its digits together: alone, ೨ may be a 2.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from PIL import Image

from unit_core.domains import domain
from unit_core.ink import to_digit
from unit_core.page import Box, Found, Page
from unit_core.translator import Translator

DOUBTFUL = 0.85
GAP = 1.0  # of a line's height: a wider gap ends a number


@dataclass(frozen=True)
class Digit:
    """A digit read; `confidence` in [0, 1] is the probability that it is right."""

    box: Box
    script: str
    digit: int
    confidence: float


@dataclass(frozen=True)
class Line:
    """`evidence` is the probability of each script, given all digits of the line."""

    script: str
    evidence: Mapping[str, float]
    digits: tuple[Digit, ...]

    @property
    def text(self) -> str:
        """The line as it is written: in the script's own glyphs, a space between numbers."""
        return self.text_in(self.script)

    def text_in(self, script: str) -> str:
        """The line in the glyphs of `script`."""
        glyphs = domain(script).glyphs
        text, height = "", max(digit.box.height for digit in self.digits)
        for before, digit in zip((None, *self.digits), self.digits, strict=False):
            if before and digit.box.x - before.box.x - before.box.width > GAP * height:
                text += " "
            text += glyphs[digit.digit]
        return text


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
    """What the digits of `page` say, in the script `source`, or each line in what fits it best."""
    return read_pages(translator, [page], source)[0]


def read_pages(
    translator: Translator, pages: Sequence[Page], source: str | None = None
) -> list[Reading]:
    """As `read`, all pages in one batch through the model."""
    names = translator.domains if source is None else (source,)
    found = [each for page in pages for line in page.lines for each in line]
    if not found:
        return [Reading((), page.picture.width, page.picture.height) for page in pages]
    beliefs, evidence = {}, {}
    for name in names:
        digits = _digits(found, name)
        posterior = translator.posterior(digits, name)
        beliefs[name] = translator.classify_codes(posterior.mean).cpu().numpy()
        made = translator.decode(posterior.mean, name).cpu().numpy()
        evidence[name] = -((made - digits) ** 2).sum((1, 2)) / 4
    readings, start = [], 0
    for page in pages:
        lines = []
        for line in page.lines:
            own = slice(start, start + len(line))
            start = own.stop
            total = np.array([evidence[name][own].sum() for name in names])
            share = np.exp(total - total.max())
            share /= share.sum()
            script = names[int(share.argmax())]
            digits_ = tuple(
                Digit(each.box, script, int(row.argmax()), float(row.max()))
                for each, row in zip(line, beliefs[script][own], strict=True)
            )
            lines.append(Line(script, dict(zip(names, share.tolist(), strict=True)), digits_))
        readings.append(Reading(tuple(lines), page.picture.width, page.picture.height))
    return readings


def _digits(found: Sequence[Found], script: str) -> np.ndarray:
    stretch = domain(script).stretch
    digits = [to_digit(each.ink, stretch) for each in found]
    empty = np.zeros((28, 28), np.float32)
    return np.stack([empty if digit is None else digit for digit in digits])


def rewrite(translator: Translator, page: Page, reading: Reading, target: str) -> Image.Image:
    """The picture with every digit that is not yet in `target` translated in its place."""
    picture = np.array(page.picture)
    for line, read_line in zip(page.lines, reading.lines, strict=True):
        for each, digit in zip(line, read_line.digits, strict=True):
            if digit.script == target:
                continue
            box = each.box
            place = picture[box.y : box.y + box.height, box.x : box.x + box.width]
            if not place.size:
                continue
            paper = np.median(picture, (0, 1))
            grey = place.mean(2)
            dark = place[grey == (grey.max() if page.bright else grey.min())].mean(0)
            source = to_digit(each.ink, domain(digit.script).stretch)
            if source is None:
                continue
            made = translator.translate(source, digit.script, target)[0].cpu().numpy()
            rows, columns = np.nonzero(made > 0.2)
            if not rows.size:
                continue
            made = made[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
            ink = cv2.resize(made, (box.width, box.height), interpolation=cv2.INTER_CUBIC)
            ink = ink.clip(0, 1)[..., None]
            place[:] = paper + (dark - paper) * ink
    return Image.fromarray(picture)
