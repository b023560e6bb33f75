"""The translators that the server holds: the shipped ones, by how many labels they saw."""

import functools
import os
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

import torch

from unit_core import Translator, checkpoint, choices
from unit_core.directions import Direction, principal_directions
from unit_core.domains import Domain

ROOT = Path(__file__).parents[1]
# Another folder to choose from may be named, or one checkpoint alone.
CHECKPOINTS = Path(os.environ.get("UNIT_CHECKPOINTS") or ROOT / "checkpoints")
CHECKPOINT_VARIABLE = "UNIT_CHECKPOINT"
DEFAULT = "full"
_LOOKING = threading.Lock()


@dataclass(frozen=True)
class Shipped:
    """A checkpoint on disk: its folder's name, and the labels it saw of its last script."""

    name: str
    folder: Path
    domains: tuple[str, ...]
    labels: str  # as `Provenance.choice` tells it, such as "1%" or "550 chosen"
    labelled: int  # images
    devices: tuple[str, ...] = ()  # that it was trained on

    @property
    def asked_for(self) -> bool:
        """Whether a model with fewer labels asked for them, beside those that it had."""
        return choices.asked_for(self.labels)

    def order(self) -> tuple[int, bool]:
        """Fewest labels first, those drawn by chance before as many that were asked for."""
        return self.labelled, self.asked_for

    @property
    def title(self) -> str:
        """For people: "none", "10", "1 %" ... "all"."""
        if self.labels in ("0", "100%"):
            return {"0": "none", "100%": "all"}[self.labels]
        if self.asked_for:
            return f"{self.labelled:,} asked for"
        return self.labels.replace("%", " %") if "%" in self.labels else str(self.labelled)

    @property
    def hint(self) -> str:
        """What the model was told, for people."""
        if self.asked_for:
            return (
                f"{self.labelled:,} digits had names: asked for by a model, or known to it before"
            )
        if self.labelled:
            return f"{self.labelled:,} digits had names"
        return "it found ten groups; nobody told it which is which, so it may write another"


@dataclass(frozen=True)
class Model:
    """A translator and the scripts it knows."""

    translator: Translator
    domains: dict[str, Domain]

    @property
    def scarce(self) -> Domain:
        """The script that few labels are of, where there are few."""
        return self.domains[self.translator.config.scarce]


@functools.cache
def shipped() -> dict[str, Shipped]:
    """The checkpoints to choose from, by name, fewest labels first; read once a process.

    With UNIT_CHECKPOINT, the one that it names alone.
    """
    alone = [default_folder()] if named() else None
    folders = alone or [path.parent for path in CHECKPOINTS.glob("*/config.json")]
    found = []
    for folder in folders:
        try:
            config, provenance = checkpoint.read_config(folder)
        except (OSError, ValueError):
            continue  # `load` says what is wrong with it
        trained = provenance.choice, provenance.labelled, tuple(provenance.devices)
        found.append(Shipped(folder.name, folder, config.domains, *trained))
    return {each.name: each for each in sorted(found, key=Shipped.order)}


def named() -> str | None:
    """What UNIT_CHECKPOINT says, if anything."""
    return os.environ.get(CHECKPOINT_VARIABLE) or None


def default_folder() -> Path:
    """The checkpoint that UNIT_CHECKPOINT names, or whose run it names, else the default one."""
    folder = Path(named() or CHECKPOINTS / DEFAULT)
    try:
        return checkpoint.finished(folder)
    except checkpoint.CheckpointError:
        return folder  # `load` says what is wrong with it


def default_name() -> str | None:
    """What the default checkpoint is called among those `shipped`; None if it is none of them."""
    return next((each.name for each in shipped().values() if each.folder == default_folder()), None)


def alike(loaded: Model) -> list[Shipped]:
    """Those `shipped` that know the scripts of `loaded`, in its order, and no others."""
    return [each for each in shipped().values() if each.domains == tuple(loaded.domains)]


def load(name: str | None = None) -> Model | str:
    """The model called `name` of those `shipped`, else the default; or what keeps it from loading.

    Read once a process; a third of a second. KeyError for a name that is none of these.
    """
    folder = default_folder() if name is None else shipped()[name].folder
    return load_folder(folder)


@functools.cache
def load_folder(folder: Path) -> Model | str:
    """The model in `folder`, or what keeps it from loading, which the terminal is told too."""
    torch.set_num_threads(1)  # one digit at a time: more threads only fight with the page's
    try:
        translator = Translator.load(folder)
        return Model(translator, translator.scripts)
    except (OSError, ValueError) as error:
        print(f"demo: {error}", file=sys.stderr)
        return str(error)


def directions() -> list[Direction]:
    """The main directions of the hand in the default model; seconds, once a process.

    Empty where it does not load.
    """
    found = load()
    with _LOOKING:  # who comes meanwhile waits for the same
        return [] if isinstance(found, str) else _directions(found.translator)


@functools.cache
def _directions(translator: Translator) -> list[Direction]:
    return principal_directions(translator)
