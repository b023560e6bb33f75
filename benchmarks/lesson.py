"""What the shipped lesson's own questions are worth, beside digits drawn by chance.

    python benchmarks/lesson.py [CHECKPOINT] [--json F]

How many of its digits are taken wrong after so many true answers, and how long one answer takes.
"""

import argparse
import statistics
import time
from pathlib import Path

import torch
from here import ROOT

from unit_core.checkpoint import LESSON, write_json
from unit_core.domains import UNKNOWN
from unit_core.lesson import Lesson

COUNTS = (10, 20, 40, 80, 120)  # answers
DRAWS = 3


def wrong(lesson: Lesson, order: list[int] | None) -> tuple[dict[int, int], float]:
    """By count of answers, how many digits are taken wrong, asked for in `order` or as the lesson
    asks; and seconds an answer."""
    answers = torch.full((len(lesson),), UNKNOWN)
    nobody = torch.zeros(len(lesson), dtype=torch.bool)
    found, began = {}, time.perf_counter()
    for count in range(max(COUNTS) + 1):
        turn = lesson.after(answers, nobody)
        if count in COUNTS:
            found[count] = int((turn.said != lesson.labels).sum())
        digit = turn.next if order is None else order[count]
        if digit is not None:
            answers[digit] = lesson.labels[digit]
    return found, (time.perf_counter() - began) / (max(COUNTS) + 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", type=Path, nargs="?", default=ROOT / "checkpoints/labels-0")
    parser.add_argument("--json", type=Path, metavar="F")
    given = parser.parse_args()
    torch.set_num_threads(1)
    lesson = Lesson.load(given.checkpoint / LESSON)
    asked, seconds = wrong(lesson, None)
    drawn = []
    for seed in range(DRAWS):
        random = torch.Generator().manual_seed(seed)
        drawn.append(wrong(lesson, torch.randperm(len(lesson), generator=random).tolist())[0])
    rows = [
        {
            "answers": count,
            "asked": asked[count],
            "drawn": round(statistics.mean(each[count] for each in drawn), 1),
            "deviation": round(statistics.stdev(each[count] for each in drawn), 1),
        }
        for count in COUNTS
    ]
    told = {"digits": len(lesson), "milliseconds": round(1000 * seconds), "rows": rows}
    print(told)
    if given.json:
        write_json(given.json, told)


if __name__ == "__main__":
    main()
