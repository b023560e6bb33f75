"""A Chromium and a running page, for the browser tests and for `benchmarks/drawing.py`."""

import functools
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TypeVar

from playwright.sync_api import Locator, Page, Playwright, Route, expect

Seen = TypeVar("Seen")
ROOT = Path(__file__).parents[1]
DIGIT = re.compile("ok|unsure")  # the board's state once it has read one
SEVEN = [(0.25, 0.2), (0.7, 0.2), (0.45, 0.8)]
LINE = [(0.5, 0.15), (0.5, 0.85)]
CROWDED = {"status": 503, "headers": {"Retry-After": "1"}, "json": {"error": "Many are here."}}
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def find_chromium(playwright: Playwright) -> str | None:
    """CHROMIUM, the system's, or Playwright's own; None for want of one."""
    names = ("chromium", "chromium-browser", "google-chrome")
    candidates = (
        os.environ.get("CHROMIUM"),
        *map(shutil.which, names),
        playwright.chromium.executable_path,
    )
    return next((path for path in candidates if path and Path(path).exists()), None)


@contextmanager
def serve(
    checkpoint: Path | None = None, patience: float = 60, port: int | None = None
) -> Iterator[str]:
    """The real app, on a free port if on none that is named: its address, once it answers. Stopped
    at the end."""
    port = port or free_port()
    command = [sys.executable, "-m", "streamlit", "run", "demo/app.py", "--server.headless=true"]
    command += [f"--server.port={port}", "--server.fileWatcherType=none"]
    environment = {"UNIT_CHECKPOINT": str(checkpoint)} if checkpoint else {}
    address = f"http://127.0.0.1:{port}"
    with running(command, f"{address}/_stcore/health", environment, patience=patience):
        yield address


@contextmanager
def serve_gradio(checkpoint: Path | None = None) -> Iterator[str]:
    """The same of the Gradio app."""
    port = free_port()
    environment = {"UNIT_CHECKPOINT": str(checkpoint)} if checkpoint else {}
    environment |= {"GRADIO_SERVER_PORT": str(port)}
    address = f"http://127.0.0.1:{port}"
    with running([sys.executable, "demo/gradio_app.py"], address, environment):
        yield address


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextmanager
def running(
    command: list[str],
    health: str,
    environment: dict[str, str],
    folder: Path = ROOT,
    patience: float = 60,
) -> Iterator[subprocess.Popen]:
    """A server started by `command` in `folder`, once the address `health` answers. Stopped at the
    end."""
    server = subprocess.Popen(command, cwd=folder, env=dict(os.environ) | environment)
    try:
        deadline = time.monotonic() + patience
        while not _answers(health):
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the page's server did not start: {' '.join(command)}")
            time.sleep(0.1)
        yield server
    finally:
        server.terminate()
        server.wait(timeout=20)


class _Files(SimpleHTTPRequestHandler):
    extensions_map = SimpleHTTPRequestHandler.extensions_map | {
        ".mjs": "text/javascript",
        ".js": "text/javascript",
        ".wasm": "application/wasm",
    }

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serve_files(folder: Path) -> Iterator[ThreadingHTTPServer]:
    """A server of files alone on a free port. Stopped at the end."""
    handler = functools.partial(_Files, directory=folder)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever).start()
        yield server
        server.shutdown()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return response.status == 200
    except OSError:
        return False


def open_board(page: Page, address: str) -> Locator:
    """The board, once its script has had a first answer and its layout stands."""
    page.goto(address)
    page.locator(".board:not([data-answers='0'])").wait_for(timeout=30_000)
    return page.locator(".board")


