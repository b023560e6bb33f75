"""Results as Markdown, of made-up ones."""

from pathlib import Path

import pytest
from test_reports import report, results, write

from unit_core import reports, tables
from unit_core.__main__ import main


def test_the_summary_has_a_line_for_each_choice_of_labels() -> None:
    text = tables.summary(reports.rows([report("0", results(90)), report("1%", results(95))]))
    head, _, none, ten, one, *_ = text.splitlines()
    assert head.startswith("| labels used | Kannada → MNIST | original |")
    assert "| none, classes matched | 91.00 / 91.00 | - |" in none
    assert "| ten, one a class | not trained yet | - |" in ten
    assert "| 1 % | 95.00 / 95.00 | 88.16 |" in one
    assert {line.count("|") for line in text.splitlines()} == {6}


def test_tables_say_how_real_digits_are_read_where_that_is_known() -> None:
    text = tables.accuracies(reports.rows([report("0", results()), report("1%", results(99.4))]))
    mnist, kannada, _ = (line for line in text.splitlines() if line.startswith("Real digits"))
    assert mnist.endswith("none: 90.00 (original about 99); 1 %: 99.40 (original 98.95).")
    assert kannada.endswith("by labels used: 1 %: 99.40.")  # nameless groups have any order


def test_tables_leave_no_cell_out_and_invent_none() -> None:
    text = tables.accuracies(reports.rows([report("1%", results(90), results(92, seed=1))]))
    assert "| 1 % | 91.00 ± 1.41 | 91.00 ± 1.41 | 91.00 ± 1.41 | 88.16 |" in text
    assert text.count("not trained yet") == 3 * 3 * 5  # tests, readers, rows
    assert "about 3" in text and "98.52" in text
    heads = [line for line in text.splitlines() if line.startswith("|")]
    assert {line.count("|") for line in heads} == {6}


def test_the_command_prints_the_table_of_a_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "labels-1pct", results=results(90.5))
    write(tmp_path / "unfinished", "5%")
    assert main(["table", str(tmp_path)]) == 0
    assert "| 1 % | 90.50 | 90.50 | 90.50 | 88.16 |" in capsys.readouterr().out


def test_own_scripts_have_tables_of_their_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = results(80)
    tests = own["tests"]
    own["tests"] = {
        "mnist": tests["mnist"] | {"target": "telugu"},
        "telugu": tests["kannada"] | {"accuracy_of_real": 77.5},
    }
    write(tmp_path / "telugu", "1%", results=own)
    write(tmp_path / "kannada", "1%", results=results(90))
    assert main(["table", str(tmp_path)]) == 0
    told = capsys.readouterr().out
    assert "| 1 % | 90.00 / 90.00 | 88.16 |" in told  # not a second seed of the other
    assert "| labels used | Telugu → MNIST |\n|---|---|\n| 1 % | 80.00 / 80.00 |\n" in told
    assert "| Telugu → MNIST, labels used | latent head | own discriminator | indep" in told
    assert "labels used: 1 %: 77.50.\n" in told


def test_a_folder_without_results_has_no_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["table", str(tmp_path / "nowhere")]) == 2
    assert "nowhere has no checkpoint" in capsys.readouterr().err
