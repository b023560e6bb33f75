"""Losses as pure functions of tensors; each is a mean over the batch unless it says otherwise.

`targets` is always a distribution over the classes, (N, 10): one-hot where a label is known, the
teacher's belief where none is.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from unit_core.networks import Posterior


def reconstruction(logits: Tensor, images: Tensor) -> Tensor:
    """-log p(x|z) in nats an image, pixels as Bernoulli variables (Kingma & Welling 2014, App. C).

    `logits`, `images` (N, 1, 28, 28), images in [0, 1].
    """
    return F.binary_cross_entropy_with_logits(logits, images, reduction="sum") / len(images)


def kl_to_class_prior(posterior: Posterior, targets: Tensor, means: Tensor) -> Tensor:
    """E_{y ~ targets} KL(N(m, s^2) || N(mu_y, I)) in nats (VaDE, Jiang et al. 2017, eq. 8).

    = 1/2 sum_j (m_j^2 + s_j^2 - 1 - 2 log s_j) - sum_y t_y (<m, mu_y> - |mu_y|^2 / 2).
    `targets` (N, 10) sum to one, `means` (10, latent_dim).
    """
    mean, std = posterior.mean, posterior.std
    own = 0.5 * (mean**2 + std**2 - 1 - 2 * std.log()).sum(1)
    towards = ((mean @ means.T - 0.5 * (means**2).sum(1)) * targets).sum(1)
    return (own - towards).mean()


def class_cross_entropy(logits: Tensor, targets: Tensor, trust: Tensor) -> Tensor:
    """Cross-entropy of `logits` (N, 10) against `targets` (N, 10), weighted by `trust` (N,)."""
    return (F.cross_entropy(logits, targets, reduction="none") * trust).mean()


def discriminator_hinge(real: Tensor, made: Tensor) -> Tensor:
    """max(0, 1 - D(x)) + max(0, 1 + D(G)), on realness (N,) (Lim & Ye 2017)."""
    return F.relu(1 - real).mean() + F.relu(1 + made).mean()


def generator_hinge(made: Tensor) -> Tensor:
    """-D(G), on realness (N,)."""
    return -made.mean()


def off_centre(hands: Tensor, targets: Tensor) -> Tensor:
    """Squared length of a class's mean hand; the prior's hands have their mean at 0.

    Without bias, so that hands do not shrink: the mean inner product of all pairs of different
    digits of a class.
    `hands` (N, latent_dim - 10), `targets` (N, 10), with rows of zeros for what is not trusted.
    """
    alike = (targets @ targets.T).fill_diagonal_(0)
    return (alike * (hands @ hands.T)).sum() / alike.sum().clamp(min=1)


def confusion(logits: Tensor) -> Tensor:
    """Cross-entropy of the latent critic against the uniform distribution, less its minimum (>= 0).

    Zero when it cannot tell the scripts apart (Tzeng et al. 2015, eq. 3). `logits` (N, domains).
    """
    uniform = torch.full_like(logits, 1 / logits.shape[1])
    return F.kl_div(F.log_softmax(logits, 1), uniform, reduction="batchmean")


def equivariance(of_warped: Tensor, warped: Tensor) -> Tensor:
    """How far translate(T x) is from T translate(x) (GcGAN, Fu et al. 2019), in [0, 1].

    L1 distance over both ink masses, so that a thin hand counts as much as a bold one and a blank
    page gains nothing. Both (N, 1, 28, 28) in [0, 1].
    """
    distance = (of_warped - warped).abs().sum((1, 2, 3))
    return (distance / (of_warped.sum((1, 2, 3)) + warped.sum((1, 2, 3)) + 1)).mean()


def latent_cycle(posterior: Posterior, again: Posterior) -> Tensor:
    """Distance of a translation's code from its source's, in the source's deviations (per axis).

    Huber-clamped: a code that is far off must not outweigh a batch.
    """
    scale = posterior.std.detach().clamp(min=0.1)
    return F.smooth_l1_loss(again.mean / scale, posterior.mean / scale, beta=1.0)


def divergence(teacher: Posterior, posterior: Posterior) -> Tensor:
    """KL(teacher || posterior) in nats, both normal: what is lost by taking one for the other."""
    ratio = teacher.std / posterior.std
    apart = (teacher.mean - posterior.mean) / posterior.std
    return 0.5 * (ratio**2 + apart**2 - 1 - 2 * ratio.log()).sum(1).mean()


def style_match(made: Tensor, source: Tensor) -> Tensor:
    """Smooth L1 between standardised style measures (N, K) of a translation and its source."""
    return F.smooth_l1_loss(made, source, beta=0.5)


def align(belief: Tensor, marginal: Tensor) -> Tensor:
    """Beliefs (N, 10) with the teacher's bias taken out (ReMixMatch, Berthelot et al. 2020, 3.1).

    `marginal` (10,) is the running mean of beliefs; dividing by it makes all digits equally common
    over time and keeps a classifier from calling everything one digit.
    """
    aligned = belief / marginal.clamp(min=1e-3)
    return aligned / aligned.sum(1, keepdim=True)


def sinkhorn(logits: Tensor, sharpness: float = 10.0, iterations: int = 5) -> Tensor:
    """Beliefs (N, groups) that follow `logits`, and all groups equally large.

    Sinkhorn-Knopp, as for self-labelling without any labels (Asano et al. 2020, section 3.1), on
    logits brought to a deviation of `sharpness`: undecided ones must begin to take sides.
    """
    log = (logits * (sharpness / logits.std().clamp(min=1e-3))).double()
    for _ in range(iterations):
        log = log - log.logsumexp(0, keepdim=True)
        log = log - log.logsumexp(1, keepdim=True)
    return log.exp().to(logits.dtype)
