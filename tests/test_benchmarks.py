"""Every benchmark starts; digits of a scanned form are found where its ruling says they stand."""

import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
from compose import Hand, sheet
from conftest import ROOT
from pages import COLUMNS, ROWS, cells_of, in_cells, ruling

pytest.importorskip("playwright.sync_api", reason="needs playwright from PyPI")

BENCHMARKS = ROOT / "benchmarks"


@pytest.mark.parametrize("name", sorted(path.name for path in BENCHMARKS.glob("*.py")))
def test_it_starts(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", [name, "--help"])
    own = (ROOT, ROOT / "benchmarks", ROOT / "tests")
    elsewhere = [each for each in sys.path if Path(each).resolve() not in own]
    monkeypatch.setattr(sys, "path", [str(BENCHMARKS), *elsewhere])  # as python FILE has it
    monkeypatch.delitem(sys.modules, "here", raising=False)
    try:
        runpy.run_path(str(BENCHMARKS / name), run_name="__main__")
    except SystemExit as end:
        assert not end.code and name in capsys.readouterr().out
    else:  # it is no script: others share it
        assert "argparse" not in (BENCHMARKS / name).read_text(encoding="utf-8")


def test_digits_of_a_form_are_found_where_it_is_ruled() -> None:
    images = np.zeros((ROWS * COLUMNS, 28, 28), np.uint8)
    images[:, 6:22, 9:19] = 255
    page = sheet(
        Hand("kannada", images, np.zeros(len(images))), np.random.default_rng(0), ROWS, COLUMNS
    )
    grey = np.asarray(page.picture.convert("L"))
    cells = cells_of(ruling(grey), "a sheet")
    boxes = [each.box for row in zip(*page.numbers, strict=True) for each in row]
    assert in_cells(boxes, cells) == {i: i for i in range(ROWS * COLUMNS)}
    twice = [boxes[7], *boxes[:40], *boxes[42:]]
    assert in_cells(twice, cells).keys() == set(range(ROWS * COLUMNS)) - {40, 41}
    with pytest.raises(SystemExit, match="half a sheet: no form"):
        cells_of(ruling(grey) & (np.arange(grey.shape[1]) < grey.shape[1] / 2), "half a sheet")
