"""How fast is a folder of pictures? Through the command line, by one process and by two.

    python benchmarks/bulk.py [--pictures 1000] [--json FILE]

Each picture has a number of four digits in a hand that the model made up, MNIST's or Kannada's, and
640 x 320 pixels; times are of the whole command, from start to end, on `cores` processor cores.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from here import ROOT
from compose import Hand, compose
from latency import tell

from unit_core import Translator
from unit_core.domains import domain
from unit_core.networks import class_means

SIZE = (640, 320)


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=1000, help="default: 1000")
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    return parser.parse_args()


def hands(count: int = 500) -> list[Hand]:
    """Digits of every script, decoded from the prior: no data is needed."""
    translator = Translator.load(ROOT / "checkpoints" / "full")
    labels = torch.arange(count) % 10
    codes = class_means(translator.config)[labels]
    codes += torch.randn(codes.shape, generator=torch.Generator().manual_seed(0))
    made = []
    for name in translator.domains:
        images = (translator.decode(codes, name) * 255).byte().numpy()
        made.append(Hand(name, images, labels.numpy(), domain(name).stretch))
    return made


def write(folder: Path, count: int) -> None:
    random, written = np.random.default_rng(0), hands()
    for i in range(count):
        picture = compose(written, random, size=SIZE, numbers=1, digits=(4, 4)).picture
        picture.save(folder / f"{i:05d}.png")


def run(folder: Path, out: Path, *launcher: str) -> tuple[float, float]:
    """Seconds of the command, and the megabytes of its largest process at most."""
    given = ["translate", str(folder), "--to", "kannada", "--out", str(out), "--accelerator", "cpu"]
    arguments = [sys.executable, "-m", *launcher, "unit_core", *given]
    began = time.perf_counter()
    process = os.posix_spawn(sys.executable, arguments, os.environ | {"PYTHONPATH": str(ROOT)})
    _, status, usage = os.wait4(process, 0)
    if status:
        sys.exit(f"{' '.join(arguments)} ended with {os.waitstatus_to_exitcode(status)}")
    return time.perf_counter() - began, usage.ru_maxrss / 1000


def cores() -> int:
    """How many this process may use; where the system does not tell, how many there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def main() -> None:
    given = options()
    with tempfile.TemporaryDirectory() as scratch:
        folder, alone, shared = (Path(scratch, name) for name in ("in", "alone", "shared"))
        folder.mkdir()
        write(folder, given.pictures)
        seconds, megabytes = run(folder, alone)
        again, _ = run(folder, alone)
        together, _ = run(
            folder, shared, "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m"
        )
        with (alone / "readings.jsonl").open(encoding="utf-8") as lines:
            digits = sum(
                len(line["digits"]) for each in lines for line in json.loads(each)["lines"]
            )
    tell(
        {
            "cores": cores(),
            "pictures": given.pictures,
            "digits_found": digits,
            "seconds": seconds,
            "pictures_per_second": given.pictures / seconds,
            "peak_memory_mb": megabytes,
            "nothing_left_to_do_s": again,
            "two_processes_s": together,
            "two_processes_pictures_per_second": given.pictures / together,
        },
        given.json,
    )


if __name__ == "__main__":
    main()
