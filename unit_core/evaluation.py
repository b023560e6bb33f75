"""A trained translator -> its figures: how well its translations are read, and how they look.

Everything is computed from posterior means, with fixed seeds: the same numbers every time.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from unit_core import metrics
from unit_core.data import DataError, Digits, load_labelled, load_test
from unit_core.domains import CLASSES, DOMAINS, TEST_SETS, target_of
from unit_core.judges import FOLDER, Judge
from unit_core.looks import look
from unit_core.results import Legibility, Results, Scores, Validation
from unit_core.translator import Translator


@dataclass(frozen=True)
class Sample:
    """Digits to evaluate with, and the script that they are written in."""

    domain: str
    digits: Digits


def evaluate(
    translator: Translator,
    judges: Mapping[str, Judge],
    data_dir: Path | None = None,
    *,
    checkpoint: str = "",
    tests: Mapping[str, Sample] | None = None,
    looks: bool = False,
) -> Results:
    """Evaluate `translator` on `tests`, else on every test set of its scripts.

    Each set is translated into the first other script of the model. With `looks`, also the looks
    of translations, on validation digits only. Raises DataError for data that cannot be had,
    ValueError for a script that the model does not know.
    """
    known = translator.domains
    notes = [
        f"no judge of {name}: its readings are null; "
        f"train one with `python -m unit_core judges --domain {name}`"
        for name in dict.fromkeys(target_of(each, known) for each in known)
        if name not in judges
    ]
    if tests is None:
        tests, missing = test_sets(translator.domains, data_dir)
        notes += missing
    readings = {
        name: read(translator, judges, sample.domain, sample.digits)
        for name, sample in tests.items()
    }
    validation = None
    if looks:
        parts = {name: load_labelled(name, data_dir).validation for name in translator.domains}
        names = {name: group_names(translator, name, data_dir) for name in parts}
        called = {n: replace(part, labels=names[n][part.labels]) for n, part in parts.items()}
        knowing = {n: judge.renamed(names[n]) for n, judge in judges.items()}
        validation = {
            name: Validation(
                read(translator, judges, name, part),
                look(translator, knowing, name, target_of(name, translator.domains), called),
            )
            for name, part in parts.items()
        }
    return Results(
        checkpoint,
        translator.provenance.choice or None,
        translator.provenance.seed,
        readings,
        validation,
        tuple(notes),
    )


def read(
    translator: Translator, judges: Mapping[str, Judge], domain: str, digits: Digits
) -> Legibility:
    """Translate `digits` of `domain` and have original and translation read."""
    target = target_of(domain, translator.domains)
    codes = translator.encode(digits.images, domain)
    translated, reconstructed = (translator.decode(codes, name).cpu() for name in (target, domain))
    judge = judges.get(target)
    latent = _named(translator.classify_codes(codes))
    discriminator = _named(translator.discriminate(translated, target).probabilities)
    judged = None if judge is None else _named(judge.classify(translated))

    def scores(measure: Callable[[Tensor, Tensor], float]) -> Scores:
        return Scores(
            measure(latent, digits.labels),
            measure(discriminator, digits.labels),
            None if judged is None else measure(judged, digits.labels),
        )

    return Legibility(
        n=len(digits),
        target=target,
        accuracy=scores(metrics.accuracy),
        matched_accuracy=scores(metrics.matched_accuracy),
        fowlkes_mallows=scores(metrics.fowlkes_mallows),
        reconstruction_mse=metrics.reconstruction_mse(digits.images / 255, reconstructed),
        accuracy_of_real=metrics.accuracy(
            _named(translator.discriminate(digits.images, domain).probabilities), digits.labels
        ),
    )


def group_names(translator: Translator, domain: str, data_dir: Path | None = None) -> Tensor:
    """What the model calls each class of `domain`: (10,); the class itself if it was given labels.

    Else it knows groups, and which is which is told by validation's labels, as well as can be.
    """
    if translator.provenance.names(domain):
        return torch.arange(CLASSES)
    digits = load_labelled(domain, data_dir).validation
    counts = metrics.confusion(_named(translator.classify(digits.images, domain)), digits.labels)
    return torch.from_numpy(linear_sum_assignment(counts.numpy(), maximize=True)[1])


def load_judges(domains: tuple[str, ...]) -> dict[str, Judge]:
    """The judges of those `domains` that have one."""
    return {name: Judge.load(name) for name in domains if (FOLDER / name).is_dir()}


def test_sets(
    domains: tuple[str, ...], data_dir: Path | None = None
) -> tuple[dict[str, Sample], list[str]]:
    """Every test set of `domains`; and a note for each script of one's own that has none."""
    found = {
        name: Sample(test.domain, load_test(name, data_dir))
        for name, test in TEST_SETS.items()
        if test.domain in domains
    }
    notes = []
    for name in domains:
        if name not in DOMAINS:
            try:
                found[name] = Sample(name, load_test(name, data_dir))
            except DataError as error:
                notes.append(f"{name} is not tested: {error}")
    return found, notes


test_sets.__test__ = False  # type: ignore[attr-defined]  # whatever pytest thinks of its name


def _named(probabilities: Tensor) -> Tensor:
    return probabilities.argmax(1).cpu()
