"""Files that a reader finds whole, old or new, whatever happens to who writes them; and folders
that only one writes to."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from filelock import FileLock, Timeout

PARTIAL = ".part"
LOCK = ".lock"  # in a folder that somebody writes to
PATIENCE = 10.0  # seconds until a killed run's last process has gone too


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to fill, which then takes the place of `path`: a reader finds the old one or the new
    one, never half; not even after a power cut. On an error nothing is left of it."""
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}{PARTIAL}")
    try:
        with partial.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def write_atomically(path: Path, content: bytes) -> None:
    """Write `content`, whole or not at all."""
    with replacing(path) as file:
        file.write(content)


def sweep(folder: Path) -> None:
    """Clear `folder`, at any depth, of what writers left that were killed; none may be at work."""
    for partial in folder.rglob(f".*{PARTIAL}"):
        partial.unlink(missing_ok=True)


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Nobody else may hold `folder` meanwhile; who is killed holds nothing. ValueError if somebody
    does."""
    try:
        with FileLock(folder / LOCK, timeout=PATIENCE):
            yield
    except Timeout:
        raise ValueError(
            f"another run is at work in {folder}: wait until it ends, or stop it"
        ) from None
