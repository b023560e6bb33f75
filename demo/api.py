"""A drawing in, its translation out; codes in, pictures out: functions and their routes."""

import asyncio
import io
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, cast

import numpy as np
import torch
from PIL import Image
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from demo import model, web
from demo.batching import Batcher
from demo.web import BadRequest
from unit_core import Translator
from unit_core.checkpoint import CheckpointError
from unit_core.domains import SIDE, Domain
from unit_core.evidence import Scale, cut, evidence_terms
from unit_core.ink import as_digit, ink_box, ink_of
from unit_core.pictures import PictureError, TooLarge, open_picture

SCHEMA = Path(__file__).with_name("openapi.json")
PICTURES = (web.RAW, "image/png", "image/jpeg", "image/webp")
MAX_SIDE = 512
MAX_FILE = 8 * 2**20
MAX_PIXELS = 16_000_000
# Held from a file to its answer, by two at a time: one of 24 KB may need 200 MB.
UNPACKING = asyncio.Semaphore(2)
MAX_CODES = 256
FAR = 100.0
DOT = 0.06  # of the picture's side: ink within less is a dot, not a digit
FLAT = 6.0  # times as wide as tall: a stroke, wider than any Kannada 2
FULL = 0.6  # of the picture's area
# What is no digit is seldom read alike before and after translation: probability of the likeliest
# digit, in both.
SURE = 0.85
# Log odds of the target's evidence from which a drawing is said to be of it: four in five of the
# digits that are, 3 in 1,000 of those that are not (benchmarks/hints.py).
ODDS = 4.0

State = Literal["empty", "dot", "flat", "full", "unsure", "ok"]
MESSAGES: dict[State, str] = {
    "empty": "Your digit will appear here in {target}.",
    "dot": "That is a dot so far. Keep going.",
    "flat": "That is too flat for a digit so far. Keep going.",
    "full": "All ink and no digit. Undo or clear.",
    "unsure": "Not quite a digit yet. The closest is {glyph}.",
    "ok": "{glyph} in {source} is {other} in {target}.",
}
OTHER_SCRIPT = "This looks like {glyph} in {script}. Change the script?"
NAMELESS = "It calls this {glyph}; nobody told it the names in {script}."


@dataclass(frozen=True)
class Reply:
    """What the page shows. Pictures are 784 bytes by rows, ink 255; probabilities are of 0 to 9;
    `code` and `spread` are the posterior's mean and deviations. `round_trip` is the translation
    translated back and `round_trip_error` its mean squared error on ink in [0, 1].
    All are empty where there is nothing to translate."""

    state: State
    message: str
    digit: list[int] = field(default_factory=list)
    translation: list[int] = field(default_factory=list)
    source_probabilities: list[float] = field(default_factory=list)
    target_probabilities: list[float] = field(default_factory=list)
    code: list[float] = field(default_factory=list)
    spread: list[float] = field(default_factory=list)
    round_trip: list[int] = field(default_factory=list)
    round_trip_error: float | None = None


@dataclass(frozen=True)
class Classification:
    """Which digit it is, the script's `glyph` for it, and the probabilities of 0 to 9."""

    digit: int
    glyph: str
    probabilities: list[float]

    @classmethod
    def of(cls, probabilities: list[float], script: Domain) -> "Classification":
        """The likeliest, by the probabilities of 0 to 9 in `script`."""
        best = max(range(len(probabilities)), key=probabilities.__getitem__)
        return cls(best, script.glyphs[best], probabilities)


@dataclass(frozen=True)
class Question:
    """A picture (H, W) in [0, 1] with ink 1, to be read as `source` and written as `target`; with a
    `hint` if it looks like a digit of the target already."""

    translator: Translator
    picture: np.ndarray
    source: Domain
    target: Domain
    hint: bool = False

    @property
    def way(self) -> tuple[int, str, str]:
        """What questions that go through a model together have in common."""
        return id(self.translator), self.source.name, self.target.name


