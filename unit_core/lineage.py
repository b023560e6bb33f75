"""Where a run comes from: the one that it began with, and what it says of its own way."""

from dataclasses import asdict
from pathlib import Path

from unit_core import labelling
from unit_core.checkpoint import finished, read_config, read_typed, write_json
from unit_core.choices import CHOSEN
from unit_core.domains import UNKNOWN
from unit_core.provenance import Provenance
from unit_core.taught import Taught
from unit_core.training import Trainer

BEFORE = "begun_with.json"  # in a run folder: what is known of the run that it began with


def begun_with(folder: Path, taught: Taught) -> Provenance:
    """What the finished run, or checkpoint, in `folder` says of its way so far.

    ValueError if it cannot be built on: it knows no digit of a script by name, or it has seen a
    label that `taught` withholds.
    """
    checkpoint = finished(folder)
    source = read_config(checkpoint)[1]
    known = taught.known
    for name, spec in source.labels.items():
        digits = taught.parts[name].train
        seen = labelling.labels_of(digits, name, source, checkpoint) != UNKNOWN
        if known[name].any() and not seen.any():
            raise ValueError(
                f"{folder} knows no digit of {name} by name: it was given no labels; train anew, "
                "without --start"
            )
        if spec != CHOSEN and (seen & ~known[name]).any():  # chosen ones may be taken back
            raise ValueError(f"{folder} has seen labels of {name} ({spec}) that --labels withholds")
    return Provenance(
        labels=source.labels,
        steps=source.steps,
        digits_seen=source.digits_seen,
        minutes=source.minutes,
        device=source.device,
        commit=source.commit,
        begun_with=source.begun_with,
    )


def keep(folder: Path, before: Provenance | None) -> None:
    """Write what the run in `folder` began with, for `earlier`; nothing, if with none."""
    (folder / BEFORE).unlink(missing_ok=True)
    if before:
        write_json(folder / BEFORE, before.to_json())


def earlier(folder: Path) -> Provenance | None:
    """What the run in `folder` began with, as it was kept; ValueError if that is damaged."""
    path = folder / BEFORE
    return read_typed(path, Provenance) if path.exists() else None


def history_of(trainer: Trainer, before: Provenance | None) -> Provenance:
    """The way of a finished run, `before` being that of the one it began with."""
    config, known = trainer.config, before or Provenance(digits_seen=0)
    seen = trainer.steps_done * config.batch
    return Provenance(
        labels=dict(config.labels),
        seed=config.seed,
        steps=trainer.steps_done,
        digits_seen=None if known.digits_seen is None else seen + known.digits_seen,
        minutes=round(trainer.seconds / 60 + (known.minutes or 0), 1),
        widened=trainer.widened,
        training=asdict(config),
        begun_with=before,
    )
