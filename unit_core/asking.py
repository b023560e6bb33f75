"""Labels asked for: the digits that a model is most in doubt about, put before a person.

Labels spread among digits that the model finds alike, its own sure readings beside them, and a
`survey` says of which digits those disagree.
"""

from pathlib import Path

import torch
from torch import Tensor

from unit_core import labelling
from unit_core.data import Digits
from unit_core.domains import UNKNOWN, check_known
from unit_core.grouping import believed
from unit_core.spreading import neighbours
from unit_core.survey import Survey
from unit_core.translator import Translator

ROUND = 50  # digits asked for at once: the next are chosen with their labels known


def survey_of(translator: Translator, digits: Digits, domain: str) -> Survey:
    """What a model makes of a script's `digits`: a minute or two of one core for 55,000."""
    guesses = believed(translator, digits.images, domain).cpu()
    return Survey(guesses, neighbours(translator.features(digits.images, domain)))


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
    told = _told(translator, checkpoint, digits, domain)
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} is a file: name the folder that you label in")
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
    survey = survey_of(translator, digits, domain)
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


def _told(translator: Translator, checkpoint: Path, digits: Digits, domain: str) -> Tensor:
    """The labels (N,) that the model was trained with; ValueError if there is nothing to ask."""
    check_known(domain, translator.domains)
    told = labelling.labels_of(digits, domain, translator.provenance, checkpoint)
    if (told != UNKNOWN).all():
        raise ValueError(f"this model has seen the labels of all digits of {domain}")
    return told