def translate(translator: Translator, picture: np.ndarray, source: Domain, target: Domain) -> Reply:
    """Translate what is drawn in `picture`, (H, W) in [0, 1] with ink 1, from `source`."""
    return translate_all([Question(translator, picture, source, target)])[0]


def translate_all(questions: Sequence[Question]) -> list[Reply]:
    """The replies to `questions`; those of one model and direction go through it together."""
    replies: list[Reply | None] = [_no_digit(question) for question in questions]
    for indices in _together(questions, [reply is None for reply in replies]):
        for i, reply in zip(indices, _replies([questions[i] for i in indices]), strict=True):
            replies[i] = reply
    return cast(list[Reply], replies)


def _together(questions: Sequence[Question], asked: Sequence[bool]) -> list[list[int]]:
    """Indices of those questions that are `asked`, one model and direction at a time."""
    alike: dict[tuple[int, str, str], list[int]] = {}
    for i, question in enumerate(questions):
        if asked[i]:
            alike.setdefault(question.way, []).append(i)
    return list(alike.values())


def answer_all(questions: Sequence[Question]) -> list[Reply]:
    """As `translate_all`, with a better word where the model was never told what a script's digits
    are called, and, for who wants a hint, where the drawing is a digit of the target already."""
    replies = translate_all(questions)
    words = [_nameless(*pair) or pair[1].message for pair in zip(questions, replies, strict=True)]
    asked = [q.hint and bool(r.digit) for q, r in zip(questions, replies, strict=True)]
    for indices in _together(questions, asked):
        for i, hint in zip(indices, _hints([questions[i] for i in indices]), strict=True):
            words[i] = hint or words[i]
    return [replace(reply, message=word) for reply, word in zip(replies, words, strict=True)]


def _hints(questions: Sequence[Question]) -> list[str | None]:
    """What to say of those pictures, of one model and direction, that look like the target's
    digits; None of others."""
    translator, target = questions[0].translator, questions[0].target
    if is_nameless(translator, target.name):
        return [None] * len(questions)
    try:
        scale = Scale.of(translator)
    except CheckpointError:  # Pictures says what is wrong; a translation needs none
        return [None] * len(questions)
    evidence = []
    for script in (questions[0].source, target):
        digits = cut([question.picture for question in questions], script.stretch)
        codes = translator.encode(digits, script.name)
        evidence.append(scale.weigh(*evidence_terms(translator, digits, codes, script.name)))
    here, there = evidence
    sure = (there - here > ODDS) & (there > 0)  # and no scribble
    read = translator.classify_codes(codes).argmax(1)  # as the target's
    return [
        OTHER_SCRIPT.format(glyph=target.glyphs[digit], script=target.title) if told else None
        for digit, told in zip(read.tolist(), sure.tolist(), strict=True)
    ]


def _nameless(question: Question, reply: Reply) -> str | None:
    """What to say where the model was told no names."""
    scripts = question.source, question.target
    nameless = [each for each in scripts if is_nameless(question.translator, each.name)]
    if reply.state != "ok" or not nameless:
        return None
    glyph = nameless[0].glyphs[int(np.argmax(reply.source_probabilities))]
    return NAMELESS.format(glyph=glyph, script=nameless[0].title)


def is_nameless(translator: Translator, script: str) -> bool:
    """Whether the model was never told what digits of `script` are called."""
    return not translator.provenance.names(script)


def _no_digit(question: Question) -> Reply | None:
    """What to say where there is nothing to translate, else None."""
    picture = question.picture
    box = ink_box(picture)
    if box is None:
        return Reply("empty", MESSAGES["empty"].format(target=question.target.title))
    height, width = (side.stop - side.start for side in box)
    if max(height, width) < DOT * max(picture.shape):
        return Reply("dot", MESSAGES["dot"])
    if width > FLAT * height:
        return Reply("flat", MESSAGES["flat"])
    if (picture > 0.5).mean() > FULL:
        return Reply("full", MESSAGES["full"])
    return None


