"""A trained translator -> its figures: how well its translations are read, and how they look.

Everything is computed from posterior means, with fixed seeds: the same numbers every time.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from unit_core import metrics
from unit_core.data import DataError, Digits, load_labelled, load_test
from unit_core.domains import CLASSES, DOMAINS, TEST_SETS, target_of
from unit_core.judges import FOLDER, Judge
from unit_core.looks import PUSHES, Looks, look
from unit_core.translator import Translator


@dataclass(frozen=True)
class Sample:
    """Digits to evaluate with, and the script that they are written in."""

    domain: str
    digits: Digits


@dataclass(frozen=True)
class Scores:
    """One measure by three readers: the latent class head, from the code of the original;
    the target's discriminator and the target's independent judge, from the translated image.

    `judge` is None where the target has no judge.
    """

    latent: float
    discriminator: float
    judge: float | None


@dataclass(frozen=True)
class Legibility:
    """How `n` digits and their translations into `target` are read: `accuracy` and
    `matched_accuracy` in per cent, `fowlkes_mallows` and `reconstruction_mse` in [0, 1].

    `accuracy_of_real` is the own script's discriminator's, in per cent, of the digits as they are:
    what the original reported of MNIST.
    """

    n: int
    target: str
    accuracy: Scores
    matched_accuracy: Scores
    fowlkes_mallows: Scores
    reconstruction_mse: float
    accuracy_of_real: float


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
    tests: dict[str, Legibility]
    validation: dict[str, Validation] | None = None
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain values, rounded: accuracies to 2 digits, all others to 5."""
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


def evaluate(
    translator: Translator,
    judges: Mapping[str, Judge],
    data_dir: Path | None = None,
    *,
    checkpoint: str = "",
    tests: Mapping[str, Sample] | None = None,
    looks: bool = False,
) -> Results:
    """Evaluate `translator` on `tests`, else on every test set of its scripts.

    Each set is translated into the first other script of the model. With `looks`, also the looks
    of translations, on validation digits only. Raises DataError for data that cannot be had,
    ValueError for a script that the model does not know.
    """
    known = translator.domains
    notes = [
        f"no judge of {name}: its readings are null; "
        f"train one with `python -m unit_core judges --domain {name}`"
        for name in dict.fromkeys(target_of(each, known) for each in known)
        if name not in judges
    ]
    if tests is None:
        tests, missing = test_sets(translator.domains, data_dir)
        notes += missing
    readings = {
        name: read(translator, judges, sample.domain, sample.digits)
        for name, sample in tests.items()
    }
    validation = None
    if looks:
        parts = {name: load_labelled(name, data_dir).validation for name in translator.domains}
        names = {name: group_names(translator, name, part) for name, part in parts.items()}
        called = {n: replace(part, labels=names[n][part.labels]) for n, part in parts.items()}
        knowing = {n: judge.renamed(names[n]) for n, judge in judges.items()}
        validation = {
            name: Validation(
                read(translator, judges, name, part),
                look(translator, knowing, name, target_of(name, translator.domains), called),
            )
            for name, part in parts.items()
        }
    return Results(
        checkpoint,
        translator.provenance.choice or None,
        translator.provenance.seed,
        readings,
        validation,
        tuple(notes),
    )


def read(
    translator: Translator, judges: Mapping[str, Judge], domain: str, digits: Digits
) -> Legibility:
    """Translate `digits` of `domain` and have original and translation read."""
    target = target_of(domain, translator.domains)
    codes = translator.encode(digits.images, domain)
    translated, reconstructed = (translator.decode(codes, name).cpu() for name in (target, domain))
    judge = judges.get(target)
    latent = _named(translator.classify_codes(codes))
    discriminator = _named(translator.discriminate(translated, target).probabilities)
    judged = None if judge is None else _named(judge.classify(translated))

    def scores(measure: Callable[[Tensor, Tensor], float]) -> Scores:
        return Scores(
            measure(latent, digits.labels),
            measure(discriminator, digits.labels),
            None if judged is None else measure(judged, digits.labels),
        )

    return Legibility(
        n=len(digits),
        target=target,
        accuracy=scores(metrics.accuracy),
        matched_accuracy=scores(metrics.matched_accuracy),
        fowlkes_mallows=scores(metrics.fowlkes_mallows),
        reconstruction_mse=metrics.reconstruction_mse(digits.images / 255, reconstructed),
        accuracy_of_real=metrics.accuracy(
            _named(translator.discriminate(digits.images, domain).probabilities), digits.labels
        ),
    )


def group_names(translator: Translator, domain: str, digits: Digits) -> Tensor:
    """What the model calls each class of `domain`: (10,); the class itself if it was given labels.

    Else it knows groups, and which is which is told by the labels of `digits`, as well as can be.
    """
    if translator.provenance.names(domain):
        return torch.arange(CLASSES)
    counts = metrics.confusion(_named(translator.classify(digits.images, domain)), digits.labels)
    return torch.from_numpy(linear_sum_assignment(counts.numpy(), maximize=True)[1])


def load_judges(domains: tuple[str, ...]) -> dict[str, Judge]:
    """The judges of those `domains` that have one."""
    return {name: Judge.load(name) for name in domains if (FOLDER / name).is_dir()}


def test_sets(
    domains: tuple[str, ...], data_dir: Path | None = None
) -> tuple[dict[str, Sample], list[str]]:
    """Every test set of `domains`; and a note for each script of one's own that has none."""
    found = {
        name: Sample(test.domain, load_test(name, data_dir))
        for name, test in TEST_SETS.items()
        if test.domain in domains
    }
    notes = []
    for name in domains:
        if name not in DOMAINS:
            try:
                found[name] = Sample(name, load_test(name, data_dir))
            except DataError as error:
                notes.append(f"{name} is not tested: {error}")
    return found, notes


test_sets.__test__ = False  # type: ignore[attr-defined]  # whatever pytest thinks of its name


def _named(probabilities: Tensor) -> Tensor:
    return probabilities.argmax(1).cpu()


def _rounded(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        keep = set(Scores.__annotations__) | set(PUSHES)  # these stand under the key above them
        return {k: _rounded(v, key if k in keep else k) for k, v in value.items()}
    per_cent = key.startswith(("accuracy", "matched", "neighbour", "smooth", "any", "robust"))
    per_cent |= key.endswith("cost")
    return round(value, 2 if per_cent else 5) if isinstance(value, float) else value


def _rows(name: str, reading: Legibility) -> list[str]:
    first = [f"{name} -> {reading.target}", str(reading.n)]
    error = f"{reading.reconstruction_mse:.5f}"
    rows = []
    for measure, scores, digits in (
        ("accuracy %", reading.accuracy, 2),
        ("matched accuracy %", reading.matched_accuracy, 2),
        ("Fowlkes-Mallows", reading.fowlkes_mallows, 4),
    ):
        values = (scores.latent, scores.discriminator, scores.judge)
        figures = ["-" if v is None else f"{v:.{digits}f}" for v in values]
        rows.append(_row(*first, measure, *figures, error))
        first, error = ["", ""], ""
    rows.append(_row("", "", "of real digits %", "", f"{reading.accuracy_of_real:.2f}"))
    return rows


def _row(name: str, n: str, measure: str, *figures: str) -> str:
    return f"{name:<20}{n:>6}  {measure:<20}" + "".join(f"{figure:>15}" for figure in figures)


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{k} {_inline(v)}" for k, v in value.items())
    return "-" if value is None else str(value)
