"""The log of a training, a tick a line: log.jsonl of a run, training.json of a checkpoint."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from unit_core.checkpoint import TRAINING, CheckpointError, read_typed, write_json
from unit_core.values import typed

LOG = "log.jsonl"


@dataclass(frozen=True)
class Tick:
    """Where a training was after `step`: `minutes` had gone, and of the whole the share `progress`.

    By name, `train` has the losses, means since the tick before, and `validation` what
    `run.validate` tells of held-out digits.
    """

    step: int
    minutes: float
    progress: float
    train: Mapping[str, float] = field(default_factory=dict)
    validation: Mapping[str, float] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Plain values; losses where there are any."""
        place = {"step": self.step, "minutes": self.minutes, "progress": self.progress}
        losses = {"train": dict(self.train), "validation": dict(self.validation)}
        return place | {name: group for name, group in losses.items() if group}


def line(tick: Tick) -> bytes:
    """As a line of LOG."""
    return (json.dumps(tick.to_json()) + "\n").encode()


def of_run(folder: Path) -> list[Tick]:
    """The log of the run in `folder`; CheckpointError if there is none that can be read."""
    try:
        lines = (folder / LOG).read_text(encoding="utf-8").splitlines()
        return typed(list[Tick], [json.loads(line) for line in lines])
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(f"{folder} has no log that can be read: {error}") from None


def of_checkpoint(folder: Path) -> list[Tick]:
    """The log beside a checkpoint; CheckpointError if there is none that can be read."""
    return read_typed(folder / TRAINING, list[Tick])


def keep(log: Iterable[Tick], checkpoint: Path) -> None:
    """Write `log` beside a checkpoint."""
    write_json(checkpoint / TRAINING, [tick.to_json() for tick in log])
