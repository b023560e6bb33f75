"""What speaks for a digit's being of a script: the evidence lower bound of the script's model.

Of a script whose data set is stretched there are two hypotheses: as stretched, and as a pen draws.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from unit_core.checkpoint import SCALE, read_typed
from unit_core.domains import CLASSES, SIDE, check_known
from unit_core.ink import to_digit
from unit_core.networks import class_means
from unit_core.translator import Translator

STRANGEST = 8.0  # below what is as likely no digit: one blot must not decide on a line
BATCH = 2048


@dataclass(frozen=True)
class Scale:
    """How much of the evidence lower bound of a digit counts, picture and code, and where what is
    as likely no digit lies on it. Pixels are far from independent, so its nats are far too sure.

    Made for a checkpoint by `unit_core.scale`; USUAL without.
    """

    picture: float
    code: float
    unlike: float

    def __post_init__(self) -> None:
        if min(self.picture, self.code) < 0:
            raise ValueError(f"{self} has evidence count below 0")

    def weigh(self, picture: Tensor, code: Tensor) -> Tensor:
        """The two `evidence_terms` as one, 0 for what is as likely no digit."""
        return self.picture * picture + self.code * code - self.unlike

    @classmethod
    def of(cls, translator: Translator) -> "Scale":
        """That of the translator's checkpoint. CheckpointError for one that cannot be used."""
        path = translator.folder and translator.folder / SCALE
        return read_typed(path, cls) if path and path.exists() else USUAL


USUAL = Scale(picture=0.16, code=0.75, unlike=-18.0)  # has fitted one


@dataclass(frozen=True)
class Hypothesis:
    """Digits taken for `script`, `stretch` times as tall as they were written: `codes`
    (N, latent_dim), `beliefs` (N, 10), and the `evidence` for it, (N,), 0 for what is as likely no
    digit at all."""

    script: str
    stretch: float
    codes: Tensor
    beliefs: Tensor
    evidence: np.ndarray


def hypotheses_of(
    translator: Translator, inks: Sequence[np.ndarray], script: str
) -> list[Hypothesis]:
    """Digits, the ink of each (H, W) in [0, 1], taken for `script`: as it is stretched in its data
    set, and as it is not."""
    check_known(script, translator.domains)
    scale, stretches = Scale.of(translator), translator.scripts[script].stretches
    return [_hypothesis(translator, scale, inks, script, stretch) for stretch in stretches]


def _hypothesis(
    translator: Translator, scale: Scale, inks: Sequence[np.ndarray], script: str, stretch: float
) -> Hypothesis:
    codes, beliefs, evidence = [], [], []
    for start in range(0, len(inks), BATCH):
        digits = cut(inks[start : start + BATCH], stretch)
        z = translator.encode(digits, script)
        codes.append(z)
        beliefs.append(translator.classify_codes(z))
        evidence.append(scale.weigh(*evidence_terms(translator, digits, z, script)))
    if not inks:
        empty = torch.empty(0, translator.config.latent_dim)
        return Hypothesis(script, stretch, empty, torch.empty(0, CLASSES), np.empty(0))
    return Hypothesis(
        script, stretch, torch.cat(codes), torch.cat(beliefs), torch.cat(evidence).cpu().numpy()
    )


def cut(inks: Iterable[np.ndarray], stretch: float) -> Tensor:
    """Digits' ink -> (N, 28, 28), each cut as the data sets' are; of no ink, none."""
    empty = np.zeros((SIDE, SIDE), np.float32)
    digits = [to_digit(ink, stretch) for ink in inks]
    return torch.from_numpy(np.stack([empty if digit is None else digit for digit in digits]))


def evidence_terms(
    translator: Translator, digits: Tensor, z: Tensor, script: str
) -> tuple[Tensor, Tensor]:
    """The two terms of the evidence lower bound of digits (N, 28, 28) at their codes, (N,) each, up
    to constants: -KL(digit || its reconstruction), each pixel a coin, and
    log sum_y N(z; mu_y, I) / 10.
    """
    made = translator.decode(z, script).clamp(1e-4, 1 - 1e-4)
    ink = digits.to(z.device).clamp(1e-4, 1 - 1e-4)
    apart = ink * (ink / made).log() + (1 - ink) * ((1 - ink) / (1 - made)).log()
    means = class_means(translator.config).to(z.device)
    near = (-0.5 * torch.cdist(z, means) ** 2).logsumexp(1) - math.log(CLASSES)
    return -apart.sum((1, 2)), near


def total(hypotheses: Sequence[Hypothesis], part: slice) -> np.ndarray:
    """The evidence of the digits in `part` for each hypothesis."""
    return np.array([np.maximum(each.evidence[part], -STRANGEST).sum() for each in hypotheses])


def best_of(hypotheses: Sequence[Hypothesis], part: slice) -> Hypothesis:
    """The hypothesis that fits the digits in `part` best."""
    return hypotheses[verdict(hypotheses, total(hypotheses, part))[0]]


def verdict(hypotheses: Sequence[Hypothesis], totals: np.ndarray) -> tuple[int, dict[str, float]]:
    """By the evidence for each hypothesis: which is best, and the probability of each script, whose
    stretches are as likely as each other beforehand."""
    weights = np.exp(totals - totals.max())
    scripts = {
        each.script: np.array([o.script == each.script for o in hypotheses]) for each in hypotheses
    }
    shares = {name: float(weights[own].mean()) for name, own in scripts.items()}
    script = max(shares, key=lambda name: shares[name])
    best = int(np.where(scripts[script], totals, -np.inf).argmax())
    return best, {name: share / sum(shares.values()) for name, share in shares.items()}
