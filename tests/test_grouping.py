"""Ten groups are found without a label, the same ones every time."""

import torch

from unit_core import augment, grouping, metrics
from unit_core.domains import UNKNOWN
from unit_core.networks import ModelConfig

MODEL = ModelConfig(width=8, refine=0, hidden=64)  # quick to teach
GENTLE = augment.Ranges(0.1, 0.1, (0.95, 1.05), (0.95, 1.05), 1.0, 0.2)
RECIPE = grouping.Recipe(steps=200, batch=48, heads=3, fine=20, memory=400, ranges=GENTLE)


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


def unnamed(images: torch.Tensor) -> torch.Tensor:
    return torch.full((len(images),), UNKNOWN)


def test_finds_ten_shapes_and_says_where_it_is_unsure():
    images, kinds = shapes(400)
    groups = grouping.find(images, unnamed(images), MODEL, RECIPE, seed=2, shown=False)
    known = groups != UNKNOWN
    assert known.float().mean() > 0.5
    assert metrics.matched_accuracy(groups[known], kinds[known]) > 80


def test_the_same_seed_gives_the_same_groups():
    images, _ = shapes(100)
    recipe = grouping.Recipe(steps=5, batch=20, heads=2, fine=12, memory=100)
    one, two, other = (
        grouping.find(images, unnamed(images), MODEL, recipe, seed, shown=False)
        for seed in (0, 0, 1)
    )
    assert torch.equal(one, two) and not torch.equal(one, other)


def searched(monkeypatch, *outcomes: torch.Tensor) -> list[int]:
    """Let searches end with these groups, in turn; the seeds that they begin with."""
    seeds: list[int] = []

    def search(images, model, recipe, seed, seconds, title):
        seeds.append(seed)
        return outcomes[len(seeds) - 1]

    def grouped(groups, images, recipe, random):
        chosen = groups[images[:, 0, 0].long()]  # each picture bears its number
        beliefs = torch.nn.functional.one_hot(chosen, 10).float()
        return grouping.Grouping(beliefs, grouping.information(beliefs, beliefs))

    monkeypatch.setattr(grouping, "_search", search)
    monkeypatch.setattr(grouping, "_grouped", grouped)
    return seeds


NUMBERED = torch.arange(200, dtype=torch.uint8)[:, None, None].expand(200, 28, 28)
GOOD = torch.arange(200) % 10


def test_three_searches_that_end_alike_speak_together(monkeypatch):
    """By whatever names they call the groups; UNKNOWN where they disagree."""
    renamed, doubtful = (GOOD + 3) % 10, GOOD.clone()
    doubtful[:10] = doubtful[:10].roll(1)
    merged = torch.where(GOOD == 4, 5, GOOD)  # two digits in one group
    merged[GOOD == 6] = torch.tensor([4, 6]).repeat(10)  # and one in two
    seeds = searched(monkeypatch, merged, GOOD, renamed, doubtful, merged)
    groups = grouping.find(NUMBERED, unnamed(NUMBERED), MODEL, RECIPE)
    assert len(set(seeds)) == len(seeds) == 4  # the poor one did not count, the fifth was spared
    assert (groups[:10] == UNKNOWN).all()
    assert metrics.matched_accuracy(groups[10:], GOOD[10:]) == 100


def test_a_few_labels_name_the_groups(monkeypatch):
    """Even if one of them is on a digit that the searches take for another."""
    renamed = (GOOD * 3 + 5) % 10
    renamed[7], right = renamed[8].clone(), torch.ones(200, dtype=torch.bool)
    right[7] = False
    searched(monkeypatch, *[renamed] * 3)
    labels = unnamed(NUMBERED)
    labels[:20] = GOOD[:20]
    groups = grouping.find(NUMBERED, labels, MODEL, RECIPE)
    assert torch.equal(groups[right], GOOD[right]) and groups[7] == 8
    labels[labels == 3] = UNKNOWN  # a script without that digit
    searched(monkeypatch, *[renamed] * 3)
    groups = grouping.find(NUMBERED, labels, MODEL, RECIPE)
    assert (groups[GOOD == 3] == UNKNOWN).all() and (groups[GOOD == 4] == 4).all()


def test_of_searches_that_all_differ_the_most_informative_counts(monkeypatch):
    random = torch.Generator().manual_seed(0)
    poor = [torch.randint(8, (200,), generator=random) for _ in range(4)]
    seeds = searched(monkeypatch, *poor[:2], GOOD, *poor[2:])
    groups = grouping.find(NUMBERED, unnamed(NUMBERED), MODEL, RECIPE)
    assert len(seeds) == RECIPE.searches == 5
    assert torch.equal(groups, GOOD)


def test_few_minutes_are_enough_for_few_searches(monkeypatch):
    random = torch.Generator().manual_seed(0)
    poor = [torch.randint(8, (200,), generator=random) for _ in range(5)]
    for minutes, searches in ((0.5, 1), (2.5, 2), (60, 5)):
        seeds = searched(monkeypatch, *poor)
        recipe = grouping.Recipe(minutes=minutes)
        grouping.find(NUMBERED, unnamed(NUMBERED), MODEL, recipe, shown=False)
        assert len(seeds) == searches


def test_minutes_end_the_search():
    images, _ = shapes(100)
    recipe = grouping.Recipe(steps=10**6, minutes=0.01, batch=20)
    assert grouping.find(images, unnamed(images), MODEL, recipe, shown=False).shape == (100,)


def test_information_is_that_of_equal_and_of_unrelated_groups():
    one = torch.eye(10).repeat(10, 1)
    assert abs(grouping.information(one, one) - torch.tensor(10.0).log()) < 1e-3
    assert abs(grouping.information(one, torch.full((100, 10), 0.1))) < 1e-3
