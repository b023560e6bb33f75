"""The game: what each loss asks for, and what it weighs; and which digits a teacher speaks for."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from test_evaluation import classes, digits
from test_training import config, make
from torch import Tensor

from unit_core import augment
from unit_core.batches import Batch
from unit_core.domains import UNKNOWN
from unit_core.game import Game
from unit_core.networks import Posterior, Verdict
from unit_core.recipe import LossWeights
from unit_core.style import StyleScale, measures
from unit_core.training import Trainer

INK = {"alpha": 1.0, "beta": 0.5}  # two scripts: bars whose row is their class, and paler ones
TARGETS = {"alpha": "beta", "beta": "alpha"}
SLANT = augment.Ranges(0, 0.35, (1, 1), (1, 1), 0, 0)  # keeps a bar in its rows
STILL = augment.Ranges(0, 0, (1, 1), (1, 1), 0, 0)
N = 40

Fault = Callable[[Tensor], Tensor]


def faithful(pictures: Tensor) -> Tensor:
    return pictures


def one_hand(pictures: Tensor) -> Tensor:
    """The right bar, but upright whatever the slant."""
    return (digits(10).images[:, None] / 255)[classes(pictures).argmax(1)]


def next_digit(pictures: Tensor) -> Tensor:
    return pictures.roll(2, 2)


def ruled(pictures: Tensor) -> Tensor:
    """With a line along the left edge, which no real digit has."""
    return pictures.index_fill(3, torch.tensor([0]), 1.0)


@dataclass
class Copyist:
    """A generator whose codes are the digit and the pixels, and that draws them with a `fault`."""

    fault: Fault = faithful
    sure: float = 5.0  # of the digit

    def encode(self, images: Tensor, domain: str) -> Posterior:
        pixels = images.flatten(1) / INK[domain]
        mean = torch.cat([self.sure * classes(pixels), pixels], 1)
        return Posterior(mean, torch.full_like(mean, 0.1))

    def decode(self, z: Tensor, domain: str) -> Tensor:
        pictures = self.fault(z[:, 10:].view(-1, 1, 28, 28).clamp(0, 1))
        return (INK[domain] * pictures).logit(1e-6)

    def class_logits(self, z: Tensor) -> Tensor:
        return 5 * z[:, :10]


@dataclass
class Critic:
    """A discriminator that reads bars, and calls real what is not ruled, as far as it is `sure`."""

    sure: float = 1.0
    misreads: int = 0  # how many classes off

    def __call__(self, images: Tensor) -> Verdict:
        line = images[:, 0, 14, 0] > 0.2
        logits = 50 * classes(images).roll(self.misreads, 1)
        return Verdict(torch.where(line, -self.sure, self.sure).float(), logits)


def batch(domain: str) -> Batch:
    """The same slanted digits in either script, slanted anew twice; nothing is noise."""
    random = torch.Generator().manual_seed(0)
    given = digits(N)
    bars = INK[domain] * given.images[:, None] / 255
    images = augment.warp(bars, augment.sample(SLANT, N, random))
    change, further = (augment.sample(SLANT, N, random) for _ in range(2))
    seen = torch.cat([images, augment.warp(images, change), augment.warp(images, further)])
    still = augment.sample(STILL, N, random)
    return Batch(
        clean=seen,
        seen=seen,
        change=change,
        targets=torch.eye(10)[given.labels],
        trust=torch.ones(N),
        noise=torch.zeros(3 * N, 10 + 784),
        shares=torch.zeros(N // 2, 2),
        hands=torch.zeros(N // 2, 784),
        drawn=torch.zeros(N // 2, 1, dtype=torch.bool),
        gentle=still,
        gentle_made=still,
    )


BATCHES = {name: batch(name) for name in INK}
SLOPPY = Copyist(lambda pictures: next_digit(one_hand(pictures)), sure=0.1)


def game(
    generator: Any = None,
    critic: Any = None,
    weights: LossWeights | None = None,
    told_apart: float = 0.0,
) -> Game:
    """`told_apart` is how surely the critic of codes tells their scripts; wrongly if below 0."""
    sides = torch.tensor([[1.0, -1.0], [-1.0, 1.0]]).repeat_interleave(2 * N, 0)
    critics: Any = SimpleNamespace(
        discriminators=dict.fromkeys(INK, critic or Critic()),
        latent=lambda codes: told_apart * sides,
    )
    scales = {name: StyleScale() for name in INK}
    for name, own in BATCHES.items():  # already knows these digits: they change it no more
        scales[name].update(measures(own.images), own.targets)
    means = 5 * torch.eye(10, 10 + 784)
    playing: Any = generator or Copyist()
    return Game(playing, critics, weights or LossWeights(), means, scales, lambda rows: rows)


def play(*args: Any, trust: float = 1.0, **options: Any) -> dict[str, float]:
    """What everyone loses in a `game` of these."""
    playing = game(*args, **options)
    batches = {name: replace(own, trust=torch.full((N,), trust)) for name, own in BATCHES.items()}
    views = {name: playing.forward(name, own, TARGETS[name]) for name, own in batches.items()}
    terms = playing.critic_losses(batches, views) | playing.generator_losses(batches, views)
    return {name: float(term.weighted) for name, term in terms.items()}


def both(terms: dict[str, float], term: str) -> list[float]:
    """A term of the translations there and back."""
    return [terms[f"{name}>{target}/{term}"] for name, target in TARGETS.items()]


# --- what each loss asks for ----------------------------------------------------------------------


def test_a_faithful_translation_loses_nothing() -> None:
    terms = play()
    for term in ("classes", "passage", "style", "cycle", "equivariance"):
        assert both(terms, term) == pytest.approx([0, 0], abs=1e-3), term


@pytest.mark.parametrize(
    ("fault", "noticed"),
    [
        (one_hand, ("style", "cycle", "equivariance")),
        (next_digit, ("classes", "passage", "cycle")),
    ],
)
def test_an_unfaithful_one_is_noticed(fault: Fault, noticed: tuple[str, ...]) -> None:
    terms = play(Copyist(fault))
    for term in noticed:
        assert min(both(terms, term)) > 0.5, term


def test_the_generator_gains_by_what_passes_for_real() -> None:
    passes, fails = (both(play(critic=Critic(sure)), "gan") for sure in (2, -2))
    assert max(passes) < 0 < min(fails)


def test_a_discriminator_gains_by_telling_real_from_made() -> None:
    right, blind, wrong = (play(Copyist(ruled), Critic(sure)) for sure in (1, 0, -1))
    for name in INK:
        realness = [terms[f"critic/{name}/realness"] for terms in (right, blind, wrong)]
        assert realness == [0, 2, 4]


def test_codes_should_not_tell_their_script_though_a_critic_tries() -> None:
    right, blind, wrong = (play(told_apart=sure) for sure in (9, 0, -9))
    critic, confusion = (
        [terms[name] for terms in (right, blind, wrong)] for name in ("critic/latent", "confusion")
    )
    assert critic[0] == pytest.approx(0, abs=1e-6) and critic[0] < critic[1] < critic[2]
    assert confusion[1] == pytest.approx(0, abs=1e-4) and min(confusion[0], confusion[2]) > 1


def test_codes_should_be_where_the_prior_has_them() -> None:
    own, playing = BATCHES["alpha"], game()
    there = playing.means[own.targets.argmax(1).repeat(3)]
    losses = []
    for away in (0.0, 1.0):
        posterior = Posterior(there + away, torch.ones_like(there))
        kl = playing.recognition_losses(own, posterior, posterior.mean)["kl"]
        losses.append(float(kl.value))
    assert losses == pytest.approx([0, 794 / 2], rel=1e-4, abs=1e-2)


def test_codes_that_nobody_wrote_lie_on_the_way_or_are_drawn() -> None:
    drawn = torch.arange(N // 2)[:, None] % 2 == 0
    own = replace(
        BATCHES["alpha"],
        shares=torch.tensor([[0.25, 0.75]]).expand(N // 2, 2),
        hands=torch.full((N // 2, 784), 0.5),
        drawn=drawn,
    )
    view = game().forward("alpha", own, "beta")
    one, other = view.posterior.mean[:N].unflatten(0, (-1, 2)).unbind(1)
    hand = torch.where(drawn, 0.5, 0.25 * one[:, 10:] + 0.75 * other[:, 10:])
    expected = torch.cat([0.75 * one[:, :10] + 0.25 * other[:, :10], hand], 1)
    torch.testing.assert_close(view.between, expected)
    torch.testing.assert_close(view.passage, 0.5 * hand.view(-1, 1, 28, 28), atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("weight", "term"),
    [
        ("kl", "{}/kl"),
        ("classes", "{}/classes"),
        ("centre", "centre"),
        ("confusion", "confusion"),
        ("gan", "{}>{}/gan"),
        ("made_classes", "{}>{}/classes"),
        ("cycle", "{}>{}/cycle"),
        ("equivariance", "{}>{}/equivariance"),
        ("passage", "{}>{}/passage"),
        ("style", "{}>{}/style"),
    ],
)
def test_a_weight_is_that_of_its_own_loss(weight: str, term: str) -> None:
    """In a game in which everything is amiss."""
    given = LossWeights()
    doubled = replace(given, **{weight: 2 * getattr(given, weight)})
    before, after = (play(SLOPPY, weights=each, told_apart=1) for each in (given, doubled))
    terms = {term.format(*way) for way in TARGETS.items()}
    assert all(before[name] != 0 for name in terms)
    assert after == pytest.approx({k: v * (1 + (k in terms)) for k, v in before.items()})


def test_a_class_that_nobody_vouches_for_teaches_nothing() -> None:
    """Neither a generator that is unsure of its digits nor discriminators that misread them."""
    vouched, not_vouched = (play(SLOPPY, Critic(misreads=1), trust=trust) for trust in (1.0, 0.0))
    of_classes = [name for name in vouched if name.endswith("/classes")]
    assert len(of_classes) == 6
    for name in of_classes:
        assert not_vouched[name] == 0 < vouched[name], name


# --- whom a step believes -------------------------------------------------------------------------


def believing(monkeypatch: pytest.MonkeyPatch, belief: Tensor, labelled: float = 0.5) -> Trainer:
    """A trainer whose teacher believes this (B, 10) of any batch of `beta`."""
    trainer = make(config(), labelled)
    teacher = trainer.average.networks.generator
    monkeypatch.setattr(teacher, "class_logits", lambda z: belief.log())
    return trainer


def leaning(to: int, by: float) -> Tensor:
    """A belief (10,) in one digit, and in all others alike."""
    return torch.full((10,), (1 - by) / 9).index_fill(0, torch.tensor([to]), by)


def test_a_label_counts_and_else_a_teacher_that_is_sure(monkeypatch: pytest.MonkeyPatch) -> None:
    belief = torch.stack([leaning(3, 0.99), leaning(4, 0.95), leaning(5, 0.85)])
    trainer = believing(monkeypatch, belief)
    labels = torch.tensor([7, UNKNOWN, UNKNOWN])
    targets, trust = trainer.believe(torch.zeros(3, 1, 28, 28), labels, "beta")
    assert trust.tolist() == [1, 1, 0]
    assert torch.equal(targets[0], torch.eye(10)[7])
    torch.testing.assert_close(targets[1:], belief[1:], atol=0.01, rtol=0)


def test_a_teacher_that_says_the_same_of_all_is_believed_no_longer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    belief = torch.stack([leaning(3, 0.95)] * 7 + [torch.eye(10)[[3, 4]].mean(0)])
    trainer = believing(monkeypatch, belief.clamp(min=1e-6))
    nothing = torch.zeros(8, 1, 28, 28), torch.full((8,), UNKNOWN), "beta"
    assert trainer.believe(*nothing)[1].tolist() == [1] * 7 + [0]
    for _ in range(300):
        targets, trust = trainer.believe(*nothing)
    assert trust.tolist() == [0] * 7 + [1]  # at last it is sure, beside what it always says
    assert targets[7].argmax() == 4


def test_no_teacher_is_asked_where_all_labels_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    trainer = believing(monkeypatch, torch.full((2, 10), torch.nan), labelled=1.0)
    targets, trust = trainer.believe(torch.zeros(2, 1, 28, 28), torch.tensor([1, 8]), "beta")
    assert torch.equal(targets, torch.eye(10)[[1, 8]]) and trust.tolist() == [1, 1]
