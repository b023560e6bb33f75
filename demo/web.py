"""Requests and answers: bodies read with a limit, errors as JSON with a status that fits."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from demo import model
from demo.batching import Busy
from unit_core.domains import Domain

# On a connection kept open, Nagle's algorithm holds the body back until the browser's delayed
# acknowledgement of the headers, 40 ms: Streamlit 1.67 sets no TCP_NODELAY.
QUICK = {"Connection": "close"}
RAW = "application/octet-stream"
# Questions in work, of everybody and of one address: nobody takes all the places.
PLACES, SHARE = 512, 256
UPLOAD = 15  # seconds that a small body may take
_taken: Counter[str] = Counter()
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
CROWDED = "more people draw than this server can follow; try again in a second"


def json(result: Any) -> JSONResponse:
    """A dataclass of plain values as JSON; not by `asdict`, which copies each pixel on its own and
    took half of the time that a translation takes."""
    return JSONResponse(vars(result), headers=QUICK)


def cached(request: Request, tag: str, content: bytes, kind: str) -> Response:
    """`content` under its `tag`, which a browser that has it may name instead of reading it."""
    headers = QUICK | {"ETag": f'"{tag}"', "Cache-Control": "no-cache"}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=kind, headers=headers)


class BadRequest(ValueError):
    """A request that cannot be answered, with its HTTP status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def post(path: str, answer: Callable[[Request], Awaitable[Response]]) -> Route:
    """A route for POST whose BadRequests become {"error": text}."""
    return _route(path, answer, "POST")


def get(path: str, answer: Callable[[Request], Awaitable[Response]]) -> Route:
    """A route for GET whose BadRequests become {"error": text}."""
    return _route(path, answer, "GET")


def _route(path: str, answer: Callable[[Request], Awaitable[Response]], method: str) -> Route:
    async def guarded(request: Request) -> Response:
        try:
            with place(request):
                return await answer(request)
        except BadRequest as error:
            return JSONResponse({"error": str(error)}, error.status)
        except Busy:
            return JSONResponse({"error": CROWDED}, 503, {"Retry-After": "1"})
        except ClientDisconnect:
            return Response(status_code=499)  # nobody reads it

    return Route(path, guarded, methods=[method])


def rest(routes: Sequence[Route]) -> Route:
    """What /api has none of: 404, or 405 where one of the `routes` wants another method."""

    async def refused(request: Request) -> Response:
        path = request.url.path
        methods = {m for each in routes if each.path == path for m in each.methods or ()}
        if not methods:
            return JSONResponse({"error": f"there is no {path}; see /api/schema"}, 404)
        allowed = ", ".join(sorted(methods))
        text = f"{path} is for {allowed}, not {request.method}"
        return JSONResponse({"error": text}, 405, {"Allow": allowed})

    return Route("/api/{path:path}", refused, methods=METHODS)


@contextmanager
def place(request: Request) -> Iterator[None]:
    """A place while `request` is answered; Busy when all are taken, BadRequest when its address has
    its share of them."""
    visitor = request.client.host if request.client else ""
    if _taken[visitor] >= SHARE:
        raise BadRequest(429, f"{SHARE} questions from your address are not answered yet; wait")
    if _taken.total() >= PLACES:
        raise Busy(f"{PLACES} questions are not answered yet")
    _taken[visitor] += 1
    try:
        yield
    finally:
        _taken[visitor] -= 1
        if not _taken[visitor]:
            del _taken[visitor]


async def body(request: Request, most: int, what: str, seconds: float = UPLOAD) -> bytes:
    """The request's body; BadRequest if it has more than `most` bytes, `what` in words, or takes
    longer than `seconds` to arrive."""
    content = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for chunk in request.stream():  # counted as it comes: the header may lie
                content += chunk
                if len(content) > most:
                    raise BadRequest(413, f"the body is larger than {what}")
    except TimeoutError:
        raise BadRequest(408, f"the body did not arrive within {seconds} seconds") from None
    return bytes(content)


class Bounded:
    """A server around a server: a request whose body has more than `most` bytes ends here."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        self.app, self.most = app, most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        length = dict(scope.get("headers", [])).get(b"content-length", b"0")
        if not length.isdigit() or int(length) > self.most:
            refusal = JSONResponse({"error": f"the body is larger than {self.most} bytes"}, 413)
            return await refusal(scope, receive, send)
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            return message if seen <= self.most else {"type": "http.disconnect"}

        await self.app(scope, counted, send)


def content_type(request: Request, known: Sequence[str]) -> str:
    """The type of the body, one of `known`; else BadRequest."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in known:
        raise BadRequest(415, f"send {' or '.join(known)}, not {kind or 'a body without a type'}")
    return kind


async def raw_body(request: Request, most: int, what: str) -> bytes:
    """The body of an application/octet-stream; BadRequest for another type or too much."""
    content_type(request, [RAW])
    return await body(request, most, what)


async def asked_model(request: Request) -> model.Model:
    """The model that ?model=NAME asks for, else the default; BadRequest for want of it."""
    return await the_model(request.query_params.get("model"))


def asked_script(request: Request, role: str, loaded: model.Model) -> Domain:
    """The script that ?`role`=NAME asks for; BadRequest if the model does not know it."""
    return the_script(request.query_params.get(role, ""), role, loaded)


def the_shipped(name: object) -> model.Shipped:
    """The model called `name`, not loaded; BadRequest if it is none of this server."""
    if not isinstance(name, str) or name not in model.shipped():
        known = ", ".join(model.shipped())
        raise BadRequest(422, f"model={name!r} is none of this server; it has {known}")
    return model.shipped()[name]


async def the_model(name: str | None) -> model.Model:
    """The model called `name`, else the default; BadRequest for want of it."""
    chosen = None if name is None else the_shipped(name).name
    loaded = await run_in_threadpool(model.load, chosen)  # the first time: others go on drawing
    if isinstance(loaded, str):
        raise BadRequest(503, loaded)
    return loaded


def the_script(name: str, role: str, loaded: model.Model) -> Domain:
    """The script called `name`, asked for as `role`; BadRequest if the model does not know it."""
    if not isinstance(name, str) or name not in loaded.domains:
        known = ", ".join(loaded.domains)
        raise BadRequest(422, f"{role}={name!r} is no script of this model; it knows {known}")
    return loaded.domains[name]
