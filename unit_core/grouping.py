"""Ten groups among the digits of a script of which not one label is known.

Self-labelling (Asano et al. 2020): a digit's group is what the averaged network says of it clean,
made equally common by Sinkhorn-Knopp, and the network learns to say so of the digit warped. What
survives slant, stretch and weight is the shape. A start may end in a poor grouping, so several
heads learn at once on one trunk, beside a finer grouping that keeps the trunk honest, and the head
whose answers to clean and warped digits share most information is taken (Ji et al. 2019, IIC).
A trunk may fail too: if many digits change their group when warped, another search begins.
Which group is which digit nobody can know: groups are numbered as they come.
"""

import copy
import math
import time
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from tqdm import tqdm

from unit_core import augment, losses
from unit_core.data import UNKNOWN
from unit_core.domains import CLASSES
from unit_core.networks import Encoder, ModelConfig, as_batch
from unit_core.recipe import learning_rate_factor

SAMPLE = 5000  # digits by which searches are compared


@dataclass(frozen=True)
class Recipe:
    """How groups are found; `minutes`, if given, end it all early, with a fitted schedule."""

    steps: int = 6000  # of a search
    minutes: float | None = None  # of all; a search takes half of them at most
    searches: int = 3  # at most
    enough: float = 0.9  # share of digits that keep their group when warped, to search no more
    batch: int = 64
    heads: int = 5
    fine: int = 64  # groups of the finer grouping
    memory: int = 2048  # digits of late among which groups are made equally common
    rate: float = 2e-3
    follow: float = 0.99  # of the averaged network
    ranges: augment.Ranges = augment.Ranges(
        scale=(0.8, 1.1), stretch=(0.8, 1.7), shift=2.0, bend=0.05
    )


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
    images: Tensor, model: ModelConfig, recipe: Recipe, seed: int = 0, shown: bool = True
) -> Tensor:
    """The group, 0 to 9, of each of `images` (N, 28, 28) uint8: (N,).

    UNKNOWN where the network is not of one mind about the clean and the warped digit. Of several
    searches that one is taken which is so about most. Computed on the device of `images`; `shown`
    is whether a progress bar is.
    """
    random = torch.Generator().manual_seed(seed)
    some = images[torch.randperm(len(images), generator=random)[:SAMPLE].to(images.device)]
    start, limit = time.monotonic(), 60 * (recipe.minutes or math.inf)
    best, most = None, -1.0
    for number in range(recipe.searches):
        left = start + limit - time.monotonic()
        if most >= recipe.enough or left < limit / 4:
            break
        network = _search(images, model, recipe, seed + 1000 * number, min(left, limit / 2), shown)
        settled = float((_agreed(network, some, recipe, random) != UNKNOWN).float().mean())
        if settled > most:
            best, most = network, settled
    assert best is not None
    return _agreed(best, images, recipe, random)


def _search(
    images: Tensor, model: ModelConfig, recipe: Recipe, seed: int, seconds: float, shown: bool
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
    bar = tqdm(total=1.0, disable=not shown, desc="ten groups", bar_format=layout, leave=False)
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
def _agreed(network: Network, images: Tensor, recipe: Recipe, random: torch.Generator) -> Tensor:
    """The best head's groups, where clean and warped digit are in one."""
    clean, warped = [], []
    for part in images.split(512):
        batch = as_batch(part)
        change = augment.sample(recipe.ranges, len(batch), random).to(batch.device)
        clean.append(network(batch)[0].softmax(-1))
        warped.append(network(augment.warp(batch, change))[0].softmax(-1))
    one, other = torch.cat(clean, 1), torch.cat(warped, 1)  # (heads, N, 10)
    best = max(range(len(one)), key=lambda head: information(one[head], other[head]))
    groups = losses.sinkhorn(one[best].clamp(min=1e-6).log()).argmax(1)
    return torch.where(groups == other[best].argmax(1), groups, UNKNOWN)


def information(one: Tensor, other: Tensor) -> float:
    """Mutual information in nats of two soft groupings (N, C) of the same digits (IIC, eq. 3)."""
    joint = one.T @ other / len(one)
    joint = ((joint + joint.T) / 2).clamp(min=1e-9)
    independent = joint.sum(0, keepdim=True) * joint.sum(1, keepdim=True)
    return float((joint * (joint / independent).log()).sum())
