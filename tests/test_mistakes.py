"""Confusions and worst mistakes, of a stand-in whose mistakes are known."""

import base64
import io
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from test_evaluation import Perfect, digits

from unit_core import mistakes
from unit_core.checkpoint import MISTAKES, CheckpointError, write_json
from unit_core.evaluation import Sample

ALL_RIGHT = tuple(tuple(10 * (row == column) for column in range(10)) for row in range(10))


class Hasty(Perfect):
    """Takes the digits of class 7 for a 6, the surer the later they come."""

    def classify(self, images: torch.Tensor, domain: str | None = None) -> torch.Tensor:
        probabilities = super().classify(images, domain)
        sevens = (probabilities.argmax(1) == 7).nonzero().flatten()
        for rank, i in enumerate(sevens.tolist()):
            probabilities[i] = 0.01
            probabilities[i, 6] = 0.5 + rank / 100
        return probabilities


def found(judge: Any = None, most: int = 24, shift: int = 0) -> mistakes.Mistakes:
    """Of a model that calls the digits of both scripts `shift` more than they are."""
    judges = {} if judge is None else {"kannada": judge}
    tests = {"mnist": Sample("mnist", digits())}
    translator: Any = Perfect(shift)
    names = dict.fromkeys(Perfect.domains, (torch.arange(10) + shift) % 10)
    return mistakes.mistakes(translator, judges, tests, names, most)["mnist"]


def test_confusion_is_of_each_reader() -> None:
    part = found(Hasty())
    assert part.confusion["latent"] == ALL_RIGHT and part.wrong("latent") == 0
    judged = part.confusion["judge"]
    assert judged[7][6] == 10 and judged[7][7] == 0 and part.wrong("judge") == 10
    assert (part.source, part.target) == ("mnist", "kannada")


def test_groups_are_called_by_the_classes_they_fit() -> None:
    """The same mistakes of a model without labels, whatever it calls the digits."""
    part, other = found(Hasty()), found(Hasty(), shift=3)
    assert part.confusion == other.confusion
    assert part.worst == other.worst
    # Where only the source's are groups, their names in the other script are what is read there.
    tests: Any = {"mnist": Sample("mnist", digits())}
    names = {"mnist": (torch.arange(10) + 3) % 10, "kannada": torch.arange(10)}
    mixed: Any = Perfect(3)
    judged = mistakes.mistakes(mixed, {"kannada": Perfect(3)}, tests, names)["mnist"]
    assert judged.confusion["judge"] == ALL_RIGHT


def test_the_surest_mistakes_come_first_and_no_more_than_a_few_alike() -> None:
    part = found(Hasty())
    assert [each.index for each in part.worst] == [97, 87, 77, 67]  # the latest sevens
    assert {(each.label, each.read) for each in part.worst} == {(7, 6)}
    assert [each.confidence for each in part.worst] == pytest.approx([0.59, 0.58, 0.57, 0.56])
    assert len(found(Hasty(), most=2).worst) == 2


def test_surest_skips_what_is_right() -> None:
    probabilities = torch.eye(10)[[3, 4, 5]]
    assert mistakes.surest(probabilities, torch.tensor([3, 4, 5]), 9) == ()
    (only,) = mistakes.surest(probabilities, torch.tensor([3, 0, 5]), 9)
    assert only == mistakes.Mistake(1, 0, 4, 1.0)


def test_the_file_that_the_page_reads(tmp_path: Path) -> None:
    part = found(Hasty())
    write_json(tmp_path / MISTAKES, {"mnist": asdict(part)})
    assert mistakes.read(tmp_path) == {"mnist": part} and part.pictures
    with Image.open(io.BytesIO(base64.b64decode(part.pictures))) as sheet:
        assert sheet.size == (4 * 28, 2 * 28)
        pixels = np.asarray(sheet)
    original = digits().images[97].numpy()  # this translator changes nothing
    np.testing.assert_array_equal(pixels[:28, :28], original)
    np.testing.assert_array_equal(pixels[28:, :28], original)


def test_without_a_judge_nothing_is_worst() -> None:
    part = found()
    assert part.confusion.keys() == {"latent"} and part.worst == () and part.pictures is None


@pytest.mark.parametrize(
    ("spoilt", "words"),
    [
        ({"confusion": {"judge": [[1]]}}, "mnist: a confusion is not 10 x 10"),
        ({"pictures": None}, "the pictures are missing"),
        ({"worst": [{"index": 1, "label": 10, "read": 0, "confidence": 1}]}, "not 0 to 9"),
        ({"worst": 3}, "mnist.worst should be a valid array, not 3"),
    ],
)
def test_damaged_files_are_refused(tmp_path: Path, spoilt: dict[str, Any], words: str) -> None:
    write_json(tmp_path / MISTAKES, {"mnist": asdict(found(Hasty())) | spoilt})
    with pytest.raises(CheckpointError, match=f"{MISTAKES} is unusable: .*{words}"):
        mistakes.read(tmp_path)