def _replies(questions: Sequence[Question]) -> list[Reply]:
    """Of pictures with ink, one model and one direction."""
    first = questions[0]
    translator, source, target = first.translator, first.source, first.target
    cut = [as_digit(question.picture, source.stretch) for question in questions]
    digits = np.stack([digit for digit in cut if digit is not None])  # all: there is ink
    posterior = translator.posterior(digits, source.name)
    translations = translator.decode(posterior.mean, target.name)
    home = translator.encode(translations, target.name)
    back = translator.decode(home, source.name).numpy()
    reads, echoes = (translator.classify_codes(codes) for codes in (posterior.mean, home))
    replies = []
    for i, digit in enumerate(digits):
        best = int(reads[i].argmax())
        state: State = "unsure" if reads[i, best] * echoes[i, best] < SURE else "ok"
        replies.append(
            Reply(
                state,
                MESSAGES[state].format(
                    glyph=source.glyphs[best],
                    source=source.title,
                    other=target.glyphs[best],
                    target=target.title,
                ),
                _bytes(digit),
                _bytes(translations[i].numpy()),
                _rounded(reads[i]),
                _rounded(echoes[i]),
                _rounded(posterior.mean[i]),
                _rounded(posterior.std[i]),
                _bytes(back[i]),
                round(float(((back[i] - digit) ** 2).mean()), 5),
            )
        )
    return replies


def _bytes(picture: np.ndarray) -> list[int]:
    return (picture * 255).round().astype(np.uint8).ravel().tolist()


def _rounded(values: torch.Tensor) -> list[float]:
    return values.double().round(decimals=4).tolist()


def read_raw(body: bytes) -> np.ndarray:
    """side x side bytes, ink 255 -> the ink, (side, side) in [0, 1]; else BadRequest."""
    side = int(len(body) ** 0.5)
    if not body or side * side != len(body):
        text = f"the body must be a square of bytes, side x side with ink 255; got {len(body)}"
        raise BadRequest(422, text)
    return np.frombuffer(body, np.uint8).reshape(side, side).astype(np.float32) / 255


def read_picture(body: bytes) -> np.ndarray:
    """The ink in a PNG, JPEG or WebP, dark on bright paper or bright on dark, (H, W) in [0, 1].

    BadRequest, in words, for what is no picture.
    """
    try:
        return ink_of(open_picture(body, ("PNG", "JPEG", "WEBP"), MAX_PIXELS))
    except PictureError as error:
        raise BadRequest(413 if isinstance(error, TooLarge) else 422, str(error)) from None


@asynccontextmanager
async def _picture(request: Request) -> AsyncIterator[np.ndarray]:
    """The picture in a request, until it is answered."""
    kind = web.content_type(request, PICTURES)
    most, what = (
        (MAX_SIDE**2, f"{MAX_SIDE} x {MAX_SIDE} bytes")
        if kind == web.RAW
        else (MAX_FILE, f"{MAX_FILE // 2**20} MB")
    )
    content = await web.body(request, most, what)
    if kind == web.RAW:
        yield read_raw(content)
    else:
        async with UNPACKING:
            yield await run_in_threadpool(read_picture, content)


_translations = Batcher(answer_all)


async def translated(question: Question) -> Reply:
    """The reply to `question`, which shares a batch with others; BadRequest if it cannot be had."""
    if question.source == question.target:
        raise BadRequest(422, f"source and target are the same script, {question.source.name}")
    return await _translations.ask(question)


async def _translate(request: Request) -> Response:
    """POST ?source=NAME&target=NAME[&model=NAME][&hint=1], a picture -> a `Reply`, or a PNG."""
    loaded = await web.asked_model(request)
    source, target = (web.asked_script(request, role, loaded) for role in ("source", "target"))
    hint = request.query_params.get("hint", "") == "1"
    async with _picture(request) as picture:
        reply = await translated(Question(loaded.translator, picture, source, target, hint))
    if request.headers.get("accept", "").partition(";")[0].strip() != "image/png":
        return web.json(reply)
    return Response(png(reply), media_type="image/png", headers=web.QUICK)


