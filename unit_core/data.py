"""Digits with their labels: fetched and verified, read, split by writer, and the labelled few.

Official files are looked for in ``data_dir`` (or the folder that the variable UNIT_DATA_DIR
names), then in the cache, then fetched into the cache; the cache is trusted by digest only.

A script of your own lives in ``<data_dir>/<name>/``, its training images in one of these forms:

- ``train.npz`` with ``images`` and ``labels`` (or ``x`` and ``y``, or ``arr_0`` and ``arr_1``),
  and ``writers`` if you know them;
- ``train/<label>/*.png``, drawn or scanned at any size, dark on bright or bright on dark;
- ``*train*idx3*`` and ``*train*idx1*``, images and labels in IDX as MNIST has it, gzipped or not.

``test`` (or ``t10k``) likewise, if there is one. Arrays are 28 x 28 with bright ink on dark paper.
An optional ``script.json`` tells the rest (:mod:`unit_core.domains`).
"""

import gzip
import hashlib
import http.client
import io
import logging
import math
import os
import re
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from tqdm import tqdm

from unit_core.domains import (
    CLASSES,
    DATA_DIR_VARIABLE,
    DOMAINS,
    TEST_SETS,
    DataFile,
    DataSet,
    data_folder,
    domain,
)
from unit_core.ink import to_digit

SIZE = 28
TIMEOUT = 30.0  # seconds without a byte
StrPath = str | os.PathLike[str]
_log = logging.getLogger(__name__)


class DataError(RuntimeError):
    """Data that cannot be had or cannot be read; the text says which, why, and what to do."""


@dataclass(frozen=True)
class Digits:
    """images uint8 (N, 28, 28), ink 255; labels int64 (N,), 0 to 9; writers int64 (N,) or None
    where unknown; digests: file -> digest of what was read."""

    images: Tensor
    labels: Tensor
    writers: Tensor | None = None
    digests: dict[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.labels)

    def subset(self, indices: Tensor) -> "Digits":
        """The digits at ``indices``: int64 (M,), or bool (N,)."""
        writers = None if self.writers is None else self.writers[indices]
        return Digits(self.images[indices], self.labels[indices], writers, self.digests)


@dataclass(frozen=True)
class Parts:
    """A training set in two: to learn from, and to watch the learning with."""

    train: Digits
    validation: Digits


# --- whole sets -----------------------------------------------------------------------------------


def load_train(name: str, data_dir: StrPath | None = None) -> Digits:
    """The training set of the domain ``name``. Raises DataError, or ValueError if unknown."""
    script = domain(name, data_dir)
    if script.train is not None:
        return _official(script.train, data_dir)
    return _own(name, "train", script.writer_run, data_dir)


def load_test(name: str, data_dir: StrPath | None = None) -> Digits:
    """The test set ``name``: "mnist", "kannada", "dig", or that of a script of your own.

    Raises DataError, or ValueError if unknown.
    """
    if name in TEST_SETS:
        return _official(TEST_SETS[name].files, data_dir)
    return _own(name, "test", domain(name, data_dir).writer_run, data_dir)


def read_digits(images_path: StrPath, labels_path: StrPath | None = None) -> Digits:
    """Digits from any files: IDX (gzipped or not), NPZ, or a folder ``<label>/*.png``.

    ``labels_path`` is needed where the labels are not with the images: always for IDX, and for
    NPZ with images alone. Raises DataError naming the file that is missing or wrong.
    """
    images_path = Path(images_path)
    if images_path.is_dir():
        if labels_path is not None:
            raise DataError(
                f"{images_path} is a folder: its subfolders are the labels, so give no "
                f"labels file ({labels_path})"
            )
        return _read_folder(images_path)
    raw = _bytes(images_path)
    digests = {images_path.name: _digest(raw, "sha256")}
    writers: Tensor | None = None
    if _is_zip(raw):
        arrays = _npz(raw, images_path)
        images = _as_images(_pick(arrays, ("images", "x", "X", "arr_0"), images_path), images_path)
        labels = arrays.get("labels", arrays.get("y", arrays.get("arr_1")))
        if "writers" in arrays:
            writers = _as_whole_numbers(arrays["writers"], images_path, "writers")
    else:
        images, labels = _as_images(_idx(raw, 3, images_path), images_path), None
    source = images_path
    if labels_path is not None:
        source = Path(labels_path)
        raw = _bytes(source)
        digests[source.name] = _digest(raw, "sha256")
        labels = (
            _pick(_npz(raw, source), ("labels", "y", "arr_0"), source)
            if _is_zip(raw)
            else _idx(raw, 1, source)
        )
    if labels is None:
        raise DataError(f"{images_path} holds images without labels: give the labels file too")
    return _digits(images, _as_whole_numbers(labels, source, "labels"), writers, source, digests)


