"""How soon the original's figures with 1 % of the labels are reached: short trainings from nothing.

    python benchmarks/reach.py [--minutes 2 4] [--threads N] [--data-dir D] [--json F]

Each is a whole training of that length, not a moment of a longer one, evaluated on the test sets as
it ends; nothing is chosen by them. Beside it what one epoch of the original takes on this machine
(`benchmarks/training.py`).
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import torch

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
from unit_core.published import ORIGINAL  # noqa: E402

LABELS = "1%"
TRAINING = ROOT / "benchmarks" / "results" / "training.json"


def reached(minutes: float, given: argparse.Namespace) -> dict[str, Any]:
    """Train for `minutes`, evaluate: accuracy in per cent by test set and reader."""
    name = f"reach/{minutes:g}-minutes"
    checkpoint = ROOT / "runs" / name / "checkpoint"
    results = checkpoint / "results.json"
    data = ["--data-dir", str(given.data_dir.resolve())] if given.data_dir else []
    train = ["train.py", "--labels", LABELS, "--max-minutes", f"{minutes:g}", "--name", name]
    train += ["--accelerator", "cpu", "--threads", str(given.threads), *data]
    evaluate = ["-m", "unit_core", "evaluate", str(checkpoint), "--json", str(results), *data]
    for command in ([] if (checkpoint / "config.json").exists() else [train]) + [evaluate]:
        subprocess.run([sys.executable, *command], cwd=ROOT, check=True)
    config, tests = (json.loads(path.read_text()) for path in (checkpoint / "config.json", results))
    accuracies = {name: test["accuracy"] for name, test in tests["tests"].items()}
    return {"minutes": minutes, "steps": config["provenance"]["steps"]} | accuracies


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, nargs="+", default=[2.0, 4.0])
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()

    epoch = json.loads(TRAINING.read_text())["steps"]["original"]["seconds_per_epoch"]
    found = {
        "labels": LABELS,
        "threads": given.threads,
        "published": ORIGINAL[LABELS].accuracy,
        "minutes_an_epoch_of_the_original": round(epoch / 60, 1),
        "ours": [reached(minutes, given) for minutes in given.minutes],
    }
    print(json.dumps(found, indent=1))
    if given.json:
        given.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
