"""Which digits are in doubt: those of which the neighbours disagree.

A model of few labels is sure of most digits, and right. What it takes wrong lies where groups of
digits meet, and there a label settles a digit and those around it; a digit drawn by chance seldom
lies there. So the next to ask about are those whose two likeliest labels have nearly equal scores
(uncertainty sampling, Lewis & Gale 1994, of spread labels, as in Zhu et al. 2003, "Combining active
learning and semi-supervised learning using Gaussian fields"), and of neighbours only one at a time.
"""

from dataclasses import dataclass

import torch
from scipy import sparse
from torch import Tensor

from unit_core.domains import CLASSES, UNKNOWN
from unit_core.spreading import scores_of


@dataclass(frozen=True)
class Survey:
    """What a model makes of a script's N digits: what it reads where it is sure, `guesses` (N,),
    else UNKNOWN, and the `graph` of those that it finds alike."""

    guesses: Tensor
    graph: sparse.csr_array

    def said(self, labels: Tensor) -> tuple[Tensor, Tensor]:
        """With the given `labels` (N,), others UNKNOWN: what each digit is, (N,), and how clearly,
        from 0 where two labels are equally likely to 1, (N,)."""
        given = labels != UNKNOWN
        scores = scores_of(self.graph, torch.where(given, labels, self.guesses), ~given)
        two = scores.topk(2, dim=1)
        clear = (two.values[:, 0] - two.values[:, 1]) / scores.sum(1).clamp(min=1e-12)
        return torch.where(given, labels, two.indices[:, 0]), torch.where(given, 1.0, clear)

    def next(
        self, labels: Tensor, taken: Tensor, count: int, clear: Tensor | None = None
    ) -> Tensor:
        """Indices of up to `count` digits to label, the most doubtful first.

        None of the `taken` ones, bool (N,), no neighbour of those that wait for a label, and no
        two neighbours. `clear`, if it is at hand, is what is `said` of the `labels`.
        """
        if clear is None:
            clear = self.said(labels)[1]
        chosen: list[int] = []
        barred = taken | (labels != UNKNOWN)
        for i in (taken & (labels == UNKNOWN)).nonzero()[:, 0].tolist():
            barred[_around(self.graph, i)] = True
        for i in clear.argsort(stable=True).tolist():
            if len(chosen) == count:
                break
            if not barred[i]:
                chosen.append(i)
                barred[_around(self.graph, i)] = True
        return torch.tensor(chosen, dtype=torch.long)

    def clearest(self, taken: Tensor, count: int) -> Tensor:
        """Indices of `count` digits that are not `taken`, the clearest of each group: to say which
        digit it is."""
        nothing = torch.full_like(self.guesses, UNKNOWN)
        said, clear = self.said(nothing)
        order = clear.argsort(descending=True, stable=True)
        ranks = torch.full_like(order, len(order))
        for group in range(CLASSES):
            own = order[(said[order] == group) & ~taken[order]]
            ranks[own] = torch.arange(len(own))
        return ranks.argsort(stable=True)[: min(count, int((~taken).sum()))]


def _around(graph: sparse.csr_array, i: int) -> Tensor:
    """A digit and its neighbours."""
    return torch.tensor([i, *graph.indices[graph.indptr[i] : graph.indptr[i + 1]].tolist()])
