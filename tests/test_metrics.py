"""The measures, against values known by construction."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from unit_core import augment, metrics

LABELS = torch.arange(10).repeat(20)


def strokes(width: int = 2, height: int = 16, n: int = 1) -> Tensor:
    """Upright bars (n, 28, 28) of a given width and height, in the middle."""
    images = torch.zeros(n, 28, 28)
    top, left = 14 - height // 2, 14 - width // 2
    images[:, top : top + height, left : left + width] = 1
    return images


def hands(n: int = 200, seed: int = 0) -> Tensor:
    """Bars written by `n` hands: slanted, turned, sized and inked differently (n, 28, 28)."""
    generator = torch.Generator().manual_seed(seed)
    change = augment.sample(augment.Ranges(), n, generator)
    return augment.warp(strokes(4, n=n)[:, None], change)[:, 0]


def describe(image: Tensor) -> dict[str, float]:
    values = metrics.descriptors(image)[0].tolist()
    return dict(zip(metrics.DESCRIPTORS, values, strict=True))


def test_right_predictions_score_full_marks() -> None:
    assert metrics.accuracy(LABELS, LABELS) == 100
    assert metrics.matched_accuracy(LABELS, LABELS) == 100
    assert metrics.fowlkes_mallows(LABELS, LABELS) == 1
    assert torch.equal(metrics.confusion(LABELS, LABELS), 20 * torch.eye(10, dtype=torch.int64))


def test_names_of_clusters_matter_to_accuracy_only() -> None:
    renamed = (LABELS + 3) % 10
    assert metrics.accuracy(renamed, LABELS) == 0
    assert metrics.matched_accuracy(renamed, LABELS) == 100
    assert metrics.fowlkes_mallows(renamed, LABELS) == 1


def test_one_cluster_for_all() -> None:
    nothing = torch.zeros_like(LABELS)
    assert metrics.accuracy(nothing, LABELS) == metrics.matched_accuracy(nothing, LABELS) == 10
    pairs = 10 * math.comb(20, 2) / math.comb(200, 2)  # how often a pair is of one class
    assert metrics.fowlkes_mallows(nothing, LABELS) == pytest.approx(math.sqrt(pairs))


def test_confusion_has_true_classes_as_rows() -> None:
    counts = metrics.confusion(torch.tensor([4, 4, 5]), torch.tensor([5, 5, 5]))
    assert counts[5, 4] == 2 and counts[5, 5] == 1


@pytest.mark.parametrize("labels", [LABELS[:3], LABELS[:0]])
def test_lengths_must_agree(labels: Tensor) -> None:
    with pytest.raises(ValueError, match="same number"):
        metrics.accuracy(LABELS[:0], labels)


def test_reconstruction_mse() -> None:
    images = torch.rand(4, 28, 28)
    assert metrics.reconstruction_mse(images, images[:, None]) == 0
    assert metrics.reconstruction_mse(torch.zeros(4, 28, 28), torch.ones(4, 28, 28)) == 1


def test_diversity_is_one_for_equals_and_zero_for_prototypes() -> None:
    real = hands()
    assert metrics.diversity(real, LABELS, real, LABELS) == pytest.approx(1)
    assert metrics.diversity(real / 2, LABELS, real, LABELS) == pytest.approx(0.5)
    assert metrics.diversity(strokes(n=200), LABELS, real, LABELS) == 0


def test_descriptors_measure_a_bar() -> None:
    bar = describe(strokes(width=3, height=16))
    assert bar["slant"] == pytest.approx(0, abs=0.01)
    assert bar["ink"] == pytest.approx(3 * 16 / 28**2)
    assert bar["height"] == pytest.approx(0.96 * 16, abs=0.1)
    assert bar["width_to_height"] == pytest.approx(3 / 16, abs=0.02)
    assert bar["thickness"] == pytest.approx(3 * 16 / (3 + 16), abs=0.2)


def test_descriptors_follow_what_is_changed() -> None:
    assert describe(strokes(6))["thickness"] > describe(strokes(4))["thickness"] + 1
    shear = torch.tensor([[[1.0, 0.3, 0], [0, 1, 0]]])  # the top moves right
    slanted = augment.warp(strokes(4)[:, None], augment.Warp(shear, torch.zeros(1)))
    upright, leaning = describe(strokes(4)), describe(slanted)
    assert leaning["slant"] == pytest.approx(math.atan(0.3), abs=0.03)
    assert leaning["width_to_height"] == pytest.approx(upright["width_to_height"], abs=0.1)
    assert describe(slanted.flip(3))["slant"] == pytest.approx(-math.atan(0.3), abs=0.03)


def test_no_ink_gives_zeros() -> None:
    assert torch.equal(metrics.descriptors(torch.zeros(2, 28, 28)), torch.zeros(2, 5))


def test_hand_kept() -> None:
    real = hands()
    same = metrics.hand_kept(real, real, LABELS)
    assert list(same) == list(metrics.DESCRIPTORS)
    assert same == pytest.approx(dict.fromkeys(metrics.DESCRIPTORS, 1))
    mirrored = metrics.hand_kept(real, real.flip(2), LABELS)
    assert mirrored["slant"] == pytest.approx(-1, abs=0.02)
    prototypes = metrics.hand_kept(real, strokes(n=200), LABELS)
    assert prototypes == dict.fromkeys(metrics.DESCRIPTORS, 0)
    strangers = metrics.hand_kept(real, hands(seed=1), LABELS)
    assert max(map(abs, strangers.values())) < 0.3


def test_frechet_distance_of_normals() -> None:
    generator = torch.Generator().manual_seed(0)
    a = torch.randn(20_000, 3, generator=generator)
    b = 2 * torch.randn(20_000, 3, generator=generator) + torch.tensor([1.0, 0, 0])
    assert metrics.frechet_distance(a, a) == pytest.approx(0, abs=1e-6)
    assert metrics.frechet_distance(a, b) == pytest.approx(1 + 3 * (2 - 1) ** 2, rel=0.05)
    assert metrics.frechet_distance(a, b) == pytest.approx(metrics.frechet_distance(b, a))


def test_realism_of_the_real_is_its_floor() -> None:
    generator = torch.Generator().manual_seed(0)
    real = torch.randn(4000, 4, generator=generator)
    alike = metrics.realism(torch.randn(4000, 4, generator=generator), real)
    assert alike.distance == pytest.approx(alike.floor, abs=0.02)
    assert metrics.realism(real + 1, real).distance == pytest.approx(4, rel=0.1)
    assert metrics.realism(real + 1, real) == metrics.realism(real + 1, real)
    with pytest.raises(ValueError, match="too few"):
        metrics.realism(real[:3], real)


def test_mixing_and_agreement() -> None:
    generator = torch.Generator().manual_seed(0)
    centres = 10 * torch.eye(10)[LABELS]
    a, b = (centres + torch.randn(200, 10, generator=generator) for _ in range(2))
    assert metrics.mixing(a, b) == pytest.approx(0.5, abs=0.05)
    few = torch.cat([b[c == LABELS][:4] for c in range(10)])
    assert metrics.mixing(a, few) == pytest.approx(0.5, abs=0.1)  # though a few among many
    assert metrics.neighbour_agreement(a, LABELS, b, LABELS) == 100
    # Apart, yet in parallel: neighbours still agree, which is why mixing is reported beside it.
    a, b = F.pad(a, (0, 1)), F.pad(b, (0, 1), value=100)
    assert metrics.mixing(a, b) == 0
    assert metrics.neighbour_agreement(a, LABELS, b, LABELS) == 100
    assert metrics.neighbour_agreement(a, LABELS, b, (LABELS + 1) % 10) == 0


def test_smoothness_of_paths() -> None:
    paths = torch.tensor([[1, 1, 1, 1], [1, 1, 2, 2], [1, 2, 1, 2]])
    assert metrics.stays(paths, torch.tensor([1, 1, 1])) == pytest.approx(100 / 3)
    assert metrics.changes_once(paths) == pytest.approx(100 / 3)
