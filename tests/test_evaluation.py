"""Evaluation and the command line, on models that know everything or nothing."""

import gzip
import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from unit_core import Translator, evaluation
from unit_core.__main__ import main
from unit_core.data import Digits, Parts
from unit_core.domains import target_of
from unit_core.evaluation import Sample
from unit_core.looks import _another, look
from unit_core.networks import ModelConfig
from unit_core.provenance import Provenance
from unit_core.results import Results, Scores

MEASURES = {"accuracy", "matched_accuracy", "fowlkes_mallows"}
KEYS = {"n", "target", "reconstruction_mse", "accuracy_of_real"} | MEASURES
READERS = {"latent", "discriminator", "judge"}


def digits(n: int = 100, seed: int = 0) -> Digits:
    """Class c as a bar in row 2 c + 4, with noise (n, 28, 28)."""
    generator = torch.Generator().manual_seed(seed)
    images = torch.randint(0, 30, (n, 28, 28), generator=generator, dtype=torch.uint8)
    labels = torch.arange(n) % 10
    for c in range(10):
        images[labels == c, 2 * c + 4 : 2 * c + 6, 4:24] = 200
    return Digits(images, labels)


def classes(images: Tensor) -> Tensor:
    """Reads the bars: probabilities (N, 10)."""
    images = images.float() / (255 if images.dtype == torch.uint8 else 1)
    rows = images.reshape(-1, 28, 28).mean(2)[:, 4:24].reshape(-1, 10, 2).sum(2)
    return F.one_hot(rows.argmax(1), 10).float()


class Perfect:
    """A translator that changes nothing, and a judge of images; `shift` misnames the classes."""

    domains = ("mnist", "kannada")
    provenance = Provenance(labels={"mnist": "100%", "kannada": "1%"}, seed=7)

    def __init__(self, shift: int = 0) -> None:
        self.shift = shift

    def encode(self, images: Tensor, domain: str) -> Tensor:
        return images.reshape(-1, 784).float() / 255

    def decode(self, z: Tensor, domain: str) -> Tensor:
        return z.reshape(-1, 28, 28)

    def all_digits(self, z: Tensor) -> Tensor:
        """Every bar moved to the ten classes' rows."""
        own = classes(z).argmax(1).tolist()
        moved = [
            torch.roll(bar, 56 * (c - at))
            for bar, at in zip(z, own, strict=True)
            for c in range(10)
        ]
        return torch.stack(moved).view(len(z), 10, -1)

    def classify(self, images: Tensor, domain: str | None = None) -> Tensor:
        return classes(images).roll(self.shift, 1)

    classify_codes = classify  # codes are the pictures

    def discriminate(self, images: Tensor, domain: str) -> Any:
        return SimpleNamespace(probabilities=classes(images))

    def features(self, images: Tensor) -> Tensor:
        images = images.float() / (255 if images.dtype == torch.uint8 else 1)
        return images.reshape(-1, 28, 28).mean(1)


TESTS = {"mnist": Sample("mnist", digits()), "dig": Sample("kannada", digits(seed=1))}


def evaluate(translator: Any, judges: Any, **options: Any) -> Results:
    return evaluation.evaluate(translator, judges, checkpoint="x", **options)


def test_the_file_that_others_read() -> None:
    judge: Any = Perfect()
    results = evaluate(Perfect(), {"mnist": judge, "kannada": judge}, tests=TESTS).to_json()
    assert json.loads(json.dumps(results)) == results
    assert results.keys() == {"checkpoint", "labels", "seed", "tests"}
    assert (results["checkpoint"], results["labels"], results["seed"]) == ("x", "1%", 7)
    assert results["tests"].keys() == TESTS.keys()
    for reading in results["tests"].values():
        assert reading.keys() == KEYS and reading["n"] == 100
        assert reading["accuracy"] == dict.fromkeys(READERS, 100)
        assert reading["matched_accuracy"] == dict.fromkeys(READERS, 100)
        assert reading["fowlkes_mallows"] == dict.fromkeys(READERS, 1)
        assert reading["reconstruction_mse"] == 0 and reading["accuracy_of_real"] == 100
    assert [reading["target"] for reading in results["tests"].values()] == ["kannada", "mnist"]


