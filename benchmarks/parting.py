"""Learn what `unit_core/parting.py` weighs: which parting of ink that stands close is right?

Pages are composed from validation digits, clean, ruled, crowded and of failing pens. The parting
whose boxes fit the true ones best is to win over all others, by the script that fits it best: an
averaged structured perceptron with margin (Collins 2002; Tsochantaridis et al. 2005). Prints the
weights, and how many clusters of pages held out are parted right.

python benchmarks/parting.py [--checkpoint checkpoints/full] [--data-dir D] [--pages 12]
"""

import argparse
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import cv2
import numpy as np
from here import ROOT
from compose import CLEAN, HARD, Conditions, compose
from pages import hands, overlap

from unit_core import Translator, parting
from unit_core.evidence import hypotheses_of
from unit_core.page import find
from unit_core.parting import Cluster, Way, Weights

CONDITIONS = (
    CLEAN,
    HARD,
    Conditions(tilt=4, shadow=0.5, noise=0.03, ruled="grid"),
    Conditions(gaps=(-0.12, 0.1)),
    Conditions(failing=1.0),
)
HALF = 0.5  # intersection over union that counts as found
WELL = 0.2  # above that is a good fit
AMISS = 0.3  # that a way may lack, and be as good as right
EPOCHS, RATE, MARGIN = 40, 0.02, 1.0


@dataclass(frozen=True)
class Example:
    """A cluster, its candidates' evidence by each hypothesis, how well their boxes fit a true one
    (by members), and the way that fits best."""

    cluster: Cluster
    evidence: tuple[np.ndarray, ...]
    fit: dict[int, float]
    truth: Way

    def lacks(self, way: Way) -> float:
        """How much worse a way fits than the best; half a digit's box is .5."""
        best, own = (
            sum(self.fit[each.members] for each in each.chosen) for each in (self.truth, way)
        )
        return best - own


def examples(
    translator: Translator, conditions: Conditions, seed: int, count: int, data_dir: Path | None
) -> list[Example]:
    """All clusters of `count` pages."""
    pens = hands(translator.domains, "validation", data_dir)
    random, found = np.random.default_rng(seed), []
    for _ in range(count):
        composed = compose(pens, random, conditions)
        boxes = [each.box for number in composed.numbers for each in number]
        clusters = parting.clusters(find(composed.picture))
        candidates = [each.found for cluster in clusters for each in cluster.candidates]
        if not candidates or not boxes:
            continue
        inks = [each.ink for each in candidates]
        hypotheses = [
            o for name in translator.domains for o in hypotheses_of(translator, inks, name)
        ]
        fit = overlap(boxes, [each.box for each in candidates]).max(0) - HALF
        at = 0
        for cluster in clusters:
            part = slice(at, at := at + len(cluster.candidates))
            truth = parting.best_way(cluster, fit[part].tolist(), crumb=0.0)
            fits = {
                c.members: f for c, f in zip(cluster.candidates, fit[part].tolist(), strict=True)
            }
            found.append(Example(cluster, tuple(o.evidence[part] for o in hypotheses), fits, truth))
    return found


def traits(example: Example, evidence: np.ndarray, way: Way) -> np.ndarray:
    """What is weighed of a way, (10,)."""
    place = {id(each): i for i, each in enumerate(example.cluster.candidates)}
    own = [parting.traits(each, float(evidence[place[id(each)]])) for each in way.chosen]
    taken = sum(each.members for each in way.chosen)
    left = sum(not taken >> i & 1 for i in range(len(example.cluster.pieces)))
    sums = np.reshape(own, (-1, len(fields(Weights)) - 1)).sum(0)  # a way may hold crumbs alone
    return np.array([*sums, left])


def predicted(
    example: Example, weights: np.ndarray, margin: float = 0.0
) -> tuple[float, Way, np.ndarray]:
    """The way that scores best, its score, and the evidence by which it does; what fits no true
    digit has `margin` in favour."""
    wrong = [margin * (example.fit[each.members] < WELL) for each in example.cluster.candidates]
    best: tuple[float, Way, np.ndarray] | None = None
    for evidence in example.evidence:
        scores = parting.scores(example.cluster, evidence, Weights(*weights.tolist()))
        scores = [score + more for score, more in zip(scores, wrong, strict=True)]
        way = parting.best_way(example.cluster, scores, crumb=float(weights[-1]))
        if best is None or way.score > best[0]:
            best = way.score, way, evidence
    assert best is not None
    return best


def learn(found: Sequence[Example]) -> np.ndarray:
    """Weights (10,): the mean over all steps."""
    weights = np.array(astuple(Weights()))
    total = np.zeros_like(weights)
    random = np.random.default_rng(0)
    for _ in range(EPOCHS):
        for i in random.permutation(len(found)).tolist():
            example = found[i]
            _, way, evidence = predicted(example, weights, MARGIN)
            if example.lacks(way) > AMISS:
                true = max(
                    (traits(example, own, example.truth) for own in example.evidence),
                    key=lambda each: float(each @ weights),
                )
                weights = weights + RATE * (true - traits(example, evidence, way))
            total += weights
    return total / (EPOCHS * len(found))


def right(found: Sequence[Example], weights: np.ndarray) -> float:
    """Percent of clusters parted right."""
    hits = [each.lacks(predicted(each, weights)[1]) <= AMISS for each in found]
    return 100 * float(np.mean(hits))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--checkpoint", type=Path, default=ROOT / "checkpoints" / "full")
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--pages", type=int, default=12, help="of each condition; a third held out")
    given = parser.parse_args()

    cv2.setNumThreads(1)
    translator = Translator.load(given.checkpoint)
    held = max(1, given.pages // 3)
    learnt, kept = (
        [
            example
            for conditions in CONDITIONS
            for example in examples(translator, conditions, seed, count, given.data_dir)
        ]
        for seed, count in ((11, given.pages - held), (12, held))
    )
    before = np.array(astuple(Weights()))
    weights = learn(learnt)
    print(f"{len(learnt):,} clusters to learn from, {len(kept):,} held out")
    print(f"parted right: {right(kept, before):.1f} % before, {right(kept, weights):.1f} % now")
    for field, value in zip(fields(Weights), weights, strict=True):
        print(f"    {field.name}: float = {value:.2f}")


if __name__ == "__main__":
    main()
