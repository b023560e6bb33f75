"""A page of found digits -> what they say and in which script; and the page rewritten in another.

Which script a line is in is decided from all its digits together: alone, ೨ may be a 2. So is
whether they are as a pen drew them, or stretched as the digits of a data set.
"""

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import torch
from PIL import Image
from scipy.special import expit
from torch import Tensor

from unit_core.checkpoint import CheckpointError, read_json
from unit_core.domains import CLASSES, domain
from unit_core.ink import BOX, SIDE, ink_box, to_digit
from unit_core.networks import class_means
from unit_core.page import Box, Found, Page, stroke_width
from unit_core.translator import Translator

DOUBTFUL = 0.85
CHANGE = 6.0  # evidence that a change of script, or of stretch, within a line takes
STRANGEST = 8.0  # below what is as likely no digit: one blot must not decide on a line
SCALE = "scale.json"  # in a checkpoint's folder
FAINT = 0.1  # of a digit's darkest ink: what is erased with it
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
        numbers = _numbers([digit.box for digit in self.digits])
        return " ".join(
            "".join(glyphs[digit.digit] for digit in self.digits[number]) for number in numbers
        )


def _numbers(boxes: Sequence[Box]) -> list[slice]:
    """A line's digits in numbers, parted by wide gaps."""
    wide = GAP * max(box.height for box in boxes)
    starts = [
        i
        for i, (before, box) in enumerate(itertools.pairwise(boxes), 1)
        if box.x - before.x - before.width > wide
    ]
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


@dataclass(frozen=True)
class Scale:
    """How much of the evidence lower bound of a digit counts, picture and code, and where what is
    as likely no digit lies on it. Pixels are far from independent, so its nats are far too sure.

    Made for a checkpoint by `unit_core.scale`; without, what has fitted one.
    """

    picture: float = 0.16
    code: float = 0.75
    unlike: float = -18.0

    @classmethod
    def of(cls, translator: Translator) -> "Scale":
        """That of the translator's checkpoint. CheckpointError for one that cannot be used."""
        path = translator.folder and translator.folder / SCALE
        if not path or not path.exists():
            return cls()
        try:
            return cls(**{name: float(value) for name, value in read_json(path).items()})
        except (AttributeError, TypeError, ValueError) as error:
            raise CheckpointError(f"{path} cannot be used ({error}): make it anew") from None


@dataclass(frozen=True)
class _Opinion:
    """Digits taken for `script`, `stretch` times as tall as they were written: `codes`
    (N, latent_dim), `beliefs` (N, 10), and the `evidence` for it, (N,), 0 for what is as likely no
    digit at all."""

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
    lines = [line for page in pages for line in page.lines]
    found = [each for line in lines for each in line]
    opinions = [each for name in names for each in _opinions(translator, found, name)]
    runs = [  # for each line
        _runs(opinions, part, line) for line, part in zip(lines, _parts(lines), strict=True)
    ]
    verdicts = [[_verdict(opinions, run) for run in line] for line in runs]
    sure = _agreement(
        translator,
        opinions,
        list(itertools.chain(*runs)),
        [best for line in verdicts for best, _ in line],
    )
    read_lines = iter(
        [
            _line(found[run], opinions[best], run, sure[run], evidence)
            for run, (best, evidence) in zip(*both, strict=True)
        ]
        for both in zip(runs, verdicts, strict=True)
    )
    return [
        Reading(
            tuple(itertools.chain(*(next(read_lines) for _ in page.lines))),
            page.picture.width,
            page.picture.height,
        )
        for page in pages
    ]


