"""Pushed to the Hub and fetched again it is the same model; what cannot be had is said in words."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("huggingface_hub", reason="needs huggingface_hub from PyPI")

from hub_server import Hub, hub  # noqa: E402
from test_reports import results  # noqa: E402

from unit_core import Translator  # noqa: E402
from unit_core.card import card  # noqa: E402
from unit_core.checkpoint import CheckpointError  # noqa: E402
from unit_core.domains import DOMAINS  # noqa: E402
from unit_core.hub import is_id  # noqa: E402
from unit_core.networks import ModelConfig  # noqa: E402
from unit_core.provenance import Provenance

ROOT = Path(__file__).parents[1]


@pytest.fixture
def server():
    with hub() as running:
        yield running


def run(server: Hub, home: Path, code: str) -> subprocess.CompletedProcess[str]:
    """Python that has the stand-in for the Hub: its address is read once, on import."""
    environment = os.environ | {
        "HF_ENDPOINT": server.address,
        "HF_HOME": str(home),
        "HF_TOKEN": "hf_test",
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
    }
    command = [sys.executable, "-c", "from unit_core import Translator\n" + code]
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120
    )


def model(folder: Path) -> Path:
    provenance = Provenance(labels={"mnist": "100%", "kannada": "1%"}, seed=3)
    Translator(ModelConfig(width=8, hidden=16), provenance).save(folder)
    told = results(97.5)
    told["tests"] = {"kannada": told["tests"]["kannada"]}
    told["tests"]["kannada"]["accuracy"]["judge"] = None
    (folder / "results.json").write_text(json.dumps(told))
    return folder


def test_pushed_and_fetched_it_is_the_same(server, tmp_path):
    folder = model(tmp_path / "made")
    push = f'print(Translator.load("{folder}").push_to_hub("someone/digits"))'
    pushed = run(server, tmp_path / "home", push)
    assert pushed.returncode == 0, pushed.stderr
    assert "someone/digits/commit/" in pushed.stdout
    files = server.files["someone/digits"]
    assert set(files) >= {"README.md", "config.json", "weights.safetensors", "results.json"}
    assert files["weights.safetensors"] == (folder / "weights.safetensors").read_bytes()
    assert (
        "| kannada (kannada -> mnist) | 1,000 | 97.50 | 97.50 | - |" in files["README.md"].decode()
    )

    fetch = f'Translator.load("someone/digits").save("{tmp_path / "again"}")'
    fetched = run(server, tmp_path / "home", fetch)
    assert fetched.returncode == 0, fetched.stderr
    again = (tmp_path / "again" / "weights.safetensors").read_bytes()
    assert again == files["weights.safetensors"]


@pytest.mark.parametrize(
    ("files", "refuse", "words"),
    [
        (None, None, "nobody/nothing"),
        ({"README.md": b"empty"}, None, "no config.json and no weights.safetensors"),
        (None, 503, "cannot be had"),
    ],
)
def test_what_cannot_be_had_is_said(server, tmp_path, files, refuse, words):
    server.refuse = refuse
    if files:
        server.files["nobody/nothing"] = files
    answer = run(server, tmp_path, 'Translator.load("nobody/nothing")')
    assert answer.returncode == 1
    assert "CheckpointError" in answer.stderr and words in answer.stderr


def test_a_refused_push_is_said(server, tmp_path):
    server.refuse = 403
    folder = model(tmp_path / "made")
    answer = run(server, tmp_path, f'Translator.load("{folder}").push_to_hub("someone/digits")')
    assert "could not push to someone/digits" in answer.stderr


@pytest.mark.parametrize(
    "name", ["checkpoints/full/", "/else/x", "../full", "full", "a/b/c", "a//b"]
)
def test_paths_are_not_asked_of_the_hub(name):
    assert not is_id(name)


def test_the_card_is_made_of_the_files(tmp_path):
    text = card(model(tmp_path / "few"))
    assert text.startswith("---\n") and "seed 3" in text
    assert "kannada: labels used: 1 %" in text and "97.50" in text
    file = tmp_path / "few" / "results.json"
    file.write_text("{}")
    with pytest.raises(CheckpointError, match="checkpoint is missing"):
        card(tmp_path / "few")
    file.unlink()
    assert "Not evaluated yet" in card(tmp_path / "few")


def test_the_card_cites_the_data_that_the_model_knows(tmp_path):
    text = card(model(tmp_path / "built-in"))
    assert "\ntags: [handwriting, image-to-image, vae, gan, mnist, kannada-mnist]\n" in text
    assert "\ndatasets: [ylecun/mnist]\n" in text
    assert "# Digits in another hand: Arabic and Kannada\n" in text
    assert "MNIST (LeCun, Cortes, Burges; CC BY-SA 3.0) and Kannada-MNIST (Prabhu 2019" in text
    assert "Dig-MNIST" not in text  # it was not read

    config = ModelConfig(domains=("devanagari", "telugu"), width=8, hidden=16)
    Translator(config).save(tmp_path / "own")
    text = card(tmp_path / "own")
    assert "\ntags: [handwriting, image-to-image, vae, gan]\n" in text
    assert "Devanagari (its maker's own data) and Telugu (its maker's own data)" in text
    assert "mnist" not in text.lower() and "kannada" not in text.lower()
    assert "datasets:" not in text and "2019" not in text

    Translator(replace(config, domains=("kannada", "telugu"))).save(tmp_path / "both")
    text = card(tmp_path / "both")
    assert "gan, kannada-mnist]\n---" in text and "datasets:" not in text
    assert "Trained on Kannada-MNIST (Prabhu 2019, arXiv:1908.01242) and Telugu (its" in text

    told = Provenance(scripts={"telugu": {"title": "Telugu of mine", "glyphs": "౦౧౨౩౪౫౬౭౮౯"}})
    Translator(replace(config, domains=("mnist", "telugu")), told).save(tmp_path / "titled")
    assert "# Digits in another hand: Arabic and Telugu of mine\n" in card(tmp_path / "titled")


def test_the_card_tells_another_copy_of_a_file_from_the_official(tmp_path):
    files = DOMAINS["kannada"].train
    official = {file.path: file.digest for file in (files.images, files.labels)}
    own = {"telugu/train.npz": "sha256:0"}  # of which there is no official one
    config = ModelConfig(width=8, hidden=16)
    Translator(config, Provenance(digests=official | own)).save(tmp_path / "official")
    assert "another copy" not in card(tmp_path / "official")
    other = official | {files.images.path: "git:7d0e8ae1"}
    Translator(config, Provenance(digests=other)).save(tmp_path / "other")
    said = "X_kannada_MNIST_train-idx3-ubyte.gz` was another copy of the file than the official."
    text = card(tmp_path / "other")
    assert said in text and text.count("another copy") == 1


def test_the_card_names_the_test_set_of_other_writers_once_it_was_read(tmp_path):
    told = results()
    del told["tests"]["mnist"]
    (model(tmp_path / "read") / "results.json").write_text(json.dumps(told))
    assert "are read less well, as Dig-MNIST shows." in card(tmp_path / "read")
