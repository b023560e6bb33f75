"""Files of digits as arrays: IDX (gzipped or not), NPZ, folders of pictures."""

import gzip
import hashlib
import io
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from unit_core.domains import CLASSES, SIDE, UNKNOWN
from unit_core.ink import as_digit, ink_of
from unit_core.pictures import SUFFIXES, PictureError, open_picture

UNLABELLED = "unlabelled"  # the folder of such pictures
IMAGES = ("images", "x", "X", "arr_0")  # what an array of them may be called
StrPath = str | os.PathLike[str]


class DataError(RuntimeError):
    """Data that cannot be had or cannot be read; the text says which, why, and what to do."""


@dataclass(frozen=True)
class Digits:
    """images uint8 (N, 28, 28), ink 255; labels int64 (N,), 0 to 9, or UNKNOWN if read so; writers
    int64 (N,) or None where unknown; digests: file -> digest of what was read."""

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


def read_digits(
    images_path: StrPath, labels_path: StrPath | None = None, partly: bool = False
) -> Digits:
    """Digits from any files: IDX (gzipped or not), NPZ, or a folder ``<label>/*.png``.

    ``labels_path`` is needed where the labels are not with the images: always for IDX, and for
    NPZ with images alone. If they may be known ``partly``, none may be too: UNKNOWN are then all
    without a labels file, those in a folder ``unlabelled``, and in files -1 (IDX: 255).
    Raises DataError naming the file that is missing or wrong.
    """
    images_path = Path(images_path)
    if images_path.is_dir():
        if labels_path is not None:
            raise DataError(
                f"{images_path} is a folder: its subfolders are the labels, so give no "
                f"labels file ({labels_path})"
            )
        return _read_folder(images_path, partly)
    raw = read_bytes(images_path)
    digests = {images_path.name: digest(raw, "sha256")}
    writers: Tensor | None = None
    if _is_zip(raw):
        arrays = _npz(raw, images_path)
        images = as_images(_pick(arrays, IMAGES, images_path), images_path)
        labels = arrays.get("labels", arrays.get("y", arrays.get("arr_1")))
        if "writers" in arrays:
            writers = as_whole_numbers(arrays["writers"], images_path, "writers")
    else:
        arrays, labels = {}, None
        images = as_images(idx(raw, 3, images_path), images_path)
    source = images_path
    if labels_path is not None:
        source = Path(labels_path)
        raw = read_bytes(source)
        digests[source.name] = digest(raw, "sha256")
        labels = (
            _pick(_npz(raw, source), ("labels", "y", "arr_0"), source)
            if _is_zip(raw)
            else idx(raw, 1, source)
        )
    if labels is None:
        if not partly:
            raise DataError(f"{images_path} holds images without labels: give the labels file too")
        if spare := sorted(arrays.keys() - {*IMAGES, "writers"}):
            raise DataError(
                f"{images_path} holds {spare}: labels are an array called labels (or y, arr_1)"
            )
        labels = np.full(len(images), UNKNOWN)
    named = as_whole_numbers(labels, source, "labels")
    if partly and labels.dtype == np.uint8:
        named[named == 255] = UNKNOWN
    return checked(images, named, writers, source, digests, partly)


@contextmanager
def _reading(path: Path, form: str) -> Iterator[None]:
    """Whatever a reader stumbles over becomes a DataError that names the file."""
    try:
        yield
    except Exception as error:  # decoders raise anything, from EOFError to struct.error
        raise DataError(f"{path} is not a whole {form}: {error}") from error


def read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise DataError(f"there is no file {path}") from None
    except OSError as error:
        raise DataError(f"cannot read {path}: {error}") from error


def _is_zip(raw: bytes) -> bool:
    return raw[:2] == b"PK"


def idx(raw: bytes, dimensions: int, path: Path) -> np.ndarray[Any, Any]:
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


