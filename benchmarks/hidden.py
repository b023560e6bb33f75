"""What a run made of the labels that it was not shown.

    python benchmarks/hidden.py runs/labels-1pct [RUN ...] [--data-dir DIR] [--json F]

Of the training digits of each script that kept back labels, in percent right (without any, under
the best naming of the groups): what the encoders read before the reading part, what the labels
became when they were spread, what the encoders read in the end; and of groups, how many digits had
one and how many of these were right.
"""

import argparse
import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from lightning_fabric import Fabric
from torch import Tensor

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from train import SPLIT_SEED  # noqa: E402
from unit_core import metrics, run  # noqa: E402
from unit_core.batches import Material  # noqa: E402
from unit_core.checkpoint import read_tensors, write_json  # noqa: E402
from unit_core.data import UNKNOWN, choose_labelled, load_train, split  # noqa: E402
from unit_core.networks import Generator, as_batch  # noqa: E402
from unit_core.training import Trainer  # noqa: E402


@dataclass(frozen=True)
class Hidden:
    """Per cent of `digits`; `spread` is None where labels were not, the groups' where none are."""

    labels: str
    digits: int
    grouped: float | None
    grouped_right: float | None
    read_before: float
    spread: float | None
    read_after: float


def hidden(folder: Path, data_dir: Path | None) -> dict[str, Hidden]:
    """By script; raises CheckpointError for a folder without a state."""
    saved = run.read_saved(folder)
    material, labels, groups = {}, {}, {}
    for name in saved.model.domains:
        digits = split(load_train(name, data_dir), seed=SPLIT_SEED).train
        labels[name] = digits.labels
        mask = choose_labelled(digits.labels, saved.config.labels[name], saved.config.seed)
        material[name] = Material.of(digits, mask, torch.device("cpu"))
        path = folder / f"groups-{name}.safetensors"
        if path.exists():
            groups[name] = read_tensors(path)["groups"]
            material[name] = Material(digits.images, groups[name])
    given = {name: each.labels for name, each in material.items()}
    trainer = Trainer(saved.model, saved.config, material, Fabric(accelerator="cpu", devices=1))
    run.resume(trainer, folder)  # which spreads the labels again, as the run did

    found = {}
    for name, truth in labels.items():
        kept = groups[name] != UNKNOWN if name in groups else None
        out = given[name] == UNKNOWN if kept is None else torch.ones_like(kept)
        if not out.any():
            continue
        before, after = (
            right(read(generator, material[name].images[out], name), truth[out])
            for generator in (trainer.teacher.generator, trainer.average.networks.generator)
        )
        spread = trainer.material[name].labels
        reached = out & (spread != UNKNOWN)
        found[name] = Hidden(
            labels=saved.config.labels[name],
            digits=int(out.sum()),
            grouped=None if kept is None else round(100 * float(kept.float().mean()), 2),
            grouped_right=None if kept is None else right(groups[name][kept], truth[kept]),
            read_before=before,
            spread=right(spread[reached], truth[reached]) if trainer.config.spreads else None,
            read_after=after,
        )
    return found


def right(said: Tensor, truth: Tensor) -> float:
    """Per cent, under the best naming."""
    return round(metrics.matched_accuracy(said, truth), 2)


@torch.inference_mode()
def read(generator: Generator, images: Tensor, domain: str) -> Tensor:
    """What the latent head says of `images` (N, 28, 28) uint8: (N,)."""
    codes = [generator.encode(as_batch(part), domain).mean for part in images.split(512)]
    return generator.class_logits(torch.cat(codes)).argmax(1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    results = {}
    for folder in given.runs:
        found = {name: asdict(each) for name, each in hidden(folder, given.data_dir).items()}
        results[folder.name] = found
        print(folder.name, json.dumps(found))
    if given.json:
        write_json(given.json, results)


if __name__ == "__main__":
    main()
