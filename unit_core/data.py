"""Digits with their labels: fetched and verified, read, split by writer, and the labelled few.

Official files are looked for in ``data_dir`` (or the folder that the variable UNIT_DATA_DIR
names), then in the cache, then fetched into the cache; the cache is trusted by digest only.

A script of your own lives in ``<data_dir>/<name>/``, its training images in one of these forms:

- ``train.npz`` with ``images`` and ``labels`` (or ``x`` and ``y``, or ``arr_0`` and ``arr_1``),
  and ``writers`` if you know them;
- ``train/<label>/*.png``, drawn or scanned at any size, dark on bright or bright on dark;
- ``*train*idx3*`` and ``*train*idx1*``, images and labels in IDX as MNIST has it, gzipped or not.

Of training images labels may be missing, some or all: -1 (in IDX 255), no labels at all, or
pictures in ``train/unlabelled``. ``test`` (or ``t10k``) likewise, if there is one, but with every
label. Arrays are 28 x 28 with bright ink on dark paper.
An optional ``script.json`` tells the rest (:mod:`unit_core.domains`).
"""

import math
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from unit_core.choices import parse_share
from unit_core.domains import CLASSES, DOMAINS, TEST_SETS, DataSet, data_folder, domain, is_name
from unit_core.fetch import digest_kind, obtain
from unit_core.formats import (
    UNKNOWN,
    DataError,
    Digits,
    StrPath,
    as_images,
    as_whole_numbers,
    checked,
    digest,
    idx,
    read_digits,
)

FEWEST = 5  # labels of each class without which none is spared for validation

__all__ = [
    "UNKNOWN",
    "DataError",
    "Digits",
    "Parts",
    "choose_labelled",
    "load_labelled",
    "load_test",
    "load_train",
    "read_digits",
    "split",
    "summary",
]


@dataclass(frozen=True)
class Parts:
    """A training set in two: to learn from, and to watch the learning with."""

    train: Digits
    validation: Digits


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


def split(digits: Digits, validation: int = 5000, seed: int = 0) -> Parts:
    """Take ``validation`` images out of a training set, equally many of each class.

    Where writers are known, whole writers leave training, drawn by ``seed`` until each class has
    its share; the validation images are drawn from theirs and what is left of them is used by
    neither part (Kannada-MNIST: 4 or 5 of 47 writers go, 500 of about 512 images a class stay).
    A small set gives less: never more than a fifth of its images a class, or of its writers, so
    that of fewer than five writers each may be in both parts.
    Digits without a label are to learn from, unless a class has less than five with one: then
    validation is a fifth of them, writers or not, and no accuracy can be told.
    Deterministic in ``seed``. Raises ValueError if either part would be empty.
    """
    random = torch.Generator().manual_seed(seed)
    labels = digits.labels
    if (labels == UNKNOWN).any() and _counts(labels).min() < FEWEST:
        return _split_blindly(digits, validation, random)
    counts = _counts(labels)
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


def _counts(labels: Tensor) -> Tensor:
    """How many labels of each class there are: (10,)."""
    return torch.bincount(labels[labels != UNKNOWN], minlength=CLASSES)


def _split_blindly(digits: Digits, validation: int, random: torch.Generator) -> Parts:
    """Of digits without labels; those few with one are to learn from."""
    names = (digits.labels == UNKNOWN).nonzero()[:, 0]
    count = min(validation, len(digits) // 5, len(names))
    if count < 1:
        raise ValueError(f"{len(digits)} digits without labels are too few to learn from")
    chosen = torch.zeros(len(digits), dtype=torch.bool)
    chosen[names[torch.randperm(len(names), generator=random)[:count]]] = True
    return Parts(digits.subset(~chosen), digits.subset(chosen))


def _hold_writers(digits: Digits, quota: Tensor, random: torch.Generator) -> Tensor | None:
    """Images of the writers to leave out, bool (N,), or None where none can be spared."""
    names = torch.empty(0) if digits.writers is None else digits.writers.unique()
    if digits.writers is None or len(names) < 5:
        return None
    held = torch.zeros(len(digits), dtype=torch.bool)
    for name in names[torch.randperm(len(names), generator=random)][: len(names) // 5]:
        held |= digits.writers == name
        if (_counts(digits.labels[held]) >= quota).all():
            break
    return held


def load_labelled(name: str, data_dir: StrPath | None = None) -> Parts:
    """What of the training set ``name`` has labels, split as for a training.

    Raises DataError where labels are missing, and of a class there are less than five.
    """
    parts = split(load_train(name, data_dir))
    if (parts.validation.labels == UNKNOWN).any():
        raise DataError(
            f"{name} has too few labels to tell what is right: less than five of a class"
        )
    return Parts(parts.train.subset(parts.train.labels != UNKNOWN), parts.validation)


def choose_labelled(labels: Tensor, spec: str, seed: int) -> Tensor:
    """Which of the digits keep their label: bool (N,), stratified by class, drawn by ``seed``.

    ``spec`` is "0", a percentage such as "1%" (at least one a class), or "3-per-class"; of those
    that have a label, so "100%" is all there are. With one seed a larger choice contains the
    smaller. Raises ValueError for any other ``spec``, and where a class has too few images.
    """
    share, count = parse_share(spec)
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


def _official(files: DataSet, data_dir: StrPath | None) -> Digits:
    images_path, raw_images = obtain(files.images, data_dir)
    labels_path, raw_labels = obtain(files.labels, data_dir)
    digests = {
        files.images.path: digest(raw_images, digest_kind(files.images)),
        files.labels.path: digest(raw_labels, digest_kind(files.labels)),
    }
    images = as_images(idx(raw_images, 3, images_path), images_path)
    labels = as_whole_numbers(idx(raw_labels, 1, labels_path), labels_path, "labels")
    return _with_writers(checked(images, labels, None, labels_path, digests), files.writer_run)


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
    digits = read_digits(*found, partly=part == "train")
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
    if len(images) == len(labels) == 1:
        return images[0], labels[0]
    alone = part == "train" and len(files) == len(images) == 1  # none of it looks like labels
    return (images[0], None) if alone else None


def _with_writers(digits: Digits, run: int | None) -> Digits:
    if run is None:
        return digits
    return replace(digits, writers=torch.arange(len(digits)) // run)


def summary(data_dir: StrPath | None = None) -> str:
    """What there is, fetched if need be: a table for ``python -m unit_core data``.

    The parts are those of :func:`split`; "files" tells official from other copies and your own.
    """
    files = [s.train for s in DOMAINS.values() if s.train] + [t.files for t in TEST_SETS.values()]
    official = {file.path: file.digest for pair in files for file in (pair.images, pair.labels)}
    lines = [f"{'set':<12}{'part':<12}{'images':>8}{'a class':>12}{'writers':>9}  files"]

    def tell(name: str, part: str, digits: Digits) -> None:
        counts = _counts(digits.labels)
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
        if path.is_dir()
        and path.name not in taken
        and is_name(path.name)
        and _own_files(path, "train")
    }
