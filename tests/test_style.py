"""Descriptors of a hand against what their names promise."""

import math

import pytest
import torch

from unit_core import style


def stroke(slant: float = 0.0, width: int = 3) -> torch.Tensor:
    """An upright bar, (1, 1, 28, 28), leaning by `slant` pixels a row."""
    image = torch.zeros(1, 1, 28, 28)
    for row in range(5, 23):
        left = round(13 - width / 2 + slant * (14 - row))
        image[0, 0, row, left : left + width] = 1
    return image


def test_descriptors_follow_what_they_name() -> None:
    plain, slanted, bold = (
        dict(zip(style.MEASURES, style.measures(image)[0].tolist(), strict=True))
        for image in (stroke(), stroke(slant=0.4), stroke(width=6))
    )
    assert slanted["slant"] == pytest.approx(-0.4, abs=0.1) and abs(plain["slant"]) < 0.05
    assert bold["ink"] == pytest.approx(plain["ink"] + math.log(2), abs=0.01)
    assert bold["thickness"] > plain["thickness"] + 0.3
    assert slanted["thickness"] == pytest.approx(plain["thickness"], abs=0.3)
    assert bold["width_to_height"] > plain["width_to_height"] + 0.3


def test_descriptors_of_a_blank_page_are_finite_and_can_be_learned_from() -> None:
    blank = torch.zeros(2, 1, 28, 28, requires_grad=True)
    values = style.measures(blank)
    values.sum().backward()
    assert values.isfinite().all()
    assert blank.grad is not None and blank.grad.isfinite().all()


def test_style_scale_standardises_within_a_class() -> None:
    torch.manual_seed(0)
    scale = style.StyleScale(momentum=0.95)
    labels = torch.arange(2000) % 10
    targets = torch.eye(10)[labels]
    values = torch.randn(2000, 5) * torch.tensor([0.1, 1, 2, 3, 4]) + labels[:, None]
    for _ in range(50):
        rows = torch.randint(2000, (200,))
        scale.update(values[rows], targets[rows])
    standard = scale.standardise(values, targets)
    for c in range(10):
        own = standard[labels == c]
        assert own.mean().abs() < 0.15 and own.std() == pytest.approx(1, abs=0.15)