def test_each_reader_speaks_for_itself() -> None:
    results = evaluate(Perfect(shift=3), {"kannada": Perfect(shift=1)}, tests=TESTS)
    reading = results.tests["mnist"]
    assert reading.accuracy == Scores(latent=0, discriminator=100, judge=0)
    assert reading.matched_accuracy == Scores(100, 100, 100)


def test_without_a_judge_its_readings_are_null_with_a_note() -> None:
    results = evaluate(Perfect(), {"mnist": Perfect()}, tests=TESTS)
    values = results.to_json()
    assert values["tests"]["mnist"]["accuracy"] == {
        "latent": 100, "discriminator": 100, "judge": None,
    }  # fmt: skip
    assert values["tests"]["dig"]["accuracy"]["judge"] == 100
    assert "no judge of kannada" in values["notes"][0]
    assert "note: no judge of kannada" in results.table()


def test_looks_of_a_perfect_translation() -> None:
    both = {"mnist": digits(), "kannada": digits(seed=1)}
    judge: Any = Perfect()
    found = look(judge, {"mnist": judge, "kannada": judge}, "mnist", "kannada", both)
    assert found.target == "kannada" and found.reconstruction_cost == 0
    assert found.diversity == pytest.approx(1, abs=0.05)
    assert min(found.hand_kept.values()) == pytest.approx(1)
    assert found.neighbour_agreement == 100 and 0.3 < found.mixing < 0.6
    assert found.judged is not None
    assert found.judged.frechet.distance < 2 * found.judged.frechet.floor
    assert found.judged.smooth_within == 100 and found.judged.smooth_between > 90
    assert found.judged.any_digit == 100
    # The bars are read by their place: moving them up or down is a loss, stretching hardly.
    assert found.judged.robust["shift"] > 20 > found.judged.robust["thickness"]
    assert look(judge, {}, "mnist", "kannada", both).judged is None


