"""How live is a slider? Measured on the Interpolate page in headless Chromium, on the real server.

    python benchmarks/slider.py [--seconds 5] [--json FILE]

From the oldest move that an answer brings to the frame that shows it, in both scripts: for the
slider between the ends, where one point is decoded, and for a slider of the hand, where the strip
and the square follow too. UNIT_CHECKPOINT names another model than the shipped one.
"""

import argparse
import math
import sys
import time
from pathlib import Path

import here  # noqa: F401
from browser import FLAGS, find_chromium, serve
from latency import listen, percentiles, tell
from playwright.sync_api import Locator, Page, sync_playwright

HERTZ = 60
SLIDERS = {"along": ".along", "hand": ".sliders input >> nth=0"}
EVENT = "unit:morph"


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=5, help="a slider (default: 5)")
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    return parser.parse_args()


def drag_for(page: Page, slider: Locator, seconds: float) -> list[float]:
    """Drag to and fro: each shown step's milliseconds."""
    slider.scroll_into_view_if_needed()
    page.wait_for_timeout(500)
    box = slider.bounding_box()
    assert box is not None
    thumb = 11  # pixels from the track's end to the thumb's middle
    low, high, y = box["x"] + thumb, box["x"] + box["width"] - thumb, box["y"] + box["height"] / 2
    share = slider.evaluate("s => (s.value - s.min) / (s.max - s.min)")
    page.mouse.move(low + share * (high - low), y)
    page.mouse.down()
    page.evaluate("event => { latencies[event].length = 0; }", EVENT)
    start = time.perf_counter()
    for i in range(round(seconds * HERTZ)):
        page.mouse.move((low + high) / 2 + (high - low) / 2 * math.sin(math.pi * i / HERTZ), y)
        time.sleep(max(0.0, start + i / HERTZ - time.perf_counter()))
    latencies: list[float] = page.evaluate("event => latencies[event]", EVENT)
    page.mouse.up()
    return latencies


def main() -> None:
    args = options()
    figures = {}
    with sync_playwright() as playwright:
        path = find_chromium(playwright)
        if path is None:
            sys.exit("no Chromium found: apt install chromium, or name one in CHROMIUM")
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        with browser, serve() as address:
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            page.add_init_script(listen(EVENT))
            page.goto(f"{address}/interpolate")
            page.locator(".morph:not([data-answers='0'])").wait_for(timeout=60_000)
            for name, selector in SLIDERS.items():
                latencies = drag_for(page, page.locator(selector), args.seconds)
                figures |= {
                    f"{name}_steps_per_second": len(latencies) / args.seconds,
                    **percentiles(name, latencies),
                }
    tell(figures, args.json)


if __name__ == "__main__":
    main()
