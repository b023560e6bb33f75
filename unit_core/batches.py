"""What a step of a training sees: digits and their changes, drawn by (seed, step) alone."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import torch
from torch import Tensor

from unit_core import augment
from unit_core.data import Digits
from unit_core.domains import CLASSES, UNKNOWN
from unit_core.networks import ModelConfig, as_batch
from unit_core.recipe import TrainConfig

# Images (B, 1, 28, 28) and labels (B,) -> class distributions (B, 10) and trust in them (B,).
Believe = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]


@dataclass(frozen=True)
class Material:
    """One script's training images (N, 28, 28) uint8 and labels (N,), UNKNOWN where withheld.

    `guesses` (N,) is true where a label was not given, but is a group that was found.
    """

    images: Tensor
    labels: Tensor
    guesses: Tensor

    @classmethod
    def of(cls, digits: Digits, labels: Tensor, device: torch.device) -> "Material":
        """The images of `digits` with `labels` (N,): those that training may see."""
        labels = labels.to(device)
        return cls(digits.images.to(device), labels, torch.zeros_like(labels, dtype=torch.bool))

    def grouped(self, groups: Tensor) -> "Material":
        """With `groups` (N,), some of them UNKNOWN, where no label was given."""
        labels = torch.where(self.labels == UNKNOWN, groups, self.labels)
        return replace(self, labels=labels, guesses=labels != self.labels)

    @cached_property
    def labelled(self) -> Tensor:
        """Where the labels are known: indices (n,)."""
        return (self.labels != UNKNOWN).nonzero()[:, 0]


@dataclass(frozen=True)
class Batch:
    """One process's share of a step, of one script."""

    clean: Tensor  # (3B, 1, 28, 28): digits, under `change`, warped further and cut out
    seen: Tensor  # (3B, 1, 28, 28): the same with dirt, but for the first, before it is cut out
    change: augment.Warp
    targets: Tensor  # (B, 10), see losses.py
    trust: Tensor  # (B,), 1 where a label or a confident teacher speaks
    noise: Tensor  # (3B, latent_dim)
    shares: Tensor  # (B/2, 2), how far to go from one code towards another's: digit, hand
    hands: Tensor  # (B/2, latent_dim - 10), drawn from the prior
    drawn: Tensor  # (B/2, 1), whether such a hand is taken rather than one on the way
    gentle: augment.Warp  # of real images, for the discriminator
    gentle_made: augment.Warp  # of made ones

    @property
    def images(self) -> Tensor:
        """Digits as they are: (B, 1, 28, 28)."""
        return self.clean[: len(self.targets)]

    @property
    def meant(self) -> Tensor:
        """What should be made of the first 2B seen (a denoising autoencoder, Im et al. 2017).

        The last are only read, which costs little.
        """
        return self.clean[: 2 * len(self.targets)]


class Draws:
    """The batches of one script's `material`, step after step.

    All that is random in a step is drawn for the whole batch, from (seed, step, script) alone, and
    but for the order of an epoch on the device: what a GPU draws itself it need not wait for, but
    it draws other numbers than a CPU. `turn_to` a step, then `draw` from it.
    """

    def __init__(
        self, material: Material, model: ModelConfig, config: TrainConfig, domain: str
    ) -> None:
        self.material, self.model, self.config = material, model, config
        self.salt = 2 + model.domains.index(domain)
        n, labelled = len(material.labels), len(material.labelled)
        self.few = config.batch // 4 if 0 < labelled < n // 4 else 0  # so that labels are seen
        device = material.images.device
        self.random = torch.Generator(device)
        self.indices = torch.zeros(config.batch - self.few, dtype=torch.long, device=device)

    def turn_to(self, step: int) -> None:
        """What follows is drawn for this step."""
        _seed(self.random, self.config.seed, step, self.salt)
        n, seed = len(self.material.labels), self.config.seed + self.salt
        self.indices.copy_(batch_indices(n, len(self.indices), step, seed))

    def draw(self, believe: Believe, share: slice) -> Batch:
        """The `share` of the step's batch that one process takes."""
        material, model, config, random = self.material, self.model, self.config, self.random
        device, indices, labelled = random.device, self.indices, material.labelled
        if self.few:
            chosen = torch.randint(len(labelled), (self.few,), generator=random, device=device)
            indices = torch.cat([indices, labelled[chosen]])
            # Not `randperm`: `rand` is known to draw anew in a CUDA graph (tests/test_replay.py).
            order = torch.rand(len(indices), generator=random, device=device).argsort()
            indices = indices[order]
        change, further, real, made = (
            augment.sample(ranges, config.batch, random)[share]
            for ranges in (config.ranges, config.rough, config.gentle, config.gentle)
        )
        soil, other = (augment.dirt(config.batch, generator=random)[share] for _ in range(2))
        noise = torch.randn(3, config.batch, model.latent_dim, generator=random, device=device)
        shares = torch.rand(config.batch, 2, generator=random, device=device)
        width = model.latent_dim - CLASSES
        hands = torch.randn(config.batch, width, generator=random, device=device)
        drawn = torch.rand(config.batch, 1, generator=random, device=device) < 0.5
        images = as_batch(material.images[indices[share]])
        labels = material.labels[indices[share]]
        targets, trust = believe(images, labels)
        noise = noise[:, share].flatten(0, 1)
        shares, hands, drawn = (of_all[share][1::2] for of_all in (shares, hands, drawn))
        warped, rough = augment.warp(images, change), augment.warp(images, further)
        soiled = torch.maximum(rough, other)  # before it is cut out, as on paper
        return Batch(
            clean=torch.cat([images, warped, augment.cut(rough)]),
            seen=torch.cat([images, torch.maximum(warped, soil), augment.cut(soiled)]),
            change=change,
            targets=targets,
            trust=trust,
            noise=noise,
            shares=shares,
            hands=hands,
            drawn=drawn,
            gentle=real,
            gentle_made=made,
        )


def batch_indices(n: int, batch: int, step: int, seed: int) -> Tensor:
    """Indices (batch,) of a step: each epoch is a permutation of range(n), drawn by (seed, epoch).

    A batch may span two epochs.
    """
    positions = torch.arange(step * batch, (step + 1) * batch)
    epochs = positions // n
    first = _permutation(n, int(epochs[0]), seed)
    if epochs[0] == epochs[-1]:
        return first[positions % n]
    pieces = [
        _permutation(n, int(epoch), seed)[positions[epochs == epoch] % n]
        for epoch in epochs.unique()
    ]
    return torch.cat(pieces)


@lru_cache(maxsize=16)
def _permutation(n: int, epoch: int, seed: int) -> Tensor:
    return torch.randperm(n, generator=_seed(torch.Generator(), seed, epoch, salt=1))


def _seed(random: torch.Generator, seed: int, step: int, salt: int) -> torch.Generator:
    return random.manual_seed((seed * 1_000_003 + step) * 16 + salt)
