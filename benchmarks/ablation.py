"""What each part of the recipe is for: trained without it, measured on validation digits.

    python benchmarks/ablation.py --max-minutes 8 [--labels 10%] [--only NAME ...]

Every variant is trained from nothing for as long, one after the other, with the same seed; what is
in the JSON already, of the same recipe and minutes, is not trained again. The digits: as they are,
bent (smoothly, beyond what training shows) and soiled (remnants of ruled lines, specks, cut out
with the digit). Writes benchmarks/results/ablation.json and prints it as Markdown.
"""

import argparse
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from here import ROOT
from lightning_fabric import Fabric

from unit_core import augment, data, run
from unit_core.batches import Material
from unit_core.domains import target_of
from unit_core.evaluation import load_judges
from unit_core.judges import Judge
from unit_core.labelling import given_labels
from unit_core.looks import look
from unit_core.networks import ModelConfig, as_batch
from unit_core.recipe import TrainConfig
from unit_core.training import Trainer
from unit_core.translator import Translator

RESULTS = ROOT / "benchmarks" / "results" / "ablation.json"
DIGITS = 2500  # of each script
BENT = augment.Ranges(scale=(0.75, 1.1), stretch=(0.75, 1.8), shift=2.0, bend=0.1)
SOILED = augment.Ranges(
    rotate=0.25, scale=(0.75, 1.15), stretch=(0.7, 1.9), shift=2.5, weight=0.8, bend=0.06
)

Recipe = tuple[ModelConfig, TrainConfig]


def without(*terms: str) -> Callable[[Recipe], Recipe]:
    """The recipe with these weights at 0."""

    def changed(recipe: Recipe) -> Recipe:
        model, config = recipe
        return model, replace(config, weights=replace(config.weights, **dict.fromkeys(terms, 0.0)))

    return changed


def straight(recipe: Recipe) -> Recipe:
    """Nothing is bent in training."""
    model, config = recipe
    flat = {name: replace(getattr(config, name), bend=0.0) for name in ("ranges", "rough")}
    return model, replace(config, **flat)


VARIANTS: dict[str, Callable[[Recipe], Recipe]] = {
    "the recipe": lambda recipe: recipe,
    "no equivariance": without("equivariance"),
    "no style match": without("style"),
    "no way between digits": without("passage"),
    "no cycle": without("cycle"),
    "no confusion of scripts": without("confusion"),
    "hands off their centre": without("centre"),
    "no reading at the end": lambda recipe: (recipe[0], replace(recipe[1], reading=0.0)),
    "no discriminators": without("gan", "made_classes", "passage"),
    "no bends": straight,
    "a hand of any reach": lambda recipe: (replace(recipe[0], reach=1e3, shown=1e3), recipe[1]),
    "no refining convolutions": lambda recipe: (replace(recipe[0], refine=0), recipe[1]),
}


def trained(recipe: Recipe, parts: Mapping[str, data.Parts], folder: Path) -> Trainer:
    """Trained to the end."""
    model, config = recipe
    fabric = Fabric(accelerator="cpu", devices=1)
    material = {}
    for name in model.domains:
        digits = parts[name].train
        labels = given_labels(digits, config.labels[name], config.seed, {})
        material[name] = Material.of(digits, labels, fabric.device)
    trainer = Trainer(model, config, material, fabric)
    run.fit(trainer, folder, {name: part.validation for name, part in parts.items()})
    return trainer


