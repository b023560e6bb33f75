"""The networks of UNIT (Liu et al. 2017) at 28 x 28, small enough for one CPU core.

An encoder and a decoder a script meet in one latent space: the deepest layers of all encoders and
the first of all decoders are one and the same (UNIT, section 3). The prior is a mixture of one
unit Gaussian a digit class, the same for every script (as in VaDE, Jiang et al. 2017, with means
that stay fixed), so "which digit" is where a code lies and "whose hand" is where it lies around
its class mean.
"""

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from unit_core.domains import CLASSES, check_name
from unit_core.values import is_number, is_whole


@dataclass(frozen=True)
class ModelConfig:
    """The architecture; saved in every checkpoint and forced on resume."""

    domains: tuple[str, ...] = ("mnist", "kannada")
    latent_dim: int = 48
    width: int = 32
    refine: int = 2  # convolutions of an encoder that keep the size, at 7 x 7
    hidden: int = 240
    separation: float = 5.0  # distance of a class mean from the origin, in standard deviations
    reach: float = 2.95  # how far from it, along the other axes, a hand may lie
    shown: float = 4.125  # how far in training

    def __post_init__(self) -> None:
        object.__setattr__(self, "domains", tuple(self.domains))  # JSON has lists only
        if len(self.domains) < 2 or len(set(self.domains)) != len(self.domains):
            raise ValueError(
                f"a translator needs two or more different scripts, not {self.domains}"
            )
        for name in self.domains:
            check_name(name)
        sizes = {"latent_dim": self.latent_dim, "width": self.width, "hidden": self.hidden}
        for name, size in sizes.items():
            if not is_whole(size) or size < 1:
                raise ValueError(f"{name} must be a whole number above 0, not {size!r}")
        lengths = {"separation": self.separation, "reach": self.reach, "shown": self.shown}
        for name, length in lengths.items():
            if not is_number(length) or not length > 0:
                raise ValueError(f"{name} must be a number above 0, not {length!r}")
        if not is_whole(self.refine) or self.refine < 0:
            raise ValueError(f"refine must be a whole number, 0 or more, not {self.refine!r}")
        if self.latent_dim <= CLASSES:
            raise ValueError(f"latent_dim must be above {CLASSES}, not {self.latent_dim}")
        if self.width < 8 or self.width % 8:
            raise ValueError(f"width must be a multiple of 8, not {self.width}")

    @property
    def scarce(self) -> str:
        """The script that few labels are of, where there are few: the last."""
        return self.domains[-1]


@dataclass(frozen=True)
class Posterior:
    """q(z|x) = N(mean, std^2): both (N, latent_dim)."""

    mean: Tensor
    std: Tensor

    def sample(self, noise: Tensor) -> Tensor:
        """mean + std * noise, with noise ~ N(0, I) of shape (N, latent_dim)."""
        return self.mean + self.std * noise

    def __getitem__(self, place: Any) -> "Posterior":
        return Posterior(self.mean[place], self.std[place])


@dataclass(frozen=True)
class Verdict:
    """What a discriminator says: `realness` (N,), above 0 for real; `logits` (N, 10)."""

    realness: Tensor
    logits: Tensor


def class_means(config: ModelConfig) -> Tensor:
    """Means of the prior's ten components: (10, latent_dim), one axis each."""
    return config.separation * torch.eye(CLASSES, config.latent_dim)


class Encoder(nn.Sequential):
    """(N, 1, 28, 28) -> features (N, 64 * width).

    The first layers look at every place and keep the strongest answer, so that a thin stroke is
    seen wherever it falls. Group normalisation (Wu & He 2018) knows no batch: a resumed run and
    one on many processes see the same statistics.
    """

    def __init__(self, width: int, refine: int) -> None:
        def convolve(before: int, after: int, *pool: nn.Module, stride: int = 1) -> list[nn.Module]:
            convolution = nn.Conv2d(before, after, 3, stride=stride, padding=1)
            # Pooling comes first: the normalisation then has a quarter of the work.
            return [convolution, *pool, nn.GroupNorm(8, after), nn.LeakyReLU(0.1)]

        refining = [layer for _ in range(refine) for layer in convolve(2 * width, 2 * width)]
        super().__init__(
            *convolve(1, width, nn.MaxPool2d(2)),  # 14 x 14
            *convolve(width, 2 * width, nn.MaxPool2d(2)),  # 7 x 7
            *refining,
            *convolve(2 * width, 4 * width, stride=2),  # 4 x 4
            nn.Flatten(),
        )


