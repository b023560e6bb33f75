"""The main directions of the hand: right where the truth is known, and named for what they do."""

import pytest
import torch
from browser import ROOT

from unit_core import Translator
from unit_core.directions import named, principal_directions
from unit_core.networks import ModelConfig

SIDE = 28


class Shear:
    """Decodes to a bar that axis 11 shears, axis 12 fattens; the other axes do nothing."""

    config = ModelConfig(latent_dim=16)
    domains = ("mnist", "kannada")

    def decode(self, z, domain):
        y, x = torch.meshgrid(torch.arange(SIDE) - 13.5, torch.arange(SIDE) - 13.5, indexing="ij")
        lean, wide = z[:, 11, None, None], z[:, 12, None, None]
        distance = (x - 0.15 * lean * y).abs() - (2.5 + 0.2 * wide)
        return torch.sigmoid(-2 * distance) * (y.abs() < 10)


def test_the_axes_that_move_the_picture_are_found_and_named():
    first, second, *_ = principal_directions(Shear())
    assert first.name == "slant" and abs(first.axis[11]) > 0.99
    assert first.axis[11] < 0  # y grows downwards: a positive shear leans to the left
    assert abs(second.axis[12]) > 0.99 and second.axis[12] > 0
    assert second.name in ("weight", "width")
    assert first.strength > second.strength > 0
    assert first.reach == second.reach == (2.0, 2.0)  # the bar stays whole


def test_a_direction_that_does_nothing_gets_no_word():
    idle = torch.eye(16)[[3]]
    (direction,) = named(Shear(), idle, [0.0], torch.zeros(20, 16))
    assert direction.name == "shape 1"


def test_of_any_model_they_are_orthonormal_and_the_same_each_time():
    torch.manual_seed(0)
    translator = Translator(ModelConfig(latent_dim=16, width=8, hidden=16))
    once, again = (principal_directions(translator, count=5) for _ in range(2))
    axes = torch.stack([each.axis for each in once])
    torch.testing.assert_close(axes @ axes.T, torch.eye(5), atol=1e-4, rtol=0)
    torch.testing.assert_close(axes, torch.stack([each.axis for each in again]))
    names = [each.name for each in once]
    assert len(set(names)) == 5


def test_the_shipped_model_leans_first():
    folder = ROOT / "checkpoints" / "full"
    try:
        translator = Translator.load(folder)
    except (OSError, ValueError) as error:
        pytest.skip(f"no shipped model that loads: {error}")
    directions = principal_directions(translator)
    assert "slant" in [each.name for each in directions[:3]]
    assert sum(not each.name.startswith("shape") for each in directions) >= 3


class Tearing(Shear):
    """The bar falls into four where it is sheared more than 1.6 to the left."""

    def decode(self, z, domain):
        whole = super().decode(z, domain)
        torn = whole * (torch.arange(SIDE)[:, None] % 5 > 1)
        return torch.where(z[:, 11, None, None] > 1.6, torn, whole)


def test_a_direction_reaches_as_far_as_strokes_hold():
    still = torch.zeros(20, 16)
    axes = torch.eye(16)[[11, 12]]
    slant, wide = named(Tearing(), axes, [1.0, 1.0], still)
    assert slant.axis[11] == -1 and slant.reach == (1.5, 2.0)
    assert wide.reach == (2.0, 2.0)


class Blended(Shear):
    """Two axes that both shear and fatten the bar, one more than the other."""

    def decode(self, z, domain):
        turned = z.clone()
        turned[:, 11], turned[:, 12] = z[:, 11] + 0.6 * z[:, 12], z[:, 12] - 0.6 * z[:, 11]
        return super().decode(turned, domain)


def test_a_direction_with_a_word_changes_that_alone():
    directions = principal_directions(Blended())
    slant = next(each.axis for each in directions if each.name == "slant")
    wide = next(each.axis for each in directions if each.name in ("weight", "width"))
    assert abs(slant[12] - 0.6 * slant[11]) < 0.05 and abs(wide[11] + 0.6 * wide[12]) < 0.05
