"""Results files -> rows: accuracy by labels used, mean and spread of seeds, beside the published.

Knows no model and no screen: the tables in docs and the Results page are made of the same rows.
`checkpoints/<name>/results.json` holds the shipped seed's figures, and `seeds.json`, where there is
one, a list of the same for other seeds.
"""

import itertools
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from unit_core.checkpoint import RESULTS, SEEDS, CheckpointError, read_config, read_json
from unit_core.choices import LABELS, amount, asked_for, words_of
from unit_core.domains import TEST_SETS, scripts_of
from unit_core.published import CLASSIFIERS, ORIGINAL, Original, Published
from unit_core.values import is_number

READERS = ("latent", "discriminator", "judge")
MEASURES = ("accuracy", "matched_accuracy", "fowlkes_mallows")
DATA_SETS = {"mnist": "MNIST", "kannada": "Kannada", "dig": "Dig-MNIST"}


@dataclass(frozen=True)
class Way:
    """A test set, the script that it is of and the one that it is translated into, by name; and in
    `words`, such as MNIST → Kannada: built in scripts in those of their data sets."""

    test: str
    source: str
    target: str
    words: str


# The shipped models', which published figures are of.
WAYS = (
    Way("mnist", "mnist", "kannada", "MNIST → Kannada"),
    Way("kannada", "kannada", "mnist", "Kannada → MNIST"),
    Way("dig", "kannada", "mnist", "Dig-MNIST → MNIST"),
)


@dataclass(frozen=True)
class Figure:
    """The mean over `seeds` runs, and their sample standard deviation if there are two or more."""

    mean: float
    spread: float | None = None
    seeds: int = 1

    @classmethod
    def of(cls, values: Sequence[float]) -> "Figure":
        """ValueError for none."""
        if not values:
            raise ValueError("a figure needs a run at least")
        spread = statistics.stdev(values) if len(values) > 1 else None
        return cls(statistics.fmean(values), spread, len(values))

    def text(self, digits: int = 2) -> str:
        """Such as 98.78, or 98.78 ± 0.12."""
        spread = "" if self.spread is None else f" ± {self.spread:.{digits}f}"
        return f"{self.mean:.{digits}f}{spread}"


@dataclass(frozen=True)
class Report:
    """What is known of the models with one choice of labels: a results file a seed.

    `labelled` counts the images of the last script whose label was seen; `minutes` has each run's
    training, `seen` the digits of each script that the first was shown in it, over all epochs, if
    known; `titles` what scripts are called.
    """

    name: str
    labels: str
    labelled: int
    runs: tuple[Mapping[str, Any], ...]
    minutes: tuple[float, ...] = ()
    seen: int | None = None
    titles: Mapping[str, str] = field(default_factory=dict)

    @property
    def tests(self) -> Mapping[str, Any]:
        """The readings of the first run, by test set."""
        return self.runs[0]["tests"]

    @property
    def ways(self) -> tuple[Way, ...]:
        """How its test sets were translated."""
        found = []
        for test, reading in self.tests.items():
            source = TEST_SETS[test].domain if test in TEST_SETS else test
            titles = [self._title(name) for name in (test, reading["target"])]
            found.append(Way(test, source, reading["target"], " → ".join(titles)))
        return tuple(found)

    def _title(self, name: str) -> str:
        return DATA_SETS.get(name) or self.titles.get(name) or name.capitalize()

    def figure(self, test: str, measure: str, reader: str) -> Figure | None:
        """None where no run has it, such as the reading of a judge that there is not."""
        return _known(run["tests"].get(test, {}).get(measure, {}).get(reader) for run in self.runs)

    def real(self, test: str) -> Figure | None:
        """How the own script's discriminator reads the digits as they are; None if not measured."""
        return _known(run["tests"].get(test, {}).get("accuracy_of_real") for run in self.runs)


@dataclass(frozen=True)
class Row:
    """A line of the table: a choice of labels in `words`, ours if it is trained, the original's."""

    labels: str
    words: str
    report: Report | None
    original: Original | None


