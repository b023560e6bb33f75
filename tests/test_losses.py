"""Losses and changes of handwriting against what their equations and names promise."""

import math

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from unit_core import augment, losses, style
from unit_core.networks import Generator, ModelConfig, Posterior, class_means

MODEL = ModelConfig(latent_dim=12, width=8, hidden=16)
MEANS = class_means(MODEL)


def posterior(n: int = 6) -> Posterior:
    return Posterior(torch.randn(n, 12), torch.rand(n, 12) + 0.05)


def stroke(slant: float = 0.0, width: int = 3) -> torch.Tensor:
    """An upright bar, (1, 1, 28, 28), leaning by `slant` pixels a row."""
    image = torch.zeros(1, 1, 28, 28)
    for row in range(5, 23):
        left = round(13 - width / 2 + slant * (14 - row))
        image[0, 0, row, left : left + width] = 1
    return image


def test_kl_is_that_of_the_normal_distributions() -> None:
    q, labels = posterior(), torch.tensor([0, 1, 2, 3, 9, 9])
    exact = kl_divergence(Normal(q.mean, q.std), Normal(MEANS[labels], 1.0)).sum(1).mean()
    targets = torch.eye(10)[labels]
    torch.testing.assert_close(losses.kl_to_class_prior(q, targets, MEANS), exact)


def test_divergence_is_that_of_the_normal_distributions() -> None:
    one, other = posterior(), posterior()
    normal = (Normal(each.mean, each.std) for each in (one, other))
    exact = kl_divergence(*normal).sum(1).mean()
    torch.testing.assert_close(losses.divergence(one, other), exact)
    assert losses.divergence(one, one) == pytest.approx(0, abs=1e-6)


def test_kl_of_a_belief_is_the_mean_over_its_classes() -> None:
    q = posterior(1)
    each = torch.stack(
        [losses.kl_to_class_prior(q, torch.eye(10)[c : c + 1], MEANS) for c in range(10)]
    )
    belief = torch.rand(1, 10).softmax(1)
    torch.testing.assert_close(losses.kl_to_class_prior(q, belief, MEANS), (belief @ each)[0])


def test_class_head_is_bayes_under_the_prior() -> None:
    z = 3 * torch.randn(5, 12)
    likelihood = torch.stack([Normal(mean, 1.0).log_prob(z).sum(1) for mean in MEANS], 1)
    head = Generator(MODEL).class_logits(z)
    torch.testing.assert_close(head.softmax(1), likelihood.softmax(1))


def test_withheld_trust_withholds_the_class_loss() -> None:
    logits, targets = torch.randn(4, 10), torch.eye(10)[:4]
    assert losses.class_cross_entropy(logits, targets, torch.zeros(4)) == 0


def test_off_centre_is_the_mean_hand_alone_however_widely_hands_scatter() -> None:
    torch.manual_seed(0)
    labels = torch.arange(10).repeat(400)
    habit = torch.zeros(len(labels), 3)
    habit[:, 0] = 0.5  # the mean hand: a quarter when squared, beside a scatter of 3
    hands = habit + torch.randn(len(labels), 3)
    targets = torch.eye(10)[labels]
    assert losses.off_centre(hands, targets) == pytest.approx(0.25, abs=0.03)
    assert losses.off_centre(hands - habit, targets) == pytest.approx(0, abs=0.02)
    assert losses.off_centre(hands, torch.zeros_like(targets)) == 0  # nothing that is trusted


def test_confusion_is_least_when_the_critic_cannot_tell() -> None:
    assert losses.confusion(torch.zeros(3, 2)) == pytest.approx(0, abs=1e-6)
    assert losses.confusion(torch.tensor([[4.0, -4.0]])) > 1


def test_alignment_undoes_a_bias() -> None:
    biased = torch.tensor([[0.5, 0.3] + [0.025] * 8])
    marginal = torch.tensor([0.5, 0.1] + [0.05] * 8)
    aligned = losses.align(biased, marginal)
    assert aligned.argmax() == 1 and aligned.sum() == pytest.approx(1)


def test_equivariance_is_relative_to_ink() -> None:
    bar = stroke()
    assert losses.equivariance(bar, bar) == 0
    apart = losses.equivariance(bar, bar.roll(10, 3))
    assert 0.9 < apart <= 1
    blank = torch.zeros_like(bar)
    assert losses.equivariance(blank, bar) > 0.9  # a blank page gains nothing


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


def test_descriptors_follow_what_they_name() -> None:
    plain, slanted, bold = (
        dict(zip(style.DESCRIPTORS, style.descriptors(image)[0].tolist(), strict=True))
        for image in (stroke(), stroke(slant=0.4), stroke(width=6))
    )
    assert slanted["slant"] == pytest.approx(-0.4, abs=0.1) and abs(plain["slant"]) < 0.05
    assert bold["ink"] == pytest.approx(plain["ink"] + math.log(2), abs=0.01)
    assert bold["thickness"] > plain["thickness"] + 0.3
    assert slanted["thickness"] == pytest.approx(plain["thickness"], abs=0.3)
    assert bold["width_to_height"] > plain["width_to_height"] + 0.3


def test_descriptors_of_a_blank_page_are_finite_and_can_be_learned_from() -> None:
    blank = torch.zeros(2, 1, 28, 28, requires_grad=True)
    values = style.descriptors(blank)
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