# --- splitting ------------------------------------------------------------------------------------


def split(digits: Digits, validation: int = 5000, seed: int = 0) -> Parts:
    """Take ``validation`` images out of a training set, equally many of each class.

    Where writers are known, whole writers leave training, drawn by ``seed`` until each class has
    its share; the validation images are drawn from theirs and what is left of them is used by
    neither part (Kannada-MNIST: 4 or 5 of 47 writers go, 500 of about 512 images a class stay).
    A small set gives less: never more than a fifth of its images a class, or of its writers.
    Deterministic in ``seed``. Raises ValueError if either part would be empty.
    """
    random = torch.Generator().manual_seed(seed)
    labels = digits.labels
    counts = torch.bincount(labels, minlength=CLASSES)
    extra = torch.arange(CLASSES) < validation % CLASSES
    quota = torch.minimum(validation // CLASSES + extra.long(), counts // 5)
    held = _hold_writers(digits, quota, random)
    pool = torch.ones(len(digits), dtype=torch.bool) if held is None else held
    chosen = torch.zeros(len(digits), dtype=torch.bool)
    for c in range(CLASSES):
        own = (pool & (labels == c)).nonzero().flatten()
        chosen[own[torch.randperm(len(own), generator=random)[: int(quota[c])]]] = True
    train = ~chosen if held is None else ~held
    if validation < 1 or not chosen.any() or not train.any():
        raise ValueError(
            f"cannot take {validation} validation images out of {len(digits)}: give a count above "
            "0, and a training set of at least 5 images a class"
        )
    return Parts(digits.subset(train), digits.subset(chosen))


def _hold_writers(digits: Digits, quota: Tensor, random: torch.Generator) -> Tensor | None:
    """Images of the writers to leave out, bool (N,), or None where none can be told apart."""
    names = torch.empty(0) if digits.writers is None else digits.writers.unique()
    if digits.writers is None or len(names) < 2:
        return None
    held = torch.zeros(len(digits), dtype=torch.bool)
    for name in names[torch.randperm(len(names), generator=random)][: max(1, len(names) // 5)]:
        held |= digits.writers == name
        if (torch.bincount(digits.labels[held], minlength=CLASSES) >= quota).all():
            break
    return held


def choose_labelled(labels: Tensor, spec: str, seed: int) -> Tensor:
    """Which of the digits keep their label: bool (N,), stratified by class, drawn by ``seed``.

    ``spec`` is "0", a percentage such as "1%" (at least one a class), or "3-per-class". With one
    seed a larger choice contains the smaller. Raises ValueError for any other ``spec``, and where
    a class has too few images.
    """
    share, count = _parse_labelled(spec)
    random = torch.Generator().manual_seed(seed)
    chosen = torch.zeros(len(labels), dtype=torch.bool)
    for c in range(CLASSES):
        own = (labels == c).nonzero().flatten()
        order = own[torch.randperm(len(own), generator=random)]
        if count > len(own):
            raise ValueError(f"labels {spec!r}: class {c} has only {len(own)} images")
        # Half up, not to even: a share must never shrink a class by the parity of its size.
        keep = count or (max(1, math.floor(share * len(own) + 0.5)) if share else 0)
        chosen[order[:keep]] = True
    return chosen


def _parse_labelled(spec: str) -> tuple[float, int]:
    """ "5%" -> (0.05, 0); "3-per-class" -> (0, 3); "0" -> (0, 0)."""
    text = spec.strip()
    if text == "0":
        return 0.0, 0
    if match := re.fullmatch(r"(\d+(?:\.\d+)?) ?%", text):
        if (percent := float(match[1])) <= 100:
            return percent / 100, 0
    elif match := re.fullmatch(r"([1-9]\d*)-per-class", text):
        return 0.0, int(match[1])
    hint = f" (did you mean '{text}%' or '{text}-per-class'?)" if text.isdecimal() else ""
    raise ValueError(
        f"labels {spec!r} not understood{hint}: say 0, a percentage from 0% to 100%, such as 1%, "
        "or a count such as 3-per-class"
    )


# --- finding and fetching -------------------------------------------------------------------------


def cache_folder() -> Path:
    """Where fetched files are kept: ``unit-translator`` in the person's cache folder."""
    base = os.environ.get("XDG_CACHE_HOME")
    if not base and sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA")
    return (Path(base) if base else Path.home() / ".cache") / "unit-translator"


def _official(files: DataSet, data_dir: StrPath | None) -> Digits:
    images_path, raw_images = _obtain(files.images, data_dir)
    labels_path, raw_labels = _obtain(files.labels, data_dir)
    digests = {
        files.images.path: _digest(raw_images, _kind(files.images)),
        files.labels.path: _digest(raw_labels, _kind(files.labels)),
    }
    images = _as_images(_idx(raw_images, 3, images_path), images_path)
    labels = _as_whole_numbers(_idx(raw_labels, 1, labels_path), labels_path, "labels")
    return _with_writers(_digits(images, labels, None, labels_path, digests), files.writer_run)


def _own(name: str, part: str, writer_run: int | None, data_dir: StrPath | None) -> Digits:
    folder = (data_folder(data_dir) or Path()) / name
    found = _own_files(folder, part)
    if found is None:
        raise DataError(
            f"{folder} holds no {part} set: put there {part}.npz (images, labels), or "
            f"{part}/<label>/*.png, or one pair *{part}*idx3* (images) and *{part}*idx1* (labels)"
        )
    if found[0].is_dir() and writer_run is not None:
        raise DataError(
            f"{folder}: writer_run in script.json needs images in the writers' order, IDX or NPZ, "
            f"not a folder of pictures ({part}/)"
        )
    digits = read_digits(*found)
    digests = {f"{name}/{file}": digest for file, digest in digits.digests.items()}
    digits = replace(digits, digests=digests)
    return digits if digits.writers is not None else _with_writers(digits, writer_run)


def _own_files(folder: Path, part: str) -> tuple[Path, Path | None] | None:
    """Images and labels (None: with the images) of a script of one's own, or None."""
    for single in (folder / f"{part}.npz", folder / part):
        if single.exists():
            return single, None
    words = ("test", "t10k") if part == "test" else (part,)
    files = [path for path in folder.iterdir() if path.name[0] != "."]
    files = [path for path in files if any(word in path.name for word in words)]
    images, labels = ([path for path in files if kind in path.name] for kind in ("idx3", "idx1"))
    return (images[0], labels[0]) if len(images) == len(labels) == 1 else None


def _obtain(file: DataFile, data_dir: StrPath | None) -> tuple[Path, bytes]:
    """Place and bytes of an official file: the person's copy, the cached one, or a fresh one."""
    folder = data_folder(data_dir)
    if folder is not None and not folder.is_dir():
        raise DataError(
            f"there is no data folder {folder}: check --data-dir or "
            f"{DATA_DIR_VARIABLE}, or leave both out to fetch the data"
        )
    if folder is not None and (folder / file.path).is_file():
        raw = _bytes(folder / file.path)
        if not _matches(raw, file):
            _warn_other_digest(folder / file.path)
        return folder / file.path, raw
    cached = cache_folder() / file.path
    if cached.is_file() and _matches(raw := _bytes(cached), file):
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
            _write_atomically(target, raw)
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


def _write_atomically(target: Path, raw: bytes) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(raw)
            os.replace(temporary, target)
        except BaseException:
            os.unlink(temporary)
            raise
    except OSError as error:
        raise DataError(
            f"cannot write the cache {target}: {error}; free space there or set "
            "XDG_CACHE_HOME to a folder that can be written"
        ) from error


def _matches(raw: bytes, file: DataFile) -> bool:
    return _digest(raw, _kind(file)) == file.digest


def _kind(file: DataFile) -> str:
    return file.digest.partition(":")[0]


def _digest(raw: bytes, kind: str) -> str:
    if kind == "git":
        return f"git:{hashlib.sha1(b'blob %d%c' % (len(raw), 0) + raw).hexdigest()}"
    return f"{kind}:{hashlib.new(kind, raw).hexdigest()}"


# --- reading --------------------------------------------------------------------------------------


@contextmanager
def _reading(path: Path, form: str) -> Iterator[None]:
    """Whatever a reader stumbles over becomes a DataError that names the file."""
    try:
        yield
    except Exception as error:  # decoders raise anything, from EOFError to struct.error
        raise DataError(f"{path} is not a whole {form}: {error}") from error


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise DataError(f"there is no file {path}") from None
    except OSError as error:
        raise DataError(f"cannot read {path}: {error}") from error


def _is_zip(raw: bytes) -> bool:
    return raw[:2] == b"PK"


def _idx(raw: bytes, dimensions: int, path: Path) -> np.ndarray[Any, Any]:
    """IDX (yann.lecun.com/exdb/mnist): 0, 0, type, dimensions, sizes (big-endian), values."""
    if raw[:2] == b"\x1f\x8b":
        with _reading(path, "gzip file"):
            raw = gzip.decompress(raw)
    if len(raw) < 4 or raw[:2] != b"\0\0":
        raise DataError(f"{path} is not an IDX file: it starts with {raw[:4]!r}")
    if raw[2] != 0x08:
        raise DataError(
            f"{path}: IDX values must be unsigned bytes (type 0x08), not type 0x{raw[2]:02x}"
        )
    if raw[3] != dimensions:
        kind = {1: "labels", 3: "images"}
        raise DataError(
            f"{path} has {raw[3]} dimensions, {kind.get(raw[3], 'neither')}: expected "
            f"{dimensions} ({kind[dimensions]})"
        )
    start = 4 + 4 * dimensions
    shape = tuple(int.from_bytes(raw[i : i + 4], "big") for i in range(4, start, 4))
    if len(raw) < start or len(raw) - start != math.prod(shape):
        raise DataError(
            f"{path} holds {max(0, len(raw) - start)} values where its header says "
            f"{math.prod(shape)} {shape}: cut short or damaged; get it again"
        )
    return np.frombuffer(raw, np.uint8, offset=start).reshape(shape)


def _npz(raw: bytes, path: Path) -> dict[str, np.ndarray[Any, Any]]:
    with (
        _reading(path, "NPZ file of plain arrays"),
        np.load(io.BytesIO(raw), allow_pickle=False) as arrays,
    ):
        members = {key: arrays[key] for key in arrays.files}
    return {key: array for key, array in members.items() if isinstance(array, np.ndarray)}


def _pick(
    arrays: dict[str, np.ndarray[Any, Any]], keys: tuple[str, ...], path: Path
) -> np.ndarray[Any, Any]:
    for key in keys:
        if key in arrays:
            return arrays[key]
    raise DataError(f"{path} holds {sorted(arrays)}: expected an array called {' or '.join(keys)}")


def _read_folder(folder: Path) -> Digits:
    pictures = sorted(
        path
        for path in folder.glob("*/*")
        if path.suffix.lower() in {".png", ".jpg", ".jpeg"}
        and not path.name.startswith(".")
        and not path.parent.name.startswith(".")
    )
    if not pictures:
        raise DataError(f"{folder} holds no pictures: expected <label>/*.png, label 0 to 9")
    digest = hashlib.sha256()
    images, labels = [], []
    for path in pictures:
        if path.parent.name not in {str(c) for c in range(CLASSES)}:
            raise DataError(f"{path.parent}: a folder of digits is called 0 to 9, after its label")
        raw = _bytes(path)
        digest.update(f"{path.parent.name}/{path.name} {len(raw)}\0".encode() + raw)
        images.append(_picture(raw, path))
        labels.append(int(path.parent.name))
    return _digits(
        torch.from_numpy(np.stack(images)),
        torch.tensor(labels),
        None,
        folder,
        {folder.name: f"sha256:{digest.hexdigest()}"},
    )


def _picture(raw: bytes, path: Path) -> np.ndarray[Any, Any]:
    """A picture file -> uint8 (28, 28), ink bright, whatever the colour of its paper."""
    with _reading(path, "picture"), Image.open(io.BytesIO(raw)) as image:
        grey = _grey(image)
    # The paper is what the border mostly shows: it becomes 0, and ink what differs from it.
    paper = float(np.median(np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])))
    ink = (paper - grey) / paper if paper > 0.5 else (grey - paper) / (1 - paper)
    digit = ink.clip(0, 1) if grey.shape == (SIZE, SIZE) else to_digit(ink.clip(0, 1))
    if digit is None:
        raise DataError(f"{path} shows no ink: remove it")
    return np.rint(digit * 255).astype(np.uint8)


def _grey(image: Image.Image) -> np.ndarray[Any, Any]:
    """float32 (H, W) in [0, 1], white 1."""
    if image.mode.startswith("I;16"):  # convert() would clip it at 255
        return np.asarray(image).astype(np.float32) / 65535
    if image.has_transparency_data:  # what nobody drew on is white paper
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image.convert("RGBA"))
    return np.asarray(image.convert("L"), np.float32) / 255


