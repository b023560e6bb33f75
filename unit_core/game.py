"""The game: what a generator makes of a batch, and what it and its critics lose by that.

Nothing here learns: `training` does. Only what style is usual is kept count of, batch by batch.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from unit_core import augment, losses, style
from unit_core.batches import Batch
from unit_core.domains import CLASSES
from unit_core.networks import Critics, Generator, Posterior, Verdict, picture
from unit_core.recipe import LossWeights


@dataclass(frozen=True)
class Term:
    """A loss, and its weight in the sum that is descended."""

    value: Tensor  # ()
    weight: float = 1.0

    @property
    def weighted(self) -> Tensor:
        return self.weight * self.value


@dataclass(frozen=True)
class View:
    """What the generator made of a batch."""

    posterior: Posterior  # (3B, latent_dim)
    z: Tensor  # (3B, latent_dim)
    reconstruction: Tensor  # logits (2B, 1, 28, 28)
    target: str | None  # the script it was translated to; None during the warm-up
    translation: Tensor | None  # pictures (2B, 1, 28, 28)
    between: Tensor | None  # codes (B/2, latent_dim) that nobody wrote
    passage: Tensor | None  # their pictures in the target script (B/2, 1, 28, 28)

    @property
    def met(self) -> Tensor:
        """Codes that the scripts should have in common: (2B, latent_dim)."""
        return self.posterior.mean[: len(self.reconstruction)]


@dataclass(frozen=True)
class Recalled:
    """What the networks, as they were when the game ended, make of a batch."""

    posterior: Posterior  # of its clean digits, (3B, latent_dim)
    shown: Tensor  # pictures (3B, 1, 28, 28): what was `meant`, and B made of another script's
    realness: Tensor  # of these, (3B,)


@dataclass(frozen=True)
class Game:
    """Who plays, and for what: the generator against the critics.

    `means` (10, latent_dim) are the prior's; `scales` the spread of each script's hands so far;
    `gather` brings the same rows of all processes together, (N, ...) -> (world * N, ...).
    """

    generator: Generator
    critics: Critics
    weights: LossWeights
    means: Tensor
    scales: Mapping[str, style.StyleScale]
    gather: Callable[[Tensor], Tensor]

    def forward(self, domain: str, batch: Batch, target: str | None) -> View:
        """Encode a batch, its warped twin and its rough one; reconstruct the first two.

        With a `target` translate both, and some codes that nobody wrote.
        """
        posterior = self.generator.encode(batch.seen, domain)
        z, n = posterior.sample(batch.noise), len(batch.meant)
        reconstruction = self.generator.decode(z[:n], domain)
        if target is None:
            return View(posterior, z, reconstruction, None, None, None, None)
        between = _between(posterior.mean.detach(), batch)
        made = picture(self.generator.decode(torch.cat([posterior.mean[:n], between]), target))
        translation, passage = made.split([n, len(between)])
        return View(posterior, z, reconstruction, target, translation, between, passage)

    def critic_losses(
        self, batches: Mapping[str, Batch], views: Mapping[str, View]
    ) -> dict[str, Term]:
        """What the critics get wrong about real digits, made digits and codes."""
        codes = torch.cat([view.met.detach() for view in views.values()])
        scripts = torch.arange(len(views), device=codes.device)
        # Not `repeat_interleave`, for which a CUDA graph may have to wait.
        scripts = scripts[:, None].expand(-1, len(codes) // len(scripts)).flatten()
        terms = {"critic/latent": Term(F.cross_entropy(self.critics.latent(codes), scripts))}
        for name, batch in batches.items():
            real = augment.warp(batch.images, batch.gentle)
            made = [
                _gentle(view, batches[source]).detach()
                for source, view in views.items()
                if view.target == name
            ]
            verdict = self.critics.discriminators[name](torch.cat([real, *made]))
            terms[f"critic/{name}/classes"] = Term(
                losses.class_cross_entropy(verdict.logits[: len(real)], batch.targets, batch.trust)
            )
            if made:
                terms[f"critic/{name}/realness"] = Term(
                    losses.discriminator_hinge(
                        verdict.realness[: len(real)], verdict.realness[len(real) :]
                    )
                )
        return terms

    def generator_losses(
        self, batches: Mapping[str, Batch], views: Mapping[str, View]
    ) -> dict[str, Term]:
        """The VAE's terms of every script and, once the scripts meet, the translations' terms."""
        weights = self.weights
        codes = torch.cat([view.met for view in views.values()])
        hands = [views[n].posterior.mean[: len(b.images), CLASSES:] for n, b in batches.items()]
        trusted = [batch.targets * batch.trust[:, None] for batch in batches.values()]
        off_centre = losses.off_centre(
            self.gather(torch.cat(hands)), self.gather(torch.cat(trusted))
        )
        terms = {
            "confusion": Term(losses.confusion(self.critics.latent(codes)), weights.confusion),
            "centre": Term(off_centre, weights.centre),
        }
        styles = self._styles(batches)
        for name, batch in batches.items():
            view = views[name]
            reconstruction = losses.reconstruction(view.reconstruction, batch.meant)
            terms[f"{name}/reconstruction"] = Term(reconstruction)
            read = self.recognition_losses(batch, view.posterior, view.z)
            terms |= {f"{name}/{term}": each for term, each in read.items()}
            if view.target is not None:
                translated = self._translation_losses(name, batch, view, styles[name])
                terms |= {f"{name}>{view.target}/{term}": e for term, e in translated.items()}
        return terms

    def reading_losses(
        self, batches: Mapping[str, Batch], recalled: Mapping[str, Recalled]
    ) -> dict[str, Term]:
        """What the encoders get wrong of digits, once only reading is learnt.

        What is drawn of a code stays as it is; so must the hand that they see in clean digits. It
        is the `recalled` one: a teacher that followed would forget it, a little each step.
        """
        terms: dict[str, Term] = {}
        for name, batch in batches.items():
            posterior = self.generator.encode(batch.seen, name)
            digit = posterior[:, :CLASSES]
            read = self.recognition_losses(batch, digit, digit.sample(batch.noise[:, :CLASSES]))
            hand = losses.divergence(recalled[name].posterior[:, CLASSES:], posterior[:, CLASSES:])
            terms |= {f"{name}/digit": read["kl"], f"{name}/classes": read["classes"]}
            terms[f"{name}/hand"] = Term(hand, self.weights.hand)
        return terms

    def critic_reading_losses(
        self, batches: Mapping[str, Batch], recalled: Mapping[str, Recalled]
    ) -> dict[str, Term]:
        """What the class heads get wrong of real digits; what else they say of digits, real and
        made, stays."""
        terms = {}
        for name, batch in batches.items():
            verdict: Verdict = self.critics.discriminators[name](recalled[name].shown)
            classes = losses.class_cross_entropy(
                verdict.logits[: len(batch.meant)],
                batch.targets.repeat(2, 1),
                batch.trust.repeat(2),
            )
            kept = F.smooth_l1_loss(verdict.realness, recalled[name].realness)
            terms[f"critic/{name}/classes"] = Term(classes)
            terms[f"critic/{name}/kept"] = Term(kept, self.weights.realness)
        return terms

    def recognition_losses(self, batch: Batch, posterior: Posterior, z: Tensor) -> dict[str, Term]:
        """KL to the prior of the class, and cross-entropy, of the codes (3B, ...) of a batch, its
        warped twin and its rough one.

        Both are of the axes that `posterior` has: all, or the class axes.
        """
        weights, thrice = self.weights, batch.targets.repeat(3, 1)
        means = self.means[:, : posterior.mean.shape[1]]
        kl = losses.kl_to_class_prior(posterior, thrice, means)
        read = self.generator.class_logits(z)
        classes = losses.class_cross_entropy(read, thrice, batch.trust.repeat(3))
        return {"kl": Term(kl, weights.kl), "classes": Term(classes, weights.classes)}

    def _styles(self, batches: Mapping[str, Batch]) -> dict[str, Tensor]:
        """The style of every script's digits, (B, S); its scale knows them too from now on."""
        styles = {name: style.measures(batch.images) for name, batch in batches.items()}
        for name, batch in batches.items():
            self.scales[name].update(self.gather(styles[name]), self.gather(batch.targets))
        return styles

    def _translation_losses(
        self, domain: str, batch: Batch, view: View, own: Tensor
    ) -> dict[str, Term]:
        """Real to its discriminator, the same digit, the same hand, the same code again; `own` is
        the style of the originals."""
        assert view.target is not None and view.translation is not None
        assert view.between is not None
        weights, n = self.weights, len(batch.images)
        made, made_of_warped = view.translation[:n], view.translation[n:]
        verdict: Verdict = self.critics.discriminators[view.target](_gentle(view, batch))
        again = self.generator.encode(view.translation, view.target)
        classes = losses.class_cross_entropy(
            verdict.logits[:n], batch.targets, batch.trust
        ) + losses.class_cross_entropy(
            self.generator.class_logits(again.mean),
            batch.targets.repeat(2, 1),
            batch.trust.repeat(2),
        )
        match = losses.style_match(
            self.scales[view.target].standardise(style.measures(made), batch.targets),
            self.scales[domain].standardise(own, batch.targets),
        )
        passage = F.cross_entropy(
            verdict.logits[n:], self.generator.class_logits(view.between).softmax(1)
        )
        cycle = losses.latent_cycle(view.posterior[:n], again[:n])
        equivariance = losses.equivariance(made_of_warped, augment.warp(made, batch.change))
        return {
            "gan": Term(losses.generator_hinge(verdict.realness), weights.gan),
            "classes": Term(classes, weights.made_classes),
            "passage": Term(passage, weights.passage),
            "style": Term(match, weights.style),
            "cycle": Term(cycle, weights.cycle),
            "equivariance": Term(equivariance, weights.equivariance),
        }


