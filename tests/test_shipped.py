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
from unit_core.data import Digits, load_test
from unit_core.provenance import Provenance
from unit_core.values import typed

CHECKPOINTS = sorted(path.parent for path in (ROOT / "checkpoints").glob("*/results.json"))


def test_the_default_is_shipped() -> None:
    assert ROOT / "checkpoints" / "full" in CHECKPOINTS


@pytest.mark.parametrize("folder", CHECKPOINTS, ids=lambda path: path.name)
def test_size_and_provenance(folder: Path) -> None:
    assert (folder / WEIGHTS).stat().st_size < 5e6
    provenance = json.loads((folder / CONFIG).read_text())["provenance"]
    assert provenance.keys() >= {"labels", "seed", "minutes", "commit", "digests"}
    assert typed(Provenance, provenance).to_json() == provenance


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
    """One test set: whole by the default model; by the others whole by the latent head, and some by
    the rest. `python -m unit_core evaluate` does it all."""
    translator, expected = Translator.load(folder), results.read(folder)
    known, digits = expected.tests["kannada"], load_test("kannada", real_data)
    judges = evaluation.load_judges(translator.domains)
    measure, whole = results.fair(expected.labels or ""), folder.name == "full"
    some = Digits(digits.images[::9], digits.labels[::9])  # classes take turns by ten
    found = evaluation.read(translator, judges, "kannada", digits if whole else some)
    for reader in results.READERS:
        told = known.scores(measure).by(reader)
        assert found.scores(measure).by(reader) == pytest.approx(told, abs=0.05 if whole else 1)
    told, within = known.reconstruction_mse, 1e-3 if whole else 0.05
    assert found.reconstruction_mse == pytest.approx(told, rel=within)
    if not whole:
        read = translator.classify(digits.images, "kannada").argmax(1)
        latent = getattr(metrics, measure)(read, digits.labels)
        assert latent == pytest.approx(known.scores(measure).latent, abs=0.05)
