"""Ten groups among the digits of a script of which no label is known, or hardly one a class.

Self-labelling (Asano et al. 2020): a digit's group is what the averaged network says of it clean,
made equally common by Sinkhorn-Knopp, and the network learns to say so of the digit warped. What
survives slant, stretch and weight is the shape. A start may end in a poor grouping, so several
heads learn at once on one trunk, beside a finer grouping that keeps the trunk honest, and the head
whose answers to clean and warped digits share most information is taken (Ji et al. 2019, IIC).
A trunk may fail too, each time in its own way, while good ones end nearly alike: so searches are
repeated until three have found the same, and what these think together counts (Strehl & Ghosh
2002, cluster ensembles). Which group is which digit the few labels say; without any nobody can
know, and the groups come in any order.
"""

import copy
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from scipy.optimize import linear_sum_assignment
from torch import Tensor, nn
from tqdm import tqdm

from unit_core import augment, losses
from unit_core.domains import CLASSES, UNKNOWN
from unit_core.networks import Encoder, ModelConfig, as_batch
from unit_core.recipe import learning_rate_factor
from unit_core.translator import Translator

SAMPLE = 5000  # digits by which searches are compared
LEAST = 1e-3  # belief in a group: searches may be sure and wrong of a digit with a label


@dataclass(frozen=True)
class Recipe:
    """How groups are found; `minutes`, if given, end the searches early, with fitted schedules."""

    steps: int = 6000  # of a search
    minutes: float | None = None  # of all, shared by the searches
    searches: int = 5  # at most
    least: float = 1.2  # minutes of a search: with few in all there are fewer searches
    wanted: int = 3  # searches that end alike, to search no more
    alike: float = 0.92  # share of digits that two of these group alike, at least
    sure: float = 0.9  # belief at which a digit's group counts
    batch: int = 64
    heads: int = 5
    fine: int = 64  # groups of the finer grouping
    memory: int = 2048  # digits of late among which groups are made equally common
    rate: float = 2e-3
    follow: float = 0.99  # of the averaged network
    ranges: augment.Ranges = augment.Ranges(
        scale=(0.8, 1.1), stretch=(0.8, 1.7), shift=2.0, bend=0.05
    )


@dataclass(frozen=True)
class Grouping:
    """What a search says of some digits: `beliefs` (N, 10), each group equally common.

    `information`: nats that its answers to clean and warped digits share, at most ln 10.
    """

    beliefs: Tensor
    information: float


class Network(nn.Module):
    """(N, 1, 28, 28) -> logits of the heads (heads, N, 10) and of the finer groups (N, fine)."""

    def __init__(self, model: ModelConfig, recipe: Recipe) -> None:
        super().__init__()
        self.heads = recipe.heads
        self.trunk = nn.Sequential(
            Encoder(model.width, model.refine),
            nn.Linear(64 * model.width, model.hidden),
            nn.LeakyReLU(0.1),
        )
        self.coarse = nn.Linear(model.hidden, recipe.heads * CLASSES)
        self.fine = nn.Linear(model.hidden, recipe.fine)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        h = self.trunk(images)  # (N, hidden)
        return self.coarse(h).view(-1, self.heads, CLASSES).transpose(0, 1), self.fine(h)


def find(
    images: Tensor,
    labels: Tensor,
    model: ModelConfig,
    recipe: Recipe,
    seed: int = 0,
    shown: bool = True,
) -> Tensor:
    """The group, 0 to 9, of each of `images` (N, 28, 28) uint8: (N,).

    UNKNOWN where the searches that ended alike, shown the digit clean and warped, are not sure
    together. The groups are called after the `labels` (N,) in them, where there are any; then a
    group that is of none of the labelled classes is UNKNOWN too. Computed on the device of
    `images`; `shown` is whether a progress bar is.
    """
    random = torch.Generator().manual_seed(seed)
    some = images[torch.randperm(len(images), generator=random)[:SAMPLE].to(images.device)]
    searches, seconds = recipe.searches, math.inf
    if recipe.minutes is not None:
        searches = min(searches, max(1, int(recipe.minutes / recipe.least)))
        seconds = 60 * recipe.minutes / searches
    networks: list[Network] = []
    found: list[Grouping] = []
    alike: list[int] = []
    while len(networks) < searches and len(alike) < recipe.wanted:
        title = f"ten groups, search {len(networks) + 1}" if shown else None
        network = _search(images, model, recipe, seed + 1000 * len(networks), seconds, title)
        networks.append(network)
        found.append(_grouped(network, some, recipe, random))
        alike = _alike(found, recipe.alike)
    beliefs = [_grouped(networks[i], images, recipe, random).beliefs for i in alike]
    together = torch.stack([_matched(each, beliefs[0]) for each in beliefs]).mean(0)
    belief, groups = _named(together, labels).max(1)
    given = labels[labels != UNKNOWN]
    sure = (belief >= recipe.sure) & (torch.isin(groups, given) if len(given) else True)
    return torch.where(sure, groups, UNKNOWN)


def believed(translator: Translator, images: Tensor, domain: str) -> Tensor:
    """The class, 0 to 9, that a trained model is sure each of `images` is of, or UNKNOWN: (N,)."""
    belief, groups = translator.classify(images, domain).max(1)
    return torch.where(belief >= Recipe.sure, groups, UNKNOWN)


