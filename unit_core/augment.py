"""Batched, differentiable changes of handwriting: slant, turn, stretch, size, place, bend, weight.

One `Warp` holds the parameters of a whole batch, so the same change can be made to a digit and
to its translation: that is what equivariance asks for (GcGAN, Fu et al. 2019). `dirt` is what a
translation must not show: remnants of ruled lines, and specks. `cut` frames a picture as the data
sets do, dirt and all.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from unit_core.domains import SIDE

KNOTS = 5  # a side of the grid that a bend is given at


@dataclass(frozen=True)
class Ranges:
    """How far each change may go: symmetric half-widths, or (low, high) for factors."""

    rotate: float = 0.2  # radians
    shear: float = 0.35  # horizontal shift per unit of height
    scale: tuple[float, float] = (0.85, 1.1)
    stretch: tuple[float, float] = (0.85, 1.2)  # width against height, at equal area
    shift: float = 1.5  # pixels
    weight: float = 0.5  # -1 thins, +1 thickens a stroke by one pixel on each side
    bend: float = 0.0  # deviation of a smooth displacement, in half widths of the picture


@dataclass(frozen=True)
class Warp:
    """The changes of a batch.

    `matrix` (N, 2, 3) leads from output to input, `weight` is (N,) or None, `bend` (N, 2, K, K) or
    None: how far to look aside at the knots of a grid over the picture.
    """

    matrix: Tensor
    weight: Tensor | None = None
    bend: Tensor | None = None

    def __getitem__(self, index: slice | Tensor) -> "Warp":
        return self._each(lambda part: part[index])

    def to(self, device: torch.device) -> "Warp":
        return self._each(lambda part: part.to(device))

    def _each(self, change: Callable[[Tensor], Tensor]) -> "Warp":
        weight = None if self.weight is None else change(self.weight)
        bend = None if self.bend is None else change(self.bend)
        return Warp(change(self.matrix), weight, bend)


def sample(ranges: Ranges, n: int, generator: torch.Generator | None = None) -> Warp:
    """Draw the changes of `n` digits, independently and uniformly (factors: log-uniformly).

    On the device of the `generator`.
    """
    device = _device(generator)

    def uniform(low: float, high: float) -> Tensor:
        return torch.rand(n, generator=generator, device=device) * (high - low) + low

    def factor(bounds: tuple[float, float]) -> Tensor:
        low, high = torch.tensor(bounds).log().tolist()
        return uniform(low, high).exp()

    angle = uniform(-ranges.rotate, ranges.rotate)
    shear = uniform(-ranges.shear, ranges.shear)
    size, stretch = factor(ranges.scale), factor(ranges.stretch)
    shift_x, shift_y = (uniform(-ranges.shift, ranges.shift) / 14 for _ in range(2))
    weight = uniform(-ranges.weight, ranges.weight) if ranges.weight else None
    bend = None
    if ranges.bend:
        bend = ranges.bend * torch.randn(n, 2, KNOTS, KNOTS, generator=generator, device=device)

    # The inverse of rotation @ shearing @ scaling, written out: half precision multiplies matrices
    # too coarsely.
    cos, sin, root = angle.cos(), angle.sin(), stretch.sqrt()
    along = torch.stack([cos + shear * sin, sin - shear * cos], 1) / (size * root)[:, None]
    across = torch.stack([-sin, cos], 1) * (root / size)[:, None]
    inverse = torch.stack([along, across], 1)  # (N, 2, 2)
    shift = torch.stack([shift_x, shift_y], 1)
    offset = -(inverse * shift[:, None]).sum(2, keepdim=True)
    return Warp(torch.cat([inverse, offset], 2), weight, bend)


def warp(images: Tensor, change: Warp) -> Tensor:
    """Apply `change` to `images` (N, 1, H, W) in [0, 1]; paper (0) comes in from outside."""
    with torch.autocast(images.device.type, enabled=False):  # half precision is off by pixels
        images = images.float()
        grid = F.affine_grid(change.matrix, list(images.shape), align_corners=False)
        if change.bend is not None:  # smooth, as of another hand (Simard et al. 2003)
            size = images.shape[2:]
            aside = F.interpolate(change.bend, size, mode="bicubic", align_corners=True)
            grid = grid + aside.permute(0, 2, 3, 1)
        moved = F.grid_sample(images, grid, align_corners=False)
    if change.weight is None:
        return moved
    thick = F.max_pool2d(moved, 3, stride=1, padding=1)
    thin = -F.max_pool2d(-moved, 3, stride=1, padding=1)
    weight = change.weight.view(-1, 1, 1, 1)
    return moved + weight.clamp(min=0) * (thick - moved) + weight.clamp(max=0) * (moved - thin)


def cut(images: Tensor, ink: float = 0.3) -> Tensor:
    """`images` (N, 1, H, W) as the data sets would have cut them out (LeCun et al. 1998): the
    longer side of all that is darker than `ink` fills 5/7 of the picture, centred by its mass.

    So what is left of a ruled line makes the digit beside it small and moves it aside. A blank
    picture stays as it is.
    """
    dark = images[:, 0] > ink
    blank = ~dark.flatten(1).any(1)
    extents, centres = [], []
    for across, side in ((1, images.shape[3]), (2, images.shape[2])):  # x, then y
        line, mass = dark.any(across).float(), images[:, 0].sum(across)  # (N, side)
        extents.append((side - line.flip(1).argmax(1) - line.argmax(1)) / side)
        places = (torch.arange(side, device=images.device) + 0.5) * 2 / side - 1
        centres.append((mass * places).sum(1) / mass.sum(1).clamp(min=1e-6))
    size = torch.where(blank, 1.0, torch.maximum(*extents) * 7 / 5)
    centre = torch.where(blank[:, None], 0.0, torch.stack(centres, 1))
    scaling = torch.eye(2, device=images.device) * size[:, None, None]
    return warp(images, Warp(torch.cat([scaling, centre[:, :, None]], 2)))


def dirt(n: int, generator: torch.Generator | None = None) -> Tensor:
    """The ink of what is no handwriting, (N, 1, 28, 28) in [0, 1]; add it by `maximum`.

    On a third of the pictures a stretch of a ruled line near an edge, upright on a third, specks
    on a quarter: what is left of table grids and poor scans (Dig-MNIST, Prabhu 2019). On the
    device of the `generator`.
    """
    device = _device(generator)

    def uniform(low: float, high: float) -> Tensor:
        return torch.rand(n, 1, 1, generator=generator, device=device) * (high - low) + low

    places = torch.arange(SIDE, device=device)
    along, across = places.view(1, 1, -1), places.view(1, -1, 1)
    layers = []
    for _ in range(2):
        inset, far = uniform(0, SIDE / 5), uniform(0, 1) < 0.5
        centre = torch.where(far, SIDE - 1 - inset, inset)
        centre = centre + uniform(-0.06, 0.06) * (along - SIDE / 2)  # never quite straight
        begin, length = uniform(-SIDE / 2, SIDE / 2), uniform(SIDE / 3, 1.5 * SIDE)
        inside = (along >= begin) & (along < begin + length) & (uniform(0, 1) < 1 / 3)
        line = (uniform(0.7, 1.8) - (across - centre).abs()).clamp(0, 1)
        layers.append(line * inside * uniform(0.5, 1))
    specks = torch.rand(n, SIDE, SIDE, generator=generator, device=device)
    layers.append((specks - 0.99).clamp(min=0) * 100 * (uniform(0, 1) < 0.25))
    flat, upright, spots = layers
    return torch.stack([flat, upright.transpose(1, 2), spots]).amax(0)[:, None]


def _device(generator: torch.Generator | None) -> torch.device:
    return torch.device("cpu") if generator is None else generator.device
