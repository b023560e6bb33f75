"""A drawing in, its translation out: a pure function, and the route that serves it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np
import torch
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from demo import model
from unit_core import Translator
from unit_core.domains import Domain
from unit_core.ink import ink_box, to_digit

MAX_SIDE = 512
DOT = 0.06  # of the picture's side: ink within less is a dot, not a digit
FULL = 0.6  # of the picture's area
# What is no digit is seldom read alike before and after translation: probability of the likeliest
# digit, in both. 0.85 doubts 1 to 4 % of test digits, and half or more of scribbles.
SURE = 0.85

State = Literal["empty", "dot", "full", "unsure", "ok"]


@dataclass(frozen=True)
class Reply:
    """What the page shows. Pictures are 784 bytes by rows, ink 255; probabilities are of 0 to 9;
    all four are empty where there is nothing to translate."""

    state: State
    message: str
    digit: list[int] = field(default_factory=list)
    translation: list[int] = field(default_factory=list)
    source_probabilities: list[float] = field(default_factory=list)
    target_probabilities: list[float] = field(default_factory=list)


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
    translation = translator.translate(digit, source.name, target.name)
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
    )


def _bytes(picture: np.ndarray) -> list[int]:
    return (picture * 255).round().astype(np.uint8).ravel().tolist()


def _rounded(probabilities: torch.Tensor) -> list[float]:
    return [round(p, 4) for p in probabilities.tolist()]


class BadRequest(ValueError):
    """A request that cannot be answered, with its HTTP status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def read_picture(body: bytes) -> np.ndarray:
    """A body of side * side bytes, ink 255 -> (side, side) in [0, 1]; else BadRequest."""
    side = int(len(body) ** 0.5)
    if not body or side * side != len(body):
        raise BadRequest(
            422, f"the body must be a square of bytes, side x side with ink 255; got {len(body)}"
        )
    return np.frombuffer(body, np.uint8).reshape(side, side).astype(np.float32) / 255


async def _body(request: Request) -> bytes:
    kind = request.headers.get("content-type", "").partition(";")[0]
    if kind != "application/octet-stream":
        raise BadRequest(415, f"send raw bytes as application/octet-stream, not {kind or 'none'}")
    body = b""
    async for chunk in request.stream():  # counted as it comes: the header may lie
        body += chunk
        if len(body) > MAX_SIDE**2:
            raise BadRequest(413, f"the picture is larger than {MAX_SIDE} x {MAX_SIDE}")
    return body


def _script(query: Mapping[str, Any], role: str, domains: Mapping[str, Domain]) -> Domain:
    name = query.get(role, "")
    if name not in domains:
        raise BadRequest(
            422, f"{role}={name!r} is no script of this model; it knows {', '.join(domains)}"
        )
    return domains[name]


async def answer(request: Request) -> Response:
    """POST ?source=NAME&target=NAME, the picture's bytes as the body -> a `Reply` as JSON.

    Errors are {"error": text}: 413 too large, 415 wrong type, 422 no picture or unknown script,
    503 while there is no model.
    """
    try:
        body = await _body(request)
        loaded = model.load()
        if isinstance(loaded, str):
            raise BadRequest(503, loaded)
        source, target = (
            _script(request.query_params, role, loaded.domains) for role in ("source", "target")
        )
        if source == target:
            raise BadRequest(422, f"source and target are the same script, {source.name}")
        picture = read_picture(body)
    except BadRequest as error:
        return JSONResponse({"error": str(error)}, error.status)
    reply = await run_in_threadpool(translate, loaded.translator, picture, source, target)
    # On a connection kept open, Nagle's algorithm holds the body back until the browser's delayed
    # acknowledgement of the headers, 40 ms: Streamlit 1.67 sets no TCP_NODELAY.
    return JSONResponse(asdict(reply), headers={"Connection": "close"})


routes = [Route("/api/translate", answer, methods=["POST"])]
