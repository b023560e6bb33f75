"""What is shipped is what the README says it is."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from conftest import ROOT

from unit_core import Translator, evaluation, metrics, reports, results, tables
from unit_core.checkpoint import CONFIG, WEIGHTS
from unit_core.data import load_test
from unit_core.provenance import Provenance

CHECKPOINTS = sorted(path.parent for path in (ROOT / "checkpoints").glob("*/results.json"))


def test_the_default_is_shipped() -> None:
    assert ROOT / "checkpoints" / "full" in CHECKPOINTS


@pytest.mark.parametrize("folder", CHECKPOINTS, ids=lambda path: path.name)
def test_size_and_provenance(folder: Path) -> None:
    assert (folder / WEIGHTS).stat().st_size < 5e6
    provenance = json.loads((folder / CONFIG).read_text())["provenance"]
    assert provenance.keys() >= {"labels", "seed", "minutes", "commit", "digests"}
    assert Provenance.from_json(provenance).to_json() == provenance


def test_the_documents_say_what_was_measured() -> None:
    readme, told = (
        (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "docs/results.md")
    )
    known = reports.merge(map(reports.read, CHECKPOINTS))
    rows = reports.rows(known)
    paste = "paste what `python -m unit_core table` prints"
    assert tables.summary(rows) in readme, paste
    assert tables.accuracies(rows) in told and tables.looks(known) in told, paste
    for domain in ("mnist", "kannada"):
        judge = json.loads((ROOT / "checkpoints" / "judges" / domain / "config.json").read_text())
        assert f"{judge['accuracy'][domain]:.2f}" in told


@pytest.fixture
def all_cores() -> Iterator[None]:
    """Ten thousand digits are worth them."""
    before = torch.get_num_threads()
    torch.set_num_threads(os.cpu_count() or 1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("folder", CHECKPOINTS, ids=lambda path: path.name)
def test_figures_are_reproduced(folder: Path, real_data: Path, all_cores: None) -> None:
    """One test set, whole, of the default by every reader; `python -m unit_core evaluate` does
    them all."""
    translator, expected = Translator.load(folder), results.read(folder)
    known, digits = expected.tests["kannada"], load_test("kannada", real_data)
    if folder.name == "full":
        judges = evaluation.load_judges(translator.domains)
        found = evaluation.read(translator, judges, "kannada", digits)
        for reader in results.READERS:
            assert found.accuracy.by(reader) == pytest.approx(known.accuracy.by(reader), abs=0.05)
        assert found.reconstruction_mse == pytest.approx(known.reconstruction_mse, rel=1e-3)
    else:
        measure = results.fair(expected.labels or "")
        read = translator.classify(digits.images, "kannada").argmax(1)
        found = getattr(metrics, measure)(read, digits.labels)
        assert found == pytest.approx(known.scores(measure).latent, abs=0.05)
