"""Command line: `python -m demo.spaces [OUT]`."""

import argparse
import sys
from pathlib import Path

from demo import spaces


def main() -> int:
    """0 once the folders stand; 2 and one line on stderr for what is in the way."""
    parser = argparse.ArgumentParser(
        prog="python -m demo.spaces", description=spaces.__doc__.splitlines()[0]
    )
    parser.add_argument("out", type=Path, nargs="?", default=Path("build"))
    out = parser.parse_args().out
    for space in spaces.SPACES:
        folder = out / f"space-{space.name}"
        try:
            spaces.assemble(space, folder)
        except (OSError, ValueError) as error:
            print(f"demo.spaces: {error}", file=sys.stderr)
            return 2
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        print(f"{folder}: {size / 1e6:.1f} MB; hf upload USER/NAME {folder} --repo-type=space")
    return 0


if __name__ == "__main__":
    sys.exit(main())
