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

from unit_core import results
from unit_core.checkpoint import CONFIG, RESULTS, read_config
from unit_core.published import ORIGINAL
from unit_core.reports import Figure
from unit_core.results import READERS

LABELS = "1%"
TRAINING = ROOT / "benchmarks" / "results" / "training.json"


def trained(minutes: float, seed: int, given: argparse.Namespace) -> Path:
    """Train for `minutes`, evaluate: the checkpoint's folder."""
    name = f"reach/{minutes:g}-minutes-seed{seed}"
    checkpoint = ROOT / "runs" / name / "checkpoint"
    data = ["--data-dir", str(given.data_dir.resolve())] if given.data_dir else []
    train = ["train.py", "--labels", LABELS, "--max-minutes", f"{minutes:g}", "--name", name]
    train += ["--seed", str(seed), "--accelerator", "cpu", "--threads", str(given.threads), *data]
    evaluate = ["-m", "unit_core", "evaluate", str(checkpoint), *data]
    evaluate += ["--json", str(checkpoint / RESULTS)]
    for command in ([] if (checkpoint / CONFIG).exists() else [train]) + [evaluate]:
        subprocess.run([sys.executable, *command], cwd=ROOT, check=True)
    return checkpoint


def reached(minutes: float, given: argparse.Namespace) -> dict[str, Any]:
    """Accuracy in per cent by test set and reader, mean and deviation over the seeds."""
    checkpoints = [trained(minutes, seed, given) for seed in given.seeds]
    runs = [results.read(checkpoint) for checkpoint in checkpoints]
    tests = {
        test: {
            reader: rounded(known)
            for reader in READERS
            for read in [[run.tests[test].accuracy.by(reader) for run in runs]]
            if len(known := [each for each in read if each is not None]) == len(runs)
        }  # a judge may be missing
        for test in runs[0].tests
    }
    return {
        "minutes": minutes,
        "threads": given.threads,
        "steps": [read_config(checkpoint)[1].steps for checkpoint in checkpoints],
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
