"""Commands that make what is shipped beside a model, on two tiny scripts of a person's own."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from test_training import MODEL, digits
from tiny_atlas import EMBEDDINGS

from unit_core import cartography, data, evaluation, fetch, judges
from unit_core.__main__ import main
from unit_core.atlas import Atlas
from unit_core.checkpoint import (
    ATLAS,
    CONFIG,
    MISTAKES,
    RESULTS,
    STATE,
    CheckpointError,
    fingerprint,
    read_json,
)
from unit_core.evidence import USUAL, Scale
from unit_core.judges import Judge
from unit_core.provenance import Provenance
from unit_core.translator import Translator

Command = Callable[..., list[str]]


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """Of an untrained model."""
    torch.manual_seed(0)
    Translator(MODEL, Provenance(seed=0)).save(tmp_path / "model")
    return tmp_path / "model"


@pytest.fixture
def command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """What a command says, in lines; `alpha` and `beta` are all the data there is."""
    folder = tmp_path / "data"
    for seed, name in enumerate(MODEL.domains):
        (folder / name).mkdir(parents=True)
        for part, n in (("train", 300), ("test", 50)):
            own = digits(seed, n)
            images, labels = own.images.numpy(), own.labels.numpy()
            np.savez(folder / name / f"{part}.npz", images=images, labels=labels)
    monkeypatch.setenv("UNIT_DATA_DIR", "")  # so that what main sets is taken back

    def run(name: str, *arguments: str | Path) -> list[str]:
        assert main([name, *map(str, arguments), "--data-dir", str(folder)]) == 0
        return capsys.readouterr().out.splitlines()

    return run


def test_data_tells_what_there_is(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "DOMAINS", {})  # or else they would be fetched
    monkeypatch.setattr(data, "TEST_SETS", {})
    rows = [line.split()[:3] for line in command("data")[1:]]
    sizes = {"train": "240", "validation": "60", "test": "50"}
    assert sorted(rows) == sorted([n, *part] for n in MODEL.domains for part in sizes.items())


def test_a_judge_is_trained_and_kept(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judges, "FOLDER", tmp_path)
    told = command("judges", "--domain", "beta", "--minutes", "0.02")[-1]
    accuracy = read_json(tmp_path / "beta" / "config.json")["accuracy"]
    assert told == f"{tmp_path / 'beta'}: accuracy in per cent {json.dumps(accuracy)}"
    assert accuracy.keys() == {"validation", "beta"}
    assert judges.accuracy(Judge.load("beta", tmp_path), digits(1, 50)) == accuracy["beta"]


def test_mistakes_are_written_beside_the_checkpoint(
    command: Command, checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = {"beta": Judge("beta", judges.Network())}
    monkeypatch.setattr(evaluation, "load_judges", lambda domains: ours)
    there, back = command("mistakes", checkpoint)
    assert there.startswith("alpha -> beta, read wrong: {")
    assert back.startswith("beta -> alpha, read wrong: {")
    written = read_json(checkpoint / MISTAKES)
    assert written.keys() == {"alpha", "beta"}
    assert written["alpha"]["confusion"].keys() == {"latent", "judge"} and written["alpha"]["worst"]
    assert written["beta"]["confusion"].keys() == {"latent"} and not written["beta"]["worst"]
    assert np.sum(written["beta"]["confusion"]["latent"]) == 50


def test_a_scale_is_kept_with_the_checkpoint(command: Command, checkpoint: Path) -> None:
    (line,) = command("scale", checkpoint)
    found = Scale.of(Translator.load(checkpoint))
    assert found != USUAL
    assert line == f"picture {found.picture}, code {found.code}, no digit below {found.unlike}"


@pytest.fixture
def flat(monkeypatch: pytest.MonkeyPatch) -> None:
    """Maps in no time."""
    monkeypatch.setattr(cartography, "require_packages", lambda: None)
    for name, embed in EMBEDDINGS.items():
        monkeypatch.setitem(cartography.EMBEDDINGS, name, embed)


@pytest.mark.usefixtures("flat")
def test_an_atlas_is_of_the_checkpoint(command: Command, checkpoint: Path) -> None:
    (line,) = command("atlas", checkpoint, "--points", "120")
    assert line.startswith(f"{checkpoint / ATLAS}: 120 digits, 60 of each script")
    made = Atlas.load(checkpoint / ATLAS)
    assert (len(made), made.scripts, made.weights) == (120, MODEL.domains, fingerprint(checkpoint))


@pytest.mark.usefixtures("flat")
def test_a_map_has_as_many_digits_as_the_smallest_script(
    command: Command, checkpoint: Path, tmp_path: Path
) -> None:
    few = digits(2, 110)
    path = tmp_path / "data" / "beta" / "train.npz"
    np.savez(path, images=few.images.numpy(), labels=few.labels.numpy())
    (line,) = command("atlas", checkpoint)
    assert "220 digits, 110 of each script" in line
    made = Atlas.load(checkpoint / ATLAS)
    assert np.bincount(made.script).tolist() == [110, 110]


def test_a_run_stands_for_its_checkpoint(
    command: Command, checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "runs" / "own"
    run.mkdir(parents=True)
    (run / STATE).touch()
    assert main(["scale", str(run)]) == 2
    assert f"{run} has not finished: --resume {run}" in capsys.readouterr().err
    checkpoint.rename(run / "checkpoint")
    command("scale", run)
    assert Scale.of(Translator.load(run)) != USUAL
    command("evaluate", run, "--json")  # where the Results page looks
    assert read_json(run / "checkpoint" / RESULTS)["tests"].keys() == {"alpha", "beta"}
    assert any("Alpha → Beta" in line for line in command("table", run.parent))


def test_a_slip_makes_no_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", str(tmp_path / "ful"), "--json"]) == 2
    assert "no checkpoint folder" in capsys.readouterr().err and not any(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["evaluate", "mistakes", "scale", "atlas", "lesson"])
def test_what_is_missing_is_told_before_anything_is_fetched(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(fetch, "_fetch", lambda *_: pytest.fail("asked the network"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("UNIT_DATA_DIR", raising=False)
    told = Provenance(labels={"mnist": "100%", "beta": "0"})
    Translator(replace(MODEL, domains=("mnist", "beta")), told).save(tmp_path / "model")
    assert main([name, str(tmp_path / "model")]) == 2
    assert "unknown script 'beta'" in capsys.readouterr().err


def test_a_missing_file_is_no_doubt_about_a_checkpoint(checkpoint: Path) -> None:
    with pytest.raises(CheckpointError, match=f"{RESULTS}$"):
        read_json(checkpoint / RESULTS)
    with pytest.raises(CheckpointError, match="is .* a checkpoint folder"):
        read_json(checkpoint.parent / CONFIG)
