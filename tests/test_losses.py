"""Losses against what their equations and names promise."""

import math

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from unit_core import losses
from unit_core.networks import Generator, ModelConfig, Posterior, class_means

MODEL = ModelConfig(latent_dim=12, width=8, hidden=16)
MEANS = class_means(MODEL)


def posterior(n: int = 6) -> Posterior:
    return Posterior(torch.randn(n, 12), torch.rand(n, 12) + 0.05)


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
    bar = torch.zeros(1, 1, 28, 28)
    bar[..., 5:23, 12:15] = 1
    assert losses.equivariance(bar, bar) == 0
    apart = losses.equivariance(bar, bar.roll(10, 3))
    assert 0.9 < apart <= 1
    blank = torch.zeros_like(bar)
    assert losses.equivariance(blank, bar) > 0.9  # a blank page gains nothing


def test_reconstruction_is_in_nats_an_image() -> None:
    half = torch.zeros(3, 1, 28, 28)  # of logits: every pixel ink or paper, as likely
    images = torch.rand(3, 1, 28, 28)
    assert losses.reconstruction(half, images) == pytest.approx(784 * math.log(2), rel=1e-5)
    sure = 20 * (2 * images.round() - 1)
    assert losses.reconstruction(sure, images.round()) == pytest.approx(0, abs=1e-3)


def test_hinges_ask_for_a_margin_and_no_more() -> None:
    real, made = torch.tensor([1.0, 3.0]), torch.tensor([-1.0, -5.0])
    assert losses.discriminator_hinge(real, made) == 0
    assert losses.discriminator_hinge(torch.tensor([0.5]), torch.tensor([0.25])) == 0.5 + 1.25
    assert losses.generator_hinge(torch.tensor([2.0, -1.0])) == -0.5


def test_a_cycle_is_measured_in_the_deviations_of_its_source() -> None:
    sure = Posterior(torch.zeros(1, 12), torch.full((1, 12), 0.5))
    unsure = Posterior(torch.zeros(1, 12), torch.full((1, 12), 2.0))
    again = Posterior(torch.full((1, 12), 1.0), torch.ones(1, 12))
    assert losses.latent_cycle(sure, sure) == 0
    assert losses.latent_cycle(sure, again) == pytest.approx(2 - 0.5)  # two deviations, beyond one
    assert losses.latent_cycle(unsure, again) == pytest.approx(0.5 * 0.5**2)


def test_a_style_match_forgives_what_is_near() -> None:
    source = torch.zeros(1, 1)
    near, far = (losses.style_match(torch.tensor([[off]]), source) for off in (0.1, 2.0))
    assert near == pytest.approx(0.1**2) and far == pytest.approx(2 - 0.25)


def test_sinkhorn_uses_every_digit_as_often_and_follows_the_logits() -> None:
    torch.manual_seed(0)
    logits = torch.randn(500, 10) + torch.tensor([2.0] + [0.0] * 9)  # one digit is preferred
    beliefs = losses.sinkhorn(logits, sharpness=3, iterations=50)
    torch.testing.assert_close(beliefs.sum(1), torch.ones(500))
    torch.testing.assert_close(beliefs.sum(0), torch.full((10,), 50.0), rtol=0.02, atol=0)
    assert (logits.argmax(1) == 0).float().mean() > 0.4  # before
    apart = logits - logits.mean(0)
    assert (beliefs.argmax(1) == apart.argmax(1)).float().mean() > 0.8
