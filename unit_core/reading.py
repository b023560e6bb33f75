"""A page of found digits -> what they say and in which script; and the page rewritten in another.

Which script a line is in is decided from all its digits together: alone, ೨ may be a 2. So is
whether they are as a pen drew them, or stretched as the digits of a data set.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import torch
from PIL import Image
from torch import Tensor

from unit_core.domains import CLASSES, domain
from unit_core.ink import SIDE, to_digit
from unit_core.networks import class_means
from unit_core.page import Box, Found, Page
from unit_core.translator import Translator

DOUBTFUL = 0.85
# How much of the evidence lower bound counts: pixels are far from independent, so its nats are far
# too sure. Fitted on validation digits of both scripts by benchmarks/pages.py, for one digit.
PICTURE, CODE = 0.15, 0.65
UNLIKE = -16.0  # evidence of what is as likely no digit at all
STRANGEST = -24.0  # one blot must not decide on a line
BATCH = 2048
GAP = 1.0  # of a line's height: a wider gap ends a number


@dataclass(frozen=True)
class Digit:
    """A digit read. `confidence` in [0, 1]: how likely it is a digit, and this one."""

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


@dataclass(frozen=True)
class _Opinion:
    """Digits taken for `script`, `stretch` times as tall as they were written: `codes`
    (N, latent_dim), `beliefs` (N, 10), and the `evidence` for it, (N,)."""

    script: str
    stretch: float
    codes: Tensor
    beliefs: Tensor
    evidence: np.ndarray


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
    found = [each for page in pages for line in page.lines for each in line]
    opinions = [
        _opinion(translator, found, name, stretch)
        for name in names
        for stretch in dict.fromkeys((domain(name).stretch, 1.0))
    ]
    lines = [line for page in pages for line in page.lines]
    ends = np.cumsum([len(line) for line in lines], dtype=int).tolist()
    parts = [slice(end - len(line), end) for end, line in zip(ends, lines, strict=True)]
    verdicts = [_verdict(opinions, part) for part in parts]
    sure = _agreement(translator, opinions, parts, [best for best, _ in verdicts])
    read_lines = iter(
        _line(found[part], opinions[best], part, sure[part], evidence)
        for part, (best, evidence) in zip(parts, verdicts, strict=True)
    )
    return [
        Reading(
            tuple(next(read_lines) for _ in page.lines), page.picture.width, page.picture.height
        )
        for page in pages
    ]


def _opinion(
    translator: Translator, found: Sequence[Found], script: str, stretch: float
) -> _Opinion:
    codes, beliefs, evidence = [], [], []
    for start in range(0, len(found), BATCH):
        digits = _digits(found[start : start + BATCH], stretch)
        z = translator.encode(digits, script)
        codes.append(z)
        beliefs.append(translator.classify_codes(z))
        evidence.append(_evidence(translator, digits.to(z.device), z, script))
    if not found:
        translator.posterior(np.zeros((1, SIDE, SIDE), np.float32), script)  # a known script?
        empty = torch.empty(0, translator.config.latent_dim)
        return _Opinion(script, stretch, empty, torch.empty(0, CLASSES), np.empty(0))
    return _Opinion(
        script, stretch, torch.cat(codes), torch.cat(beliefs), torch.cat(evidence).cpu().numpy()
    )


def _digits(found: Iterable[Found], stretch: float) -> Tensor:
    """(N, 28, 28), each cut as the data sets' are."""
    empty = np.zeros((SIDE, SIDE), np.float32)
    digits = [to_digit(each.ink, stretch) for each in found]
    return torch.from_numpy(np.stack([empty if digit is None else digit for digit in digits]))


def _evidence(translator: Translator, digits: Tensor, z: Tensor, script: str) -> Tensor:
    """Tempered evidence lower bound of digits (N, 28, 28) at their codes: (N,), at most 0.

    -PICTURE * KL(digit || its reconstruction, each pixel a coin) + CODE * log sum_y N(z; mu_y, I) / 10
    """  # noqa: E501
    made = translator.decode(z, script).clamp(1e-4, 1 - 1e-4)
    ink = digits.clamp(1e-4, 1 - 1e-4)
    apart = ink * (ink / made).log() + (1 - ink) * ((1 - ink) / (1 - made)).log()
    means = class_means(translator.config).to(z.device)
    near = (-0.5 * torch.cdist(z, means) ** 2).logsumexp(1) - np.log(CLASSES)
    return -PICTURE * apart.sum((1, 2)) + CODE * near


def _verdict(opinions: Sequence[_Opinion], part: slice) -> tuple[int, dict[str, float]]:
    """Of the digits in `part`: which opinion is best, and the probability of each script, whose
    stretches are as likely as each other beforehand."""
    totals = np.array([np.maximum(each.evidence[part], STRANGEST).sum() for each in opinions])
    weights = np.exp(totals - totals.max())
    scripts = {
        each.script: np.array([o.script == each.script for o in opinions]) for each in opinions
    }
    shares = {name: float(weights[own].mean()) for name, own in scripts.items()}
    script = max(shares, key=lambda name: shares[name])
    best = int(np.where(scripts[script], totals, -np.inf).argmax())
    return best, {name: share / sum(shares.values()) for name, share in shares.items()}


def _agreement(
    translator: Translator,
    opinions: Sequence[_Opinion],
    parts: Sequence[slice],
    best: Sequence[int],
) -> np.ndarray:
    """How sure each digit is, (N,): read alike before and after translation, and like a digit.

    What is no digit is seldom read alike in both scripts.
    """
    sure = np.zeros(len(opinions[0].evidence))
    for i, opinion in enumerate(opinions):
        own = [
            np.arange(part.start, part.stop)
            for part, which in zip(parts, best, strict=True)
            if which == i
        ]
        if not own:
            continue
        rows = np.concatenate(own)
        other = next(name for name in translator.domains if name != opinion.script)
        for some in np.array_split(rows, -(-len(rows) // BATCH)):
            echo = translator.classify(translator.decode(opinion.codes[some], other), other)
            both = (opinion.beliefs[some], echo)
            digit = both[0].argmax(1, keepdim=True)
            alike = np.prod([each.gather(1, digit)[:, 0].cpu().numpy() for each in both], axis=0)
            sure[some] = alike / (1 + np.exp(UNLIKE - opinion.evidence[some]))
    return sure


def _line(
    found: Sequence[Found],
    opinion: _Opinion,
    part: slice,
    sure: np.ndarray,
    evidence: Mapping[str, float],
) -> Line:
    values = opinion.beliefs[part].argmax(1).tolist()
    digits = tuple(
        Digit(each.box, opinion.script, value, float(confidence))
        for each, value, confidence in zip(found, values, sure, strict=True)
    )
    return Line(opinion.script, evidence, digits)


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
