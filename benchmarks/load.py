"""How many visitors does one server carry? Clients on this machine ask the running apps.

    python benchmarks/load.py [--apps streamlit gradio] [--seconds 10] [--json FILE]

For each app: translations as the canvas asks for them (140 x 140 bytes to /api/translate), by 1,
10, 50 and 100 clients that ask again as soon as they are answered; then 50 people drawing, five
translations a second each, for a minute; for Gradio also its named endpoint, through the queue.
Server and clients share the machine's cores; `server_ms` is the processor time that the server took
for an answer, whatever else ran.
"""

import argparse
import asyncio
import gzip
import json
import os
import random
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

import here  # noqa: F401
import numpy as np
from browser import free_port, running
from PIL import Image, ImageDraw

from demo import board

CLIENTS = (1, 10, 50, 100)
MOST = 20_000  # requests of one measurement
PEOPLE, PACE, MINUTE = 50, 5.0, 60.0
PATIENCE = 20  # seconds for one answer
SIDE = 140
COMMANDS = {
    "streamlit": [
        *("-m", "streamlit", "run", "demo/app.py", "--server.headless=true"),
        *("--server.fileWatcherType=none", "--server.port={port}"),
    ],
    "gradio": ["demo/gradio_app.py"],
}


@dataclass(frozen=True)
class Figures:
    """Of one measurement. Memory is the server's resident set, in megabytes; `late` counts the
    questions of a pace that a person could not ask in time since the last was unanswered."""

    clients: int
    seconds: float
    requests: int
    errors: int
    late: int
    per_second: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    server_ms: float
    memory_before_mb: float
    memory_after_mb: float


class Client:
    """One visitor's browser: one connection, kept as long as the server keeps it."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        self.host, self.port = str(parts.hostname), int(parts.port or 80)
        self.stream: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, method: str, path: str, kind: str = "", body: bytes = b"") -> bytes:
        """The body of the answer; OSError for another status than 200."""
        if self.stream is None:
            self.stream = await asyncio.open_connection(self.host, self.port)
        reader, writer = self.stream
        head = f"{method} {path} HTTP/1.1\r\nHost: {self.host}\r\nContent-Type: {kind}\r\n"
        head += f"Accept-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n"  # as browsers do
        writer.write(head.encode() + body)
        lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines[1:] if ": " in line)
        if "content-length" in headers:
            answer = await reader.readexactly(int(headers["content-length"]))
        else:  # a stream of events: its end is the answer
            answer = await reader.readuntil(b"0\r\n\r\n")
        if headers.get("content-encoding") == "gzip":
            answer = gzip.decompress(answer)
        if headers.get("connection") == "close":
            self.close()
        if lines[0].split()[1] != "200":
            raise OSError(f"{lines[0]}: {answer[:200]!r}")
        return answer

    def close(self) -> None:
        """Hang up."""
        if self.stream is not None:
            self.stream[1].close()
            self.stream = None


Ask = Callable[[Client, int], Awaitable[None]]


async def draw(client: Client, turn: int) -> None:
    """One translation as the canvas asks for it."""
    source, target, picture = PICTURES[turn % len(PICTURES)]
    path = f"/api/translate?source={source}&target={target}&model=full"
    answer = await client.ask("POST", path, "application/octet-stream", picture)
    if b'"translation"' not in answer:
        raise OSError(f"no translation: {answer[:200]!r}")


async def call(client: Client, turn: int) -> None:
    """One translation by the endpoint's name, as gradio_client asks for it."""
    source, target, picture = PICTURES[turn % len(PICTURES)]
    numbers = np.frombuffer(picture, np.uint8).reshape(SIDE, SIDE)[::5, ::5].tolist()
    question = json.dumps({"data": [numbers, source, target, None]}).encode()
    path = "/gradio_api/call/translate"
    event = json.loads(await client.ask("POST", path, "application/json", question))["event_id"]
    answer = await client.ask("GET", f"{path}/{event}")
    if b"event: complete" not in answer:
        raise OSError(f"no translation: {answer[:200]!r}")


