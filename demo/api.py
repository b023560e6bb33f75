"""A drawing in, its translation out; codes in, pictures out: functions and their routes."""

from dataclasses import asdict, dataclass, field
from typing import Literal

import numpy as np
import torch
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from demo import web
from demo.web import BadRequest
from unit_core import Translator
from unit_core.domains import Domain
from unit_core.ink import ink_box, to_digit

MAX_SIDE = 512
MAX_CODES = 256
FAR = 100.0
DOT = 0.06  # of the picture's side: ink within less is a dot, not a digit
FULL = 0.6  # of the picture's area
# What is no digit is seldom read alike before and after translation: probability of the likeliest
# digit, in both. 0.85 doubts 1 to 4 % of test digits, and half or more of scribbles.
SURE = 0.85

State = Literal["empty", "dot", "full", "unsure", "ok"]


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


def translate(translator: Translator, picture: np.ndarray, source: Domain, target: Domain) -> Reply:
    """Translate what is drawn in `picture`, (H, W) in [0, 1] with ink 1, from `source`."""
    box = ink_box(picture)
    if box is None:
        return Reply("empty", f"Your digit will appear here in {target.title}.")
    if max(side.stop - side.start for side in box) < DOT * max(picture.shape):
        return Reply("dot", "That is a dot so far. Keep going.")
    if (picture > 0.5).mean() > FULL:
        return Reply("full", "All ink and no digit. Undo or clear.")

    digit = to_digit(picture, source.stretch)
    assert digit is not None  # there is ink, as its box has shown
    posterior = translator.posterior(digit, source.name)
    translation = translator.decode(posterior.mean, target.name)
    back = translator.translate(translation, target.name, source.name)
    reads = translator.classify(digit, source.name)[0]
    echoes = translator.classify(translation, target.name)[0]
    best = int(reads.argmax())
    unsure = bool(reads[best] * echoes[best] < SURE)
    return Reply(
        "unsure" if unsure else "ok",
        f"Not quite a digit yet. The closest is {source.glyphs[best]}."
        if unsure
        else f"{source.glyphs[best]} in {source.title} is {target.glyphs[best]} in {target.title}.",
        _bytes(digit),
        _bytes(translation[0].numpy()),
        _rounded(reads),
        _rounded(echoes),
        _rounded(posterior.mean[0]),
        _rounded(posterior.std[0]),
        _bytes(back[0].numpy()),
        round(float(((back[0].numpy() - digit) ** 2).mean()), 5),
    )


def _bytes(picture: np.ndarray) -> list[int]:
    return (picture * 255).round().astype(np.uint8).ravel().tolist()


def _rounded(values: torch.Tensor) -> list[float]:
    return [round(value, 4) for value in values.tolist()]


def read_picture(body: bytes) -> np.ndarray:
    """A body of side * side bytes, ink 255 -> (side, side) in [0, 1]; else BadRequest."""
    side = int(len(body) ** 0.5)
    if not body or side * side != len(body):
        raise BadRequest(
            422, f"the body must be a square of bytes, side x side with ink 255; got {len(body)}"
        )
    return np.frombuffer(body, np.uint8).reshape(side, side).astype(np.float32) / 255


async def _translate(request: Request) -> Response:
    """POST ?source=NAME&target=NAME[&model=NAME], the picture's bytes -> a `Reply` as JSON.

    Errors are {"error": text}: 413 too large, 415 wrong type, 422 no picture or unknown script,
    503 while there is no model.
    """
    body = await web.raw_body(request, MAX_SIDE**2, f"{MAX_SIDE} x {MAX_SIDE}")
    loaded = web.asked_model(request)
    source, target = (web.asked_script(request, role, loaded) for role in ("source", "target"))
    if source == target:
        raise BadRequest(422, f"source and target are the same script, {source.name}")
    picture = read_picture(body)
    reply = await run_in_threadpool(translate, loaded.translator, picture, source, target)
    return JSONResponse(asdict(reply), headers=web.QUICK)


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
    loaded = web.asked_model(request)
    latent_dim = loaded.translator.config.latent_dim
    body = await web.raw_body(request, MAX_CODES * 4 * latent_dim, f"{MAX_CODES} codes")
    codes = read_codes(body, latent_dim)
    pictures = await run_in_threadpool(decode, loaded.translator, codes)
    return Response(pictures, media_type="application/octet-stream", headers=web.QUICK)


def decode(translator: Translator, codes: torch.Tensor) -> bytes:
    """Codes (N, latent_dim) -> N x scripts x 28 x 28 bytes, ink 255."""
    pictures = [translator.decode(codes, name) for name in translator.domains]
    return (torch.stack(pictures, 1) * 255).round().byte().numpy().tobytes()


routes = [web.post("/api/translate", _translate), web.post("/api/decode", _decode)]
