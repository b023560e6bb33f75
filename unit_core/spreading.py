"""What the neighbours say: a few labels spread to all digits that an encoder finds alike.

A network that teaches itself from few labels ends sure of its mistakes: a writer's zeros that it
once took for ones it takes for ones ever after. Among its features they still lie apart, beside the
few of them that have a label; so the labels go from digit to digit along a graph of neighbours
(Zhou et al. 2004, "Learning with local and global consistency"; Iscen et al. 2019, for a network's
own features), and the few outvote what the network believes.
"""

import numpy as np
import torch
import torch.nn.functional as F
from scipy import sparse
from torch import Tensor

from unit_core.domains import CLASSES, UNKNOWN

NEIGHBOURS = 15
SHARPNESS = 4  # a neighbour counts as its cosine to this power
PASSED_ON = 0.9  # share of a digit's scores that its neighbours make; the rest is its own label
PASSED_ON_GUESSES = 0.99  # where labels are guesses, but many: a digit may be outvoted
GIVEN = 50.0  # guesses that a label weighs which somebody gave
ROUNDS = 50


def spread(features: Tensor, labels: Tensor, guesses: Tensor) -> Tensor:
    """Labels (N,) of all digits, of which `labels` (N,) may be UNKNOWN; known ones stay.

    But where `guesses` (N,) is true, such as of groups, they need not stay.

    `features` (N, D), where alike is a small angle about their mean. N^2 D products: half a minute
    of one core for 55,000 digits. A digit that no label reaches stays UNKNOWN.
    """
    most, said = scores_of(neighbours(features), labels, guesses).max(1)
    said = torch.where(most > 0, said, UNKNOWN)
    fixed = ((labels != UNKNOWN) & ~guesses).cpu()
    return torch.where(fixed, labels.cpu(), said).to(labels.device)


def scores_of(graph: sparse.csr_array, labels: Tensor, guesses: Tensor) -> Tensor:
    """How much the labels in `graph` speak for each class of each digit: (N, 10), at least 0,
    float64 (Zhou et al. 2004, eq. 4, iterated).

    `labels` and `guesses` as `spread` has them; a label that was given weighs more than a guess.
    """
    known = (labels != UNKNOWN).cpu()
    named = F.one_hot(labels.cpu().clamp(min=0), CLASSES).double() * known[:, None]
    named /= named.sum(0).clamp(min=1)  # all classes weigh the same
    passed_on = PASSED_ON
    if guesses.any():
        passed_on = PASSED_ON_GUESSES
        named *= torch.where(guesses.cpu(), 1.0, GIVEN)[:, None]
    own = scores = named.numpy()
    for _ in range(ROUNDS):
        scores = passed_on * (graph @ scores) + (1 - passed_on) * own
    return torch.from_numpy(scores)


def neighbours(features: Tensor) -> sparse.csr_array:
    """The graph of `features` (N, D): N x N, both ways, normalised by the degrees."""
    directions = F.normalize(features.float() - features.float().mean(0), dim=1)
    n = len(directions)
    k = min(NEIGHBOURS, n - 1)
    weights, places = [], []
    for first, part in zip(range(0, n, 512), directions.split(512), strict=True):
        near = part @ directions.T
        itself = torch.arange(len(part), device=part.device)
        near[itself, first + itself] = -1
        weight, place = near.topk(k, dim=1)
        weights.append(weight.clamp(min=0).pow(SHARPNESS).cpu())
        places.append(place.cpu())
    values = torch.cat(weights).double().flatten().numpy()
    columns = torch.cat(places).flatten().numpy()
    one_way = sparse.csr_array((values, (np.repeat(np.arange(n), k), columns)), shape=(n, n))
    both = one_way + one_way.T
    scale = sparse.diags_array(np.maximum(both.sum(1), 1e-12) ** -0.5)
    return (scale @ both @ scale).tocsr()
