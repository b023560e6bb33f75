"""Labels that people give by moving pictures: a folder that a file manager is enough for.

    FOLDER/unlabelled/NAME.png   asked for (`unit_core.asking`): to be moved to
    FOLDER/<label>/NAME.png      0 to 9
    FOLDER/skip/NAME.png         or where it shows no digit, or nobody can tell

NAME is a digest of the digit, so a label stays with its picture wherever that stands in the data,
and what the picture in the folder looks like does not matter.
"""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from unit_core.checkpoint import CHOSEN_LABELS, CheckpointError, read_typed
from unit_core.choices import CHOSEN
from unit_core.data import DataError, Digits, choose_labelled
from unit_core.domains import CLASSES, UNKNOWN
from unit_core.files import replacing
from unit_core.formats import UNLABELLED
from unit_core.provenance import Provenance

DIGITS = tuple(map(str, range(CLASSES)))
SKIPPED = "skip"
PLACES = (*DIGITS, SKIPPED, UNLABELLED)  # folders in FOLDER
ENLARGED = 4  # times, so that a file manager shows something
PICTURE = ".png"


def names_of(images: Tensor) -> list[str]:
    """What the digits (N, 28, 28) uint8 are called: the same bytes, the same name."""
    return [hashlib.sha256(each.numpy().tobytes()).hexdigest()[:16] for each in images.cpu()]


def read(folder: Path) -> dict[str, int]:
    """The labels given so far: name -> 0 to 9.

    Raises DataError if a picture lies in another folder, or under two labels.
    """
    for place in sorted(path for path in folder.iterdir() if path.is_dir()):
        if place.name not in PLACES and place.name[0] != ".":
            raise DataError(
                f"{place} is no label: folders are called 0 to 9, {SKIPPED} or {UNLABELLED}"
            )
    found: dict[str, int] = {}
    for label, own in enumerate(DIGITS):
        for path in _pictures(folder / own):
            if found.setdefault(path.stem, label) != label:
                raise DataError(
                    f"{path.name} lies under {found[path.stem]} and under {label} in {folder}: "
                    "remove one"
                )
    return found


def of_run(folder: Path) -> dict[str, int]:
    """The chosen labels by name that the run, or model, in `folder` learns from.

    Raises CheckpointError if its file of them is missing or damaged.
    """
    path = folder / CHOSEN_LABELS
    if not path.exists():
        raise CheckpointError(
            f"{folder} was trained with labels that were chosen, but lacks {CHOSEN_LABELS}"
        )
    found = read_typed(path, dict[str, int])
    for name, label in found.items():
        if not 0 <= label < CLASSES:
            raise CheckpointError(f"{path} is unusable: {name} is {label}, no digit")
    return found


def labels_of(digits: Digits, domain: str, provenance: Provenance, folder: Path) -> Tensor:
    """The labels (N,) of the script's training `digits` that the model in `folder` was given.

    Raises CheckpointError if it does not say.
    """
    if not provenance.labels or provenance.seed is None:
        raise CheckpointError(
            f"{folder} does not say from which labels, and with which seed, it was trained: take "
            "one that train.py has made"
        )
    spec = provenance.labels[domain]
    chosen = of_run(folder) if spec == CHOSEN else {}
    return given_labels(digits, spec, provenance.seed, chosen)


def given_labels(digits: Digits, spec: str, seed: int, chosen: Mapping[str, int]) -> Tensor:
    """The labels (N,) of `digits` that a training may see, UNKNOWN where it may not.

    `spec` and `seed` as `data.choose_labelled` has them, or CHOSEN: then those `chosen`, by name.
    """
    if spec == CHOSEN:
        return torch.tensor([chosen.get(name, UNKNOWN) for name in names_of(digits.images)])
    return torch.where(choose_labelled(digits.labels, spec, seed), digits.labels, UNKNOWN)


def by_name(names: Iterable[str], labels: Tensor) -> dict[str, int]:
    """The `labels` (N,) that are known; of digits that look the same but have two labels, none."""
    found: dict[str, set[int]] = {}
    for name, label in zip(names, labels.tolist(), strict=True):
        if label != UNKNOWN:
            found.setdefault(name, set()).add(label)
    return {name: own.pop() for name, own in found.items() if len(own) == 1}


def seen(folder: Path) -> set[str]:
    """The names of all digits in `folder`, with a label, skipped or still to be labelled."""
    places = (path for path in folder.iterdir() if path.is_dir())
    return {path.stem for place in places for path in _pictures(place)}


def waiting(folder: Path) -> list[str]:
    """The names of those still to be labelled, in the order in which they were asked for."""
    return [path.stem for path in sorted(_pictures(folder / UNLABELLED), key=_since)]


def find(place: Path, name: str) -> Path | None:
    """The picture called `name` in the folder `place`; None if there is none."""
    return next((path for path in _pictures(place) if path.stem == name), None)


def move(picture: Path, place: Path) -> None:
    """Put a picture into the folder `place`, which need not be there yet, in place of one of that
    name. Raises FileNotFoundError if somebody else has moved it."""
    place.mkdir(exist_ok=True)
    picture.replace(place / picture.name)


def strangers(chosen: Iterable[str], digits: Iterable[Digits]) -> list[str]:
    """The names among `chosen` that none of the `digits` has: they teach nothing."""
    known = {name for own in digits for name in names_of(own.images)}
    return sorted(set(chosen) - known)


def put(folder: Path, images: Tensor, labels: Tensor) -> None:
    """Add a picture of each of `images` (N, 28, 28) uint8 under its label, (N,); those that are
    UNKNOWN are asked for."""
    for image, name, label in zip(images.cpu(), names_of(images), labels.tolist(), strict=True):
        place = folder / (UNLABELLED if label == UNKNOWN else str(label))
        place.mkdir(parents=True, exist_ok=True)
        ink = Image.fromarray(255 - image.numpy())
        size = (ENLARGED * ink.width, ENLARGED * ink.height)
        with replacing(place / f"{name}{PICTURE}") as file:  # people may be looking
            ink.resize(size, Image.Resampling.BICUBIC).save(file, "PNG")


def _pictures(place: Path) -> list[Path]:
    """The pictures in a folder, if it is there, whatever the case of their suffix."""
    found = place.iterdir() if place.is_dir() else ()
    return sorted(path for path in found if path.suffix.lower() == PICTURE)


def _since(picture: Path) -> int:
    try:
        return picture.stat().st_mtime_ns
    except FileNotFoundError:  # moved meanwhile
        return 0
