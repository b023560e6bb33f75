"""Figures of results files, on made-up ones: means, spreads, rows, words."""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from unit_core import headline, reports
from unit_core.checkpoint import FORMAT, CheckpointError
from unit_core.reports import Figure, Report
from unit_core.results import READERS, Results
from unit_core.values import typed

MODEL = {"domains": ["mnist", "kannada"]}


def results(accuracy: float = 90.0, seed: int = 0, **tests: float) -> dict[str, Any]:
    """A results file: every reader reads `accuracy` per cent, or what `tests` says of a test."""
    reading = {}
    for way in reports.WAYS:
        value = tests.get(way.test, accuracy)
        reading[way.test] = {
            "n": 1000,
            "target": way.target,
            "accuracy": dict.fromkeys(READERS, value),
            "matched_accuracy": dict.fromkeys(READERS, min(100, value + 1)),
            "fowlkes_mallows": dict.fromkeys(READERS, value / 100),
            "reconstruction_mse": 0.01,
            "accuracy_of_real": value,
        }
    return {"checkpoint": "x", "labels": "1%", "seed": seed, "tests": reading}


def seen(**looks: Any) -> dict[str, Any]:
    """What such a file says of the validation digits of a script, but of what `looks` says."""
    reading = results()["tests"]["mnist"] | {"n": 500}
    told = {
        "target": "kannada", "diversity": 0.875, "hand_kept": {"slant": 0.9375}, "mixing": 0.25,
        "neighbour_agreement": 98.0, "reconstruction_cost": 0.5, "judged": None,
    }  # fmt: skip
    return {"reading": reading, "looks": told | looks}


def write(
    folder: Path, labels: str = "1%", images: int = 550, minutes: float = 10, **files: Any
) -> Path:
    """A checkpoint folder without weights, with `files` such as results={...}."""
    folder.mkdir(parents=True)
    provenance = {
        "labels": {"mnist": "100%", "kannada": labels},
        "labelled_images": {"mnist": 55000, "kannada": images},
        "minutes": minutes,
        "training": {"warmup": 0.25},
    }
    config = {"format": FORMAT, "model": MODEL, "provenance": provenance}
    for name, content in {"config": config, **files}.items():
        text = content if isinstance(content, str) else json.dumps(content)
        (folder / f"{name}.json").write_text(text, encoding="utf-8")
    return folder


def report(labels: str, *runs: dict[str, Any], images: int = 0) -> Report:
    return Report(labels, labels, images, tuple(typed(Results, run) for run in runs))


def test_one_run_is_itself_and_several_have_a_spread() -> None:
    assert Figure.of([97.0]) == Figure(97.0, None, 1)
    three = Figure.of([96.0, 97.0, 98.0])
    assert (three.mean, three.spread, three.seeds) == (97.0, 1.0, 3)  # of a sample: n - 1
    assert Figure.of([97.0]).text() == "97.00"
    assert three.text(1) == "97.0 ± 1.0"
    with pytest.raises(ValueError):
        Figure.of([])


def test_reads_a_folder_with_its_other_seeds(tmp_path: Path) -> None:
    folder = write(tmp_path / "labels-1pct", results=results(90), seeds=[results(94, seed=1)])
    found = reports.read(folder)
    assert (found.name, found.labels, found.labelled) == ("labels-1pct", "1%", 550)
    assert found.minutes == (10.0,)
    figure = found.figure("kannada", "accuracy", "judge")
    assert figure is not None and figure.mean == 92 and figure.seeds == 2
    assert figure.spread == pytest.approx(8**0.5)


def test_labels_that_were_asked_for_are_told_by_how_many(tmp_path: Path) -> None:
    folders = [
        write(tmp_path / name, labels, images, results=results())
        for name, labels, images in (
            ("many", "chosen", 2740), ("some", "chosen", 550), ("all", "100%", 54880)
        )
    ]  # fmt: skip
    table = reports.rows(reports.merge(map(reports.read, folders)))
    words = [row.words for row in table]
    assert words[2:5] == ["1 %", "550 asked for", "2,740 asked for"]
    assert words[-1] == "all" and table[3].report and table[4].report
    assert not any(
        "teach it" in sentence for sentence in headline.sentences(table)
    )  # all read alike

    write(tmp_path / "10pct", "10%", 5490, results=results(kannada=89))
    table = reports.rows(reports.merge(map(reports.read, [*folders, tmp_path / "10pct"])))
    (sentence,) = [each for each in headline.sentences(table) if "teach it" in each]
    assert sentence.startswith("550 labels that a model asked for teach it more than 5,490 drawn")
    assert sentence.endswith("90.0 % of Kannada digits, not 89.0 %.")
    assert not any("Dig-MNIST" in each for each in headline.sentences(table))
    write(tmp_path / "other", "10%", 5490, results=results(kannada=89, dig=91.25))
    table = reports.rows(reports.merge(map(reports.read, [*folders, tmp_path / "other"])))
    (less,) = [each for each in headline.sentences(table) if "Dig-MNIST" in each]
    assert less.endswith("Dig-MNIST, less: 90.0 %, not 91.3 %.")

    write(tmp_path / "as-many", "1.01%", 555, results=results(kannada=80))  # are not many more
    folders += [tmp_path / "10pct", tmp_path / "as-many"]
    table = reports.rows(reports.merge(map(reports.read, folders)))
    (sentence,) = [each for each in headline.sentences(table) if "teach it" in each]
    assert "than 5,490 drawn" in sentence


def test_a_judge_that_was_not_there_has_no_figure(tmp_path: Path) -> None:
    file = results()
    file["tests"]["dig"]["accuracy"]["judge"] = None
    found = reports.read(write(tmp_path / "x", results=file))
    assert found.figure("dig", "accuracy", "judge") is None
    assert found.figure("telugu", "accuracy", "judge") is None
    assert found.figure("dig", "accuracy", "latent") == Figure(90)