def pen_path(page: Page, points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Points of the unit square as places on the page, over the drawing pad."""
    pad = page.locator(".pad canvas")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    assert box is not None
    return [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]


def draw(page: Page, points: list[tuple[float, float]], lift: bool = True, steps: int = 8) -> None:
    """A stroke by mouse through `points`, paced as a hand would."""
    (x, y), *rest = pen_path(page, points)
    page.mouse.move(x, y)
    page.mouse.down()
    for x, y in rest:
        page.mouse.move(x, y, steps=steps)
    if lift:
        page.mouse.up()


def draw_on(page: Page, canvas: Locator, points: list[tuple[float, float]]) -> None:
    """The same on any canvas."""
    box = canvas.bounding_box()
    assert box is not None
    (x, y), *rest = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    page.mouse.move(x, y)
    page.mouse.down()
    for x, y in rest:
        page.mouse.move(x, y, steps=6)
    page.mouse.up()


def slide(slider: Locator, value: float) -> None:
    slider.evaluate(
        """(slider, value) => {
            slider.value = value;
            slider.dispatchEvent(new Event("input", { bubbles: true }));
        }""",
        value,
    )


@contextmanager
def held(page: Page, url: str) -> Iterator[None]:
    """The next question to `url` reaches the server only after what is done here."""
    caught: list[Route] = []
    page.route(url, lambda route: caught.append(route), times=1)
    with page.expect_request(url):
        yield
    while not caught:
        page.wait_for_timeout(10)
    caught[0].continue_()


def has_ink(page: Page, selector: str) -> bool:
    return page.locator(selector).evaluate(
        """canvas => canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height)
             .data.some((value, i) => i % 4 == 3 && value > 40)"""
    )


def state(page: Page, expected: str | re.Pattern) -> None:
    expect(page.locator(".board")).to_have_attribute("data-state", expected)


def translate_live(page: Page, address: str) -> Locator:
    """The board, once it has translated a digit while the pen was still down."""
    board = open_board(page, address)
    state(page, "empty")
    expect(page.get_by_text("Draw here")).to_be_visible()
    before = int(board.get_attribute("data-answers") or 0)
    draw(page, SEVEN, lift=False, steps=20)
    state(page, DIGIT)
    assert int(board.get_attribute("data-answers") or 0) > before + 1
    assert has_ink(page, ".seen") and has_ink(page, ".made")
    page.mouse.up()
    return board


def kannada_type(page: Page) -> list[str]:
    """Whether type for Kannada digits is at hand whatever fonts the system has: ["loaded"]."""
    return page.evaluate(
        """() => document.fonts.load('1rem "Kannada Digits"', "೩")
            .then((faces) => faces.map(({ status }) => status))"""
    )


def contrast(place: Locator, colour: str = "color") -> float:
    """Of that `colour` of what is at `place` against the paper behind it, as WCAG counts it."""
    return place.evaluate(
        """(element, colour) => {
            const sheet = new OffscreenCanvas(1, 1).getContext("2d");
            const lay = (fillStyle, globalAlpha = 1) =>
                Object.assign(sheet, { fillStyle, globalAlpha }).fillRect(0, 0, 1, 1);
            const light = () => {
                const parts = [...sheet.getImageData(0, 0, 1, 1).data].map((byte) => byte / 255);
                const linear = (v) => v > 0.04045 ? ((v + 0.055) / 1.055) ** 2.4 : v / 12.92;
                const [r, g, b] = parts.map(linear);
                return 0.05 + 0.2126 * r + 0.7152 * g + 0.0722 * b;
            };
            const styles = [];
            for (let at = element; at; at = at.parentElement ?? at.getRootNode().host)
                styles.unshift(getComputedStyle(at));
            for (const { backgroundColor } of styles) lay(backgroundColor);
            const paper = light();
            lay(styles.at(-1)[colour], styles.reduce((all, { opacity }) => all * opacity, 1));
            const ink = light();
            return Math.max(ink, paper) / Math.min(ink, paper);
        }""",
        colour,
    )


def until(
    page: Page, look: Callable[[], Seen], holds: Callable[[Seen], bool], patience: float = 10
) -> Seen:
    """What `look` sees, once it `holds`; within `patience` seconds."""
    deadline = time.monotonic() + patience
    while not holds(seen := look()):
        assert time.monotonic() < deadline, seen
        page.wait_for_timeout(50)
    return seen


def forgive(context_of, words: str) -> None:
    """Errors of the pages so far that have these words are none."""
    context_of.errors[:] = [error for error in context_of.errors if words not in error]
