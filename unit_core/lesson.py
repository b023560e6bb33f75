"""A lesson: what a few answers teach a model that found ten groups of digits and no names for them.

`python -m unit_core lesson CHECKPOINT` prepares one, once; it lies beside the weights as
lesson.safetensors and holds no picture of the data sets: what is asked about is redrawn by a model.
Who answers names the group first, by the digit that stands for it best; then where groups meet.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F
from scipy import sparse
from torch import Tensor

from unit_core.cartography import normalised, sprite_sheet, tsne
from unit_core.checkpoint import CheckpointError, read_tensors, write_tensors
from unit_core.domains import CLASSES, UNKNOWN
from unit_core.spreading import neighbours
from unit_core.survey import Survey
from unit_core.translator import Translator

if TYPE_CHECKING:
    from unit_core.data import Digits

MOST = 2**15 - 1  # digits, so that a number of two bytes names one
ENOUGH = 3  # answers about clear digits of a group, if another has the same name


@dataclass(frozen=True)
class Turn:
    """What N digits are taken for, `said` (N,), UNKNOWN where nobody has named their group; how
    clearly, from 0 to 1, `clear` (N,); and which to ask about next, None where nothing is left."""

    said: Tensor
    clear: Tensor
    next: int | None


@dataclass(frozen=True)
class Lesson:
    """N digits of one script, as a model has them.

    groups (N,): which of ten it puts each into. graph (N, N): those that it finds alike, as
    `spreading.neighbours` has them. places (N, 2): on a map, uint16, 65535 its side, y up. labels
    (N,): what they are, 0 to 9. sprite: pictures as `atlas.Atlas` has them.
    """

    groups: Tensor
    graph: sparse.csr_array
    places: np.ndarray
    labels: Tensor
    sprite: bytes

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def columns(self) -> int:
        """Pictures in a row of the sprite."""
        return _columns(len(self))

    @cached_property
    def _typical(self) -> Tensor:
        """How clearly each digit belongs to its group, (N,)."""
        said, clear = Survey(self.groups, self.graph).said(torch.full_like(self.groups, UNKNOWN))
        return torch.where(said == self.groups, clear, 0.0)

    @cached_property
    def _clear(self) -> Tensor:
        """Which digits belong to their group as clearly as half of it does, bool (N,)."""
        least = torch.zeros(CLASSES, dtype=torch.double)
        for group in self.groups.unique():
            least[group] = self._typical[self.groups == group].median()
        return self._typical >= least[self.groups]

    def after(self, answers: Tensor, skipped: Tensor) -> Turn:
        """What is known once `answers` (N,) are given, 0 to 9, UNKNOWN elsewhere; a question that
        is `skipped`, bool (N,), is not asked again."""
        names = self._names(answers)
        guesses = names[self.groups]
        survey = Survey(guesses, self.graph)
        # All classes speak equally loud: of one that no group is called after, a single answer
        # would be as loud as whole groups. It stays with its own digit.
        said, clear = survey.said(torch.where(torch.isin(answers, names), answers, UNKNOWN))
        given = answers != UNKNOWN
        said, clear = torch.where(given, answers, said), torch.where(given, 1.0, clear)
        nameless = (guesses == UNKNOWN) & ~given
        said, clear = torch.where(nameless, UNKNOWN, said), torch.where(nameless, 0.0, clear)
        return Turn(said, clear, self._next(survey, answers, skipped, names, clear))

    def _names(self, answers: Tensor) -> Tensor:
        """What each group is, (10,): what most answers about its clear digits say; of two with as
        many, that of the clearest. UNKNOWN if nobody was asked. Digits that are not clear count for
        next to nothing: they are asked about just because they may belong elsewhere, and soon
        outnumber the clear ones."""
        given = (answers != UNKNOWN).nonzero()[:, 0]
        votes = torch.zeros(CLASSES, CLASSES, dtype=torch.double)
        say = self._clear[given] + 1e-6 * (1 + self._typical[given])
        votes.index_put_((self.groups[given], answers[given]), say, accumulate=True)
        return torch.where(votes.sum(1) > 0, votes.argmax(1), UNKNOWN)

    def _next(
        self, survey: Survey, answers: Tensor, skipped: Tensor, names: Tensor, clear: Tensor
    ) -> int | None:
        """The digit that stands best for the largest group without a name; or for one of two with
        the same, which may be a slip; else one in doubt."""
        given, nameless = answers != UNKNOWN, names == UNKNOWN
        asked = torch.bincount(self.groups[self._clear & given], minlength=CLASSES)
        twins = ((names[:, None] == names).sum(1) > 1) & ~nameless & (asked < ENOUGH)
        for wanted in (nameless[self.groups], twins[self.groups] & self._clear):
            waiting = wanted & ~given & ~skipped
            if waiting.any():
                largest = torch.bincount(self.groups[waiting], minlength=CLASSES).argmax()
                own = waiting & (self.groups == largest)
                return int(torch.where(own, self._typical, -1.0).argmax())
        found = survey.next(answers, skipped, 1, clear)
        return int(found[0]) if len(found) else None

    def save(self, path: Path) -> None:
        """Write one safetensors file."""
        parts = {
            "groups": self.groups.to(torch.uint8),
            "labels": self.labels.to(torch.uint8),
            "places": torch.from_numpy(self.places.astype(np.int32)),
            "starts": torch.from_numpy(self.graph.indptr.astype(np.int32)),
            "near": torch.from_numpy(self.graph.indices.astype(np.int16)),
            "alike": torch.from_numpy(self.graph.data).half(),
            "sprite": torch.frombuffer(bytearray(self.sprite), dtype=torch.uint8),
        }
        write_tensors(path, parts, {})

    @classmethod
    def load(cls, path: Path) -> "Lesson":
        """Read what `save` wrote. CheckpointError says what is wrong, and what to do."""
        again = f"prepare it with: python -m unit_core lesson {path.parent}"
        if not path.exists():
            raise CheckpointError(f"there is no lesson at {path} yet; {again}")
        found = read_tensors(path)
        try:
            n = len(found["labels"])
            graph = (found["alike"].double(), found["near"].long(), found["starts"].long())
            lesson = cls(
                found["groups"].long(),
                sparse.csr_array(tuple(part.numpy() for part in graph), shape=(n, n)),
                found["places"].numpy().astype(np.uint16),
                found["labels"].long(),
                found["sprite"].numpy().tobytes(),
            )
            lesson.graph.check_format()
            if not np.isfinite(lesson.graph.data).all():
                raise ValueError("it has digits that are alike by no number")
            if lesson.groups.shape != (n,) or lesson.places.shape != (n, 2):
                raise ValueError("its parts are of different digits")
            if max(lesson.groups.max(), lesson.labels.max()) >= CLASSES:
                raise ValueError("it has digits of no class")
        except (KeyError, ValueError, RuntimeError) as error:
            raise CheckpointError(f"{path} is damaged ({error}); {again}") from None
        return lesson


def prepare(
    translator: Translator,
    artist: Translator,
    digits: "Digits",
    domain: str,
    seed: int = 0,
    embed: Callable[[np.ndarray, int], np.ndarray] = tsne,
) -> Lesson:
    """A lesson about `digits`, of which all must have labels; a minute for 5,000.

    `artist` redraws them: a model that knows their labels draws even rare shapes as what they are.
    `embed` puts directions (N, D) on a map, (N, 2). Raises ValueError for more than MOST digits.
    """
    if len(digits) > MOST:
        raise ValueError(f"a lesson has at most {MOST:,} digits, not {len(digits):,}")
    features = translator.features(digits.images, domain)
    pictures = artist.reconstruct(digits.images, domain).numpy()
    directions = F.normalize(features - features.mean(0), dim=1)
    return Lesson(
        translator.classify(digits.images, domain).argmax(1),
        neighbours(features),
        normalised(embed(directions.numpy(), seed)),
        digits.labels,
        sprite_sheet(pictures, _columns(len(digits))),
    )


def _columns(count: int) -> int:
    return int(np.ceil(np.sqrt(count)))
