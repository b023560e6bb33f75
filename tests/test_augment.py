"""Changes of handwriting against what their names promise."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from unit_core import augment

STILL = augment.Ranges(0, 0, (1, 1), (1, 1), 0, 0)
N = 64


def blot(n: int = N) -> Tensor:
    """Higher than wide, its edges soft: deviations of 2 and 4 pixels, (n, 1, 28, 28)."""
    place = torch.arange(28) - 13.5
    picture = torch.exp(-0.5 * ((place[:, None] / 4) ** 2 + (place / 2) ** 2))
    return picture.expand(n, 1, 28, 28)


def moments(images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Of each picture its ink, its middle (x, y) from the centre and its covariance, in pixels."""
    place = torch.arange(28) - 13.5
    x, y = place.expand(28, 28), place[:, None].expand(28, 28)
    at = torch.stack([x, y]).flatten(1)
    ink = images.flatten(1)
    mass = ink.sum(1)
    middle = ink @ at.T / mass[:, None]
    products = torch.einsum("np,ip,jp->nij", ink, at, at) / mass[:, None, None]
    return mass, middle, products - middle[:, :, None] * middle[:, None]


def changed(seed: int = 0, **ranges: object) -> Tensor:
    draws = augment.sample(
        replace(STILL, **ranges),  # type: ignore[arg-type]
        N,
        torch.Generator().manual_seed(seed),
    )
    return augment.warp(blot(), draws)


def fills(values: Tensor, most: float) -> bool:
    """Whether the values reach over [-most, most] and not beyond."""
    return bool(
        (values.abs() < 1.03 * most).all()
        and values.min() < -0.8 * most < 0.8 * most < values.max()
    )


def test_shear_slants_and_keeps_the_height() -> None:
    _, _, spread = moments(changed(shear=0.35))
    assert fills(spread[:, 0, 1] / spread[:, 1, 1], 0.35)
    assert spread[:, 1, 1].sqrt() == pytest.approx(4, abs=0.15)


def test_rotation_turns_the_long_axis() -> None:
    mass, _, spread = moments(changed(rotate=0.2))
    _, axes = torch.linalg.eigh(spread)
    long = axes[:, :, 1]
    assert fills((long[:, 0] / long[:, 1]).atan(), 0.2)
    torch.testing.assert_close(mass, moments(blot())[0], rtol=0.02, atol=0)


def test_scale_is_of_both_sides_and_stretch_of_one_against_the_other() -> None:
    before = moments(blot())[2].diagonal(dim1=1, dim2=2).sqrt()
    larger = moments(changed(scale=(1.1, 1.1)))[2].diagonal(dim1=1, dim2=2).sqrt()
    torch.testing.assert_close(larger, 1.1 * before, rtol=0.03, atol=0)
    wide = moments(changed(stretch=(1.2, 1.2)))[2].diagonal(dim1=1, dim2=2).sqrt()
    factors = torch.tensor([1.2**0.5, 1.2**-0.5])
    torch.testing.assert_close(wide, factors * before, rtol=0.03, atol=0)  # the same area


def test_shift_is_in_pixels() -> None:
    mass, middle, _ = moments(changed(shift=2.0))
    assert fills(middle[:, 0], 2) and fills(middle[:, 1], 2)
    torch.testing.assert_close(mass, moments(blot())[0], rtol=0.02, atol=0)


def test_weight_thickens_and_thins() -> None:
    draws = augment.sample(replace(STILL, weight=1.0), N, torch.Generator().manual_seed(0))
    assert draws.weight is not None
    mass = moments(augment.warp(blot(), draws))[0][draws.weight.argsort()]
    assert (mass.diff() > 0).all()  # the heavier the more ink
    assert mass[0] < 0.8 * moments(blot())[0][0] < 1.2 * moments(blot())[0][0] < mass[-1]


def test_a_bend_is_smooth_and_each_digit_has_its_own() -> None:
    bent = changed(bend=0.06)
    assert (bent - blot()).abs().flatten(1).amax(1).min() > 0.02
    assert (bent[0] - bent[1]).abs().max() > 0.02
    torch.testing.assert_close(moments(bent)[0], moments(blot())[0], rtol=0.35, atol=0)


def test_a_part_of_the_changes_changes_its_part() -> None:
    draws = augment.sample(augment.Ranges(bend=0.05), N, torch.Generator().manual_seed(0))
    whole = augment.warp(blot(), draws)
    part = torch.tensor([5, 2, 40])
    torch.testing.assert_close(augment.warp(blot(3), draws[part]), whole[part])


def test_dirt_is_on_some_pictures_and_is_ink() -> None:
    once, again = (augment.dirt(600, generator=torch.Generator().manual_seed(0)) for _ in "ab")
    assert torch.equal(once, again) and once.shape == (600, 1, 28, 28)
    assert once.min() == 0 and 0.9 < once.max() <= 1
    clean = (once.flatten(1).amax(1) == 0).float().mean()
    assert 0.3 < clean < 0.55  # neither line (2/3 each) nor specks (3/4): a third; some miss


def test_a_warp_of_nothing_changes_nothing() -> None:
    images = torch.rand(3, 1, 28, 28)
    torch.testing.assert_close(augment.warp(images, augment.sample(STILL, 3)), images)


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
