"""What a label is worth that was asked for, beside one drawn by chance.

    python benchmarks/asking.py [CHECKPOINT] [--domain NAME] [--data-dir DIR] [--json F]

Of the training digits of a script, how many have a wrong label once so many given ones have spread
among what the checkpoint finds alike and reads itself: as at the start of a run's reading part
(`train.py --labels FOLDER --start CHECKPOINT`). The labels it was trained with are among them.
"""

import argparse
import statistics
import sys
from pathlib import Path

import torch
from torch import Tensor

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from unit_core import labelling  # noqa: E402
from unit_core.asking import ROUND, Survey  # noqa: E402
from unit_core.checkpoint import write_json  # noqa: E402
from unit_core.data import UNKNOWN, load_train, split  # noqa: E402
from unit_core.translator import Translator  # noqa: E402

ASKED = (50, 100, 200, 400, 540)  # more than the checkpoint was trained with
DRAWS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "checkpoint", nargs="?", type=Path, default=ROOT / "checkpoints/labels-1-per-class"
    )
    parser.add_argument("--domain", metavar="NAME", help="default: the last")
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    given = parser.parse_args()
    translator = Translator.load(given.checkpoint)
    domain = given.domain or translator.domains[-1]
    digits = split(load_train(domain, given.data_dir)).train
    told = labelling.labels_of(digits, domain, translator.provenance, given.checkpoint)
    survey = Survey.of(translator, digits.images, domain)

    def wrong(labels: Tensor) -> int:
        return int((survey.said(labels)[0] != digits.labels).sum())

    def with_labels(places: Tensor) -> Tensor:
        return told.index_put((places,), digits.labels[places])

    found = {"digits": len(digits), "told": int((told != UNKNOWN).sum()), "wrong": wrong(told)}
    print(found, flush=True)
    rows = []
    asked, taken = told, torch.zeros(len(digits), dtype=torch.bool)
    orders = [
        torch.randperm(len(digits), generator=torch.Generator().manual_seed(seed))
        for seed in range(DRAWS)
    ]
    for count in ASKED:
        while (more := count - int((asked != told).sum())) > 0:
            chosen = survey.next(asked, taken, min(ROUND, more))
            asked = asked.index_put((chosen,), digits.labels[chosen])
        drawn = [wrong(with_labels(order[:count])) for order in orders]
        row = {
            "labels": found["told"] + count,
            "asked": wrong(asked),
            "drawn": round(statistics.mean(drawn), 1),
            "deviation": round(statistics.stdev(drawn), 1),
        }
        print(row, flush=True)
        rows.append(row)
    if given.json:
        write_json(given.json, found | {"rows": rows})


if __name__ == "__main__":
    main()
