"""Measures of a translation, as pure functions: is it read right, and does it look like writing?

Images are floats (N, 28, 28) or (N, 1, 28, 28) in [0, 1], ink = 1; labels and predictions int64
(N,) from 0 to 9. Shares that are read as accuracies are in per cent, all others in [0, 1].
"""

from functools import partial

import numpy as np
import torch
import torch.nn.functional as F
from scipy.optimize import linear_sum_assignment
from scipy.stats import rankdata
from torch import Tensor

from unit_core.domains import CLASSES
from unit_core.results import Realism

DESCRIPTORS = ("slant", "ink", "width_to_height", "thickness", "height")
LEAST = 4  # digits, for a distance and its floor

# --- is it read right? ----------------------------------------------------------------------------


def confusion(predicted: Tensor, labels: Tensor) -> Tensor:
    """Counts (10, 10), int64: row the true class, column the predicted one."""
    _same_length(predicted, labels)
    return torch.bincount(labels * CLASSES + predicted, minlength=CLASSES**2).view(CLASSES, -1)


def accuracy(predicted: Tensor, labels: Tensor) -> float:
    """Per cent predicted right, 0 to 100."""
    return 100 * confusion(predicted, labels).trace().item() / len(labels)


def matched_accuracy(predicted: Tensor, labels: Tensor) -> float:
    """Per cent right once clusters are matched to classes one to one, as well as can be.

    Without labels the names of the clusters are free: the Hungarian method (Kuhn 1955) finds the
    best naming. Never below `accuracy`; about 10 for chance.
    """
    counts = confusion(predicted, labels)
    rows, columns = linear_sum_assignment(counts.numpy(), maximize=True)
    return 100 * counts[rows, columns].sum().item() / len(labels)


def fowlkes_mallows(predicted: Tensor, labels: Tensor) -> float:
    """TP / sqrt((TP + FP)(TP + FN)) over pairs of digits, in [0, 1] (Fowlkes and Mallows 1983).

    A pair is positive where both digits have the same class: names of clusters do not matter.
    """
    from sklearn.metrics import fowlkes_mallows_score  # a Space lacks it

    _same_length(predicted, labels)
    return float(fowlkes_mallows_score(labels.numpy(), predicted.numpy()))


def reconstruction_mse(images: Tensor, reconstructed: Tensor) -> float:
    """Mean squared difference of pixels, in [0, 1]."""
    return F.mse_loss(_flat(reconstructed), _flat(images)).item()


# --- does it vary as writing does? ----------------------------------------------------------------


def spread(images: Tensor, labels: Tensor) -> Tensor:
    """How much pixels vary within each class (10,): root of their mean variance, NaN if < 2."""
    pixels = _flat(images)
    groups = [pixels[labels == c] for c in range(CLASSES)]
    return torch.stack(
        [g.var(0).mean().sqrt() if len(g) > 1 else g.new_tensor(torch.nan) for g in groups]
    )


def diversity(translated: Tensor, labels: Tensor, real: Tensor, real_labels: Tensor) -> float:
    """Spread within a class, translated / real, mean of the classes: 1 is ideal, 0 prototypes."""
    return (spread(translated, labels) / spread(real, real_labels)).nanmean().item()


# --- does it keep the writer's hand? --------------------------------------------------------------


def descriptors(images: Tensor) -> Tensor:
    """The hand in each image: (N, 5), in the order of DESCRIPTORS.

    After Morpho-MNIST (Castro et al. 2019, arXiv:1809.10780): slant in radians, from moments,
    > 0 leaning right; ink, the mean pixel; width to height of the parallelogram that holds the
    central 96 % of the ink, slant taken out; thickness of the stroke and height in pixels.
    Shifted by parts of a pixel, real digits keep their ranks within a class: correlation >= 0.94.
    An image without ink gives zeros.
    """
    return torch.cat([_descriptors(part) for part in _flat(images).view(-1, 28, 28).split(500)])