# --- checking -------------------------------------------------------------------------------------


def _as_images(values: np.ndarray[Any, Any], path: Path) -> Tensor:
    """uint8, or float in [0, 1], of shape (N, 28, 28), (N, 784) or with a channel of one."""
    shape = tuple(n for n in values.shape[1:] if n != 1)
    if values.ndim < 2 or shape not in {(SIZE, SIZE), (SIZE * SIZE,)}:
        raise DataError(
            f"{path}: images of shape {values.shape}, expected (N, {SIZE}, {SIZE}); "
            "pictures of other sizes go into folders <label>/*.png"
        )
    if values.dtype != np.uint8:
        top = 1 if values.dtype.kind == "f" else 255
        if values.dtype.kind not in "fiu" or (
            values.size and not (values.min() >= 0 and values.max() <= top)
        ):
            raise DataError(f"{path}: {values.dtype} images, expected uint8 or float in [0, 1]")
        values = np.rint(values * (255 / top)).astype(np.uint8)
    return torch.from_numpy(values.reshape(-1, SIZE, SIZE).copy())


def _as_whole_numbers(values: np.ndarray[Any, Any], path: Path, what: str) -> Tensor:
    if values.dtype.kind not in "iu":
        raise DataError(f"{path}: {what} must be whole numbers, not {values.dtype}")
    return torch.from_numpy(values.reshape(-1).astype(np.int64))