def _alike(found: Sequence[Grouping], share: float) -> list[int]:
    """Which of these groupings of the same digits are like the best, that one first.

    The best is that to which most others are alike; of equals, the more informative.
    """

    def near(one: Grouping, other: Grouping) -> bool:
        same = _matched(other.beliefs, one.beliefs).argmax(1) == one.beliefs.argmax(1)
        return float(same.float().mean()) >= share

    circles = [
        [i, *(j for j in range(len(found)) if j != i and near(found[i], found[j]))]
        for i in range(len(found))
    ]
    return max(circles, key=lambda circle: (len(circle), found[circle[0]].information))


def _matched(beliefs: Tensor, like: Tensor) -> Tensor:
    """`beliefs` (N, 10) with their groups in the order in which they fit `like` (N, 10) best."""
    return _ordered(beliefs, like.T @ beliefs)


def _named(beliefs: Tensor, labels: Tensor) -> Tensor:
    """`beliefs` (N, 10) with their groups in the order that makes `labels` (N,) most likely."""
    known = labels != UNKNOWN
    named = F.one_hot(labels[known], CLASSES).to(beliefs.dtype)
    return _ordered(beliefs, named.T @ beliefs[known].clamp(min=LEAST).log())


def _ordered(beliefs: Tensor, fit: Tensor) -> Tensor:
    """The groups of `beliefs` (N, 10), one for each row of `fit` (10, 10): in all the best."""
    _, order = linear_sum_assignment(fit.cpu().numpy(), maximize=True)
    return beliefs[:, torch.from_numpy(order).to(beliefs.device)]


def _search(
    images: Tensor,
    model: ModelConfig,
    recipe: Recipe,
    seed: int,
    seconds: float,
    title: str | None,  # of a progress bar
) -> Network:
    """A network that has learnt to group `images`, in `seconds` at most."""
    device = images.device
    random = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = Network(model, recipe).to(device)
    average = copy.deepcopy(network).requires_grad_(False)
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=recipe.rate, betas=(0.9, 0.99), weight_decay=1e-4, fused=True
    )
    recent = [
        torch.zeros(recipe.heads, recipe.memory, CLASSES, device=device),
        torch.zeros(1, recipe.memory, recipe.fine, device=device),
    ]
    start, progress = time.monotonic(), 0.0
    layout = "{desc} {percentage:3.0f} %|{bar}| {elapsed} < {remaining}"
    bar = tqdm(total=1.0, disable=title is None, desc=title, bar_format=layout, leave=False)
    step = 0
    while progress < 1:
        optimizer.param_groups[0]["lr"] = recipe.rate * learning_rate_factor(progress)
        chosen = torch.randint(len(images), (recipe.batch,), generator=random).to(device)
        batch = as_batch(images[chosen])
        warped = augment.warp(batch, augment.sample(recipe.ranges, recipe.batch, random).to(device))
        with torch.no_grad():
            coarse, fine = average(batch)
            seen = [torch.cat(pair, 1) for pair in zip((coarse, fine[None]), recent, strict=True)]
            recent = [logits[:, : recipe.memory] for logits in seen]
            groups = [torch.stack([losses.sinkhorn(each) for each in part]) for part in seen]
        said = network(warped)
        loss = sum(
            -(wanted[:, : recipe.batch] * logits.log_softmax(-1)).sum(-1).mean()
            for wanted, logits in zip(groups, (said[0], said[1][None]), strict=True)
        )
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        step += 1
        with torch.no_grad():
            share = 1 - min(recipe.follow, (1 + step) / (10 + step))
            torch._foreach_lerp_(list(average.parameters()), list(network.parameters()), share)
        progress = step / recipe.steps
        progress = max(progress, (time.monotonic() - start) / seconds)
        bar.update(min(progress, 1.0) - bar.n)
    bar.close()
    return average


@torch.no_grad()
def _grouped(network: Network, images: Tensor, recipe: Recipe, random: torch.Generator) -> Grouping:
    """What the best head says of `images`, clean and warped."""
    clean, warped = [], []
    for part in images.split(128):
        batch = as_batch(part)
        change = augment.sample(recipe.ranges, len(batch), random).to(batch.device)
        clean.append(network(batch)[0].softmax(-1))
        warped.append(network(augment.warp(batch, change))[0].softmax(-1))
    one, other = torch.cat(clean, 1), torch.cat(warped, 1)  # (heads, N, 10)
    shared = [information(*pair) for pair in zip(one, other, strict=True)]
    best = max(range(len(shared)), key=shared.__getitem__)
    both = ((one[best] + other[best]) / 2).clamp(min=1e-6)
    return Grouping(losses.sinkhorn(both.log()), shared[best])


def information(one: Tensor, other: Tensor) -> float:
    """Mutual information in nats of two soft groupings (N, C) of the same digits (IIC, eq. 3)."""
    joint = one.T @ other / len(one)
    joint = ((joint + joint.T) / 2).clamp(min=1e-9)
    independent = joint.sum(0, keepdim=True) * joint.sum(1, keepdim=True)
    return float((joint * (joint / independent).log()).sum())