def _read_folder(folder: Path, partly: bool) -> Digits:
    pictures = _pictures(folder, "*/*")
    if astray := _pictures(folder, "*") + _pictures(folder, "*/*/**/*"):
        others = f" and {len(astray) - 1:,} more" if astray[1:] else ""
        raise DataError(
            f"{astray[0]}{others}: pictures belong into {folder}/<label> itself, label 0 to 9"
            + (f", or {UNLABELLED}" if partly else "")
            + "; move them there, or out"
        )
    if not pictures:
        raise DataError(f"{folder} holds no pictures: expected <label>/*.png, label 0 to 9")
    digest = hashlib.sha256()
    images, labels = [], []
    for path in pictures:
        label = UNKNOWN if partly and path.parent.name == UNLABELLED else path.parent.name
        if label not in {UNKNOWN, *map(str, range(CLASSES))}:
            raise DataError(
                f"{path.parent}: a folder of digits is called 0 to 9, after its label"
                + (f", or {UNLABELLED}" if partly else "")
            )
        raw = read_bytes(path)
        digest.update(f"{path.parent.name}/{path.name} {len(raw)}\0".encode() + raw)
        images.append(_picture(raw, path))
        labels.append(int(label))
    return checked(
        torch.from_numpy(np.stack(images)),
        torch.tensor(labels),
        None,
        folder,
        {folder.name: f"sha256:{digest.hexdigest()}"},
        partly,
    )


def _pictures(folder: Path, pattern: str) -> list[Path]:
    """Those in `folder` that match `pattern`, in order; hidden ones are not meant."""
    return sorted(
        path
        for path in folder.glob(pattern)
        if path.suffix.lower() in SUFFIXES
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )


def _picture(raw: bytes, path: Path) -> np.ndarray[Any, Any]:
    """A picture file -> uint8 (28, 28), ink bright, whatever the colour of its paper."""
    try:
        digit = as_digit(ink_of(open_picture(raw)))
    except PictureError as error:
        raise DataError(f"{path}: {error}") from None
    if digit is None:
        raise DataError(f"{path} shows no ink: remove it")
    return np.rint(digit * 255).astype(np.uint8)


def as_images(values: np.ndarray[Any, Any], path: Path) -> Tensor:
    """uint8, or float in [0, 1], of shape (N, 28, 28), (N, 784) or with a channel of one."""
    shape = tuple(n for n in values.shape[1:] if n != 1)
    if values.ndim < 2 or shape not in {(SIDE, SIDE), (SIDE * SIDE,)}:
        raise DataError(
            f"{path}: images of shape {values.shape}, expected (N, {SIDE}, {SIDE}); "
            "pictures of other sizes go into folders <label>/*.png"
        )
    if values.dtype != np.uint8:
        top = 1 if values.dtype.kind == "f" else 255
        if values.dtype.kind not in "fiu" or (
            values.size and not (values.min() >= 0 and values.max() <= top)
        ):
            raise DataError(f"{path}: {values.dtype} images, expected uint8 or float in [0, 1]")
        values = np.rint(values * (255 / top)).astype(np.uint8)
    return torch.from_numpy(values.reshape(-1, SIDE, SIDE).copy())


def as_whole_numbers(values: np.ndarray[Any, Any], path: Path, what: str) -> Tensor:
    if values.dtype.kind not in "iu":
        raise DataError(f"{path}: {what} must be whole numbers, not {values.dtype}")
    return torch.from_numpy(values.reshape(-1).astype(np.int64))


def checked(
    images: Tensor,
    labels: Tensor,
    writers: Tensor | None,
    path: Path,
    digests: dict[str, str],
    partly: bool = False,
) -> Digits:
    if not len(images):
        raise DataError(f"{path}: there are no images")
    if len(images) != len(labels) or (writers is not None and len(writers) != len(images)):
        raise DataError(
            f"{path}: {len(images)} images but {len(labels)} labels"
            + ("" if writers is None else f" and {len(writers)} writers")
        )
    if labels.min() < (UNKNOWN if partly else 0) or labels.max() >= CLASSES:
        raise DataError(
            f"{path}: labels from {labels.min()} to {labels.max()}, expected 0 to 9"
            + (f", or {UNKNOWN} where there is none" if partly else "")
        )
    return Digits(images, labels, writers, digests)


def digest(raw: bytes, kind: str) -> str:
    if kind == "git":
        return f"git:{hashlib.sha1(b'blob %d%c' % (len(raw), 0) + raw).hexdigest()}"
    return f"{kind}:{hashlib.new(kind, raw).hexdigest()}"
