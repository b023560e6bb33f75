"""What a run learns from: the digits of its scripts and, of their labels, those that it may see."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from unit_core import choices, labelling
from unit_core.data import Parts, load_train, split
from unit_core.domains import UNKNOWN
from unit_core.recipe import TrainConfig


@dataclass(frozen=True)
class Taught:
    """By script: digits in two `parts`, and `labels` (N,) of those to learn from, UNKNOWN where
    they may not be seen. `chosen` are labels given one by one, by digit; `digests` are of the
    files."""

    parts: Mapping[str, Parts]
    labels: Mapping[str, Tensor]
    chosen: Mapping[str, int]
    digests: Mapping[str, str]

    @property
    def known(self) -> dict[str, Tensor]:
        """Where there is a label to be seen: masks (N,)."""
        return {name: labels != UNKNOWN for name, labels in self.labels.items()}

    def announce(self) -> None:
        """Say what there is to learn from."""
        for name, mask in self.known.items():
            print(f"{name}: {int(mask.sum()):,} of {len(mask):,} digits have a label to learn from")
        digits = (part.train for part in self.parts.values())
        if lost := labelling.strangers(self.chosen, digits):
            print(
                f"{len(lost):,} labels are of no digit to learn from, such as {lost[0]}: of a file "
                "that was renamed, of other data, or of a digit kept for validation"
            )


def read(
    config: TrainConfig, chosen: Mapping[str, int], source: object, data_dir: Path | None
) -> Taught:
    """The digits of the scripts of `config`, with the labels that it asks for or those `chosen`.

    `source` is where chosen ones come from, in words. Raises ValueError or DataError for what is
    missing or damaged, and for a script without a label that should have some.
    """
    parts, labels = {}, {}
    digests: dict[str, str] = {}
    for name, spec in config.labels.items():
        loaded = load_train(name, data_dir)
        parts[name] = split(loaded)  # whatever the seed: validation stays the same
        labels[name] = labelling.given_labels(parts[name].train, spec, config.seed, chosen)
        digests |= loaded.digests
    found = Taught(parts, labels, chosen, digests)
    _check_labels(found.known, config, source)
    return found


def _check_labels(known: Mapping[str, Tensor], config: TrainConfig, source: object) -> None:
    first = next(iter(config.labels))
    for name, spec in config.labels.items():
        if spec == choices.CHOSEN and not known[name].any():
            raise ValueError(
                f"{source} names no digit of {name} to learn from; those that a model has learnt "
                f"from come with `python -m unit_core ask MODEL FOLDER --domain {name}`"
            )
        if spec == "100%" and not known[name].any():
            cure = "name another script first" if name == first else "train with --labels 0"
            raise ValueError(f"no digit of {name} has a label: {cure}")
