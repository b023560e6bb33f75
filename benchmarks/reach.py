"""How far 1 % of the labels reach in so many minutes: trainings from nothing.

    python benchmarks/reach.py [--minutes 3 60] [--seeds 0 1 2] [--threads N] [--data-dir D]
                               [--json F]

Each is a whole training of that length, not a moment of a longer one, evaluated on the test sets as
it ends; nothing is chosen by them. Means and sample deviations over the seeds. Beside it what one
epoch of the original takes on this machine (`benchmarks/training.py`). What is finished is skipped;
rows in F of other minutes stay.
"""

import argparse
import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from here import ROOT

from unit_core.published import ORIGINAL
from unit_core.reports import READERS, Figure

LABELS = "1%"
TRAINING = ROOT / "benchmarks" / "results" / "training.json"


def trained(minutes: float, seed: int, given: argparse.Namespace) -> dict[str, Any]:
    """Train for `minutes`, evaluate: what results.json says, and how many `steps` it was."""
    name = f"reach/{minutes:g}-minutes-seed{seed}"
    checkpoint = ROOT / "runs" / name / "checkpoint"
    results = checkpoint / "results.json"
    data = ["--data-dir", str(given.data_dir.resolve())] if given.data_dir else []
    train = ["train.py", "--labels", LABELS, "--max-minutes", f"{minutes:g}", "--name", name]
    train += ["--seed", str(seed), "--accelerator", "cpu", "--threads", str(given.threads), *data]
    evaluate = ["-m", "unit_core", "evaluate", str(checkpoint), "--json", str(results), *data]
    for command in ([] if (checkpoint / "config.json").exists() else [train]) + [evaluate]:
        subprocess.run([sys.executable, *command], cwd=ROOT, check=True)
    config, found = (json.loads(path.read_text()) for path in (checkpoint / "config.json", results))
    return found | {"steps": config["provenance"]["steps"]}


def reached(minutes: float, given: argparse.Namespace) -> dict[str, Any]:
    """Accuracy in per cent by test set and reader, mean and deviation over the seeds."""
    runs = [trained(minutes, seed, given) for seed in given.seeds]
    tests = {
        test: {
            reader: rounded([run["tests"][test]["accuracy"][reader] for run in runs])
            for reader in READERS
            if runs[0]["tests"][test]["accuracy"][reader] is not None  # a judge may be missing
        }
        for test in runs[0]["tests"]
    }
    return {
        "minutes": minutes,
        "threads": given.threads,
        "steps": [run["steps"] for run in runs],
    } | tests


def rounded(values: list[float]) -> dict[str, Any]:
    figure = asdict(Figure.of(values))
    return {name: value and round(value, 2) for name, value in figure.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, nargs="+", default=[3.0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()

    epoch = json.loads(TRAINING.read_text())["steps"]["original"]["seconds_per_epoch"]
    ours = [reached(minutes, given) for minutes in given.minutes]
    if given.json and given.json.exists():
        before = json.loads(given.json.read_text())["ours"]
        ours += [row for row in before if row["minutes"] not in given.minutes]
    found = {
        "labels": LABELS,
        "published": ORIGINAL[LABELS].accuracy,
        "minutes_an_epoch_of_the_original": round(epoch / 60, 1),
        "ours": sorted(ours, key=lambda row: row["minutes"]),
    }
    print(json.dumps(found, indent=1))
    if given.json:
        given.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
