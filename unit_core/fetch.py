"""Official files: the person's own copy, the cached one, or a fresh one; trusted by digest."""

import http.client
import logging
import os
import sys
import urllib.request
from functools import cache
from pathlib import Path

from tqdm import tqdm

from unit_core.domains import DATA_DIR_VARIABLE, DataFile, data_folder
from unit_core.files import write_atomically
from unit_core.formats import DataError, StrPath, digest, read_bytes

TIMEOUT = 30.0  # seconds without a byte
_log = logging.getLogger(__name__)


def cache_folder() -> Path:
    """Where fetched files are kept: ``unit-translator`` in the person's cache folder."""
    base = os.environ.get("XDG_CACHE_HOME")
    if not base and sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA")
    return (Path(base) if base else Path.home() / ".cache") / "unit-translator"


def obtain(file: DataFile, data_dir: StrPath | None) -> tuple[Path, bytes]:
    """Place and bytes of an official file: the person's copy, the cached one, or a fresh one."""
    folder = data_folder(data_dir)
    if folder is not None and not folder.is_dir():
        raise DataError(
            f"there is no data folder {folder}: check --data-dir or "
            f"{DATA_DIR_VARIABLE}, or leave both out to fetch the data"
        )
    if folder is not None and (folder / file.path).is_file():
        raw = read_bytes(folder / file.path)
        if not _matches(raw, file):
            _warn_other_digest(folder / file.path)
        return folder / file.path, raw
    cached = cache_folder() / file.path
    if cached.is_file() and _matches(raw := read_bytes(cached), file):
        return cached, raw
    return cached, _fetch(file, cached, "" if folder is None else f"{folder} does not hold it; ")


@cache  # once a file
def _warn_other_digest(path: Path) -> None:
    _log.warning("%s is not the official file (its digest differs); using it as it is", path)


def _fetch(file: DataFile, target: Path, already: str) -> bytes:
    """Download to ``target``, whole and verified or not at all."""
    failures = []
    for url in file.urls:
        try:
            raw = _download(url, target.name)
        except (OSError, ValueError, http.client.HTTPException) as error:
            failures.append(f"{url}: {str(error) or repr(error)}")
            continue
        if _matches(raw, file):
            _keep(target, raw)
            return raw
        failures.append(f"{url}: sent {len(raw)} bytes that are not the file ({file.digest})")
    raise DataError(
        f"cannot get {file.path}: {already}tried\n  " + "\n  ".join(failures) + "\n"
        "Two ways out: connect to the network and run again, or get a folder that holds it "
        "(mnist/*.gz, kannada_mnist/*.gz) and name that folder with --data-dir or "
        f"{DATA_DIR_VARIABLE}."
    )


def _download(url: str, label: str) -> bytes:
    raw = bytearray()
    with urllib.request.urlopen(url, timeout=TIMEOUT) as answer:
        size = int(answer.headers.get("Content-Length") or 0) or None
        with tqdm(total=size, unit="B", unit_scale=True, desc=label, leave=False) as bar:
            while chunk := answer.read(1 << 16):
                raw += chunk
                bar.update(len(chunk))
    return bytes(raw)


def _keep(target: Path, raw: bytes) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(target, raw)
    except OSError as error:
        raise DataError(
            f"cannot write the cache {target}: {error}; free space there or set "
            "XDG_CACHE_HOME to a folder that can be written"
        ) from error


def _matches(raw: bytes, file: DataFile) -> bool:
    return digest(raw, digest_kind(file)) == file.digest


def digest_kind(file: DataFile) -> str:
    return file.digest.partition(":")[0]
