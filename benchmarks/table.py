"""The whole table: every choice of labels, several seeds; trained, evaluated, collected.

    python benchmarks/table.py --max-minutes 60 --data-dir ../data
    python benchmarks/table.py --labels 1% 5% --seeds 1 --accelerator cuda     a part of it
    python benchmarks/table.py --collect                                       only the table
    python benchmarks/table.py --max-minutes 30 --chain 10    ten labels for 30 minutes, then each
                                     larger choice begins with what the one before it has learnt

Runs live in runs/table/NAME-seedS. What is finished is skipped and what was stopped goes on, so
the same command may be given again; several machines or sessions can each do a part, if they share
runs/ or bring their folders together. Writes benchmarks/results/table.json, where rows whose runs
are not here stay as they were, prints the accuracies as Markdown, and leaves all seeds but the
first in runs/table/NAME-seeds.json: to be shipped as checkpoints/NAME/seeds.json.
"""

import argparse
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from here import ROOT

from train import default_name
from unit_core import choices, reports, results, run, tables
from unit_core.checkpoint import CONFIG, RESULTS, CheckpointError, read_json, write_json
from unit_core.networks import ModelConfig
from unit_core.recipe import TrainConfig
from unit_core.reports import Figure, Report
from unit_core.results import MEASURES, READERS, Reader, Results

RUNS = ROOT / "runs" / "table"
TABLE = ROOT / "benchmarks" / "results" / "table.json"


@dataclass(frozen=True)
class Cell:
    """One training of the table."""

    labels: str
    seed: int

    @property
    def row(self) -> str:
        """The name that train.py gives such a checkpoint, such as labels-1pct."""
        first, *rest = ModelConfig().domains
        labels = {first: "100%"} | dict.fromkeys(rest, self.labels)
        return default_name(ModelConfig(), TrainConfig(labels=labels))

    @property
    def folder(self) -> Path:
        """Its run folder."""
        return RUNS / f"{self.row}-seed{self.seed}"


def options(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0], formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--labels", nargs="+", default=list(choices.LABELS), metavar="L")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2], metavar="S")
    parser.add_argument("--collect", action="store_true", help="train nothing, only the table")
    parser.add_argument(
        "--chain", metavar="M", help="all but the fewest labels begin with the ones before: minutes"
    )
    long = parser.add_mutually_exclusive_group()
    long.add_argument("--max-minutes", metavar="M", help="of each training")
    long.add_argument("--steps", metavar="N", help="of each training")
    machine = parser.add_argument_group("passed on to train.py")
    for name in ("data-dir", "accelerator", "devices", "precision", "batch", "threads"):
        machine.add_argument(f"--{name}")
    return parser.parse_args(arguments)


def chained(cell: Cell, given: argparse.Namespace) -> Cell | None:
    """The cell that `cell` begins with under --chain: of the next fewer labels, but not of none."""
    fewer = [labels for labels in choices.LABELS if labels in given.labels and labels != "0"]
    if not given.chain or cell.labels not in fewer[1:]:
        return None
    return Cell(fewer[fewer.index(cell.labels) - 1], cell.seed)


def commands(cell: Cell, given: argparse.Namespace) -> list[list[str]]:
    """What is left to do for `cell`, each a command line; nothing if it is finished."""
    checkpoint, python = cell.folder / "checkpoint", sys.executable
    data = [] if given.data_dir is None else ["--data-dir", str(Path(given.data_dir).resolve())]
    todo = []
    if not (checkpoint / CONFIG).exists():
        train = [python, "train.py", *data, *_passed(given, "accelerator", "devices", "precision")]
        train += _passed(given, "threads")
        if (cell.folder / run.STATE).exists():
            train += ["--resume", str(cell.folder)]  # keeps its own length, batch and seed
        else:
            train += ["--labels", cell.labels]
            train += ["--name", str(cell.folder.relative_to(ROOT / "runs"))]
            if before := chained(cell, given):
                train += ["--start", str(before.folder), "--max-minutes", given.chain]
                train += _passed(given, "batch")
            else:
                train += ["--seed", str(cell.seed)]
                train += _passed(given, "max_minutes", "steps", "batch")
        todo.append(train)
    looks = ["--looks"] if cell.labels in tables.LOOKED else []  # which take minutes
    if todo or not _measured(checkpoint, bool(looks)):
        evaluate = [python, "-m", "unit_core", "evaluate", str(checkpoint), *looks]
        todo.append([*evaluate, "--json", str(checkpoint / RESULTS), *data])
    return todo


def _passed(given: argparse.Namespace, *names: str) -> list[str]:
    chosen = [(name, getattr(given, name)) for name in names if getattr(given, name) is not None]
    return [word for name, value in chosen for word in (f"--{name.replace('_', '-')}", value)]


