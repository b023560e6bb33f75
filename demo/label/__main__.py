"""Command line: `python -m demo.label FOLDER [--domain NAME]`."""

import argparse
import socket
import sys
from pathlib import Path

import uvicorn

from demo import label
from unit_core import labelling
from unit_core.data import DataError
from unit_core.domains import domain


def main() -> int:
    """0 once it is stopped; 2 and one line on stderr for a folder that cannot be labelled in, or a
    port that is taken."""
    parser = argparse.ArgumentParser(
        prog="python -m demo.label", description=label.__doc__.splitlines()[0]
    )
    parser.add_argument("folder", type=Path, help="that `python -m unit_core ask` has filled")
    parser.add_argument("--domain", metavar="NAME", help="script, to see its digits in type")
    parser.add_argument("--data-dir", type=Path, help="where a script of your own is")
    parser.add_argument("--port", type=int, default=8502)
    given = parser.parse_args()
    try:
        if not given.folder.is_dir():
            raise DataError(f"there is no folder {given.folder}: python -m unit_core ask makes it")
        waiting, known = labelling.waiting(given.folder), labelling.read(given.folder)
        script = domain(given.domain, given.data_dir) if given.domain else None
        door = _listening(given.port)
    except (DataError, OSError, ValueError) as error:
        print(f"demo.label: {error}", file=sys.stderr)
        return 2
    print(f"{len(waiting):,} to label, {len(known):,} labelled: http://localhost:{given.port}")
    uvicorn.Server(uvicorn.Config(label.app(given.folder, script), log_level="warning")).run([door])
    return 0


def _listening(port: int) -> socket.socket:
    try:
        return socket.create_server((label.HOST, port))
    except (OSError, OverflowError) as error:  # taken, not allowed, or no port at all
        raise ValueError(f"cannot have port {port} ({error}): name another with --port") from None


if __name__ == "__main__":
    sys.exit(main())
