"""Groups of digits that stand in for labels in a run: found once, and kept in its folder."""

import shutil
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from lightning_fabric import Fabric
from torch import Tensor

from unit_core import grouping
from unit_core.batches import Material
from unit_core.checkpoint import read_tensors, write_tensors
from unit_core.choices import CHOSEN
from unit_core.recipe import TrainConfig

FEW, FEW_IN = 30, 10  # labels at most, and digits a label at least, if they only name groups
SHARE = 0.3  # of a run that ends in time, at most, to search for groups
_FILE = "groups-{}.safetensors"


def path(folder: Path, script: str) -> Path:
    """Where the run in `folder` keeps the groups of `script`."""
    return folder / _FILE.format(script)


def needed(known: Tensor, spec: str, start: Path | None) -> bool:
    """Whether groups must be found besides the labels of `known`, bool (N,).

    They must where labels are too few to learn from, and where they were asked for by the model in
    `start`: those lie where it was in doubt, and say little of what it reads right.
    """
    if spec == CHOSEN and start:
        return not bool(known.all())
    return bool(known.sum() <= min(FEW, len(known) // FEW_IN))


def clear(folder: Path) -> None:
    """Take away those of a run that was stopped before it had a state."""
    for stale in folder.glob(_FILE.format("*")):
        stale.unlink()


def hand_on(start: Path, folder: Path, scripts: Iterable[str]) -> None:
    """Copy those of `scripts` that the run in `start` has: they keep their names."""
    for script in scripts:
        if path(start, script).exists():
            shutil.copy(path(start, script), folder)


def with_groups(
    material: Material, kept: Path, fabric: Fabric, find: Callable[[], Tensor]
) -> Material:
    """`material` with a group, called after its few labels, where a label is missing.

    Groups are found once a run, by one process, and `kept`; ValueError if those there are of other
    digits.
    """
    if fabric.is_global_zero and not kept.exists():
        write_tensors(kept, {"groups": find().cpu()}, {})
    fabric.barrier()
    groups = read_tensors(kept)["groups"].to(fabric.device)
    if groups.shape != material.labels.shape:
        raise ValueError(f"{kept} is of {len(groups)} digits, not of {len(material.labels)}")
    return material.grouped(groups)


def search(config: TrainConfig, scripts: int) -> grouping.Recipe:
    """How to search for the groups of one of so many `scripts`: for a part of the run at most."""
    recipe = grouping.Recipe()
    if config.steps is not None:
        return replace(recipe, steps=min(recipe.steps, max(1, config.steps // 8)))
    assert config.max_minutes is not None
    return replace(recipe, minutes=SHARE * config.max_minutes / scripts)