def test_groups_are_named_by_the_digits_in_them(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def labelled(name: str, _: object) -> Parts:
        asked.append(name)
        return Parts(digits(), digits())

    monkeypatch.setattr(evaluation, "load_labelled", labelled)
    told, untold = Perfect(shift=3), Perfect(shift=3)
    untold.provenance = Provenance(labels={"mnist": "100%", "kannada": "0"})  # type: ignore[misc]
    plain = torch.arange(10)
    for translator, domain in ((told, "kannada"), (untold, "mnist")):
        assert torch.equal(evaluation.group_names(translator, domain), plain)
    assert not asked  # nobody's digits are needed
    assert torch.equal(evaluation.group_names(untold, "kannada"), (plain + 3) % 10)


class Untold(Perfect):
    """A model without Kannada labels, which writes and reads class c there as group c + 3."""

    provenance = Provenance(labels={"kannada": "0"})

    def encode(self, images: Tensor, domain: str) -> Tensor:
        return moved_on(super().encode(images, domain), 3 if domain == "kannada" else 0)

    def decode(self, z: Tensor, domain: str) -> Tensor:
        return super().decode(moved_on(z, -3 if domain == "kannada" else 0), domain)

    def classify(self, images: Tensor, domain: str | None = None) -> Tensor:
        return classes(images if domain is None else self.encode(images, domain))

    classify_codes = classify

    def discriminate(self, images: Tensor, domain: str) -> Any:
        return SimpleNamespace(probabilities=self.classify(images, domain))


def moved_on(codes: Tensor, by: int) -> Tensor:
    """With each bar in the rows of so many classes later."""
    pictures = codes.reshape(-1, 28, 28).clone()
    pictures[:, 4:24] = pictures[:, 4:24].roll(2 * by, 1)
    return pictures.flatten(1)


class Referee(Perfect):
    """A judge of real digits, who may be told other names of them."""

    names = torch.arange(10)

    def renamed(self, names: Tensor) -> "Referee":
        other = Referee()
        other.names = names
        return other

    def classify(self, images: Tensor, domain: str | None = None) -> Tensor:
        return classes(images)[:, self.names.argsort()]


def test_variety_is_not_told_where_real_digits_do_not_vary() -> None:
    alike = digits()
    alike = replace(alike, images=alike.images[alike.labels])  # digit i is of class i % 10
    judge: Any = Perfect()
    found = look(judge, {}, "mnist", "kannada", {"mnist": digits(), "kannada": alike})
    assert found.diversity is None


def test_looks_of_groups_are_judged_by_what_the_model_calls_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    parts = {"mnist": Parts(digits(10), digits()), "kannada": Parts(digits(10), digits(seed=1))}
    monkeypatch.setattr(evaluation, "load_labelled", lambda name, data_dir: parts[name])
    judges: Any = {"mnist": Referee(), "kannada": Referee()}
    results = evaluate(Untold(), judges, tests={}, looks=True)
    assert results.validation is not None and results.validation.keys() == parts.keys()
    for name, part in results.validation.items():
        assert part.reading.n == 100 and part.reading.target == part.looks.target != name
        # A reading says what is read: the groups are no digits. Looks ask whether it is the same.
        assert part.reading.accuracy.judge == 0 and part.reading.matched_accuracy.judge == 100
        assert part.looks.neighbour_agreement == 100 and part.looks.reconstruction_cost == 0
        assert part.looks.judged is not None
        assert part.looks.judged.any_digit == part.looks.judged.smooth_within == 100
        assert part.looks.judged.robust["thickness"] < 20
    told = results.to_json()["validation"]["kannada"]["looks"]
    assert told["judged"]["any_digit"] == 100 and "validation digits" in results.table()


def test_the_target_is_the_first_other_script() -> None:
    assert target_of("a", ("a", "b", "c")) == "b"
    assert target_of("c", ("a", "b", "c")) == "a"
    with pytest.raises(ValueError, match="unknown script 'd': this model knows a, b, c"):
        target_of("d", ("a", "b", "c"))


# --- command line ---------------------------------------------------------------------------------


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    Translator(ModelConfig(latent_dim=12, width=8, hidden=16), Provenance(seed=0)).save(
        tmp_path / "model"
    )
    return tmp_path / "model"


def write_idx(path: Path, values: Tensor) -> Path:
    header = bytes([0, 0, 8, values.dim()]) + b"".join(n.to_bytes(4, "big") for n in values.shape)
    path.write_bytes(gzip.compress(header + values.to(torch.uint8).numpy().tobytes()))
    return path


def test_evaluate_on_own_files(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images = write_idx(tmp_path / "images.gz", digits().images)
    labels = write_idx(tmp_path / "labels.gz", digits().labels)
    figures = []
    for name in ("once.json", "again.json"):
        arguments = ["evaluate", str(checkpoint), "--domain", "kannada", "--images", str(images)]
        assert main([*arguments, "--labels", str(labels), "--json", str(tmp_path / name)]) == 0
        figures.append((tmp_path / name).read_text())
    assert figures[0] == figures[1]
    results = json.loads(figures[0])
    assert results["checkpoint"] == "model" and list(results["tests"]) == ["kannada"]
    assert results["tests"]["kannada"].keys() == KEYS
    assert "kannada -> mnist" in capsys.readouterr().out


def test_errors_are_one_line(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images = write_idx(tmp_path / "images.gz", digits().images)
    own = ["evaluate", str(checkpoint), "--images", str(images)]
    for arguments, message in (
        (["evaluate", str(tmp_path / "nowhere")], "no checkpoint folder"),
        ([*own, "--domain", "klingon"], "unknown script 'klingon'"),
        ([*own, "--domain", "kannada"], "without labels"),
    ):
        assert main(arguments) == 2
        error = capsys.readouterr().err
        assert message in error and error.count("\n") == 1


def test_wrong_options_are_refused(checkpoint: Path) -> None:
    for arguments in ([], ["evaluate", str(checkpoint), "--domain", "kannada"]):
        with pytest.raises(SystemExit) as refusal:
            main(arguments)
        assert refusal.value.code == 2


def test_a_line_goes_to_another_digit() -> None:
    labels, random = torch.tensor([3, 3, 5, 7]), torch.Generator().manual_seed(0)
    for _ in range(20):
        assert _another(labels, 0, True, random) == 1 and _another(labels, 2, False, random) != 2
    assert _another(labels, 2, True, random) == 2  # there is no other
