"""What a training step costs, beside the original's at its own batch size, in one run.

    python benchmarks/training.py [--seconds 20] [--json F]

Also says how fast this machine multiplies matrices, how near to that a step comes, and where its
time goes: what is left to gain.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import here  # noqa: F401
import torch
from lightning_fabric import Fabric
from original import BATCH as ORIGINAL_BATCH
from original import Original
from torch.utils.flop_counter import FlopCounterMode

from unit_core.batches import Material
from unit_core.networks import ModelConfig
from unit_core.recipe import TrainConfig
from unit_core.training import Trainer

PAIRS = 55_000  # of images in an epoch


def seconds_a_step(step: Callable[[], None], budget: float) -> float:
    """Median seconds of a step after two to warm up, within `budget` seconds."""
    step(), step()
    times, end = [], time.perf_counter() + budget
    while len(times) < 3 or time.perf_counter() < end:
        began = time.perf_counter()
        step()
        times.append(time.perf_counter() - began)
    return sorted(times)[len(times) // 2]


SHARES = {  # of a run, by what a step does
    "warm-up": TrainConfig().warmup,
    "all terms": 1 - TrainConfig().warmup - TrainConfig().reading,
    "reading": TrainConfig().reading,
}


def ours(part: str, batch: int) -> Trainer:
    """A trainer in that part of SHARES, on random pictures: with all labels, cost does not depend
    on what they show."""
    fabric = Fabric(accelerator="cpu", devices=1)
    material = {
        name: Material(
            torch.randint(0, 256, (PAIRS, 28, 28), dtype=torch.uint8),
            torch.randint(0, 10, (PAIRS,)),
            torch.zeros(PAIRS, dtype=torch.bool),
        )
        for name in ModelConfig().domains
    }
    config = TrainConfig(
        warmup=float(part == "warm-up"), reading=float(part == "reading"), batch=batch
    )
    return Trainer(ModelConfig(), config, material, fabric)


def matrix_rate() -> float:
    """GFLOP/s of a float32 matrix product."""
    a = torch.randn(1024, 1024)
    return 2 * 1024**3 / seconds_a_step(lambda: torch.mm(a, a), 2) / 1e9


def arithmetic(step: Callable[[], None]) -> float:
    """GFLOP of the matrix products and convolutions in a step, forward and backward."""
    with FlopCounterMode(display=False) as counter:
        step()
    return counter.get_total_flops() / 1e9


KINDS = {  # of operators, by what follows "aten::" in their names; what fits none is "other"
    "convolution backward": ("convolution_backward",),
    "convolution": ("mkldnn_convolution", "_convolution", "thnn_conv", "slow_conv"),
    "dense layers": ("addmm", "mm", "bmm", "linear"),
    "warping and pooling": ("grid", "affine", "max_pool", "avg_pool"),
    "normalisation": ("native_group_norm",),
    "optimiser and average": ("_fused", "_foreach"),
    "copies and layout": ("copy_", "clone", "cat", "fill_", "zero_"),
}


def where_time_goes(step: Callable[[], None], steps: int = 10) -> dict[str, float]:
    """Share of a step's operator time by kind, in per cent, largest first."""
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profile:
        for _ in range(steps):
            step()
    spent: dict[str, float] = {}
    for event in profile.key_averages():
        name = event.key.removeprefix("aten::")
        kind = next((k for k, names in KINDS.items() if name.startswith(names)), "other")
        spent[kind] = spent.get(kind, 0) + event.self_cpu_time_total
    total = sum(spent.values())
    shares = {kind: round(100 * time / total, 1) for kind, time in spent.items()}
    return dict(sorted(shares.items(), key=lambda item: -item[1]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20.0, help="for each row")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    torch.set_flush_denormal(True)

    original = Original()
    images = [torch.rand(ORIGINAL_BATCH, 1, 32, 32) * 2 - 1 for _ in range(2)]
    labels = [torch.randint(0, 10, (ORIGINAL_BATCH,)) for _ in range(2)]
    measured = {"original": (ORIGINAL_BATCH, lambda: original.step(images, labels))}
    for batch in (ORIGINAL_BATCH, TrainConfig().batch):
        for part in SHARES:
            measured[f"ours, {part}, {batch}"] = (batch, ours(part, batch).step)
    results: dict[str, dict[str, float]] = {}
    for name, (size, step) in measured.items():
        seconds = seconds_a_step(step, given.seconds)
        results[name] = {
            "batch": size,
            "seconds_per_step": round(seconds, 4),
            "ms_per_pair": round(1000 * seconds / size, 2),
            "seconds_per_epoch": round(seconds / size * PAIRS),
        }
    summary: dict[str, float] = {"threads": torch.get_num_threads()}
    summary["gflops_matrix_product"] = round(matrix_rate(), 1)
    for batch in (ORIGINAL_BATCH, TrainConfig().batch):
        run = sum(
            share * results[f"ours, {part}, {batch}"]["ms_per_pair"]
            for part, share in SHARES.items()
        )
        summary[f"original_over_ours_batch_{batch}"] = round(
            results["original"]["ms_per_pair"] / run, 1
        )
    batch = TrainConfig().batch
    step = ours("all terms", batch).step
    step()
    gflop = arithmetic(step)
    rate = gflop / results[f"ours, all terms, {batch}"]["seconds_per_step"]
    summary["gflop_per_step"] = round(gflop, 2)
    summary["per_cent_of_matrix_rate"] = round(100 * rate / summary["gflops_matrix_product"])
    shares = where_time_goes(step)
    print(f"{'':<22}{'batch':>6}{'s / step':>10}{'ms / pair':>11}{'s / epoch':>11}")
    for name, row in results.items():
        print(
            f"{name:<22}{row['batch']:>6}{row['seconds_per_step']:>10}{row['ms_per_pair']:>11}"
            f"{row['seconds_per_epoch']:>11}"
        )
    for name, value in summary.items():
        print(f"{name}: {value}")
    print("per cent of operator time:", ", ".join(f"{k} {v}" for k, v in shares.items()))
    if given.json:
        content = {"steps": results, **summary, "per_cent_of_operator_time": shares}
        given.json.write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