def _between(codes: Tensor, batch: Batch) -> Tensor:
    """Codes (B/2, latent_dim) that nobody wrote: on the way from one digit to another.

    Half are in a hand on the way as well, half in one that the prior draws: any digit in any
    hand should be real (as in VAE/GAN, Larsen et al. 2016, of samples of the prior).
    """
    # Neighbours in the batch's random order, so that all numbers of processes pair alike.
    one, other = codes[: 2 * len(batch.shares)].unflatten(0, (-1, 2)).unbind(1)
    digit_share, hand_share = batch.shares.to(codes.dtype).split(1, dim=1)
    digit = torch.lerp(one[:, :CLASSES], other[:, :CLASSES], digit_share)
    hand = torch.lerp(one[:, CLASSES:], other[:, CLASSES:], hand_share)
    hand = torch.where(batch.drawn, batch.hands.to(codes.dtype), hand)
    return torch.cat([digit, hand], dim=1)


def _gentle(view: View, batch: Batch) -> Tensor:
    """Made digits as the discriminator sees them (DiffAugment, Zhao et al. 2020): B + B/2."""
    assert view.translation is not None and view.passage is not None
    n, change = len(batch.images), batch.gentle_made
    first = augment.warp(view.translation[:n], change)
    return torch.cat([first, augment.warp(view.passage, change[slice(1, None, 2)])])
