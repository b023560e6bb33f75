"""How a model's evidence is weighed when pages are read: fitted on validation digits, and kept with
its checkpoint.

Two weights of the evidence lower bound, so that of a digit alone the script is told as surely as it
is right (a conditional logit, McFadden 1974), and the evidence that nearly every digit has.
"""

import dataclasses

import cv2
import numpy as np
import torch
from scipy.optimize import minimize

from unit_core.checkpoint import SCALE, write_json
from unit_core.data import load_train, split
from unit_core.evidence import Scale, cut, evidence_terms
from unit_core.formats import StrPath
from unit_core.translator import Translator

DIGITS = 1000  # of each script and shape
LARGE = 2.0  # times the data sets' 28 x 28
COMMON = 0.5  # percent of digits that have less evidence
BEYOND = 1.0  # less still is as likely no digit


def fit(translator: Translator, data_dir: StrPath | None = None) -> Scale:
    """The scale of a model, by validation digits of all its scripts; deterministic."""
    terms, own = [], []
    stretches = {name: script.stretches for name, script in translator.scripts.items()}
    shapes = [(name, stretch) for name, each in stretches.items() for stretch in each]
    for name, stretch in shapes:
        inks = inks_of(name, stretch, data_dir)
        seen = [_terms(translator, inks, *shape) for shape in shapes]
        terms.append(np.stack(seen, 1))  # (N, shapes, 2)
        own.append(np.array([other == name for other, _ in shapes]))
    # Shapes of a script share its prior probability, and its weight in the fit.
    sizes = np.array([len(stretches[name]) for name, _ in shapes])

    def loss(weights: np.ndarray) -> float:
        total = 0.0
        for seen, mine, size in zip(terms, own, sizes, strict=True):
            scores = seen @ weights - np.log(sizes)
            right = np.logaddexp.reduce(scores[:, mine], axis=1)
            total += float((np.logaddexp.reduce(scores, axis=1) - right).mean()) / size
        return total

    weights = minimize(loss, (0.15, 0.65), bounds=[(0, None)] * 2).x
    usual = [(seen[:, i] @ weights) for i, seen in enumerate(terms)]
    unlike = float(np.percentile(np.concatenate(usual), COMMON)) - BEYOND
    return Scale(*(round(float(value), 4) for value in (*weights, unlike)))


def write(translator: Translator, scale: Scale) -> None:
    """Keep it with the translator's checkpoint."""
    if translator.folder is None:
        raise ValueError("the translator was not loaded from a folder: save it first")
    write_json(translator.folder / SCALE, dataclasses.asdict(scale))


def inks_of(name: str, stretch: float, data_dir: StrPath | None) -> list[np.ndarray]:
    """Validation digits as large as on a page, `stretch` times less tall than in their data set."""
    digits = split(load_train(name, data_dir)).validation
    chosen = torch.linspace(0, len(digits) - 1, min(DIGITS, len(digits))).long()
    images = digits.images[chosen].numpy().astype(np.float32) / 255
    size = round(LARGE * 28), round(LARGE * 28 / stretch)
    return [cv2.resize(each, size, interpolation=cv2.INTER_CUBIC).clip(0, 1) for each in images]


def _terms(
    translator: Translator, inks: list[np.ndarray], script: str, stretch: float
) -> np.ndarray:
    digits = cut(inks, stretch)
    terms = evidence_terms(translator, digits, translator.encode(digits, script), script)
    return torch.stack(terms, 1).cpu().numpy().astype(np.float64)