def measured(
    translator: Translator, judges: Mapping[str, Judge], parts: Mapping[str, data.Parts]
) -> dict[str, Any]:
    """On validation digits, by source script: read right in percent, latent head and judge; and
    looks."""
    few = {name: some(part.validation) for name, part in parts.items()}
    found: dict[str, Any] = {}
    for name, digits in few.items():
        target = target_of(name, translator.domains)
        random = torch.Generator().manual_seed(5)
        images = as_batch(digits.images)
        bent, worn = (
            augment.warp(images, augment.sample(ranges, len(digits), random)).clamp(0, 1)
            for ranges in (BENT, SOILED)
        )
        soiled = augment.cut(
            torch.maximum(worn, augment.dirt(len(digits), generator=random))
        ).clamp(0, 1)
        own = {}
        for kind, shown in (("plain", images), ("bent", bent), ("soiled", soiled)):
            codes = translator.encode(shown, name)
            read = {
                "latent": translator.classify_codes(codes),
                "judge": judges[target].classify(translator.decode(codes, target)),
            }
            own[kind] = {
                reader: round(100 * float((p.argmax(1) == digits.labels).float().mean()), 2)
                for reader, p in read.items()
            }
        seen = look(translator, judges, name, target, few)
        assert seen.judged is not None
        found[name] = own | {
            "diversity": round(seen.diversity, 3),
            "hand_kept": round(sum(seen.hand_kept.values()) / len(seen.hand_kept), 3),
            "frechet_over_floor": round(
                seen.judged.frechet.distance / seen.judged.frechet.floor, 2
            ),
            "smooth_between": seen.judged.smooth_between,
            "any_digit": seen.judged.any_digit,
            "mixing": round(seen.mixing, 3),
        }
    return found


def some(digits: data.Digits) -> data.Digits:
    """The same DIGITS of all writers every time."""
    order = torch.randperm(len(digits), generator=torch.Generator().manual_seed(0))[:DIGITS]
    return replace(digits, images=digits.images[order], labels=digits.labels[order])


def markdown(results: Mapping[str, Any]) -> str:
    """A row a variant, the second script's side of each measure."""
    columns = (
        "trained, plain, bent, soiled, spread, hand, Fréchet / floor, between, any digit, mixing"
    )
    titles = columns.split(", ")
    lines = [f"| {' | '.join(titles)} |", "|---" * len(titles) + "|"]
    for name, result in results.items():
        own = list(result["validation"].values())[1]
        read = [
            f"{own[k]['latent']:.1f} / {own[k]['judge']:.1f}" for k in ("plain", "bent", "soiled")
        ]
        looks = [
            f"{own['diversity']:.2f}",
            f"{own['hand_kept']:.2f}",
            f"{own['frechet_over_floor']:.1f}",
            f"{own['smooth_between']:.1f}",
            f"{own['any_digit']:.1f}" if "any_digit" in own else "-",
            f"{own['mixing']:.2f}",
        ]
        lines.append(f"| {' | '.join([name, *read, *looks])} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--max-minutes", type=float, default=8.0, help="of each training")
    parser.add_argument("--labels", default="1%", help="not so few that groups come first")
    parser.add_argument("--only", nargs="+", choices=list(VARIANTS), metavar="NAME")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--data-dir", type=Path)
    given = parser.parse_args()

    torch.set_num_threads(given.threads)
    torch.set_flush_denormal(True)
    model = ModelConfig()
    first, *rest = model.domains
    config = TrainConfig(
        labels={first: "100%"} | dict.fromkeys(rest, given.labels),
        steps=None,
        max_minutes=given.max_minutes,
    )
    setting = {"threads": given.threads, "model": asdict(model), "config": asdict(config)}
    setting = json.loads(json.dumps(setting))  # as the file has it: what differs is measured anew
    before = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    variants = before["variants"] if before.get("setting") == setting else {}
    parts = {name: data.split(data.load_train(name, given.data_dir)) for name in model.domains}
    judges = load_judges(model.domains)
    for name in given.only or VARIANTS:
        if name in variants:
            continue
        folder = ROOT / "runs" / "ablation" / name.replace(" ", "-")
        trainer = trained(VARIANTS[name]((model, config)), parts, folder)
        variants[name] = {
            "steps": trainer.steps_done,
            "minutes": round(trainer.seconds / 60, 1),
            "validation": measured(trainer.average, judges, parts),
        }
        RESULTS.write_text(json.dumps({"setting": setting, "variants": variants}, indent=1) + "\n")
    print(markdown(variants))


if __name__ == "__main__":
    main()
