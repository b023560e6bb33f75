"""Which digits to label next: those of which the neighbours disagree.

A model of few labels is sure of most digits, and right. What it takes wrong lies where groups of
digits meet, and there a label settles a digit and those around it; a digit drawn by chance seldom
lies there. So the digits are asked for whose two likeliest labels are heard equally loud
(uncertainty sampling, Lewis & Gale 1994, of spread labels, as in Zhu et al. 2003, "Combining active
learning and semi-supervised learning using Gaussian fields"), and of neighbours only one at a time.
"""

from pathlib import Path

import torch
from scipy import sparse
from torch import Tensor

from unit_core import labelling
from unit_core.data import UNKNOWN, Digits
from unit_core.domains import CLASSES
from unit_core.grouping import believed
from unit_core.networks import as_batch
from unit_core.spreading import heard, neighbours
from unit_core.translator import Translator

ROUND = 50  # digits asked for at once: the next are chosen with their labels known


class Survey:
    """What a model makes of a script's digits, and what remains to be asked about them."""

    def __init__(self, translator: Translator, images: Tensor, domain: str) -> None:
        self.guesses = believed(translator, images, domain).cpu()  # (N,), UNKNOWN where unsure
        generator = translator.networks.generator
        with torch.inference_mode():
            features = [
                generator.features(as_batch(part).to(translator.device), domain).float()
                for part in images.split(512)
            ]
        self.graph = neighbours(torch.cat(features))

    def said(self, labels: Tensor) -> tuple[Tensor, Tensor]:
        """With the given `labels` (N,), others UNKNOWN: what each digit is, (N,), and how clearly,
        from 0 where two labels are equally likely to 1, (N,)."""
        given = labels != UNKNOWN
        loud = heard(self.graph, torch.where(given, labels, self.guesses), ~given)
        two = loud.topk(2, dim=1)
        clear = (two.values[:, 0] - two.values[:, 1]) / loud.sum(1).clamp(min=1e-12)
        return torch.where(given, labels, two.indices[:, 0]), torch.where(given, 1.0, clear)

    def next(self, labels: Tensor, taken: Tensor, count: int) -> Tensor:
        """Indices of `count` digits to label, or all that are left, the most doubtful first.

        None of the `taken` ones, bool (N,), and no two neighbours.
        """
        chosen: list[int] = []
        barred = taken | (labels != UNKNOWN)
        for i in self.said(labels)[1].argsort(stable=True).tolist():
            if len(chosen) == count:
                break
            if not barred[i]:
                chosen.append(i)
                barred[_around(self.graph, i)] = True
        return torch.tensor(chosen, dtype=torch.long)

    def clearest(self, count: int) -> Tensor:
        """Indices of `count` digits, the clearest of each group: to say which digit it is."""
        nothing = torch.full_like(self.guesses, UNKNOWN)
        said, clear = self.said(nothing)
        order = clear.argsort(descending=True, stable=True)
        ranks = torch.empty_like(order)
        for group in range(CLASSES):
            own = order[said[order] == group]
            ranks[own] = torch.arange(len(own))
        return ranks.argsort(stable=True)[:count]


def ask(
    translator: Translator,
    digits: Digits,
    domain: str,
    folder: Path,
    count: int = ROUND,
    answered: bool = False,
) -> int:
    """Put `count` more of `digits`, those it is best to label next, as pictures into `folder`.

    Beside them the labels that the model was trained with; returns how many were asked for, fewer
    only if no more are left. `answered` puts each under the label that it has, to see what asking
    is worth. Raises ValueError for a model that knows all labels, or has groups without names that
    the folder has begun to name, and for digits that have no label to answer with.
    """
    source = translator.provenance
    before = labelling.of_checkpoint(translator.folder) if translator.folder else {}
    labels = labelling.given_labels(digits, source["labels"][domain], source["seed"], before)
    told = labels != UNKNOWN
    if told.all():
        raise ValueError(f"this model has seen the labels of all digits of {domain}")
    names = labelling.names_of(digits.images)
    in_folder = labelling.read(folder) if folder.is_dir() else {}
    if in_folder and not told.any():
        raise ValueError(
            "this model was given no label, so its groups have no names: train with "
            f"--labels {folder} and ask that one"
        )
    given = torch.tensor([in_folder.get(name, UNKNOWN) for name in names])
    new = told & (given == UNKNOWN)
    labels = torch.where(given != UNKNOWN, given, labels)
    present = labelling.seen(folder)
    taken = torch.tensor([name in present for name in names])
    survey = Survey(translator, digits.images, domain)
    labelling.put(folder, digits.images[new], labels[new])
    asked = 0
    while asked < count:
        more = count - asked
        if told.any():
            chosen = survey.next(labels, taken, min(ROUND, more) if answered else more)
        else:
            chosen = survey.clearest(more)
        if not len(chosen):
            break
        answers = digits.labels[chosen] if answered else torch.full_like(chosen, UNKNOWN)
        if answered and (answers == UNKNOWN).any():
            raise ValueError(f"digits of {domain} have no label: nothing can answer for you")
        labelling.put(folder, digits.images[chosen], answers)
        labels[chosen], taken[chosen] = answers, True
        asked += len(chosen)
    return asked


def _around(graph: sparse.csr_array, i: int) -> Tensor:
    """A digit and its neighbours."""
    return torch.tensor([i, *graph.indices[graph.indptr[i] : graph.indptr[i + 1]].tolist()])
