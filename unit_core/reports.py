"""Results files -> rows: accuracy by labels used, mean and spread of seeds, beside the published.

Knows no model and no screen: the tables in docs and the Results page are made of the same rows.
`checkpoints/<name>/results.json` holds the shipped seed's figures, and `seeds.json`, where there is
one, a list of the same for other seeds.
"""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from unit_core import results
from unit_core.checkpoint import read_config
from unit_core.choices import LABELS, amount, asked_for, words_of
from unit_core.domains import TEST_SETS, scripts_of
from unit_core.published import CLASSIFIERS, ORIGINAL, Original, Published
from unit_core.results import Legibility, Measure, Reader, Results

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
    """What is known of the models with one choice of labels: the results of each seed.

    `labelled` counts the images of the last script whose label was seen; `minutes` has each run's
    training, `seen` the digits of each script that the first was shown in it, over all epochs, if
    known; `titles` what scripts are called.
    """

    name: str
    labels: str
    labelled: int
    runs: tuple[Results, ...]
    minutes: tuple[float, ...] = ()
    seen: int | None = None
    titles: Mapping[str, str] = field(default_factory=dict)

    @property
    def tests(self) -> Mapping[str, Legibility]:
        """The readings of the first run, by test set."""
        return self.runs[0].tests

    @property
    def ways(self) -> tuple[Way, ...]:
        """How its test sets were translated."""
        found = []
        for test, reading in self.tests.items():
            source = TEST_SETS[test].domain if test in TEST_SETS else test
            titles = [self._title(name) for name in (test, reading.target)]
            found.append(Way(test, source, reading.target, " → ".join(titles)))
        return tuple(found)

    def _title(self, name: str) -> str:
        return DATA_SETS.get(name) or self.titles.get(name) or name.capitalize()

    def figure(self, test: str, measure: Measure, reader: Reader) -> Figure | None:
        """None where no run has it, such as the reading of a judge that there is not."""
        return _known(reading.scores(measure).by(reader) for reading in self._readings(test))

    def real(self, test: str) -> Figure | None:
        """How the own script's discriminator reads the digits as they are; None if not measured."""
        return _known(reading.accuracy_of_real for reading in self._readings(test))

    def _readings(self, test: str) -> list[Legibility]:
        return [run.tests[test] for run in self.runs if test in run.tests]


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
    return Report(
        folder.name,
        provenance.choice or "100%",
        provenance.labelled,
        (results.read(folder), *results.read_seeds(folder)),
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