def spoilt(*place: str, by: Any = None) -> dict[str, Any]:
    """A good results file in which the one value at `place` is another; None takes it out."""
    file = results()
    *above, last = place
    part = file
    for key in above:
        part = part[key]
    if by is None:
        del part[last]
    else:
        part[last] = by
    return file


@pytest.mark.parametrize(
    ("damaged", "reason"),
    [
        ("{", ""),
        ([], "it should be an object"),
        (spoilt("tests"), "tests is missing"),
        (spoilt("tests", by=[]), "tests should be an object"),
        (spoilt("tests", "dig", by={}), "tests.dig.n is missing"),
        (spoilt("tests", "dig", "n", by="3"), 'tests.dig.n should be a valid integer, not "3"'),
        (spoilt("tests", "dig", "target"), "tests.dig.target is missing"),
        (spoilt("tests", "dig", "fowlkes_mallows"), "dig.fowlkes_mallows is missing"),
        (spoilt("tests", "dig", "accuracy", "judge", by="good"), "judge should be a valid number"),
        (spoilt("tests", "dig", "accuracy", "judge", by=True), "judge should be a valid number"),
        (spoilt("tests", "dig", "accuracy", "judge", by=math.nan), "judge should be a finite num"),
        (spoilt("tests", "dig", "accuracy_of_real", by="good"), "accuracy_of_real should be a"),
    ],
)
def test_damaged_files_are_refused_by_name(tmp_path: Path, damaged: Any, reason: str) -> None:
    reports.read(write(tmp_path / "good", results=results()))
    folder = write(tmp_path / "x", results=damaged)
    with pytest.raises(CheckpointError, match=f"results.json.*{reason}"):
        reports.read(folder)


@pytest.mark.parametrize("more", ["[" * 900 + "]" * 900, r'"\ud800"'])
def test_what_nests_without_end_or_is_broken_is_refused_in_words(tmp_path: Path, more: str) -> None:
    text = json.dumps(results() | {"more": "HERE"}).replace('"HERE"', more)
    with pytest.raises(CheckpointError, match="results.json is unusable: it nests too deep"):
        reports.read(write(tmp_path / "x", results=text))


def test_folders_without_results_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="seeds.json"):
        reports.read(write(tmp_path / "y", results=results(), seeds={"not": "a list"}))
    with pytest.raises(CheckpointError, match="seeds.json is unusable: 0.tests.dig.accuracy is"):
        damaged = [spoilt("tests", "dig", "accuracy")]
        reports.read(write(tmp_path / "w", results=results(), seeds=damaged))
    with pytest.raises(CheckpointError):
        reports.read(write(tmp_path / "z"))


def test_rows_are_in_order_and_say_what_is_not_trained() -> None:
    table = reports.rows([report("3-per-class", results()), report("1%", results())])
    assert [row.labels for row in table] == [
        "0", "1-per-class", "3-per-class", "1%", "5%", "10%", "100%",
    ]  # fmt: skip
    assert [row.labels for row in table if row.report] == ["3-per-class", "1%"]
    assert table[0].original is not None and table[1].original is None


def test_the_headline_is_computed() -> None:
    table = reports.rows(
        [
            report("100%", results(mnist=98.76, kannada=96.88), images=54880),
            report("1-per-class", results(mnist=95.5, kannada=93.25), images=10),
            report("0", results(kannada=40)),
        ]
    )
    said = " ".join(headline.sentences(table))
    for figure in ("98.8 %", "96.9 %", "95.5 % and 93.3 %", "41.0 %", "96.5 %"):
        assert figure in said, said
    assert headline.sentences(reports.rows([])) == []
    alone = " ".join(headline.sentences(reports.rows([report("0", results(mnist=1, kannada=40))])))
    assert "41.0 % of Kannada digits" in alone and "told which is which" in alone
    assert "original" not in alone  # whose classes nobody matched
    assert "all Kannada labels" in said and "ten" in said.lower()


def test_a_model_that_saw_fewer_digits_is_named() -> None:
    few, some, all_labels = (
        replace(report(labels, results(), images=images), seen=seen)
        for labels, images, seen in (("0", 0, 400_000), ("1%", 550, 2_700_000), ("100%", 1, None))
    )
    said = headline.caution(reports.rows([few, some, all_labels]))
    assert "“none” saw 0.4 million" in said and "up to 2.7 million" in said
    assert "ten" not in said and "all that" in said
    assert headline.caution(reports.rows([some, all_labels])) == ""
    assert headline.caution(reports.rows([])) == ""


def test_ways_are_those_of_the_scripts() -> None:
    assert report("1%", results()).ways == reports.WAYS
    assert [way.words for way in reports.WAYS] == [
        "MNIST → Kannada", "Kannada → MNIST", "Dig-MNIST → MNIST",
    ]  # fmt: skip
    own = results()
    own["tests"] = {
        "mnist": own["tests"]["mnist"] | {"target": "telugu"}, "telugu": own["tests"]["kannada"]
    }  # fmt: skip
    there, back = report("1%", own).ways
    assert (there.words, back.words) == ("MNIST → Telugu", "Telugu → MNIST")
    assert (back.source, back.target) == ("telugu", "mnist")


def test_merging_keeps_seeds_of_the_same_labels_together() -> None:
    one, two = report("1%", results(90), images=550), report("1%", results(92, seed=1), images=550)
    merged = reports.merge([one, report("100%", results(99), images=54880), two])
    assert [(each.labels, len(each.runs)) for each in merged] == [("1%", 2), ("100%", 1)]