def _descriptors(images: Tensor) -> Tensor:
    ink = images.mean((1, 2))
    weight = images / images.sum((1, 2), keepdim=True).clamp(min=1e-6)
    place = torch.arange(28.0) - 13.5
    y, x = weight.sum(2) @ place, weight.sum(1) @ place
    covariance = torch.einsum("nhw,h,w->n", weight, place, place) - y * x
    variance = weight.sum(2) @ place**2 - y**2
    shear = covariance / variance.clamp(min=1e-2)
    still, one = torch.zeros_like(shear), torch.ones_like(shear)
    # Each row moves sideways by its height above the centre of mass times the shear.
    matrix = torch.stack([one, shear, -shear * y / 14, still, one, still], 1).view(-1, 2, 3)
    grid = F.affine_grid(matrix, [len(images), 1, 28, 28], align_corners=False)
    upright = F.grid_sample(images[:, None], grid, align_corners=False)[:, 0]
    height, width = _extent(images.sum(2)), _extent(upright.sum(1))
    shape = width / height.clamp(min=1)
    values = torch.stack([-shear.atan(), ink, shape, _thickness(images), height], 1)
    return values * (ink > 0)[:, None]


def _extent(profile: Tensor) -> Tensor:
    """Length (N,) in pixels that holds the central 96 % of each row of `profile` (N, 28)."""
    total = F.pad(profile.cumsum(1), (1, 0))  # ink before each edge between pixels, (N, 29)
    total = total / total[:, -1:].clamp(min=1e-6)

    def position(share: float) -> Tensor:
        after = (total >= share).int().argmax(1, keepdim=True).clamp(min=1)
        low, high = total.gather(1, after - 1), total.gather(1, after)
        return (after - 1 + (share - low) / (high - low).clamp(min=1e-6)).squeeze(1)

    return position(0.98) - position(0.02)


def _thickness(images: Tensor) -> Tensor:
    """Width (N,) of the stroke in pixels: ink over half the length of its outline.

    The outline is the mean contour between 20 and 40 % grey, measured as total variation (coarea
    formula): it hardly changes as a thin stroke falls between pixels, where a skeleton does.
    """
    large = F.interpolate(images[:, None], scale_factor=2, mode="bilinear")[:, 0]
    grey = large / large.amax((1, 2), keepdim=True).clamp(min=1e-6)
    solid = F.pad(((grey - 0.2) / 0.2).clamp(0, 1), (1, 1, 1, 1))
    down, right = solid.diff(dim=1)[:, :, 1:], solid.diff(dim=2)[:, 1:]
    outline = (down**2 + right**2).sqrt().sum((1, 2)) / 2
    return images.sum((1, 2)) / (outline / 2).clamp(min=1)


def hand_kept(source: Tensor, translated: Tensor, labels: Tensor) -> dict[str, float]:
    """Spearman's rank correlation of each descriptor, source against its translation, in [-1, 1].

    Within each class, mean of the classes: 1 where the most slanted 3 stays the most slanted. A
    descriptor that does not vary keeps nothing: 0.
    """
    before, after = descriptors(source).numpy(), descriptors(translated).numpy()
    _same_length(before, after, labels)
    kept = []
    for c in labels.unique():
        rows = (labels == c).numpy()
        ranks = [rankdata(values[rows], axis=0) for values in (before, after)]
        a, b = (r - r.mean(0) for r in ranks)
        norm = np.sqrt((a**2).sum(0) * (b**2).sum(0))
        kept.append(np.divide((a * b).sum(0), norm, out=np.zeros_like(norm), where=norm > 0))
    return dict(zip(DESCRIPTORS, np.mean(kept, 0).tolist(), strict=True))


# --- does it look real? ---------------------------------------------------------------------------


def frechet_distance(a: Tensor, b: Tensor) -> float:
    """|m_a - m_b|^2 + tr(C_a + C_b - 2 (C_a C_b)^1/2) of features (N, D) and (M, D), >= 0.

    The 2-Wasserstein distance, squared, of two normal distributions (Dowson and Landau 1982); as
    FID (Heusel et al. 2017) with a judge's features instead of Inception's. Needs N, M >= 2.
    """
    a, b = a.double(), b.double()
    values, vectors = torch.linalg.eigh(a.T.cov())
    root = vectors * values.clamp(min=0).sqrt() @ vectors.T
    # C_a C_b and its symmetric twin root C_b root have the same eigenvalues.
    product = torch.linalg.eigvalsh(root @ b.T.cov() @ root)
    traces = a.var(0).sum() + b.var(0).sum() - 2 * product.clamp(min=0).sqrt().sum()
    return ((a.mean(0) - b.mean(0)).square().sum() + traces).clamp(min=0).item()


