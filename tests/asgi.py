"""One request, straight into routes: no server, no port."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import httpx
from starlette.applications import Starlette
from starlette.routing import Route

BYTES = "application/octet-stream"


@dataclass(frozen=True)
class Answer:
    """`content` is what JSON says, else {"bytes": the body}."""

    status: int
    content: dict


def ask(routes: Sequence[Route], path: str, body: bytes | None = None, **options) -> Answer:
    """As `respond`, in short."""
    return short(asyncio.run(respond(routes, path, body, **options)))


async def respond(
    routes: Sequence[Route],
    path: str,
    body: bytes | None = None,
    query: str = "",
    kind: str = BYTES,
    visitor: str = "127.0.0.1",
    method: str | None = None,
    headers: dict[str, str] | None = None,
) -> httpx.Response:
    """GET, or POST where there is a body of the type `kind`, unless `method` says otherwise."""
    transport = httpx.ASGITransport(Starlette(routes=routes), client=(visitor, 50000))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        return await client.request(
            method or ("GET" if body is None else "POST"),
            f"{path}?{query}" if query else path,
            content=body,
            headers={"content-type": kind} | (headers or {}),
        )


def short(response: httpx.Response) -> Answer:
    told = response.headers.get("content-type") == "application/json"
    return Answer(response.status_code, response.json() if told else {"bytes": response.content})
