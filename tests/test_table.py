"""The benchmark of the whole table: what is left to do, and how finished runs are collected."""

import json
from pathlib import Path
from typing import Any

import pytest
import table
from conftest import ROOT
from test_reports import results, seen, write

import train

GIVEN = ["--max-minutes", "5", "--accelerator", "cuda", "--data-dir", "/data"]


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "runs" / "table"
    monkeypatch.setattr(table, "ROOT", tmp_path)
    monkeypatch.setattr(table, "RUNS", folder)
    return folder


def words(cell: table.Cell, *more: str) -> list[str]:
    made = [command[1:] for command in table.commands(cell, table.options([*GIVEN, *more]))]
    for script, *arguments in made:
        if script == "train.py":
            train.options(arguments)  # takes them
    return [" ".join(command) for command in made]


def test_a_new_cell_is_trained_then_evaluated(runs: Path) -> None:
    train, evaluate = words(table.Cell("1%", 2))
    assert train.startswith("train.py --data-dir /data --accelerator cuda")
    assert train.endswith("--labels 1% --name table/labels-1pct-seed2 --seed 2 --max-minutes 5")
    checkpoint = runs / "labels-1pct-seed2" / "checkpoint"
    assert evaluate == (
        f"-m unit_core evaluate {checkpoint} --looks --json {checkpoint}/results.json "
        "--data-dir /data"
    )


def test_a_chain_begins_with_the_next_fewer_labels(runs: Path) -> None:
    first, _ = words(table.Cell("1-per-class", 1), "--chain", "7")
    assert first.endswith("--seed 1 --max-minutes 5") and "--start" not in first
    assert "--start" not in words(table.Cell("0", 1), "--chain", "7")[0]
    later, _ = words(table.Cell("5%", 1), "--chain", "7")
    assert later.endswith(f"--start {runs / 'labels-1pct-seed1'} --max-minutes 7")


def test_a_stopped_one_goes_on_and_a_finished_one_is_skipped(runs: Path) -> None:
    cell = table.Cell("100%", 0)
    assert cell.folder == runs / "full-seed0"
    cell.folder.mkdir(parents=True)
    (cell.folder / "state.safetensors").touch()
    train, _ = words(cell)
    assert train.endswith(f"--resume {cell.folder}") and "--max-minutes" not in train
    write(cell.folder / "checkpoint", labels="100%", results=results())
    (evaluate,) = words(cell)  # without its looks it is not finished
    assert "evaluate" in evaluate
    done = results() | {"validation": {"mnist": seen()}}
    (cell.folder / "checkpoint" / "results.json").write_text(json.dumps(done))
    assert words(cell) == []


def test_collects_means_spreads_and_cost(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for seed, (accuracy, minutes) in enumerate([(90, 10), (92, 12), (94, 14)]):
        file = results(accuracy, seed)
        file["validation"] = {"mnist": seen(diversity=accuracy / 100)}
        write(runs / f"labels-1pct-seed{seed}" / "checkpoint", minutes=minutes, results=file)
    write(runs / "full-seed0" / "checkpoint", "100%", 54880, results=results(99))
    write(runs / "full-seed1" / "checkpoint", "100%", 54880)  # not evaluated yet
    write(runs / "full-seed2" / "checkpoint", "100%", 54880, results="{")  # damaged
    reports = table.collect(runs)
    assert "left out" in capsys.readouterr().err
    one, full = table.summary(reports)
    assert (one["labels"], one["labelled_images"], one["seeds"]) == ("1%", 550, [0, 1, 2])
    assert one["minutes"] == {"mean": 12.0, "spread": 2.0, "seeds": 3}
    judged = one["tests"]["kannada"]["accuracy"]["judge"]
    assert judged == {"mean": 92.0, "spread": 2.0, "seeds": 3}
    assert one["looks"]["mnist"]["diversity"] == {"mean": 0.92, "spread": 0.02, "seeds": 3}
    assert one["looks"]["mnist"]["target"] == "kannada"
    assert full["tests"]["dig"]["accuracy"]["latent"] == {"mean": 99, "spread": None, "seeds": 1}
    head, _, line, last = table.brief([one, full]).splitlines()
    assert head.count("|") == line.count("|") == last.count("|")
    assert line.startswith("| 1 %, 3 | 12 | ") and "92.00 ± 2.00" in line and "±" not in last


def test_rows_of_other_sessions_stay(tmp_path: Path) -> None:
    counts = {"0": 0, "1%": 550, "2740 chosen": 2740, "10%": 5490, "100%": 54880}

    def row(labels: str, of: str) -> dict[str, Any]:
        return {"labels": labels, "labelled_images": counts[labels], "of": of}

    before = [row(labels, "before") for labels in ("0", "1%", "2740 chosen", "100%")]
    file = tmp_path / "table.json"
    new = [row("10%", "now"), row("1%", "now")]
    assert table.kept(new, file) == new[::-1]
    file.write_text(json.dumps(before))
    assert table.kept(new, file) == [before[0], new[1], before[2], new[0], before[3]]


def test_the_results_tell_the_seeds() -> None:
    rows = json.loads((ROOT / "benchmarks" / "results" / "table.json").read_text(encoding="utf-8"))
    told = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
    assert table.brief(rows) in told, "paste what `python benchmarks/table.py --collect` prints"
