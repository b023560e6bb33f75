"""Labels that people give by moving pictures: a folder that a file manager is enough for.

    FOLDER/unlabelled/NAME.png   asked for (`unit_core.asking`): to be moved to
    FOLDER/<label>/NAME.png      0 to 9
    FOLDER/skip/NAME.png         or where it shows no digit, or nobody can tell

NAME is a digest of the digit, so a label stays with its picture wherever that stands in the data,
and what the picture in the folder looks like does not matter.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from unit_core.checkpoint import read_json
from unit_core.data import UNKNOWN, DataError, Digits, choose_labelled
from unit_core.domains import CLASSES

CHOSEN = "chosen"  # in place of a share of labels, such as "1%": those that a folder holds
FILE = "labels.json"  # the same, as a run and its checkpoint keep them: name -> label
ASKED, SKIPPED = "unlabelled", "skip"
ENLARGED = 4  # times, so that a file manager shows something
PICTURE = "*.png"


def names_of(images: Tensor) -> list[str]:
    """What the digits (N, 28, 28) uint8 are called: the same bytes, the same name."""
    return [hashlib.sha256(each.numpy().tobytes()).hexdigest()[:16] for each in images.cpu()]


def read(folder: Path) -> dict[str, int]:
    """The labels given so far: name -> 0 to 9.

    Raises DataError if there is no such folder, or if a digit lies under two labels.
    """
    if not folder.is_dir():
        raise DataError(
            f"there is no folder {folder} with labels: python -m unit_core ask makes it"
        )
    found: dict[str, int] = {}
    for label in range(CLASSES):
        for path in sorted((folder / str(label)).glob(PICTURE)):
            if found.setdefault(path.stem, label) != label:
                raise DataError(
                    f"{path.name} lies under {found[path.stem]} and under {label} in {folder}: "
                    "remove one"
                )
    return found


def of_checkpoint(folder: Path) -> dict[str, int]:
    """The labels by name that the model in `folder` was trained with, if they were chosen."""
    path = folder / FILE
    return {name: int(label) for name, label in read_json(path).items()} if path.exists() else {}


def given_labels(digits: Digits, spec: str, seed: int, chosen: Mapping[str, int]) -> Tensor:
    """The labels (N,) of `digits` that a training may see, UNKNOWN where it may not.

    `spec` and `seed` as `data.choose_labelled` has them, or CHOSEN: then those `chosen`, by name.
    """
    if spec == CHOSEN:
        return torch.tensor([chosen.get(name, UNKNOWN) for name in names_of(digits.images)])
    return torch.where(choose_labelled(digits.labels, spec, seed), digits.labels, UNKNOWN)


def seen(folder: Path) -> set[str]:
    """The names of all digits in `folder`, with a label, skipped or still to be labelled."""
    return {path.stem for path in folder.glob(f"*/{PICTURE}")}


def put(folder: Path, images: Tensor, labels: Tensor) -> None:
    """Add a picture of each of `images` (N, 28, 28) uint8 under its label, (N,); those that are
    UNKNOWN are asked for."""
    for image, name, label in zip(images.cpu(), names_of(images), labels.tolist(), strict=True):
        place = folder / (ASKED if label == UNKNOWN else str(label))
        place.mkdir(parents=True, exist_ok=True)
        ink = Image.fromarray(255 - image.numpy())
        size = (ENLARGED * ink.width, ENLARGED * ink.height)
        ink.resize(size, Image.Resampling.BICUBIC).save(place / f"{name}.png")