class Decoder(nn.Sequential):
    """(N, hidden) -> logits of the ink, (N, 1, 28, 28)."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__(
            nn.Linear(hidden, 3 * width // 2 * 49),
            nn.LeakyReLU(0.1),
            nn.Unflatten(1, (3 * width // 2, 7, 7)),
            nn.ConvTranspose2d(3 * width // 2, width, 4, stride=2, padding=1),  # 14 x 14
            nn.LeakyReLU(0.1),
            nn.Conv2d(width, 16, 3, padding=1),
            nn.PixelShuffle(2),  # (N, 4, 28, 28)
            nn.LeakyReLU(0.1),
            nn.Conv2d(4, 1, 3, padding=1),  # neighbours from different cells agree: no dither
        )


class Generator(nn.Module):
    """Every encoder and decoder, keyed by the script's name, and the latent space they share."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.encoders = nn.ModuleDict(
            {name: Encoder(config.width, config.refine) for name in config.domains}
        )
        self.to_posterior = nn.Sequential(
            nn.Linear(64 * config.width, config.hidden),
            nn.LeakyReLU(0.1),
            nn.Linear(config.hidden, 2 * config.latent_dim),
        )
        self.from_latent = nn.Sequential(
            nn.Linear(config.latent_dim, config.hidden), nn.LeakyReLU(0.1)
        )
        self.decoders = nn.ModuleDict(
            {name: Decoder(config.width, config.hidden) for name in config.domains}
        )

    def encode(self, images: Tensor, domain: str) -> Posterior:
        """(N, 1, 28, 28) in [0, 1] -> q(z|x); std is at most 1, the prior's, and at least e^-4.

        No hand lies beyond `reach`: a decoder that is asked for stranger ones than it was shown
        loses the digit first. In training it is shown more than it will be asked for.
        """
        features = self.features(images, domain)
        with torch.autocast(images.device.type, enabled=False):  # half is too coarse for sharp axes
            mean, sharpness = self.to_posterior[-1](features).chunk(2, dim=1)
        digit, hand = mean[:, :CLASSES], mean[:, CLASSES:]
        reach = self.config.shown if self.training else self.config.reach
        length = hand.norm(dim=1, keepdim=True).clamp(min=reach)
        mean = torch.cat([digit, hand * (reach / length)], dim=1)
        return Posterior(mean, torch.exp(-4 * torch.sigmoid(sharpness)))

    def features(self, images: Tensor, domain: str) -> Tensor:
        """(N, 1, 28, 28) in [0, 1] -> what the posterior is read from, (N, hidden)."""
        seen = self.encoders[domain](images)
        with torch.autocast(images.device.type, enabled=False):
            return self.to_posterior[:-1](seen.float())

    def decode(self, z: Tensor, domain: str) -> Tensor:
        """(N, latent_dim) -> logits (N, 1, 28, 28); their sigmoid is the picture.

        Of the class axes it is told the belief p(y|z) alone: a hand that hid along them would blur
        which digit it is, and what other pens and papers bring there would be drawn.
        """
        belief = F.softmax(self.class_logits(z), dim=1)
        code = torch.cat([self.config.separation * belief, z[:, CLASSES:]], dim=1)
        return self.decoders[domain](self.from_latent(code))

    @torch.no_grad()
    def widen(self, factor: float) -> None:
        """From now on every hand lies `factor` times as far from its centre."""
        for parameter in self.to_posterior[-1].parameters():
            parameter[CLASSES : self.config.latent_dim].mul_(factor)

    def class_logits(self, z: Tensor) -> Tensor:
        """log p(y|z) up to a constant under the class-mixture prior: (N, 10).

        All means have equal norm, so log N(z; mu_y, I) = <z, mu_y> + const.
        """
        return self.config.separation * z[:, :CLASSES]


class Discriminator(nn.Module):
    """Real or made, and which digit (AC-GAN, Odena et al. 2017), with spectral normalisation.

    Kernels of 4 at a stride of 2 touch all pixels alike; 3 would print a grid on what it teaches
    (Odena et al. 2016, "Deconvolution and checkerboard artifacts").
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()

        def halve(before: int, after: int) -> list[nn.Module]:
            convolution = nn.Conv2d(before, after, 4, stride=2, padding=1)
            return [spectral_norm(convolution), nn.LeakyReLU(0.1)]

        width = config.width
        self.features = nn.Sequential(
            *halve(1, width),  # 14 x 14
            *halve(width, 2 * width),  # 7 x 7
            *halve(2 * width, 4 * width),  # 3 x 3
            nn.Flatten(),
        )
        self.realness = spectral_norm(nn.Linear(36 * width, 1))
        self.classes = nn.Linear(36 * width, CLASSES)

    def forward(self, images: Tensor) -> Verdict:
        h = self.features(images)  # (N, 36 * width)
        return Verdict(self.realness(h)[:, 0], self.classes(h))


class LatentCritic(nn.Sequential):
    """Which script a code came from: (N, latent_dim) -> logits (N, domains)."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(
            nn.Linear(config.latent_dim, 128),
            nn.LeakyReLU(0.1),
            nn.Linear(128, 128),
            nn.LeakyReLU(0.1),
            nn.Linear(128, len(config.domains)),
        )


class Critics(nn.Module):
    """All that the generator plays against: a discriminator a script, one critic of the codes."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.discriminators = nn.ModuleDict(
            {name: Discriminator(config) for name in config.domains}
        )
        self.latent = LatentCritic(config)


def as_batch(images: Tensor) -> Tensor:
    """uint8 (N, 28, 28) -> float32 (N, 1, 28, 28) in [0, 1], in the layout convolutions like."""
    batch = images.unsqueeze(1).float().div_(255)
    return batch.contiguous(memory_format=torch.channels_last)


def picture(logits: Tensor) -> Tensor:
    """A decoder's logits (N, 1, 28, 28) -> the picture in [0, 1], same shape."""
    return F.sigmoid(logits)
