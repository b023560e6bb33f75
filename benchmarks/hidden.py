"""What a run made of the labels that it was not shown.

    python benchmarks/hidden.py runs/labels-1pct [RUN ...] [--data-dir DIR] [--json F]

Rows are named as train.py names runs of such labels; --json keeps the other rows of F.

Of the training digits whose labels were kept back (where there are groups, of all), in percent
right (where no label was given, under the best naming of the groups): what the encoders read before
the reading part, what the labels became when they were spread, what the encoders read in the end;
and of groups, how many digits had one and how many of these were right.
"""

import argparse
import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import here  # noqa: F401
import torch
from lightning_fabric import Fabric
from torch import Tensor

from train import default_name
from unit_core import metrics, run
from unit_core.batches import Material
from unit_core.checkpoint import read_json, read_tensors, write_json
from unit_core.choices import CHOSEN
from unit_core.data import load_train, split
from unit_core.domains import UNKNOWN
from unit_core.labelling import given_labels, of_run
from unit_core.networks import Generator, as_batch
from unit_core.training import Trainer


@dataclass(frozen=True)
class Hidden:
    """In per cent of `digits`, but `grouped_right`, of those in a group.

    None where there were no groups, or where labels were not spread.
    """

    labels: str
    digits: int
    grouped: float | None
    grouped_right: float | None
    read_before: float
    spread: float | None
    read_after: float


def hidden(folder: Path, data_dir: Path | None) -> dict[str, Hidden]:
    """By script. Raises CheckpointError for a folder without a state, ValueError for a run that has
    not begun to read."""
    saved = run.read_saved(folder)
    chosen = of_run(folder) if CHOSEN in saved.config.labels.values() else {}
    material, labels, named, groups = {}, {}, {}, {}
    for name in saved.model.domains:
        digits = split(load_train(name, data_dir)).train
        labels[name] = digits.labels
        own = given_labels(digits, saved.config.labels[name], saved.config.seed, chosen)
        named[name] = bool((own != UNKNOWN).any())
        material[name] = Material.of(digits, own, torch.device("cpu"))
        path = folder / f"groups-{name}.safetensors"
        if path.exists():
            groups[name] = read_tensors(path)["groups"]
            material[name] = material[name].grouped(groups[name])
    trainer = Trainer(saved.model, saved.config, material, Fabric(accelerator="cpu", devices=1))
    run.resume(trainer, folder)
    if not trainer.steps_read:
        raise ValueError(f"{folder} has not come to its reading part: --resume it first")

    found = {}
    for name, truth in labels.items():
        images, given = material[name].images, material[name].labels
        out = given == UNKNOWN if name not in groups else torch.ones_like(given, dtype=torch.bool)
        if not out.any():
            continue
        right = metrics.accuracy if named[name] else metrics.matched_accuracy
        before, after = (
            right(read(generator, images[out], name), truth[out])
            for generator in (trainer.settled.generator, trainer.average.networks.generator)
        )
        grouped = groups[name] != UNKNOWN if name in groups else None
        spread = trainer.spread.get(name)
        reached = None if spread is None else out & (spread != UNKNOWN)
        found[name] = Hidden(
            labels=saved.config.labels[name],
            digits=int(out.sum()),
            grouped=None if grouped is None else 100 * float(grouped.float().mean()),
            grouped_right=None if grouped is None else right(given[grouped], truth[grouped]),
            read_before=before,
            spread=None if spread is None else right(spread[reached], truth[reached]),
            read_after=after,
        )
    return found


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
    try:
        results = read_json(given.json) if given.json and given.json.exists() else {}
    except ValueError as error:
        sys.exit(f"hidden.py: {error}")
    for folder in given.runs:
        try:
            found = hidden(folder, given.data_dir)
            saved = run.read_saved(folder)
        except ValueError as error:  # CheckpointError is one
            sys.exit(f"hidden.py: {error}")
        row = default_name(saved.model, saved.config)
        results[row] = {
            name: {k: round(v, 2) if isinstance(v, float) else v for k, v in asdict(own).items()}
            for name, own in found.items()
        }
        print(folder.name, json.dumps(results[row]))
    if given.json:
        write_json(given.json, results)


if __name__ == "__main__":
    main()