def _runs(opinions: Sequence[_Opinion], part: slice, line: Sequence[Found]) -> list[slice]:
    """The digits of a line, `part` of all, in runs of one script: seldom more than one.

    The likeliest way through the numbers of the line where a change of mind costs (Viterbi 1967).
    """
    numbers = [
        slice(part.start + number.start, part.start + number.stop)
        for number in _numbers([each.box for each in line])
    ]
    evidence = np.array([_total(opinions, number) for number in numbers])  # (numbers, opinions)
    stay = np.eye(len(opinions), dtype=bool)
    score, ways = evidence[0], []
    for own in evidence[1:]:
        steps = score[:, None] - np.where(stay, 0, CHANGE)
        ways.append(steps.argmax(0))
        score = steps.max(0) + own
    path = [int(score.argmax())]
    for way in reversed(ways):
        path.insert(0, int(way[path[0]]))
    scripts = [opinions[i].script for i in path]
    starts = [
        number.start
        for number, (before, after) in zip(numbers[1:], itertools.pairwise(scripts), strict=True)
        if before != after
    ]
    return [slice(*ends) for ends in itertools.pairwise([part.start, *starts, part.stop])]


def _total(opinions: Sequence[_Opinion], part: slice) -> np.ndarray:
    """The evidence of the digits in `part` for each opinion."""
    return np.array([np.maximum(each.evidence[part], -STRANGEST).sum() for each in opinions])


def _parts(lines: Sequence[Sequence[Any]]) -> list[slice]:
    """Where each line stands in all lines put together."""
    ends = np.cumsum([len(line) for line in lines], dtype=int).tolist()
    return [slice(end - len(line), end) for end, line in zip(ends, lines, strict=True)]


def _opinions(translator: Translator, found: Sequence[Found], script: str) -> list[_Opinion]:
    """Digits taken for `script`: as it is stretched in its data set, and as it is not."""
    stretches = dict.fromkeys((domain(script).stretch, 1.0))
    return [_opinion(translator, found, script, stretch) for stretch in stretches]


def _opinion(
    translator: Translator, found: Sequence[Found], script: str, stretch: float
) -> _Opinion:
    scale = Scale.of(translator)
    codes, beliefs, evidence = [], [], []
    for start in range(0, len(found), BATCH):
        digits = cut([each.ink for each in found[start : start + BATCH]], stretch)
        z = translator.encode(digits, script)
        codes.append(z)
        beliefs.append(translator.classify_codes(z))
        picture, code = evidence_terms(translator, digits, z, script)
        evidence.append(scale.picture * picture + scale.code * code - scale.unlike)
    if not found:
        translator.posterior(np.zeros((1, SIDE, SIDE), np.float32), script)  # a known script?
        empty = torch.empty(0, translator.config.latent_dim)
        return _Opinion(script, stretch, empty, torch.empty(0, CLASSES), np.empty(0))
    return _Opinion(
        script, stretch, torch.cat(codes), torch.cat(beliefs), torch.cat(evidence).cpu().numpy()
    )


def cut(inks: Iterable[np.ndarray], stretch: float) -> Tensor:
    """Digits' ink -> (N, 28, 28), each cut as the data sets' are; of no ink, none."""
    empty = np.zeros((SIDE, SIDE), np.float32)
    digits = [to_digit(ink, stretch) for ink in inks]
    return torch.from_numpy(np.stack([empty if digit is None else digit for digit in digits]))


def evidence_terms(
    translator: Translator, digits: Tensor, z: Tensor, script: str
) -> tuple[Tensor, Tensor]:
    """The two terms of the evidence lower bound of digits (N, 28, 28) at their codes, (N,) each, up
    to constants: -KL(digit || its reconstruction), each pixel a coin, and
    log sum_y N(z; mu_y, I) / 10.
    """
    made = translator.decode(z, script).clamp(1e-4, 1 - 1e-4)
    ink = digits.to(z.device).clamp(1e-4, 1 - 1e-4)
    apart = ink * (ink / made).log() + (1 - ink) * ((1 - ink) / (1 - made)).log()
    means = class_means(translator.config).to(z.device)
    near = (-0.5 * torch.cdist(z, means) ** 2).logsumexp(1) - math.log(CLASSES)
    return -apart.sum((1, 2)), near