def realism(translated: Tensor, real: Tensor) -> Realism:
    """Frechet distance of translated against real features, on equal n, (N, D) and (M, D).

    The distance grows as n falls; so that the floor can be compared, all sets have the size of
    half the smaller one. Raises ValueError for fewer than LEAST of either.
    """
    n = min(len(translated), len(real)) // 2
    if 2 * n < LEAST:
        raise ValueError(f"{len(translated)} and {len(real)} digits are too few for a distance")
    generator = torch.Generator().manual_seed(0)
    draw = partial(torch.randperm, generator=generator)
    made, order = translated[draw(len(translated))[:n]], draw(len(real))
    one, other = real[order[:n]], real[order[n : 2 * n]]
    return Realism(frechet_distance(made, one), frechet_distance(other, one))


# --- do the scripts share one space? --------------------------------------------------------------


def mixing(a: Tensor, b: Tensor, k: int = 10) -> float:
    """Share of the other script among the k nearest latents (Euclid), pooled (N, D), (M, D).

    0 where the scripts lie apart, 0.5 where they mix perfectly: of the larger set as many are
    drawn, always the same, as the smaller has.
    """
    a, b = (_some(each, min(len(a), len(b))) for each in (a, b))
    pooled = torch.cat([a, b])
    script = torch.arange(len(pooled)) >= len(a)
    found = _nearest(pooled, pooled, k + 1)[:, 1:]  # the first is the latent itself
    return (script[found] != script[:, None]).double().mean().item()


def neighbour_agreement(
    a: Tensor, a_labels: Tensor, b: Tensor, b_labels: Tensor, k: int = 10
) -> float:
    """Per cent of latents that the majority of their k nearest in the other script names right.

    Mean of both ways. Says nothing of how near those neighbours are: read it with `mixing`.
    """

    def one_way(x: Tensor, y: Tensor, labels: Tensor, known: Tensor) -> float:
        votes = F.one_hot(known[_nearest(x, y, k)], CLASSES).sum(1)
        return accuracy(votes.argmax(1), labels)

    return (one_way(a, b, a_labels, b_labels) + one_way(b, a, b_labels, a_labels)) / 2


# --- does it move smoothly? -----------------------------------------------------------------------


def stays(paths: Tensor, labels: Tensor) -> float:
    """Per cent of paths, readings (N, T), on which every reading is the label (N,)."""
    return 100 * (paths == labels[:, None]).all(1).double().mean().item()


def changes_once(paths: Tensor) -> float:
    """Per cent of paths, readings (N, T), on which the reading changes exactly once."""
    return 100 * ((paths[:, 1:] != paths[:, :-1]).sum(1) == 1).double().mean().item()


def _some(rows: Tensor, count: int) -> Tensor:
    """`count` of the rows, drawn the same every time; all as they are if there are no more."""
    if len(rows) == count:
        return rows
    return rows[torch.randperm(len(rows), generator=torch.Generator().manual_seed(0))[:count]]


def _nearest(queries: Tensor, among: Tensor, k: int) -> Tensor:
    """Indices (N, k) of the nearest rows of `among` (M, D) to each of `queries` (N, D)."""
    k = min(k, len(among))
    parts = queries.split(1000)
    return torch.cat([torch.cdist(p, among).topk(k, largest=False).indices for p in parts])


def _flat(images: Tensor) -> Tensor:
    return images.reshape(len(images), -1).float()


def _same_length(*arrays: Tensor | np.ndarray) -> None:
    lengths = [len(a) for a in arrays]
    if len(set(lengths)) > 1 or not lengths[0]:
        raise ValueError(f"need the same number, at least one, of each; got {lengths}")