async def measure(
    address: str, server: int, ask: Ask, clients: int, seconds: float, pace: float = 0.0
) -> Figures:
    """`clients` ask for `seconds`: each `pace` times a second, or as soon as it is answered."""
    times: list[float] = []
    errors = late = 0
    before, used, began = memory(server), cpu(server), time.perf_counter()

    async def visit(number: int) -> None:
        nonlocal errors, late
        client, turn = Client(address), number
        due = began + (random.random() / pace if pace else 0.0)
        while (now := time.perf_counter()) < began + seconds and len(times) < MOST:
            if pace:
                if due > now:
                    await asyncio.sleep(due - now)
                while due + 1 / pace < time.perf_counter():
                    due, late = due + 1 / pace, late + 1
                due += 1 / pace
            asked, turn = time.perf_counter(), turn + 1
            try:
                await asyncio.wait_for(ask(client, turn), PATIENCE)
                times.append(time.perf_counter() - asked)
            except (OSError, EOFError, TimeoutError, asyncio.LimitOverrunError) as error:
                errors += 1
                print(f"error: {error or type(error).__name__}", file=sys.stderr)
                client.close()
                if errors > 100:
                    return
        client.close()

    await asyncio.gather(*(visit(number) for number in range(clients)))
    took = time.perf_counter() - began
    server_ms = round(1000 * (cpu(server) - used) / max(1, len(times)), 2)
    p50, p95, p99 = np.percentile(times or [np.nan], [50, 95, 99]) * 1000
    return Figures(
        clients, round(took, 1), len(times), errors, late, round(len(times) / took, 1),
        *(round(float(p), 1) for p in (p50, p95, p99)), server_ms, before,
        memory(server),
    )  # fmt: skip


def memory(process: int) -> float:
    """Resident megabytes of a process."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 1e6, 1)


def cpu(process: int) -> float:
    """Processor seconds that a process has taken."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def pictures() -> list[tuple[str, str, bytes]]:
    """(source, target, bytes) of every example digit, half written and whole."""
    made = []
    examples = board.examples()
    for source in examples:
        target = next(name for name in examples if name != source)
        for strokes in examples[source]:
            for share in (0.5, 1.0):
                sheet = Image.new("L", (SIDE, SIDE))
                for stroke in strokes:
                    end = max(2, round(share * len(stroke)))
                    points = [(20 + x, 20 + y) for x, y in stroke[:end]]
                    ImageDraw.Draw(sheet).line(points, fill=255, width=11, joint="curve")
                made.append((source, target, sheet.tobytes()))
    return made


PICTURES = pictures()


@contextmanager
def serve(app: str) -> Iterator[tuple[str, int]]:
    """The app on a free port: its address and process."""
    port = free_port()
    command = [sys.executable, *(word.format(port=port) for word in COMMANDS[app])]
    address = f"http://127.0.0.1:{port}"
    environment = {"GRADIO_SERVER_PORT": str(port)}
    with running(command, f"{address}/api/health", environment) as server:
        yield address, server.pid


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--apps", nargs="+", choices=list(COMMANDS), default=list(COMMANDS))
    parser.add_argument("--seconds", type=float, default=10, help="a number of clients")
    parser.add_argument("--drawing", type=float, default=MINUTE, help="seconds of 50 people")
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    given = parser.parse_args()
    told: dict[str, dict[str, Figures]] = {}
    for app in given.apps:
        with serve(app) as (address, server):
            ways = {"canvas": draw} | ({"named endpoint": call} if app == "gradio" else {})
            asyncio.run(measure(address, server, draw, 4, 2))  # warm
            for way, ask in ways.items():
                figures = told[f"{app}, {way}"] = {}
                for clients in CLIENTS:
                    run = measure(address, server, ask, clients, given.seconds)
                    show(f"{app}, {way}, {clients} clients", figures, str(clients), run)
            run = measure(address, server, draw, PEOPLE, given.drawing, PACE)
            show(f"{app}, {PEOPLE} people drawing", told[f"{app}, canvas"], "people drawing", run)
    if given.json:
        content = {way: {k: asdict(f) for k, f in each.items()} for way, each in told.items()}
        given.json.write_text(json.dumps(content, indent=1) + "\n")


def show(title: str, figures: dict[str, Figures], name: str, run: Awaitable[Figures]) -> None:
    """Measure, keep and print one line."""

    async def waited() -> Figures:
        return await run

    f = figures[name] = asyncio.run(waited())
    print(
        f"{title:36}{f.per_second:8.1f}/s  p50 {f.p50_ms:7.1f}  p95 {f.p95_ms:7.1f}  "
        f"p99 {f.p99_ms:7.1f}  server {f.server_ms:.2f} ms  "
        f"{f.memory_before_mb:.0f} -> {f.memory_after_mb:.0f} MB  "
        f"{f.errors} errors, {f.late} late",
        flush=True,
    )


if __name__ == "__main__":
    main()
