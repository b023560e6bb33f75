"""What a translator confuses: every digit with every other, and its worst mistakes as pictures.

Written beside a checkpoint as `mistakes.json`. The data is not shipped: a mistake is kept as the
model's own pictures of the digit, reconstruction and translation.
"""

import base64
import io
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from unit_core import metrics
from unit_core.data import Digits
from unit_core.domains import target_of
from unit_core.evaluation import Sample
from unit_core.judges import Judge
from unit_core.translator import Translator

MOST = 24  # of the worst, a test set
ALIKE = 4  # of them, the same digit taken for the same other


@dataclass(frozen=True)
class Mistake:
    """A digit that the judge misreads once it is translated.

    `index` in the test set, its `label`, what was `read`, and the judge's `confidence` in [0, 1].
    """

    index: int
    label: int
    read: int
    confidence: float


@dataclass(frozen=True)
class Mistakes:
    """Of one test set of the script `source`, translated into `target`.

    `confusion` counts by reader, "latent" and "judge": int64 (10, 10), row the true class, column
    the reading; groups that a model found without labels are called by the classes they fit best.
    `worst` are the mistakes that the judge is surest of (see `surest`), and
    `pictures` (2, len(worst), 28, 28) in [0, 1] the model's reconstruction and translation of
    each. Without a judge of the target there is no "judge" and nothing is worst.
    """

    source: str
    target: str
    confusion: dict[str, Tensor]
    worst: tuple[Mistake, ...]
    pictures: Tensor

    def to_json(self) -> dict[str, Any]:
        """Plain values, with `pictures` as a PNG in base64.

        Ink is 255; reconstructions above translations, side by side in the order of `worst`.
        """
        return {
            "source": self.source,
            "target": self.target,
            "confusion": {name: counts.tolist() for name, counts in self.confusion.items()},
            "worst": [
                asdict(each) | {"confidence": round(each.confidence, 5)} for each in self.worst
            ],
            "pictures": _png(self.pictures) if self.worst else None,
        }


def mistakes(
    translator: Translator,
    judges: Mapping[str, Judge],
    tests: Mapping[str, Sample],
    names: Mapping[str, Tensor],
    most: int = MOST,
) -> dict[str, Mistakes]:
    """The mistakes on each of `tests`, by its name; posterior means, nothing drawn at random.

    `names` has what the model calls the classes of each script (see `evaluation.group_names`).
    """
    return {
        name: of_digits(translator, judges, sample.domain, sample.digits, names, most)
        for name, sample in tests.items()
    }


def of_digits(
    translator: Translator,
    judges: Mapping[str, Judge],
    domain: str,
    digits: Digits,
    names: Mapping[str, Tensor],
    most: int = MOST,
) -> Mistakes:
    """The mistakes on `digits` of `domain`, once translated into the model's first other script."""
    target = target_of(domain, translator.domains)
    codes = translator.encode(digits.images, domain)
    called = names[domain]
    latent = translator.classify_codes(codes).cpu()[:, called].argmax(1)
    confusion = {"latent": metrics.confusion(latent, digits.labels)}
    worst: tuple[Mistake, ...] = ()
    if judge := judges.get(target):
        probabilities = judge.classify(translator.decode(codes, target).cpu())
        probabilities = probabilities[:, names[target].argsort()[called]]
        confusion["judge"] = metrics.confusion(probabilities.argmax(1), digits.labels)
        worst = surest(probabilities, digits.labels, most)
    chosen = codes[[each.index for each in worst]]
    pictures = [translator.decode(chosen, name).cpu() for name in (domain, target)]
    return Mistakes(domain, target, confusion, worst, torch.stack(pictures))


def surest(probabilities: Tensor, labels: Tensor, most: int) -> tuple[Mistake, ...]:
    """The `most` digits read wrong with the highest probability, surest first.

    At most ALIKE of the same class read as the same other. `probabilities` (N, 10), `labels`
    (N,). Equally sure ones stay in the order of the digits.
    """
    confidence, read = probabilities.max(1)
    wrong = (read != labels).nonzero().flatten()
    found: list[Mistake] = []
    seen: Counter[tuple[int, int]] = Counter()
    for i in wrong[confidence[wrong].argsort(descending=True, stable=True)].tolist():
        kind = int(labels[i]), int(read[i])
        seen[kind] += 1
        if seen[kind] <= ALIKE and len(found) < most:
            found.append(Mistake(i, *kind, float(confidence[i])))
    return tuple(found)


def _png(pictures: Tensor) -> str:
    """(2, N, 28, 28) in [0, 1] -> two rows as a grey PNG in base64."""
    rows, count, side, _ = pictures.shape
    sheet = pictures.permute(0, 2, 1, 3).reshape(rows * side, count * side)
    packed = io.BytesIO()
    Image.fromarray((sheet * 255).round().byte().numpy()).save(packed, "PNG", optimize=True)
    return base64.b64encode(packed.getvalue()).decode()