def png(reply: Reply) -> bytes:
    """The translation, 280 x 280, dark ink on white paper; BadRequest where there is none."""
    if not reply.translation:
        raise BadRequest(422, reply.message if reply.state != "empty" else "the picture has no ink")
    paper = 255 - np.array(reply.translation, np.uint8).reshape(SIDE, SIDE)
    file = io.BytesIO()
    Image.fromarray(paper).resize((280, 280), Image.Resampling.BICUBIC).save(file, "PNG")
    return file.getvalue()


async def _classify(request: Request) -> Response:
    """POST ?source=NAME[&model=NAME], a picture -> which digit it is, as JSON."""
    loaded = await web.asked_model(request)
    source = web.asked_script(request, "source", loaded)
    async with _picture(request) as picture:
        reading = await run_in_threadpool(read, loaded.translator, picture, source)
    return web.json(reading)


def read(translator: Translator, picture: np.ndarray, source: Domain) -> Classification:
    """Which digit `picture`, (H, W) in [0, 1] with ink 1, is in `source`; BadRequest for no ink."""
    beliefs = translator.classify(digit_in(picture, source), source.name)[0]
    return Classification.of(_rounded(beliefs), source)


def digit_in(picture: np.ndarray, source: Domain) -> np.ndarray:
    """`picture` cut and centred as digits of `source` are, (28, 28); BadRequest for no ink."""
    digit = as_digit(picture, source.stretch)
    if digit is None:
        raise BadRequest(422, "the picture has no ink")
    return digit


async def _health(request: Request) -> Response:
    """GET -> what this server can do: its models and their scripts."""
    loaded = await web.asked_model(request)
    models = [
        {"name": each.name, "labels": each.labels, "labelled_images": each.labelled}
        for each in model.shipped().values()
    ]
    content = {"status": "ok", "scripts": list(loaded.domains), "models": models}
    return JSONResponse(content, headers=web.QUICK)


async def _schema(request: Request) -> Response:
    """GET -> this interface as OpenAPI 3.1: of what is in the schema, the routes of this server."""
    served = {getattr(route, "path", None) for route in request.app.routes}
    schema = json.loads(SCHEMA.read_bytes())
    schema["paths"] = {path: told for path, told in schema["paths"].items() if path in served}
    return JSONResponse(schema)


def read_codes(body: bytes, latent_dim: int) -> torch.Tensor:
    """Little-endian float32 numbers -> codes (N, latent_dim); else BadRequest."""
    row = 4 * latent_dim
    if not body or len(body) % row:
        raise BadRequest(
            422, f"the body must be rows of {latent_dim} float32 numbers, {row} bytes each; "
            f"got {len(body)} bytes"
        )  # fmt: skip
    codes = np.frombuffer(body, "<f4").reshape(-1, latent_dim).astype(np.float32)
    if not np.isfinite(codes).all() or np.abs(codes).max() > FAR:
        raise BadRequest(422, f"codes must be finite and within {FAR} of the origin on every axis")
    return torch.from_numpy(codes)


async def _decode(request: Request) -> Response:
    """POST [?model=NAME], codes as float32 -> for each code a picture in every script, as bytes.

    784 bytes a picture, ink 255, in the order of the model's scripts.
    """
    loaded = await web.asked_model(request)
    latent_dim = loaded.translator.config.latent_dim
    body = await web.raw_body(request, MAX_CODES * 4 * latent_dim, f"{MAX_CODES} codes")
    codes = read_codes(body, latent_dim)
    pictures = await run_in_threadpool(decode, loaded.translator, codes)
    return Response(pictures, media_type="application/octet-stream", headers=web.QUICK)


def decode(translator: Translator, codes: torch.Tensor) -> bytes:
    """Codes (N, latent_dim) -> N x scripts x 28 x 28 bytes, ink 255."""
    pictures = [translator.decode(codes, name) for name in translator.domains]
    return (torch.stack(pictures, 1) * 255).round().byte().numpy().tobytes()


routes = [
    web.post("/api/translate", _translate),
    web.post("/api/classify", _classify),
    web.post("/api/decode", _decode),
    web.get("/api/health", _health),
    web.get("/api/schema", _schema),
]
