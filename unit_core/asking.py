"""Which digits to label next: those of which the neighbours disagree.

A model of few labels is sure of most digits, and right. What it takes wrong lies where groups of
digits meet, and there a label settles a digit and those around it; a digit drawn by chance seldom
lies there. So the digits are asked for whose two likeliest labels are heard equally loud
(uncertainty sampling, Lewis & Gale 1994, of spread labels, as in Zhu et al. 2003, "Combining active
learning and semi-supervised learning using Gaussian fields"), and of neighbours only one at a time.
"""

from dataclasses import dataclass
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


@dataclass(frozen=True)
class Survey:
    """What a model makes of a script's N digits: what it reads where it is sure, `guesses` (N,),
    else UNKNOWN, and the `graph` of those that it finds alike."""

    guesses: Tensor
    graph: sparse.csr_array

    @classmethod
    def of(cls, translator: Translator, images: Tensor, domain: str) -> "Survey":
        """Of `images` (N, 28, 28) uint8: a minute or two of one core for 55,000."""
        generator = translator.networks.generator
        with torch.inference_mode():
            features = [
                generator.features(as_batch(part).to(translator.device), domain).float()
                for part in images.split(512)
            ]
        guesses = believed(translator, images, domain).cpu()
        return cls(guesses, neighbours(torch.cat(features)))

    def said(self, labels: Tensor) -> tuple[Tensor, Tensor]:
        """With the given `labels` (N,), others UNKNOWN: what each digit is, (N,), and how clearly,
        from 0 where two labels are equally likely to 1, (N,)."""
        given = labels != UNKNOWN
        loud = heard(self.graph, torch.where(given, labels, self.guesses), ~given)
        two = loud.topk(2, dim=1)
        clear = (two.values[:, 0] - two.values[:, 1]) / loud.sum(1).clamp(min=1e-12)
        return torch.where(given, labels, two.indices[:, 0]), torch.where(given, 1.0, clear)

    def next(self, labels: Tensor, taken: Tensor, count: int) -> Tensor:
        """Indices of up to `count` digits to label, the most doubtful first.

        None of the `taken` ones, bool (N,), no neighbour of those that wait for a label, and no
        two neighbours.
        """
        chosen: list[int] = []
        barred = taken | (labels != UNKNOWN)
        for i in (taken & (labels == UNKNOWN)).nonzero()[:, 0].tolist():
            barred[_around(self.graph, i)] = True
        for i in self.said(labels)[1].argsort(stable=True).tolist():
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


def ask(
    checkpoint: Path,
    digits: Digits,
    domain: str,
    folder: Path,
    count: int = ROUND,
    answered: bool = False,
) -> int:
    """Put up to `count` more of `digits`, the best to label next, as pictures into `folder`.

    Beside them the labels that the model in `checkpoint` was trained with. Returns how many were
    asked for: fewer where the rest are neighbours of those. `answered` puts each under the label
    that it has, to see what asking is worth. Raises ValueError for a script that the model does not
    know or knows all labels of, for groups without names that the folder has begun to name, and
    for digits that have no label to answer with; DataError for a folder that cannot be read.
    """
    translator = Translator.load(checkpoint)
    if domain not in translator.domains:
        known_ones = ", ".join(translator.domains)
        raise ValueError(f"unknown script {domain!r}: this model knows {known_ones}")
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} is a file: name the folder that you label in")
    told = labelling.labels_of(digits, domain, translator.provenance, checkpoint)
    if (told != UNKNOWN).all():
        raise ValueError(f"this model has seen the labels of all digits of {domain}")
    names = labelling.names_of(digits.images)
    places = {name: i for i, name in enumerate(names)}
    known: dict[str, int] = {}
    there: set[str] = set()  # and those still to be labelled, and skipped ones
    if folder.is_dir():
        there = labelling.seen(folder)
        known = {k: label for k, label in labelling.read(folder).items() if k in places}
    named = bool((told != UNKNOWN).any())
    if known and not named:
        raise ValueError(
            f"this model was given no label of {domain}, so its groups have no names: train anew "
            f"with --labels {folder}, without --start, and ask that one"
        )
    survey = Survey.of(translator, digits.images, domain)
    missing = {k: v for k, v in labelling.by_name(names, told).items() if k not in there}
    own = torch.tensor([places[name] for name in missing], dtype=torch.long)
    labelling.put(folder, digits.images[own], torch.tensor(list(missing.values())))
    known |= missing
    there |= missing.keys()
    asked = 0
    while asked < count:
        labels = torch.tensor([known.get(name, UNKNOWN) for name in names])
        taken = torch.tensor([name in there for name in names])
        more = min(ROUND, count - asked) if answered else count
        chosen = survey.next(labels, taken, more) if named else survey.clearest(taken, more)
        chosen = torch.tensor(
            list({names[i]: i for i in chosen.tolist()}.values()), dtype=torch.long
        )
        answers = digits.labels[chosen] if answered else torch.full_like(chosen, UNKNOWN)
        if answered and (answers == UNKNOWN).any():
            raise ValueError(f"digits of {domain} have no label: nothing can answer for you")
        labelling.put(folder, digits.images[chosen], answers)
        asked += len(chosen)
        if not answered or not len(chosen):
            break
        known |= zip([names[i] for i in chosen.tolist()], answers.tolist(), strict=True)
        there |= known.keys()
    return asked


def _around(graph: sparse.csr_array, i: int) -> Tensor:
    """A digit and its neighbours."""
    return torch.tensor([i, *graph.indices[graph.indptr[i] : graph.indptr[i + 1]].tolist()])
