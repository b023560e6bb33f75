"""The figures of a checkpoint: what `evaluation` finds, and what results.json keeps.

Accuracies, and all else that is said to be in per cent, lie in [0, 100].
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from unit_core.checkpoint import RESULTS, SEEDS, read_typed
from unit_core.choices import matched

Reader = Literal["latent", "discriminator", "judge"]
Measure = Literal["accuracy", "matched_accuracy", "fowlkes_mallows"]
READERS: tuple[Reader, ...] = ("latent", "discriminator", "judge")
MEASURES: tuple[Measure, ...] = ("accuracy", "matched_accuracy", "fowlkes_mallows")
PLACES = 5  # that files keep


@dataclass(frozen=True)
class Scores:
    """One measure by three readers: the latent class head, from the code of the original;
    the target's discriminator and the target's independent judge, from the translated image.

    `judge` is None where the target has no judge.
    """

    latent: float
    discriminator: float
    judge: float | None

    def by(self, reader: Reader) -> float | None:
        """That of one reader, by name."""
        return getattr(self, reader)


@dataclass(frozen=True)
class Legibility:
    """How `n` digits and their translations into `target` are read: `accuracy` and
    `matched_accuracy` in per cent, `fowlkes_mallows` and `reconstruction_mse` in [0, 1].

    `accuracy_of_real` is the own script's discriminator's, in per cent, of the digits as they are:
    what the original reported of MNIST; early files lack it.
    """

    n: int
    target: str
    accuracy: Scores
    matched_accuracy: Scores
    fowlkes_mallows: Scores
    reconstruction_mse: float
    accuracy_of_real: float | None = None

    def scores(self, measure: Measure) -> Scores:
        """Those of one measure, by name."""
        return getattr(self, measure)


@dataclass(frozen=True)
class Realism:
    """A Frechet distance and its floor, that of real against other real digits of the same n."""

    distance: float
    floor: float


@dataclass(frozen=True)
class Judged:
    """What needs a judge of the target: realism on its features, and its readings in per cent.

    `smooth_within`: latent lines between two digits of a class on which the judge never leaves
    the class. `smooth_between`: lines between two classes on which it changes its mind once.
    `any_digit`: all ten digits in the hand of one, each read as the digit it should be.
    `robust`: points of accuracy that pushing the source costs, by kind of push.
    """

    frechet: Realism
    frechet_within_class: Realism | None  # mean of the classes with enough digits
    smooth_within: float
    smooth_between: float
    any_digit: float
    robust: Mapping[str, float]


@dataclass(frozen=True)
class Looks:
    """How translations of one script into `target` look; `judged` is None without its judge.

    `diversity` is None where no class varies. `reconstruction_cost`: points of accuracy
    that the source's own judge loses on reconstructions.
    """

    target: str
    diversity: float | None
    hand_kept: Mapping[str, float]
    mixing: float
    neighbour_agreement: float
    reconstruction_cost: float | None
    judged: Judged | None


@dataclass(frozen=True)
class Validation:
    """The same reading on validation digits, and how their translations look."""

    reading: Legibility
    looks: Looks


@dataclass(frozen=True)
class Results:
    """All figures of a checkpoint: `tests` by test set, `validation` by source script, if asked."""

    checkpoint: str
    labels: str | None
    seed: int | None
    tests: Mapping[str, Legibility]
    validation: Mapping[str, Validation] | None = None
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain values, rounded to PLACES."""
        values = _rounded(asdict(self))
        return {k: v for k, v in values.items() if k not in ("validation", "notes") or v}

    def table(self) -> str:
        """The figures as text, for people."""
        lines = [_row("", "", "", "latent head", "discriminator", "judge", "reconstruction")]
        for name, reading in self.tests.items():
            lines += ["", *_rows(name, reading)]
        for name, part in (self.validation or {}).items():
            lines += ["", "validation digits", *_rows(name, part.reading)]
            values = _rounded(asdict(part.looks))
            values |= values.pop("judged") or {}
            lines += [f"  {k.replace('_', ' '):<24}{_inline(v)}" for k, v in values.items()]
        return "\n".join(line.rstrip() for line in [*lines, *(f"note: {n}" for n in self.notes)])


def fair(labels: str) -> Measure:
    """The measure of models that saw `labels`: without any, classes are matched first."""
    return "matched_accuracy" if matched(labels) else "accuracy"


def read(folder: Path) -> Results:
    """Those of the checkpoint in `folder`; CheckpointError where they are missing or damaged."""
    return read_typed(folder / RESULTS, Results)


def read_seeds(folder: Path) -> tuple[Results, ...]:
    """Those of its other seeds, if it has any; CheckpointError where they are damaged."""
    path = folder / SEEDS
    return read_typed(path, tuple[Results, ...]) if path.exists() else ()


def _rounded(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _rounded(each) for key, each in value.items()}
    if isinstance(value, tuple):
        return [_rounded(each) for each in value]
    return round(value, PLACES) if isinstance(value, float) else value


def _rows(name: str, reading: Legibility) -> list[str]:
    first = [f"{name} -> {reading.target}", str(reading.n)]
    error = f"{reading.reconstruction_mse:.5f}"
    rows = []
    for measure, words, digits in zip(
        MEASURES, ("accuracy %", "matched accuracy %", "Fowlkes-Mallows"), (2, 2, 4), strict=True
    ):
        values = [reading.scores(measure).by(reader) for reader in READERS]
        figures = ["-" if v is None else f"{v:.{digits}f}" for v in values]
        rows.append(_row(*first, words, *figures, error))
        first, error = ["", ""], ""
    real = "-" if reading.accuracy_of_real is None else f"{reading.accuracy_of_real:.2f}"
    rows.append(_row("", "", "of real digits %", "", real))
    return rows


def _row(name: str, n: str, measure: str, *figures: str) -> str:
    return f"{name:<20}{n:>6}  {measure:<20}" + "".join(f"{figure:>15}" for figure in figures)


def _inline(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{k} {_inline(v)}" for k, v in value.items())
    return "-" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
