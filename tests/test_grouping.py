"""Ten groups are found without a label, the same ones every time."""

import torch

from unit_core import augment, grouping, metrics
from unit_core.data import UNKNOWN
from unit_core.networks import ModelConfig

MODEL = ModelConfig(width=16, refine=0, hidden=64)  # quick to teach
GENTLE = augment.Ranges(0.1, 0.1, (0.95, 1.05), (0.95, 1.05), 1.0, 0.2)
RECIPE = grouping.Recipe(steps=300, batch=48, heads=3, fine=20, memory=400, ranges=GENTLE)


def shapes(n: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Ten coarse random shapes, each in many strengths: images and which shape."""
    random = torch.Generator().manual_seed(1)
    coarse = (torch.rand(10, 1, 5, 5, generator=random) > 0.5).float()
    fine = torch.nn.functional.interpolate(coarse, scale_factor=4)[:, 0]  # (10, 20, 20)
    kinds = torch.arange(n) % 10
    images = torch.zeros(n, 28, 28)
    for i, kind in enumerate(kinds):
        strength = 0.6 + 0.4 * torch.rand((), generator=random)
        images[i, 4:24, 4:24] = strength * fine[kind]
    return (images * 255).byte(), kinds


def test_finds_ten_shapes_and_says_where_it_is_unsure():
    images, kinds = shapes(400)
    groups = grouping.find(images, MODEL, RECIPE, seed=2, shown=False)
    known = groups != UNKNOWN
    assert known.float().mean() > 0.5
    assert metrics.matched_accuracy(groups[known], kinds[known]) > 80


def test_the_same_seed_gives_the_same_groups():
    images, _ = shapes(100)
    recipe = grouping.Recipe(steps=5, batch=20, heads=2, fine=12, memory=100)
    one, two, other = (
        grouping.find(images, MODEL, recipe, seed, shown=False) for seed in (0, 0, 1)
    )
    assert torch.equal(one, two) and not torch.equal(one, other)


def test_a_poor_search_is_followed_by_another(monkeypatch):
    """Of three at most, the one that is of one mind about most digits is taken."""
    found, seeds = iter([0.5, 0.7, 0.6, 0.95]), []

    def search(images, model, recipe, seed, seconds, shown):
        seeds.append(seed)
        return next(found)

    def agreed(share, images, recipe, random):
        return torch.where(torch.arange(len(images)) < share * len(images), 3, UNKNOWN)

    monkeypatch.setattr(grouping, "_search", search)
    monkeypatch.setattr(grouping, "_agreed", agreed)
    images, _ = shapes(100)
    assert (grouping.find(images, MODEL, RECIPE) == 3).sum() == 70
    assert len(set(seeds)) == RECIPE.searches == 3
    assert (grouping.find(images, MODEL, RECIPE) == 3).sum() == 95 and len(seeds) == 4


def test_minutes_end_the_search():
    images, _ = shapes(100)
    recipe = grouping.Recipe(steps=10**6, minutes=0.01, batch=20)
    assert grouping.find(images, MODEL, recipe, shown=False).shape == (100,)


def test_information_is_that_of_equal_and_of_unrelated_groups():
    one = torch.eye(10).repeat(10, 1)
    assert abs(grouping.information(one, one) - torch.tensor(10.0).log()) < 1e-3
    assert abs(grouping.information(one, torch.full((100, 10), 0.1))) < 1e-3
