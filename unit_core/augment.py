"""Batched, differentiable changes of handwriting: slant, turn, stretch, size, place, weight.

One `Warp` holds the parameters of a whole batch, so the same change can be made to a digit and
to its translation: that is what equivariance asks for (GcGAN, Fu et al. 2019).
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class Ranges:
    """How far each change may go: symmetric half-widths, or (low, high) for factors."""

    rotate: float = 0.2  # radians
    shear: float = 0.35  # horizontal shift per unit of height
    scale: tuple[float, float] = (0.85, 1.1)
    stretch: tuple[float, float] = (0.85, 1.2)  # width against height, at equal area
    shift: float = 1.5  # pixels
    weight: float = 0.5  # -1 thins, +1 thickens a stroke by one pixel on each side


@dataclass(frozen=True)
class Warp:
    """The changes of a batch: `matrix` (N, 2, 3) from output to input, `weight` (N,) or None."""

    matrix: Tensor
    weight: Tensor | None

    def __getitem__(self, index: slice | Tensor) -> "Warp":
        return Warp(self.matrix[index], None if self.weight is None else self.weight[index])

    def to(self, device: torch.device) -> "Warp":
        weight = None if self.weight is None else self.weight.to(device)
        return Warp(self.matrix.to(device), weight)


def sample(ranges: Ranges, n: int, generator: torch.Generator | None = None) -> Warp:
    """Draw the changes of `n` digits, independently and uniformly (factors: log-uniformly)."""

    def uniform(low: float, high: float) -> Tensor:
        return torch.rand(n, generator=generator) * (high - low) + low

    def factor(bounds: tuple[float, float]) -> Tensor:
        low, high = torch.tensor(bounds).log().tolist()
        return uniform(low, high).exp()

    angle = uniform(-ranges.rotate, ranges.rotate)
    shear = uniform(-ranges.shear, ranges.shear)
    size, stretch = factor(ranges.scale), factor(ranges.stretch)
    shift_x, shift_y = (uniform(-ranges.shift, ranges.shift) / 14 for _ in range(2))
    weight = uniform(-ranges.weight, ranges.weight) if ranges.weight else None

    cos, sin, zero = angle.cos(), angle.sin(), torch.zeros(n)
    rotation = torch.stack([cos, -sin, sin, cos], 1).view(n, 2, 2)
    shearing = torch.stack([torch.ones(n), shear, zero, torch.ones(n)], 1).view(n, 2, 2)
    scaling = torch.diag_embed(torch.stack([size * stretch.sqrt(), size / stretch.sqrt()], 1))
    inverse = torch.linalg.inv(rotation @ shearing @ scaling)
    offset = -inverse @ torch.stack([shift_x, shift_y], 1)[:, :, None]
    return Warp(torch.cat([inverse, offset], 2), weight)


def warp(images: Tensor, change: Warp) -> Tensor:
    """Apply `change` to `images` (N, 1, H, W) in [0, 1]; paper (0) comes in from outside."""
    with torch.autocast(images.device.type, enabled=False):  # half precision is off by pixels
        images = images.float()
        grid = F.affine_grid(change.matrix, list(images.shape), align_corners=False)
        moved = F.grid_sample(images, grid, align_corners=False)
    if change.weight is None:
        return moved
    thick = F.max_pool2d(moved, 3, stride=1, padding=1)
    thin = -F.max_pool2d(-moved, 3, stride=1, padding=1)
    weight = change.weight.view(-1, 1, 1, 1)
    return moved + weight.clamp(min=0) * (thick - moved) + weight.clamp(max=0) * (moved - thin)
