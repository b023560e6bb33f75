"""How few bits may a weight have? The exported graphs keep half floats; here they are rounded.

    python benchmarks/weights.py [--checkpoint checkpoints/full] [--data-dir DIR] [--json F]

Each slice of a layer's weights along their first axis, an output channel (of a transposed
convolution an input channel), is rounded to whole multiples of a step of its own, the largest
weight being 2 ** (bits - 1) - 1 of them. Measured on validation digits drawn from all its writers:
what the latent head reads, how often as before, and how far the translations' pixels move (ink in
[0, 1]).
"""

import argparse
import copy
import gzip
import json
from pathlib import Path

import torch
from here import ROOT

from unit_core import Translator
from unit_core.data import Digits, load_train, split

DIGITS = 3000  # of each script


def rounded(translator: Translator, bits: int) -> tuple[Translator, int]:
    """The same model with weights of `bits`, and the bytes of them packed."""
    coarse, packed = copy.deepcopy(translator), 0
    for weights in coarse.networks.generator.parameters():
        if weights.dim() < 2:  # few: they stay, as half floats
            packed += 2 * weights.numel()
            continue
        rows = weights.data.flatten(1)
        step = rows.abs().amax(1, keepdim=True).clamp(min=1e-12) / (2 ** (bits - 1) - 1)
        whole = (rows / step).round()
        packed += len(gzip.compress(whole.to(torch.int8).numpy().tobytes())) + 2 * len(step)
        weights.data = (whole * step).view_as(weights)
    return coarse, packed


def some(name: str, data_dir: Path | None) -> Digits:
    """DIGITS of the validation digits of the script `name`, the same ones every time."""
    held_out = split(load_train(name, data_dir)).validation
    order = torch.randperm(len(held_out), generator=torch.Generator().manual_seed(0))
    return held_out.subset(order[:DIGITS])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--checkpoint", type=Path, default=ROOT / "checkpoints" / "full")
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    translator = Translator.load(given.checkpoint)
    halves = [p.half().numpy().tobytes() for p in translator.networks.generator.parameters()]
    results: dict[str, dict] = {
        "16": {"packed_mb": round(sum(len(gzip.compress(each)) for each in halves) / 1e6, 2)}
    }
    parts = {name: some(name, given.data_dir) for name in translator.domains}
    for bits in (16, 8, 6):
        coarse, packed = rounded(translator, bits) if bits < 16 else (translator, 0)
        figures = results.setdefault(str(bits), {"packed_mb": round(packed / 1e6, 2)})
        for source, part in parts.items():
            images = part.images
            reads, before = (m.classify(images, source).argmax(1) for m in (coarse, translator))
            figures[source] = {
                "read_right": _percent(reads == part.labels),
                "read_as_before": _percent(reads == before),
            }
            for target in set(translator.domains) - {source}:
                made, exact = (m.translate(images, source, target) for m in (coarse, translator))
                moved = made - exact
                figures[source] |= {
                    f"{target}_pixels_moved_rms": round(float(moved.square().mean().sqrt()), 4),
                    f"{target}_pixels_moved_most": round(float(moved.abs().max()), 3),
                }
        print(bits, "bits:", json.dumps(figures))
    if given.json:
        given.json.write_text(json.dumps(results, indent=1) + "\n")


def _percent(right: torch.Tensor) -> float:
    return round(100 * float(right.float().mean()), 2)


if __name__ == "__main__":
    main()
