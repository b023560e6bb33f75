"""What a translator confuses: every digit with every other, and its worst mistakes as pictures.

Written beside a checkpoint as `mistakes.json`. The data is not shipped: a mistake is kept as the
model's own pictures of the digit, reconstruction and translation.
"""

import base64
import io
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from unit_core import metrics
from unit_core.checkpoint import MISTAKES, read_typed
from unit_core.data import Digits
from unit_core.domains import CLASSES, target_of
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

    def __post_init__(self) -> None:
        if not (0 <= self.label < CLASSES and 0 <= self.read < CLASSES):
            raise ValueError("a digit is not 0 to 9")


@dataclass(frozen=True)
class Mistakes:
    """Of one test set of the script `source`, translated into `target`.

    `confusion` counts by reader, "latent" and "judge": 10 rows, the true classes, of 10 columns,
    the readings; groups that a model found without labels are called by the classes they fit best.
    `worst` are the mistakes that the judge is surest of (see `surest`). `pictures` is a grey PNG in
    base64, ink 255: the model's reconstructions above its translations, side by side in the order
    of `worst`. Without a judge of the target there is no "judge", nothing is worst, and no picture.
    """

    source: str
    target: str
    confusion: Mapping[str, tuple[tuple[int, ...], ...]]
    worst: tuple[Mistake, ...]
    pictures: str | None

    def __post_init__(self) -> None:
        for counts in self.confusion.values():
            if [len(row) for row in counts] != [CLASSES] * CLASSES:
                raise ValueError("a confusion is not 10 x 10")
        if self.worst and self.pictures is None:
            raise ValueError("the pictures are missing")

    def wrong(self, reader: str) -> int:
        """How many digits are misread."""
        counts = self.confusion[reader]
        return sum(map(sum, counts)) - sum(counts[c][c] for c in range(CLASSES))


def read(folder: Path) -> dict[str, Mistakes]:
    """Those beside the checkpoint in `folder`, by test set; CheckpointError if they are no such."""
    return read_typed(folder / MISTAKES, dict[str, Mistakes])


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
    confusion = {"latent": _counts(latent, digits.labels)}
    worst: tuple[Mistake, ...] = ()
    if judge := judges.get(target):
        probabilities = judge.classify(translator.decode(codes, target).cpu())
        probabilities = probabilities[:, names[target].argsort()[called]]
        confusion["judge"] = _counts(probabilities.argmax(1), digits.labels)
        worst = surest(probabilities, digits.labels, most)
    chosen = codes[[each.index for each in worst]]
    shown = torch.stack([translator.decode(chosen, name).cpu() for name in (domain, target)])
    return Mistakes(domain, target, confusion, worst, _png(shown) if worst else None)


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
            found.append(Mistake(i, *kind, round(float(confidence[i]), 5)))
    return tuple(found)


def _counts(read: Tensor, labels: Tensor) -> tuple[tuple[int, ...], ...]:
    return tuple(map(tuple, metrics.confusion(read, labels).tolist()))


def _png(pictures: Tensor) -> str:
    """(2, N, 28, 28) in [0, 1] -> two rows as a grey PNG in base64."""
    rows, count, side, _ = pictures.shape
    sheet = pictures.permute(0, 2, 1, 3).reshape(rows * side, count * side)
    packed = io.BytesIO()
    Image.fromarray((sheet * 255).round().byte().numpy()).save(packed, "PNG", optimize=True)
    return base64.b64encode(packed.getvalue()).decode()
