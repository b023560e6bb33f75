"""The hand in a digit, as five differentiable numbers, and their scale within a script and class.

Training pulls the translation's numbers towards its source's once both are standardised within
their own script and class: the most slanted Arabic 3s become the most slanted Kannada 3s. The
measures that judge the result are others (`metrics.py`).
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from unit_core.domains import CLASSES

MEASURES = ("slant", "width_to_height", "height", "ink", "thickness")


def measures(images: Tensor) -> Tensor:
    """(N, 1, H, W) in [0, 1] -> (N, 5), from image moments (slant as in Morpho-MNIST, 2019).

    slant: cov(x, y) / var(y); width to height and height: log of deviations; ink: log of the mass;
    thickness: log of the mass over the length of its edge, both blurred, or else a dither would
    pass for a thin stroke.
    """
    with torch.autocast(images.device.type, enabled=False):  # moments cancel: half is too coarse
        return _measures(images[:, 0].float())


def _measures(picture: Tensor) -> Tensor:
    mass = picture.sum((1, 2)) + 1e-3
    height, width = picture.shape[1:]
    y = torch.arange(height, device=picture.device, dtype=torch.float32)
    x = torch.arange(width, device=picture.device, dtype=torch.float32)
    rows, columns = picture.sum(2), picture.sum(1)  # (N, H), (N, W)
    my, mx = rows @ y / mass, columns @ x / mass
    vy = (rows @ y**2 / mass - my**2).clamp(min=0) + 0.25
    vx = (columns @ x**2 / mass - mx**2).clamp(min=0) + 0.25
    cov = torch.einsum("nhw,h,w->n", picture, y, x) / mass - mx * my
    soft = F.avg_pool2d(picture[:, None], 3, stride=1, padding=1)[:, 0]
    edge = soft.diff(dim=1).abs().sum((1, 2)) + soft.diff(dim=2).abs().sum((1, 2))
    upright = (vx - cov**2 / vy).clamp(min=0.25)  # width once the slant is taken out
    return torch.stack(
        [
            cov / vy,
            0.5 * (upright.log() - vy.log()),
            0.5 * vy.log(),
            mass.log(),
            mass.log() - (edge + 1e-3).log(),
        ],
        dim=1,
    )


class StyleScale(nn.Module):
    """Running mean and deviation of each measure within each class of one script."""

    weight: Tensor
    mean: Tensor
    square: Tensor

    def __init__(self, momentum: float = 0.99) -> None:
        super().__init__()
        self.momentum = momentum
        self.register_buffer("weight", torch.zeros(CLASSES, 1))
        self.register_buffer("mean", torch.zeros(CLASSES, len(MEASURES)))
        self.register_buffer("square", torch.ones(CLASSES, len(MEASURES)))

    @torch.no_grad()
    def update(self, values: Tensor, targets: Tensor) -> None:
        """Take in measures (N, 5) of real digits with class beliefs (N, 10)."""
        with torch.autocast(values.device.type, enabled=False):  # in place: a replay writes there
            self.weight.mul_(self.momentum).add_(targets.sum(0)[:, None])
            share = targets / self.weight.T.clamp(min=1e-6)  # (N, 10)
            stale = 1 - share.sum(0)[:, None]
            self.mean.mul_(stale).add_(share.T @ values)
            self.square.mul_(stale).add_(share.T @ values**2)

    def standardise(self, values: Tensor, targets: Tensor) -> Tensor:
        """(N, 5) in deviations from the mean of the class (N, 10)."""
        with torch.autocast(values.device.type, enabled=False):
            deviation = (self.square - self.mean**2).clamp(min=1e-4).sqrt()
            return ((values - targets @ self.mean) / (targets @ deviation)).clamp(-4, 4)
