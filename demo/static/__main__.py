"""Command line: `python -m demo.static [OUT] [--checkpoint FOLDER]`."""

import argparse
import sys
from pathlib import Path

from demo import model, static


def main() -> int:
    """0 once the site stands; 2 and one line on stderr for what is missing."""
    parser = argparse.ArgumentParser(
        prog="python -m demo.static", description=static.__doc__.splitlines()[0]
    )
    parser.add_argument("out", type=Path, nargs="?", default=Path("build/site"))
    parser.add_argument("--checkpoint", type=Path, default=model.default_folder())
    given = parser.parse_args()
    try:
        static.build(given.out, given.checkpoint)
    except (OSError, ValueError) as error:
        print(f"demo.static: {error}", file=sys.stderr)
        return 2
    print(f"{given.out}: a visitor loads {static.size(given.out) / 1e6:.1f} MB, once")
    print(f"to look at it: python -m http.server -d {given.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
