"""How wide should hands be, and how near do real digits of other writers come?

    python benchmarks/realism.py [CHECKPOINT ...] [--data-dir DIR] [--json F]

On validation digits, both ways: what translations look like if each hand lay further from its
centre, 1 being as it was learnt (a run gives it `unit_core.training.WIDER` at last). Beside
it the Fréchet distance of real digits of as many other writers, drawn from the training set, where
writers are known: a fairer floor than halves of the same writers' digits. And for the same reason
how well the codes of such strangers mix: a hand's digits lie together, so even within one script
few of the nearest codes are of another group of writers. And what translations are like of the
digits of all training writers, and of a few of them: a few hands are not all of a script's.
"""

import argparse
import statistics
from pathlib import Path

import torch
from here import ROOT

from unit_core import metrics
from unit_core.checkpoint import write_json
from unit_core.data import Parts, load_train, split
from unit_core.domains import target_of
from unit_core.evaluation import load_judges
from unit_core.judges import Judge
from unit_core.translator import Translator

WIDTHS = (1.0, 1.04, 1.08, 1.12, 1.16, 1.2)
DRAWS = 20  # of other writers
MIXED = 5000  # digits of each kind whose codes are mixed


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoints", nargs="*", type=Path, default=[ROOT / "checkpoints/full"])
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    return parser.parse_args()


def other_writers(judge: Judge, parts: Parts) -> dict[str, float] | None:
    """Mean and deviation of the distance of other writers' digits to validation's."""
    train, held = parts.train, parts.validation
    if train.writers is None or held.writers is None:
        return None
    features, genuine = judge.features(train.images), judge.features(held.images)
    names, wanted = train.writers.unique(), len(held.writers.unique())
    random = torch.Generator().manual_seed(0)
    distances = []
    for _ in range(DRAWS):
        chosen = names[torch.randperm(len(names), generator=random)[:wanted]]
        own = features[torch.isin(train.writers, chosen)]
        own = own[torch.randperm(len(own), generator=random)[: len(genuine)]]
        distances.append(metrics.realism(own, genuine).distance)
    return {
        "writers": wanted,
        "mean": round(statistics.mean(distances), 3),
        "deviation": round(statistics.stdev(distances), 3),
    }


def mixing(
    translator: Translator, domain: str, target: str, parts: dict[str, Parts]
) -> dict[str, float] | None:
    """Share of the other kind among the 10 nearest codes, pooled, where 0.5 is a perfect mixture:
    of validation's writers and the other script; of them and as many other writers; of digits of
    all training writers and the other script; of half of those writers and the other half."""
    train, held = parts[domain].train, parts[domain].validation
    if train.writers is None or held.writers is None:
        return None
    other = translator.encode(parts[target].validation.images, target)[:MIXED]
    codes = translator.encode(held.images, domain)[:MIXED]
    own, names = translator.encode(train.images, domain), train.writers.unique()
    random = torch.Generator().manual_seed(0)

    def of(writers: torch.Tensor) -> torch.Tensor:
        found = own[torch.isin(train.writers, writers)]
        return found[torch.randperm(len(found), generator=random)[:MIXED]]

    strangers, halves = [], []
    for _ in range(DRAWS // 4):
        order = names[torch.randperm(len(names), generator=random)]
        strangers.append(metrics.mixing(of(order[: len(held.writers.unique())]), codes))
        half = len(order) // 2
        halves.append(metrics.mixing(of(order[:half]), of(order[half:])))
    found = {
        "scripts": metrics.mixing(codes, other),
        "strangers": statistics.mean(strangers),
        "strangers_deviation": statistics.stdev(strangers),
        "scripts_all_writers": metrics.mixing(of(names), other),
        "halves_of_writers": statistics.mean(halves),
    }
    return {key: round(value, 3) for key, value in found.items()}


def of_training(
    translator: Translator, judge: Judge, domain: str, target: str, parts: dict[str, Parts]
) -> dict[str, float] | None:
    """Fréchet distance to real digits of what is made of training digits: of all writers, and, as
    mean and deviation, of as many of them as validation has."""
    train, held = parts[domain].train, parts[domain].validation
    if train.writers is None or held.writers is None:
        return None
    genuine, names = judge.features(parts[target].validation.images), train.writers.unique()
    random = torch.Generator().manual_seed(0)

    def distance(writers: torch.Tensor) -> float:
        own = train.images[torch.isin(train.writers, writers)]
        own = own[torch.randperm(len(own), generator=random)[: len(held)]]
        made = translator.translate(own, domain, target).cpu()
        return metrics.realism(judge.features(made), genuine).distance

    wanted = len(held.writers.unique())
    few = [
        distance(names[torch.randperm(len(names), generator=random)[:wanted]])
        for _ in range(DRAWS // 4)
    ]
    found = {
        "all": distance(names),
        "few": statistics.mean(few),
        "deviation": statistics.stdev(few),
    }
    return {"writers": wanted} | {key: round(value, 3) for key, value in found.items()}


def by_width(
    translator: Translator, judge: Judge, domain: str, target: str, parts: dict[str, Parts]
) -> dict[str, dict[str, float]]:
    """Spread within a class, Fréchet distance over its floor, judge and copies at each width."""
    source, other = parts[domain].validation, parts[target].validation
    genuine, generator = judge.features(other.images), translator.networks.generator
    found, as_saved = {}, translator.provenance.widened
    now = as_saved
    for width in WIDTHS:
        generator.widen(width / now)
        now = width
        codes = translator.encode(source.images, domain)
        made, copies = (translator.decode(codes, name).cpu() for name in (target, domain))
        real = metrics.realism(judge.features(made), genuine)
        found[str(width)] = {
            "spread": metrics.diversity(made, source.labels, other.images / 255, other.labels),
            "frechet": real.distance,
            "floor": real.floor,
            "judge": metrics.accuracy(judge.classify(made).argmax(1), source.labels),
            "mse": metrics.reconstruction_mse(source.images / 255, copies),
        }
    generator.widen(as_saved / now)
    return {width: {k: round(v, 5) for k, v in own.items()} for width, own in found.items()}


def main() -> None:
    given = options()
    parts: dict[str, Parts] = {}
    results: dict[str, object] = {}
    for folder in given.checkpoints:
        translator = Translator.load(folder)
        judges = load_judges(translator.domains)
        for name in translator.domains:
            if name not in parts:
                parts[name] = split(load_train(name, given.data_dir))
                results[f"real {name}, other writers"] = other_writers(judges[name], parts[name])
                print(f"real {name}, other writers:", results[f"real {name}, other writers"])
        for name in translator.domains:
            target = target_of(name, translator.domains)
            title = f"{folder.name}, {name} to {target}"
            if mixed := mixing(translator, name, target, parts):
                results[f"{folder.name}, codes of {name}"] = mixed
                print(f"{folder.name}, codes of {name}:", mixed)
            if made := of_training(translator, judges[target], name, target, parts):
                results[f"{title}, training writers"] = made
                print(f"{title}, training writers:", made)
            results[title] = found = by_width(translator, judges[target], name, target, parts)
            print(title)
            for width, own in found.items():
                print(f"  {width:<5}", ", ".join(f"{key} {value}" for key, value in own.items()))
    if given.json:
        write_json(given.json, results)


if __name__ == "__main__":
    main()
