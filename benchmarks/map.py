"""How quick is the map? Measured in headless Chromium, on the real server.

    python benchmarks/map.py [--checkpoint DIR] [--rounds 40] [--json FILE]

From asking for the page to a map that answers; from the pointer's move to the frame that shows the
digit under it; from a click, and from a move of "decode here", to the frame with both decodings.
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np
from here import ROOT
from browser import FLAGS, find_chromium, serve
from latency import listen, percentiles, tell
from playwright.sync_api import Page, sync_playwright

from unit_core.atlas import Atlas, AtlasError
from unit_core.checkpoint import ATLAS

READY = ".atlas[data-state='ready']:not([data-answers='0'])"


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--checkpoint", type=Path, default=ROOT / "checkpoints" / "full")
    parser.add_argument("--rounds", type=int, default=40, help="of each kind (default: 40)")
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    return parser.parse_args()


def places(page: Page, atlas: Atlas, count: int) -> list[tuple[float, float]]:
    """Points all over the map, as places on the page."""
    box = page.locator(".over").bounding_box()
    assert box is not None
    unit = 0.94 * min(box["width"], box["height"])
    middle = np.array([box["x"] + box["width"] / 2, box["y"] + box["height"] / 2])
    spots = middle + (atlas.view("tsne")[:count] - 0.5) * unit * np.array([1, -1])
    return [(float(x), float(y)) for x, y in spots]


def main() -> None:
    args = options()
    try:
        atlas = Atlas.load(args.checkpoint / ATLAS)
    except AtlasError as error:
        sys.exit(str(error))
    with sync_playwright() as playwright:
        path = find_chromium(playwright)
        if path is None:
            sys.exit("no Chromium found: apt install chromium, or name one in CHROMIUM")
        with (
            playwright.chromium.launch(executable_path=path, args=FLAGS) as browser,
            serve(args.checkpoint) as address,
        ):
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            page.add_init_script(listen("unit:hover", "unit:found"))
            began = time.perf_counter()
            page.goto(f"{address}/map")
            page.locator(READY).wait_for(timeout=60_000)
            opened = time.perf_counter() - began
            spots = places(page, atlas, 3 * args.rounds)

            def after(kind: str, act) -> list[float]:  # noqa: ANN001
                """Milliseconds of each round of `act` at another place."""
                page.evaluate("for (const name in latencies) latencies[name].length = 0")
                for spot in spots[: args.rounds]:
                    act(*spot)
                    time.sleep(0.25)
                del spots[: args.rounds]
                return page.evaluate(f"latencies['unit:{kind}']")

            hover = after("hover", page.mouse.move)
            click = after("found", page.mouse.click)
            page.get_by_label("Decode here").check(force=True)
            here = after("found", page.mouse.move)
    figures = {"points": len(atlas), "open_to_usable_s": opened}
    for name, values in (("hover", hover), ("click", click), ("here", here)):
        figures |= percentiles(name, values)
    tell(figures, args.json)


if __name__ == "__main__":
    main()