def _verdict(opinions: Sequence[_Opinion], part: slice) -> tuple[int, dict[str, float]]:
    """Of the digits in `part`: which opinion is best, and the probability of each script, whose
    stretches are as likely as each other beforehand."""
    totals = _total(opinions, part)
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
            sure[some] = alike * expit(opinion.evidence[some])
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
    """The picture with every digit that is not yet in `target` translated in its place.

    In its own hand, its ink's colour, as heavy, as large and as tilted, on the paper cleaned of
    it. The digits of `reading` are known by their boxes; what was corrected in them counts.
    Raises ValueError for a script that the translator does not know.
    """
    picture = page.picture.copy()
    places = {each.box: each for line in page.lines for each in line}
    lines = [[digit for digit in line.digits if digit.box in places] for line in reading.lines]
    glyphs = _translated(translator, places, lines, target)
    for line in lines:
        todo = [digit.box for digit in line if digit.box in glyphs]
        if not todo:
            continue
        rooms = _rooms([places[digit.box] for digit in line])
        colours = _erase(picture, page, [places[box] for box in todo])
        for box, colour in zip(todo, colours, strict=True):
            _write(picture, page, places[box], glyphs[box], rooms[box], colour)
    return picture


@dataclass(frozen=True)
class _Glyph:
    """A translated digit, (28, 28) in [0, 1]; it is `stretch` times as tall as a pen draws it, and
    so was what it was translated from, `was`."""

    ink: np.ndarray
    stretch: float
    was: float


def _translated(
    translator: Translator,
    places: Mapping[Box, Found],
    lines: Sequence[Sequence[Digit]],
    target: str,
) -> dict[Box, _Glyph]:
    """Every digit that is not in `target`, by its box."""
    glyphs = {}
    means = class_means(translator.config).to(translator.device)
    stretch = domain(target).stretch
    for script in dict.fromkeys(digit.script for line in lines for digit in line):
        if script == target:
            continue
        own = [[digit for digit in line if digit.script == script] for line in lines]
        digits = [digit for line in own for digit in line]
        opinions = _opinions(translator, [places[digit.box] for digit in digits], script)
        codes = torch.cat(
            [opinions[_verdict(opinions, part)[0]].codes[part] for part in _parts(own)]
        )
        # What a person corrected: the same hand, around the mean of another digit.
        read_as = translator.classify_codes(codes).argmax(1)
        codes = codes + means[[digit.digit for digit in digits]] - means[read_as]
        made = translator.decode(codes, target).cpu().numpy()
        seen = [opinions[_verdict(opinions, part)[0]].stretch for part in _parts(own)]
        was = np.repeat(seen, [len(line) for line in own])
        for digit, ink, before in zip(digits, made, was, strict=True):
            glyphs[digit.box] = _Glyph(ink, stretch, float(before))
    return glyphs


def _rooms(line: Sequence[Found]) -> dict[Box, tuple[float, float]]:
    """From where to where each digit may reach, in the frame: half of the way to its neighbours."""
    line = sorted(line, key=lambda each: each.corner[0])
    edges = [(each.corner[0] + 1, each.corner[0] + each.ink.shape[1] - 1) for each in line]
    middles = [(a[1] + b[0]) / 2 for a, b in itertools.pairwise(edges)]
    ends = zip([-math.inf, *middles], [*middles, math.inf], strict=True)
    return {each.box: room for each, room in zip(line, ends, strict=True)}


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
    side = max(height, width / glyph.was)
    drawn = np.pad(glyph.ink[box], 2)
    across, along = side * glyph.stretch / BOX, side / BOX  # pixels of the frame in one of `drawn`
    squeeze = min(1.0, (room[1] - room[0]) / (glyph.ink[box].shape[1] * across))
    across, along = across * squeeze, along * squeeze**0.5
    pixels = 2 * _scale(page)  # twice as fine as the picture
    size = [round(n * unit * pixels) for n, unit in zip(drawn.shape, (along, across), strict=True)]
    fine = cv2.resize(drawn, size[::-1], interpolation=cv2.INTER_CUBIC)
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
    """A drawing with strokes `stroke` wide, in pixels, and soft edges."""
    drawn = (ink > 0.5).astype(np.uint8)
    if not drawn.any():
        return ink.clip(0, 1)
    inside, outside = (cv2.distanceTransform(part, cv2.DIST_L2, 5) for part in (drawn, 1 - drawn))
    grow = (stroke - stroke_width(drawn)) / 2
    return ((inside - outside + grow) / 2 + 0.5).clip(0, 1).astype(np.float32)
