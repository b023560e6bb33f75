"""The one translator that the server holds."""

import functools
import os
from dataclasses import dataclass
from pathlib import Path

import torch

from unit_core import Translator
from unit_core.domains import Domain, domain

ROOT = Path(__file__).parents[1]
CHECKPOINT_VARIABLE = "UNIT_CHECKPOINT"


@dataclass(frozen=True)
class Model:
    """A translator and the scripts it knows."""

    translator: Translator
    domains: dict[str, Domain]


def checkpoint_folder() -> Path:
    """The folder that UNIT_CHECKPOINT names, else the default checkpoint."""
    return Path(os.environ.get(CHECKPOINT_VARIABLE) or ROOT / "checkpoints" / "full")


@functools.cache
def load() -> Model | str:
    """The model, or in words what keeps it from loading. Read once a process."""
    torch.set_num_threads(1)  # one digit at a time: more threads only fight with the page's
    try:
        translator = Translator.load(checkpoint_folder())
        return Model(translator, {name: domain(name) for name in translator.domains})
    except (OSError, ValueError) as error:
        return str(error)
