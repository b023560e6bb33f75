"""How live is the page? Measured in headless Chromium, on the real server.

    python benchmarks/drawing.py [--seconds 10] [--json FILE]

Translations a second while the pen is down, on Translate, of the last digit of four on Numbers and
in Gradio; pen to picture, from the oldest ink that an answer brings to the frame that shows it;
and from starting the server to a page that answers.
"""

import argparse
import math
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import here  # noqa: F401
from browser import (
    FLAGS,
    draw,
    find_chromium,
    open_board,
    pen_path,
    serve,
    serve_gradio,
)
from latency import listen, percentiles, tell
from playwright.sync_api import Page, sync_playwright

HERTZ = 60  # a common pen's reports a second
DIGIT, NUMBER = "unit:answer", "unit:number"  # the pages' events


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=10, help="of drawing (default: 10)")
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    return parser.parse_args()


@dataclass(frozen=True)
class Drawing:
    """How long it was drawn, and each translation's milliseconds from pen to picture."""

    seconds: float
    latencies: list[float]


def draw_for(
    page: Page, seconds: float, event: str, middle: float, wide: float, afresh: str
) -> Drawing:
    """Draw an 8 over and over, at `middle` of the pad and `wide` of its width, after the key
    `afresh`."""
    turn = [2 * math.pi * i / HERTZ for i in range(HERTZ)]
    eight = pen_path(
        page,
        [(middle + wide / 2 * math.sin(2 * t), 0.5 - 0.35 * math.cos(t)) for t in turn],
    )
    start = time.perf_counter()
    page.evaluate("event => { latencies[event].length = 0; }", event)
    for i in range(round(seconds * HERTZ)):
        if i % HERTZ == 0:
            page.mouse.up()
            page.keyboard.press(afresh)
            page.mouse.move(*eight[0])
            page.mouse.down()
        page.mouse.move(*eight[i % HERTZ])
        time.sleep(max(0.0, start + i / HERTZ - time.perf_counter()))
    elapsed = time.perf_counter() - start
    drawing = Drawing(elapsed, page.evaluate("event => latencies[event]", event))
    page.mouse.up()
    return drawing


def number_for(page: Page, seconds: float) -> Drawing:
    """Write the last digit of a number of four over and over."""
    page.get_by_role("link", name="Numbers").click()
    page.locator(".number:not([data-answers='0'])").wait_for()
    for middle in (0.2, 0.4, 0.6, 0.8):
        draw(page, [(middle - 0.03, 0.2), (middle + 0.03, 0.2), (middle, 0.8)])
    return draw_for(page, seconds, NUMBER, 0.8, 0.1, "Control+z")


def main() -> None:
    args = options()
    with sync_playwright() as playwright:
        path = find_chromium(playwright)
        if path is None:
            sys.exit("no Chromium found: apt install chromium, or name one in CHROMIUM")
        with playwright.chromium.launch(executable_path=path, args=FLAGS) as browser:
            page = browser.new_page()
            page.add_init_script(listen(DIGIT, NUMBER))
            started = time.perf_counter()
            with serve() as address:
                served = time.perf_counter() - started
                open_board(page, address)
                answered = time.perf_counter() - started
                drawing = draw_for(page, args.seconds, DIGIT, 0.5, 0.4, "Escape")
                number = number_for(page, args.seconds)
            with serve_gradio() as address:
                open_board(page, address)
                gradio = draw_for(page, args.seconds, DIGIT, 0.5, 0.4, "Escape")
    figures = {
        "translations_per_second": len(drawing.latencies) / drawing.seconds,
        **percentiles("pen_to_picture", drawing.latencies),
        "number_translations_per_second": len(number.latencies) / number.seconds,
        **percentiles("number_pen_to_picture", number.latencies),
        "gradio_translations_per_second": len(gradio.latencies) / gradio.seconds,
        **percentiles("gradio_pen_to_picture", gradio.latencies),
        "start_to_server_s": served,
        "start_to_page_s": answered,
    }
    tell(figures, args.json)


if __name__ == "__main__":
    main()