def read(folder: Path) -> Report:
    """The report of a checkpoint folder; CheckpointError where a file is missing or no results."""
    config, provenance = read_config(folder)
    scripts = scripts_of(config.domains, provenance.scripts)
    found = {folder / RESULTS: [read_json(folder / RESULTS)]}
    if (folder / SEEDS).exists():
        found[folder / SEEDS] = read_json(folder / SEEDS)
        if not isinstance(found[folder / SEEDS], list):
            raise CheckpointError(f"{folder / SEEDS} is no list of results")
    for path, runs in found.items():
        for run in runs:
            if (trouble := _trouble(run)) is not None:
                raise CheckpointError(f"{path} is unusable: {trouble}")
    return Report(
        folder.name,
        provenance.choice or "100%",
        provenance.labelled,
        tuple(itertools.chain(*found.values())),
        () if provenance.minutes is None else (provenance.minutes,),
        provenance.digits_seen,
        {name: script.title for name, script in scripts.items()},
    )


def by_ways(reports: Iterable[Report]) -> dict[tuple[Way, ...], list[Report]]:
    """Reports apart by how test sets were translated, and so by scripts, each merged.

    Those of the shipped models' scripts stand under WAYS, whichever of these they were read on.
    """
    found: dict[tuple[Way, ...], list[Report]] = {}
    for report in reports:
        found.setdefault(WAYS if is_published(report.ways) else report.ways, []).append(report)
    return {ways: merge(alike) for ways, alike in found.items()}


def is_published(ways: Iterable[Way]) -> bool:
    """Whether others' figures are of the same scripts."""
    tests = {(way.test, way.target) for way in ways}
    return tests <= {(way.test, way.target) for way in WAYS}


def merge(reports: Iterable[Report]) -> list[Report]:
    """Reports of the same labels as one with more seeds; fewest labels first."""
    found: dict[str, Report] = {}
    for report in reports:
        known = found.get(report.labels)
        if known is not None:
            report = replace(
                known,
                runs=(*known.runs, *report.runs),
                minutes=(*known.minutes, *report.minutes),
            )
        found[report.labels] = report
    return sorted(found.values(), key=lambda report: report.labelled)


def rows(reports: Iterable[Report]) -> list[Row]:
    """A row for each of the `reports`, which are `by_ways`, fewest labels first.

    Beside figures that others published, one for every choice in LABELS, trained or not.
    """
    found: dict[str, Report | None] = {report.labels: report for report in reports}
    published = all(is_published(report.ways) for report in found.values() if report)
    if published:
        found = dict.fromkeys(LABELS) | found
    all_labels = max((report.labelled for report in found.values() if report), default=0)

    def share(labels: str) -> float:
        report = found[labels]
        if report and asked_for(labels):
            return report.labelled / max(1, all_labels)
        return amount(labels)

    return [
        Row(labels, words_of(labels), found[labels], ORIGINAL.get(labels) if published else None)
        for labels in sorted(found, key=share)
    ]


def classifiers(test: str) -> list[Published]:
    """The published classifiers that report on `test`, weakest first."""
    found = [method for method in CLASSIFIERS if test in method.accuracy]
    return sorted(found, key=lambda method: method.accuracy[test])


def _known(values: Iterable[float | None]) -> Figure | None:
    found = [value for value in values if value is not None]
    return Figure.of(found) if found else None


def _trouble(run: Any) -> str | None:
    """What keeps `run` from being a results file; None if nothing does."""
    if not isinstance(run, dict) or not isinstance(run.get("tests"), dict):
        return "it has no tests"
    for name, reading in run["tests"].items():
        if not isinstance(reading, dict) or not is_number(reading.get("n")):
            return f"{name} does not say how many digits it is of"
        if not isinstance(reading.get("target"), str):
            return f"{name} does not say what it was translated into"
        for measure in MEASURES:
            scores = reading.get(measure)
            if not isinstance(scores, dict):
                return f"{name} has no {measure}"
            if any(not (v is None or is_number(v)) for v in scores.values()):
                return f"{measure} of {name} is no number"
        if not (reading.get("accuracy_of_real") is None or is_number(reading["accuracy_of_real"])):
            return f"accuracy_of_real of {name} is no number"
    return None
