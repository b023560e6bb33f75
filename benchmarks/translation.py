"""What using the shipped model costs: importing, loading, one digit, ten thousand.

python benchmarks/translation.py [--checkpoint checkpoints/full] [--json F]
"""

import argparse
import json
import time
from pathlib import Path

from here import ROOT


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--checkpoint", type=Path, default=ROOT / "checkpoints" / "full")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()

    began = time.perf_counter()
    import torch  # here: importing it is most of what a first digit costs

    from unit_core import Translator

    translator = Translator.load(given.checkpoint)
    load = time.perf_counter() - began

    source, target = translator.domains[:2]
    one, many = torch.rand(1, 28, 28), torch.rand(10_000, 28, 28)
    times = []
    for _ in range(220):
        began = time.perf_counter()
        translator.translate(one, source, target)
        times.append(time.perf_counter() - began)
    times = sorted(times[20:])
    began = time.perf_counter()
    translator.translate(many, source, target)
    batch = time.perf_counter() - began
    results = {
        "threads": torch.get_num_threads(),
        "import_and_load_s": round(load, 2),
        "one_digit_p50_ms": round(1000 * times[len(times) // 2], 2),
        "one_digit_p95_ms": round(1000 * times[int(0.95 * len(times))], 2),
        "ten_thousand_s": round(batch, 2),
        "digits_per_second": round(len(many) / batch),
    }
    for name, value in results.items():
        print(f"{name}: {value}")
    if given.json:
        given.json.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
