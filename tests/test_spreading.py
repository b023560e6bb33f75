"""Few labels reach all digits through neighbours that are alike."""

import math

import numpy as np
import torch

from unit_core.domains import UNKNOWN
from unit_core.spreading import neighbours, spread


def arcs(n: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Two long bands of directions that lie closer side by side than end to end."""
    random = torch.Generator().manual_seed(0)
    along = torch.linspace(0, 1.5 * math.pi, n)
    bands = []
    for height in (-0.35, 0.35):
        level = height + 0.02 * torch.randn(n, generator=random)
        bands.append(torch.stack([along.cos(), along.sin(), level], 1))
    # As features come: far from the origin, all on one side of it.
    return torch.cat(bands) + 50, torch.arange(2).repeat_interleave(n)


def none(labels: torch.Tensor) -> torch.Tensor:
    return torch.zeros_like(labels, dtype=torch.bool)


def test_one_label_a_band_names_the_whole_band():
    features, bands = arcs(200)
    labels = torch.full((400,), UNKNOWN)
    labels[0], labels[399] = 3, 7  # at opposite ends, so the nearest label is often the wrong one
    assert torch.equal(spread(features, labels, none(labels)), torch.where(bands == 0, 3, 7))


def test_known_labels_stay_and_are_outvoted_nowhere_but_around():
    features, bands = arcs(200)
    labels = torch.where(
        torch.rand(400, generator=torch.Generator().manual_seed(1)) < 0.1, bands, -1
    )
    labels[50] = 1  # a slip of whoever labelled
    said = spread(features, labels, none(labels))
    assert said[50] == 1
    assert (said != bands).sum() <= 8


def test_guesses_are_outvoted():
    """What most around say, where each guess is right four times in five."""
    features, bands = arcs(200)
    random = torch.Generator().manual_seed(2)
    slips = torch.rand(400, generator=random) < 0.2
    guesses = torch.where(slips, 1 - bands, bands)
    guesses[torch.rand(400, generator=random) < 0.1] = UNKNOWN
    wrong = (slips & (guesses != UNKNOWN)).nonzero()[0, 0]
    guessed = torch.ones(400, dtype=torch.bool)
    assert (spread(features, guesses, guessed) != bands).sum() < 5
    guessed[wrong] = False  # but a label that was given
    assert spread(features, guesses, guessed)[wrong] == guesses[wrong]
    assert (spread(features, guesses, none(guesses)) != bands).sum() > 50


def test_what_no_label_reaches_stays_unknown():
    one, other = torch.eye(4)[:2].repeat(20, 1), torch.eye(4)[2:].repeat(20, 1)
    features = torch.cat([one, -other]) + 0.01 * torch.arange(80)[:, None] / 80
    labels = torch.full((80,), UNKNOWN)
    assert (spread(features, labels, none(labels)) == UNKNOWN).all()
    labels[0] = 5
    said = spread(features, labels, none(labels))
    assert (said[0:40:2] == 5).all() and (said == UNKNOWN).any()


def test_neighbours_hear_each_other_alike():
    features, _ = arcs(100)
    graph = neighbours(features).toarray()
    assert np.allclose(graph, graph.T) and np.allclose(graph.diagonal(), 0)
    assert np.linalg.eigvalsh(graph).max() < 1 + 1e-9  # so that spreading ends


def test_a_handful_of_digits_is_enough():
    labels = torch.tensor([4, UNKNOWN, UNKNOWN])
    features = torch.tensor([[1.0, 0.1], [1.0, 0.0], [-2.0, 0.0]])
    assert spread(features, labels, none(labels)).tolist() == [4, 4, UNKNOWN]
