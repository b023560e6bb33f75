"""What a label is worth that was asked for, beside one drawn by chance.

    python benchmarks/asking.py [CHECKPOINT] [--domain NAME] [--data-dir DIR] [--json F]
    python benchmarks/asking.py --picture docs/asked.png        what was asked, by what it was
    python benchmarks/asking.py --train runs/table/labels-1-per-class-seed* --max-minutes 8 --json F

Of the training digits of a script, how many have a wrong label once so many given ones have spread
among what the checkpoint finds alike and reads itself: as at the start of a run's reading part
(`train.py --labels FOLDER --start CHECKPOINT`). The labels it was trained with are among them.

With --train, each of these runs asks for as many as make 1 % and goes on with them, just as long
and in the same way as `benchmarks/table.py --chain` goes on with 1 % drawn by chance: accuracies on
the test sets, mean and deviation. Runs live in runs/asking; what is finished is skipped.
"""

import argparse
import shutil
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from here import ROOT
from PIL import Image
from torch import Tensor

from unit_core import labelling, results
from unit_core.asking import ROUND, survey_of
from unit_core.checkpoint import CONFIG, RESULTS, read_json, write_json
from unit_core.data import load_train, split
from unit_core.domains import CLASSES, UNKNOWN
from unit_core.results import READERS
from unit_core.run import STATE
from unit_core.translator import Translator

ASKED = (50, 100, 200, 400, 540)  # more than the checkpoint was trained with
DRAWS = 5


def trained(
    runs: Sequence[Path], minutes: str, machine: Sequence[str], data_dir: Sequence[str]
) -> dict[str, Any]:
    """Accuracies in per cent, by test set and reader, of what the `runs` become."""
    found = []
    for start in runs:
        name = f"asking/{start.name}"
        folder, labels = ROOT / f"runs/{name}", ROOT / f"runs/{name}-labels"
        checkpoint = folder / "checkpoint"
        finished = (checkpoint / CONFIG).exists()
        if (folder / STATE).exists() and not finished:
            _python("train.py", "--resume", str(folder), *machine, *data_dir)
        elif not finished:
            shutil.rmtree(labels, ignore_errors=True)  # of an asking that was stopped
            ask = ("-m", "unit_core", "ask", str(start), str(labels), "--answered", *data_dir)
            _python(*ask, "--count", str(ASKED[-1]))
            train = ("train.py", "--labels", str(labels), "--start", str(start), "--name", name)
            _python(*train, "--max-minutes", minutes, *machine, *data_dir)
        if not (checkpoint / RESULTS).exists():
            evaluate = ("-m", "unit_core", "evaluate", str(checkpoint), *data_dir)
            _python(*evaluate, "--json", str(checkpoint / RESULTS))
        found.append(results.read(checkpoint).tests)
    return {
        test: {
            reader: {
                "mean": round(statistics.mean(values), 2),
                "deviation": round(statistics.stdev(values), 2) if len(values) > 1 else None,
            }
            for reader in READERS
            for values in [[each[test].accuracy.by(reader) for each in found]]
        }
        for test in found[0]
    }


def _python(*arguments: str) -> None:
    subprocess.run([sys.executable, *arguments], cwd=ROOT, check=True)


def sheet(images: Tensor, labels: Tensor, most: int = 24, side: int = 44) -> Image.Image:
    """Digits (N, 28, 28) uint8 in a row for each label (N,), the first ones, `side` pixels wide."""
    made = Image.new("L", (most * side, CLASSES * side), 255)
    for label in range(CLASSES):
        for column, image in enumerate(images[labels == label][:most]):
            tile = Image.fromarray(255 - image.numpy()).resize((side - 2, side - 2))
            made.paste(tile, (column * side, label * side))
    return made.quantize(16)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "checkpoint", nargs="?", type=Path, default=ROOT / "checkpoints/labels-1-per-class"
    )
    parser.add_argument("--domain", metavar="NAME", help="default: the last")
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    parser.add_argument("--picture", type=Path, metavar="F", help="a PNG of what was asked")
    parser.add_argument("--train", nargs="+", type=Path, metavar="RUN")
    parser.add_argument("--max-minutes", default="8")
    parser.add_argument("--threads")
    given = parser.parse_args()
    known = read_json(given.json) if given.json and given.json.exists() else {}
    if given.train:
        data_dir = ["--data-dir", str(given.data_dir.resolve())] if given.data_dir else []
        threads = ["--threads", given.threads] if given.threads else []
        runs = [folder.resolve() for folder in given.train]
        known["trained"] = trained(runs, given.max_minutes, threads, data_dir)
        print(known["trained"])
        if given.json:
            write_json(given.json, known)
        return
    translator = Translator.load(given.checkpoint)
    domain = given.domain or translator.config.scarce
    digits = split(load_train(domain, given.data_dir)).train
    told = labelling.labels_of(digits, domain, translator.provenance, given.checkpoint)
    survey = survey_of(translator, digits, domain)

    def wrong(labels: Tensor) -> int:
        return int((survey.said(labels)[0] != digits.labels).sum())

    def with_labels(places: Tensor) -> Tensor:
        return told.index_put((places,), digits.labels[places])

    found = {"digits": len(digits), "told": int((told != UNKNOWN).sum()), "wrong": wrong(told)}
    print(found, flush=True)
    rows, shown = [], []
    asked, taken = told, torch.zeros(len(digits), dtype=torch.bool)
    orders = [
        torch.randperm(len(digits), generator=torch.Generator().manual_seed(seed))
        for seed in range(DRAWS)
    ]
    for count in ASKED:
        while (more := count - int((asked != told).sum())) > 0:
            chosen = survey.next(asked, taken, min(ROUND, more))
            asked = asked.index_put((chosen,), digits.labels[chosen])
            shown.append(chosen)
        drawn = [wrong(with_labels(order[:count])) for order in orders]
        row = {
            "labels": found["told"] + count,
            "asked": wrong(asked),
            "drawn": round(statistics.mean(drawn), 1),
            "deviation": round(statistics.stdev(drawn), 1),
        }
        print(row, flush=True)
        rows.append(row)
    if given.picture:
        order = torch.cat(shown)
        sheet(digits.images[order], digits.labels[order]).save(given.picture, optimize=True)
    if given.json:
        write_json(given.json, known | found | {"rows": rows})


if __name__ == "__main__":
    main()
