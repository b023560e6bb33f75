"""How a model came to be, as its config.json tells: from which labels, data and code, how long."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from unit_core.choices import CHOSEN
from unit_core.domains import scripts_of


@dataclass(frozen=True)
class Provenance:
    """What a model says of itself; None or empty where it does not.

    By script: `labels`, which it was given, as train.py's --labels names them; `labelled_images`,
    how many; `scripts`, what those are that are not built in (`Domain.facts`). `steps` are of the
    last run alone, `digits_seen` (of each script, over all epochs) and `minutes` also of those
    that it began with. `training` is the recipe (`TrainConfig`), `digests` are of the files, by
    their paths in the data folder.
    """

    labels: Mapping[str, str] = field(default_factory=dict)
    labelled_images: Mapping[str, int] = field(default_factory=dict)
    scripts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    seed: int | None = None
    steps: int | None = None
    digits_seen: int | None = None
    minutes: float | None = None
    widened: float = 1.0  # how much further out hands lie than they were learnt
    processes: int | None = None
    device: str | None = None
    precision: str | None = None
    torch: str | None = None
    commit: str | None = None
    digests: Mapping[str, str] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    begun_with: "Provenance | None" = None

    def __post_init__(self) -> None:
        scripts_of(self.scripts, self.scripts)

    def to_json(self) -> dict[str, Any]:
        """All that is known; `values.typed` makes it of that again."""
        nothing = Provenance()
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        known = {key: value for key, value in values.items() if value != getattr(nothing, key)}
        return known | ({"begun_with": self.begun_with.to_json()} if self.begun_with else {})

    @property
    def choice(self) -> str:
        """Which labels of its last script it was given: as train.py was told, but "550 chosen" for
        so many that were chosen one by one; "" if it does not say."""
        choice = [*self.labels.values()][-1] if self.labels else ""
        return f"{self.labelled} {CHOSEN}" if choice == CHOSEN and self.labelled else choice

    @property
    def labelled(self) -> int:
        """How many labels of its last script it was given; 0 if it does not say."""
        return [*self.labelled_images.values()][-1] if self.labelled_images else 0

    def names(self, script: str) -> bool:
        """Whether it was told what digits of `script` are called, or does not say."""
        return self.labels.get(script) != "0"

    @property
    def all_steps(self) -> int:
        """Of the run and of all that it began with."""
        return (self.steps or 0) + (self.begun_with.all_steps if self.begun_with else 0)

    @property
    def devices(self) -> list[str]:
        """Where the run was, and before it all that it began with; each once."""
        before = self.begun_with.devices if self.begun_with else []
        return list(dict.fromkeys([*before, *([self.device] if self.device else [])]))
