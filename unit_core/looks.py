"""How translations look: do they vary, keep the hand, look real, move smoothly, bear a push?

On validation digits only; each measure is defined in `metrics`, and all draws are seeded.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from unit_core import augment, metrics
from unit_core.data import Digits
from unit_core.domains import CLASSES
from unit_core.judges import Judge
from unit_core.results import Judged, Looks, Realism
from unit_core.translator import Translator, as_images

LINES, STOPS = 500, 21  # latent lines to walk, and codes decoded on each
PUSHES = {
    "shift": augment.Ranges(0, 0, (1, 1), (1, 1), 2, 0),
    "rotation": augment.Ranges(math.radians(15), 0, (1, 1), (1, 1), 0, 0),
    "thickness": augment.Ranges(0, 0, (1, 1), (1, 1), 0, 0.7),
    "stretch": augment.Ranges(0, 0, (1, 1), (1, 1.6), 0, 0),
}


@dataclass(frozen=True)
class _Seen:
    """Real digits `of` one script, their codes, and their translations into `target`, beside the
    `real` ones there."""

    domain: str
    of: Digits
    codes: Tensor
    target: str
    translated: Tensor
    real: Digits


def look(
    translator: Translator,
    judges: Mapping[str, Judge],
    domain: str,
    target: str,
    real: Mapping[str, Digits],
) -> Looks:
    """Look at translations of `real[domain]` beside `real[target]`, both validation digits."""
    codes, others = (translator.encode(real[name].images, name) for name in (domain, target))
    translated = translator.decode(codes, target).cpu()
    seen = _Seen(domain, real[domain], codes, target, translated, real[target])
    images, labels = seen.of.images / 255, seen.of.labels
    diversity = metrics.diversity(translated, labels, seen.real.images / 255, seen.real.labels)
    cost = None
    if judge := judges.get(domain):
        again = translator.decode(codes, domain)
        cost = _per_cent(judge, seen.of.images, labels) - _per_cent(judge, again, labels)
    judge = judges.get(target)
    codes, others = codes.cpu(), others.cpu()
    return Looks(
        target=target,
        diversity=diversity if math.isfinite(diversity) else None,
        hand_kept=metrics.hand_kept(images, translated, labels),
        mixing=metrics.mixing(codes, others),
        neighbour_agreement=metrics.neighbour_agreement(codes, labels, others, seen.real.labels),
        reconstruction_cost=cost,
        judged=None if judge is None else _judged(translator, judge, seen),
    )


def _judged(translator: Translator, judge: Judge, seen: _Seen) -> Judged:
    labels, codes, target = seen.of.labels, seen.codes, seen.target
    made, genuine = judge.features(seen.translated), judge.features(seen.real.images)
    pairs = [(made[labels == c], genuine[seen.real.labels == c]) for c in range(CLASSES)]
    classes = [metrics.realism(*pair) for pair in pairs if min(map(len, pair)) >= metrics.LEAST]
    plain = _per_cent(judge, seen.translated, labels)
    robust = {}
    for name, ranges in PUSHES.items():
        random = torch.Generator().manual_seed(0)
        change = augment.sample(ranges, len(seen.of), random)
        pushed = augment.warp(as_images(seen.of.images), change).clamp(0, 1)
        moved = translator.decode(translator.encode(pushed, seen.domain), target)
        robust[name] = plain - _per_cent(judge, moved, labels)

    random = torch.Generator().manual_seed(0)
    starts = torch.randint(len(codes), (LINES,), generator=random)
    mates = torch.stack([_another(labels, int(i), True, random) for i in starts])
    strangers = torch.stack([_another(labels, int(i), False, random) for i in starts])
    alike, unlike = (
        _walk(translator, judge, codes[starts], codes[ends], target) for ends in (mates, strangers)
    )
    ten = translator.all_digits(codes[starts]).flatten(0, 1)
    return Judged(
        frechet=metrics.realism(made, genuine),
        frechet_within_class=Realism(
            sum(c.distance for c in classes) / len(classes),
            sum(c.floor for c in classes) / len(classes),
        )
        if classes
        else None,
        smooth_within=metrics.stays(alike, labels[starts]),
        smooth_between=metrics.changes_once(unlike),
        any_digit=_per_cent(
            judge, translator.decode(ten, target), torch.arange(CLASSES).repeat(len(starts))
        ),
        robust=robust,
    )


def _another(labels: Tensor, index: int, same: bool, random: torch.Generator) -> Tensor:
    """Index of another digit of the same class, or of another class; of itself if there is none."""
    alike = (labels == labels[index]) == same
    alike[index] = False
    candidates = alike.nonzero()[:, 0]
    if not len(candidates):
        return torch.tensor(index)
    return candidates[torch.randint(len(candidates), (), generator=random)]


def _walk(
    translator: Translator, judge: Judge, starts: Tensor, ends: Tensor, target: str
) -> Tensor:
    """How the judge reads each stop on the lines from `starts` to `ends` (N, D): (N, STOPS)."""
    share = torch.linspace(0, 1, STOPS, device=starts.device)[None, :, None]
    stops = torch.lerp(starts[:, None], ends[:, None], share)
    read = judge.classify(translator.decode(stops.flatten(0, 1), target).cpu()).argmax(1)
    return read.view(len(starts), STOPS)


def _per_cent(judge: Judge, images: Tensor, labels: Tensor) -> float:
    return metrics.accuracy(judge.classify(images.cpu()).argmax(1), labels)