def _digits(
    images: Tensor, labels: Tensor, writers: Tensor | None, path: Path, digests: dict[str, str]
) -> Digits:
    if not len(images):
        raise DataError(f"{path}: there are no images")
    if len(images) != len(labels) or (writers is not None and len(writers) != len(images)):
        raise DataError(
            f"{path}: {len(images)} images but {len(labels)} labels"
            + ("" if writers is None else f" and {len(writers)} writers")
        )
    if labels.min() < 0 or labels.max() >= CLASSES:
        raise DataError(f"{path}: labels from {labels.min()} to {labels.max()}, expected 0 to 9")
    return Digits(images, labels, writers, digests)


def _with_writers(digits: Digits, run: int | None) -> Digits:
    if run is None:
        return digits
    return replace(digits, writers=torch.arange(len(digits)) // run)


# --- telling --------------------------------------------------------------------------------------


def summary(data_dir: StrPath | None = None) -> str:
    """What there is, fetched if need be: a table for ``python -m unit_core data``.

    The parts are those of :func:`split`; "files" tells official from other copies and your own.
    """
    files = [s.train for s in DOMAINS.values() if s.train] + [t.files for t in TEST_SETS.values()]
    official = {file.path: file.digest for pair in files for file in (pair.images, pair.labels)}
    lines = [f"{'set':<12}{'part':<12}{'images':>8}{'a class':>12}{'writers':>9}  files"]

    def tell(name: str, part: str, digits: Digits) -> None:
        counts = torch.bincount(digits.labels, minlength=CLASSES)
        low, high = int(counts.min()), int(counts.max())
        spread = str(low) if low == high else f"{low}-{high}"
        writers = "-" if digits.writers is None else str(len(digits.writers.unique()))
        known = [official.get(path) for path in digits.digests]
        origin = "official" if known == list(digits.digests.values()) else "other copy"
        origin = origin if all(known) else "your own"
        lines.append(f"{name:<12}{part:<12}{len(digits):>8}{spread:>12}{writers:>9}  {origin}")

    own = _own_scripts(data_folder(data_dir), {Path(path).parts[0] for path in official})
    for name in (*DOMAINS, *own):
        parts = split(load_train(name, data_dir))
        tell(name, "train", parts.train)
        tell(name, "validation", parts.validation)
    for name in (*TEST_SETS, *(name for name, folder in own.items() if _own_files(folder, "test"))):
        tell(name, "test", load_test(name, data_dir))
    return "\n".join(lines)


def _own_scripts(base: Path | None, taken: set[str]) -> dict[str, Path]:
    folders = sorted(base.iterdir()) if base is not None and base.is_dir() else []
    return {
        path.name: path
        for path in folders
        if path.is_dir() and path.name not in taken and _own_files(path, "train")
    }
