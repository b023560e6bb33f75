"""How live is the site without a server? Measured in headless Chromium, the model in the browser.

    python -m demo.static
    python benchmarks/static.py [SITE] [--seconds 10] [--json FILE]

As benchmarks/drawing.py measures the app: translations a second while the pen is down, pen to
picture, and from opening the page to its first answer; and what one translation takes, worker and
back.
"""

import argparse
import gzip
import sys
import time
from pathlib import Path

import here  # noqa: F401
from browser import FLAGS, find_chromium, open_board, serve_files
from drawing import DIGIT, draw_for
from latency import listen, percentiles, tell
from playwright.sync_api import sync_playwright

from demo import static

KEEP = """
window.Worker = class extends Worker {
  constructor(...given) { super(...given); window.worker = this; }
  postMessage(question) {
    if (question.route === "api/translate") window.question = question;
    super.postMessage(question);
  }
};
"""
ASK = """async (times) => {
  const taken = [];
  for (let i = 0; i < times; i++) {
    const began = performance.now();
    await new Promise((answer) => {
      worker.onmessage = answer;
      worker.postMessage(question);
    });
    taken.push(performance.now() - began);
  }
  return taken;
}"""


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("site", type=Path, nargs="?", default=Path("build/site"))
    parser.add_argument("--seconds", type=float, default=10, help="of drawing (default: 10)")
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    return parser.parse_args()


def main() -> None:
    args = options()
    if not (args.site / "index.html").exists():
        sys.exit(f"no site in {args.site}: python -m demo.static {args.site}")
    with sync_playwright() as playwright:
        path = find_chromium(playwright)
        if path is None:
            sys.exit("no Chromium found: apt install chromium, or name one in CHROMIUM")
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        with browser, serve_files(args.site) as server:
            page = browser.new_page()
            page.add_init_script(listen(DIGIT) + KEEP)
            started = time.perf_counter()
            open_board(page, f"http://127.0.0.1:{server.server_port}")
            answered = time.perf_counter() - started
            drawing = draw_for(page, args.seconds, DIGIT, 0.5, 0.4, "Escape")
            page.wait_for_timeout(500)
            taken = page.evaluate(ASK, 200)
    packed = sum(len(gzip.compress(file.read_bytes())) for file in static.loaded(args.site))
    figures = {
        "translations_per_second": len(drawing.latencies) / drawing.seconds,
        **percentiles("pen_to_picture", drawing.latencies),
        **percentiles("translation", taken),
        "open_to_page_s": answered,
        "megabytes": static.size(args.site) / 1e6,
        "megabytes_gzipped": packed / 1e6,
    }
    tell(figures, args.json)


if __name__ == "__main__":
    main()
