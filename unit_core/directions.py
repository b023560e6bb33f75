"""The main directions of the hand: ways to move a code that change one thing that has a word, as
purely as can be, and of the others those that change its pictures most.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor

from unit_core.domains import CLASSES
from unit_core.networks import class_means
from unit_core.style import MEASURES, measures
from unit_core.translator import Translator

STEP = 0.5  # of the difference quotients, in the prior's standard deviations
HANDS = 3  # a class
REACH = 1.5  # how far a direction is followed to see what it does
REACHES = (0.75, 1.0, 1.25, 1.5, 2.0)  # deviations of the prior; few hands are farther out
INK = 0.35  # from which on a pixel is of a stroke
TORN = 0.35  # pieces that strokes may fall into, more than they were
CLEAR = 0.5  # of the deviation among hands: a weaker effect gives no direction its name

# What a person sees in a digit: as weights of the five measures, and its two ends in words.
# Ink over thickness is how long the pen's way was.
QUALITIES = {
    "slant": ({"slant": -1.0}, "leans left", "leans right"),
    "width": ({"width_to_height": 1.0}, "narrow", "wide"),
    "size": ({"ink": 1.0, "thickness": -1.0}, "small", "large"),
    "weight": ({"thickness": 1.0}, "fine", "bold"),
}


@dataclass(frozen=True)
class Direction:
    """A unit vector `axis` (latent_dim,), how much a step along it moves the pictures (`strength`,
    root of squared ink), and what it does, in words; `low` and `high` are its two ends. To these
    it can be followed as far as `reach` says, in the prior's deviations, before strokes tear, on
    average."""

    axis: Tensor
    strength: float
    name: str
    low: str
    high: str
    reach: tuple[float, float]


def principal_directions(translator: Translator, count: int = 8) -> list[Direction]:
    """`count` orthonormal directions: those of the QUALITIES, then others, strongest first of each.

    Of a quality it is the way that changes it most; where two of these are not at right angles, the
    nearest that are (Löwdin 1950). Of the others, those that change the pictures of all scripts
    most: near a code, a hand s ~ N(0, I) moves the picture by J s, so the principal components of
    the pictures come from the eigenvectors of E[J'J]. J is taken by central differences at HANDS
    codes a class, drawn from the prior; no data is needed. Principal components of the codes
    themselves would tell little: the prior makes them equally wide in every direction in use.
    The class axes have no part in it: along them a digit becomes another.
    """
    random = torch.Generator().manual_seed(0)
    means = class_means(translator.config).repeat(HANDS, 1)
    latent_dim = means.shape[1]
    hand = torch.eye(latent_dim)[CLASSES:]  # (H, D)
    codes = means + torch.randn(len(means), len(hand), generator=random) @ hand  # (N, D)
    around = torch.stack([codes[:, None] + STEP * hand, codes[:, None] - STEP * hand])
    change = torch.zeros(len(hand), len(hand))
    for name in translator.domains:
        ahead, behind = translator.decode(around.reshape(-1, latent_dim), name).cpu().chunk(2)
        slopes = ((ahead - behind) / (2 * STEP)).reshape(len(codes), len(hand), -1)
        change += torch.einsum("nip,njp->ij", slopes, slopes) / len(codes)
    worded = _pure(_effects(translator, hand, codes))  # (Q, H)
    others = torch.linalg.svd(worded)[2][len(worded) :]  # all ways at right angles to these
    principal = torch.linalg.eigh(others @ change @ others.T)[1].T.flip(0)  # strongest first
    strengths = [
        torch.einsum("kh,hi,ki->k", axes, change, axes).clamp(min=0).sqrt()
        for axes in (worded, principal @ others)
    ]
    order = strengths[0].argsort(descending=True)
    axes = torch.cat([worded[order], principal @ others])[:count]
    strength = torch.cat([strengths[0][order], strengths[1]])[:count]
    return named(translator, axes @ hand, strength.tolist(), codes)


def _pure(effects: Tensor) -> Tensor:
    """Orthonormal ways (Q, H) to change each quality that can be changed clearly (Löwdin 1950).

    `effects` (H, qualities) are of the single axes.
    """
    chosen: list[int] = []
    left = effects.clone()  # without what those chosen do already
    while (most := left.norm(dim=0)).max() > CLEAR and len(chosen) < left.shape[1]:
        chosen.append(int(most.argmax()))
        way = left[:, chosen[-1]] / most.max()
        left = left - way[:, None] * (way @ left)
    along, _, across = torch.linalg.svd(effects[:, chosen], full_matrices=False)
    return (along @ across).T


def _effects(translator: Translator, axes: Tensor, codes: Tensor) -> Tensor:
    """How much a step along each of `axes` (K, D) changes the qualities of digits: (K, qualities).

    In deviations among the hands at `codes` (N, D), as many of each class; mean of the scripts.
    """
    qualities = torch.tensor(
        [[parts.get(each, 0.0) for each in MEASURES] for parts, _, _ in QUALITIES.values()]
    )
    effects = torch.zeros(len(axes), len(qualities))
    for domain in translator.domains:

        def seen(at: Tensor, domain: str = domain) -> Tensor:
            pictures = translator.decode(at, domain).cpu()
            return measures(pictures[:, None]) @ qualities.T  # (N, qualities)

        within = seen(codes).reshape(-1, CLASSES, len(qualities)).std(0).mean(0).clamp(min=1e-6)
        for k, axis in enumerate(axes):
            moved = seen(codes + REACH * axis) - seen(codes - REACH * axis)
            effects[k] += moved.mean(0) / (2 * REACH * within * len(translator.domains))
    return effects


def named(
    translator: Translator, axes: Tensor, strengths: Iterable[float], codes: Tensor
) -> list[Direction]:
    """Name each of `axes` (K, D) after the quality that it changes most in digits at `codes`.

    Each name is given once, to the axis with the clearest effect, and the axis is turned so that
    its high end has more of it; the others are "shape 1" and so on, turned so that their
    largest number is positive.
    """
    effects = _effects(translator, axes, codes)
    names = list(QUALITIES)
    found: dict[int, int] = {}
    for place in effects.abs().flatten().argsort(descending=True).tolist():
        k, quality = divmod(place, len(names))
        if k not in found and quality not in found.values() and abs(effects[k, quality]) > CLEAR:
            found[k] = quality
    directions, shapes = [], 0
    reaches = zip(*(_reaches(translator, side * axes, codes) for side in (-1, 1)), strict=True)
    for k, (axis, strength, reach) in enumerate(zip(axes, strengths, reaches, strict=True)):
        if k in found:
            name = names[found[k]]
            _, low, high = QUALITIES[name]
            sign = effects[k, found[k]].sign()
        else:
            shapes += 1
            name, low, high = f"shape {shapes}", "one way", "the other"
            sign = axis[axis.abs().argmax()].sign()
        own = reach if sign > 0 else reach[::-1]
        directions.append(Direction(sign * axis, float(strength), name, low, high, own))
    return directions


def _reaches(translator: Translator, axes: Tensor, codes: Tensor) -> list[float]:
    """How far digits at `codes` (N, D) can follow each of `axes` (K, D) until in some script they
    are in pieces: of REACHES, at least the first."""
    whole = {name: _pieces(translator.decode(codes, name)) for name in translator.domains}
    reaches = []
    for axis in axes:
        held = [
            all(
                _pieces(translator.decode(codes + far * axis, name)) <= pieces + TORN
                for name, pieces in whole.items()
            )
            for far in REACHES
        ]
        reaches.append(REACHES[max(0, (*held, False).index(False) - 1)])
    return reaches


def _pieces(pictures: Tensor) -> float:
    """In how many pieces the ink of digits (N, 28, 28) is, on average."""
    touching = np.ones((3, 3))
    return float(np.mean([ndimage.label(p, touching)[1] for p in pictures.cpu().numpy() > INK]))