def _measured(checkpoint: Path, looks: bool) -> bool:
    """Whether there are figures, with looks if asked."""
    try:
        found = results.read(checkpoint)
    except CheckpointError:
        return False
    return bool(found.validation if looks else found.tests)


def collect(runs: Path = RUNS) -> list[Report]:
    """The reports of all finished runs in `runs`, seeds of the same labels together.

    A folder that is not finished is left out; a damaged one too, with a line on stderr.
    """
    found = []
    for folder in sorted(runs.glob("*/checkpoint")):
        if not (folder / RESULTS).exists():
            continue
        try:
            found.append(reports.read(folder))
        except CheckpointError as error:
            print(f"left out: {error}", file=sys.stderr)
    return reports.merge(found)


def summary(measured: Iterable[Report]) -> list[dict[str, Any]]:
    """For the JSON file: means and sample deviations over seeds, and what the training cost."""
    return [
        {
            "labels": report.labels,
            "labelled_images": report.labelled,
            "seeds": [each.seed for each in report.runs],
            "minutes": _plain(Figure.of(report.minutes), 1) if report.minutes else None,
            "tests": {
                test: {
                    measure: {
                        reader: _plain(report.figure(test, measure, reader), digits)
                        for reader in READERS
                    }
                    for measure, digits in zip(MEASURES, (2, 2, 4), strict=True)
                }
                for test in report.tests
            },
            "looks": _looks(report.runs),
        }
        for report in measured
    ]


def kept(rows: list[dict[str, Any]], table: Path = TABLE) -> list[dict[str, Any]]:
    """`rows`, and of the table as it was those whose runs are not here, by how many labels."""
    before = read_json(table) if table.exists() else []
    here = {row["labels"] for row in rows}
    rows = rows + [row for row in before if row["labels"] not in here]
    return sorted(rows, key=lambda row: row["labelled_images"])


def _plain(figure: Figure | None, digits: int) -> dict[str, Any] | None:
    if figure is None:
        return None
    spread = None if figure.spread is None else round(figure.spread, digits)
    return {"mean": round(figure.mean, digits), "spread": spread, "seeds": figure.seeds}


def _looks(runs: Iterable[Results]) -> dict[str, Any]:
    """Mean and deviation of every number among the looks, by source script."""
    parts = [run.validation or {} for run in runs]
    return {
        name: _averaged([asdict(part[name].looks) for part in parts if name in part])
        for name in dict.fromkeys(name for part in parts for name in part)
    }


def _averaged(values: list[Any]) -> Any:
    groups = [value for value in values if isinstance(value, Mapping)]
    if groups:
        return {key: _averaged([g[key] for g in groups if key in g]) for key in groups[0]}
    numbers = [value for value in values if isinstance(value, int | float)]
    return _plain(Figure.of(numbers), 5) if numbers else values[0]


def brief(rows: Iterable[Mapping[str, Any]]) -> str:
    """A Markdown table of a `summary`: mean and deviation of the accuracies in per cent.

    Classes are matched where there were no labels. The discriminator is the translation's own.
    """
    lines = [
        "| labels used, seeds | minutes | Kannada: latent head, discriminator, judge | Dig-MNIST "
        "| MNIST to Kannada: judge |",
        "|---|---|---|---|---|",
    ]
    for row in rows:
        words = choices.LABELS.get(row["labels"], row["labels"])
        minutes = f"{row['minutes']['mean']:.0f}" if row["minutes"] else "-"
        cells = [
            _accuracies(row, "kannada", READERS),
            _accuracies(row, "dig", READERS),
            _accuracies(row, "mnist", ("judge",)),
        ]
        lines.append(f"| {words}, {len(row['seeds'])} | {minutes} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _accuracies(row: Mapping[str, Any], test: str, readers: Iterable[Reader]) -> str:
    found = row["tests"].get(test, {}).get(results.fair(row["labels"]), {})
    read = [found.get(reader) for reader in readers]
    return ", ".join("-" if figure is None else Figure(**figure).text() for figure in read)


def main() -> int:
    given = options()
    cells = [Cell(labels, seed) for seed in given.seeds for labels in given.labels]
    failed = []
    for cell in [] if given.collect else cells:
        for command in commands(cell, given):
            print(f"\n{cell.folder.name}: {' '.join(command[1:])}", flush=True)
            if subprocess.run(command, cwd=ROOT).returncode:
                failed.append(cell.folder.name)  # the others may still do well
                break
    measured = collect()
    rows = kept(summary(measured))
    if measured:
        TABLE.parent.mkdir(parents=True, exist_ok=True)
        write_json(TABLE, rows)
        for report in measured:
            row = Cell(report.labels, 0).row
            write_json(RUNS / f"{row}-seeds.json", [each.to_json() for each in report.runs[1:]])
    print("\n" + brief(rows))
    if failed:
        print(f"\nfailed: {', '.join(failed)}; give the command again to go on", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
