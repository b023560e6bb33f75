"""Changes of handwriting against what their names promise."""

import pytest
import torch

from unit_core import augment


def test_a_warp_of_nothing_changes_nothing() -> None:
    ranges = augment.Ranges(0, 0, (1, 1), (1, 1), 0, 0)
    images = torch.rand(3, 1, 28, 28)
    torch.testing.assert_close(augment.warp(images, augment.sample(ranges, 3)), images)


def test_a_warp_stays_in_range_and_repeats_by_seed() -> None:
    images = torch.rand(8, 1, 28, 28)
    draws = [augment.sample(augment.Ranges(), 8, torch.Generator().manual_seed(1)) for _ in "ab"]
    first, second = (augment.warp(images, change) for change in draws)
    assert torch.equal(first, second)
    assert first.min() >= -1e-6 and first.max() <= 1 + 1e-6


def test_cut_out_pictures_are_framed_as_the_data_sets_are() -> None:
    images = torch.zeros(3, 1, 28, 28)
    images[0, 0, 2:10, 3:7] = 1  # small, and in a corner
    images[1, 0, 9:19, 10:14] = 1
    images[1, 0, 1:27, 25] = 1  # a ruled line beside it
    framed = augment.cut(images)
    places = torch.arange(28) + 0.5
    for picture in framed[:2, 0]:
        for axis in (0, 1):
            mass = picture.sum(axis)
            assert float((mass * places).sum() / mass.sum()) == pytest.approx(14, abs=0.6)
        extents = [int((picture.amax(axis) > 0.3).sum()) for axis in (0, 1)]
        assert max(extents) == pytest.approx(20, abs=1)
    digit = framed[1, 0, :, :14].amax(1) > 0.3
    assert 6 <= digit.sum() <= 9  # ten rows before
    assert framed[2].equal(images[2])
