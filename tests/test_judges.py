"""The referees: what they promise, how they are trained and kept, and how good the shipped are."""

import itertools
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from unit_core import judges
from unit_core.augment import Ranges
from unit_core.checkpoint import CheckpointError
from unit_core.data import Digits, load_test
from unit_core.judges import FOLDER, Judge, Recipe

STILL = Ranges(rotate=0, shear=0, scale=(1, 1), stretch=(1, 1), shift=1, weight=0)


def bars(n: int = 300) -> Digits:
    """Digits that anyone can learn: class c is a bar in row 2 c + 4."""
    labels = torch.arange(n) % 10
    images = torch.zeros(n, 28, 28, dtype=torch.uint8)
    for c in range(10):
        images[labels == c, 2 * c + 4 : 2 * c + 6, 4:24] = 255
    return Digits(images, labels)


@pytest.fixture
def judge() -> Judge:
    torch.manual_seed(0)
    return Judge("bars", judges.Network())


def test_a_judge_learns(judge: Judge) -> None:
    recipe = Recipe(epochs=13, least=1, peak_rate=2e-3, ranges=STILL)
    taught = Judge("bars", judges.fit(bars(), recipe))
    assert judges.accuracy(judge, bars()) < 50
    assert judges.accuracy(taught, bars()) > 95


def test_training_is_the_same_every_time() -> None:
    one, other = (judges.fit(bars(128), Recipe(epochs=2, least=1)).state_dict() for _ in range(2))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_training_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = itertools.count()  # one goes by from each look at the clock to the next
    clock = SimpleNamespace(monotonic=lambda: float(next(seconds)))
    monkeypatch.setattr(judges, "time", clock)
    judges.fit(bars(), Recipe(epochs=50, least=1, minutes=0.1))
    assert next(seconds) == 7  # looks: as it began, before each of 5 steps, and when 6 were gone


def test_schedule_goes_up_and_comes_down_to_zero() -> None:
    rates = [judges.one_cycle(progress) for progress in (0, 0.1, 0.2, 0.6, 1)]
    assert rates == pytest.approx([0, 0.5, 1, 0.5, 0])


def test_probabilities_and_features(judge: Judge) -> None:
    images = bars(20).images
    probabilities, features = judge.classify(images), judge.features(images)
    assert probabilities.shape == (20, 10) and features.shape == (20, 512)
    torch.testing.assert_close(probabilities.sum(1), torch.ones(20))
    assert features.min() >= 0
    torch.testing.assert_close(judge.classify(images[:, None].float() / 255), probabilities)
    torch.testing.assert_close(judge.classify(images[3]), probabilities[3:4])


def test_renamed_it_reads_the_same_under_other_names(judge: Judge) -> None:
    names = torch.tensor([3, 1, 4, 0, 5, 9, 2, 6, 8, 7])
    images = torch.rand(6, 28, 28, generator=torch.Generator().manual_seed(3))
    before, after = judge.classify(images), judge.renamed(names).classify(images)
    torch.testing.assert_close(after[:, names], before)


def test_saved_and_loaded_again(judge: Judge, tmp_path: Path) -> None:
    judge.network.half().float()  # as train() does: files hold half precision
    judges.save(judge, {"accuracy": {}}, tmp_path)
    again = Judge.load("bars", tmp_path)
    assert torch.equal(again.classify(bars().images), judge.classify(bars().images))


def test_missing_and_damaged_judges_are_named(judge: Judge, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no judge of 'telugu'.*unit_core judges"):
        Judge.load("telugu", tmp_path)
    judges.save(judge, {}, tmp_path)
    weights = tmp_path / "bars" / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(CheckpointError, match="weights.safetensors"):
        Judge.load("bars", tmp_path)


@pytest.mark.parametrize(("name", "least"), [("mnist", 99.3), ("kannada", 98.0)])
def test_shipped_judges_are_good_and_small(name: str, least: float) -> None:
    config = json.loads((FOLDER / name / "config.json").read_text())
    assert config["accuracy"][name] >= least
    assert config["digests"] and config["trained_on"] >= 54_000
    assert (FOLDER / name / "weights.safetensors").stat().st_size <= 4e6


@pytest.mark.parametrize("name", ["mnist", "kannada"])
def test_shipped_judges_are_as_good_as_they_say(name: str, real_data: Path) -> None:
    said = json.loads((FOLDER / name / "config.json").read_text())["accuracy"][name]
    digits = load_test(name, real_data)
    some = digits.subset(torch.arange(0, len(digits), 3))
    assert judges.accuracy(Judge.load(name), some) == pytest.approx(said, abs=0.5)


def test_a_script_of_ones_own_needs_no_test_set(tmp_path: Path) -> None:
    (tmp_path / "telugu").mkdir()
    images = torch.randint(0, 256, (200, 28, 28), dtype=torch.uint8).numpy()
    np.savez(tmp_path / "telugu" / "train.npz", images=images, labels=np.arange(200) % 10)
    accuracies = judges.train("telugu", Recipe(epochs=1, least=1), tmp_path, tmp_path / "judges")
    assert accuracies.keys() == {"validation"}
    assert Judge.load("telugu", tmp_path / "judges").classify(images).shape == (200, 10)
