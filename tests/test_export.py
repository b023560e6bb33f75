"""What is exported says what the model says, at any batch."""

import json

import numpy as np
import pytest
import torch

pytest.importorskip("onnx", reason="needs onnx from PyPI")
pytest.importorskip("onnxscript", reason="needs onnxscript from PyPI")
onnxruntime = pytest.importorskip("onnxruntime", reason="needs onnxruntime from PyPI")

from unit_core import Translator  # noqa: E402
from unit_core import export as exporting  # noqa: E402
from unit_core.__main__ import main  # noqa: E402
from unit_core.checkpoint import CheckpointError  # noqa: E402
from unit_core.networks import ModelConfig  # noqa: E402
from unit_core.provenance import Provenance  # noqa: E402


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("model")
    Translator(ModelConfig(width=8, hidden=16), Provenance(seed=7)).save(folder)
    return folder


def test_the_graphs_translate_as_torch_does(saved, tmp_path, capsys):
    assert main(["export", str(saved), "--onnx", str(tmp_path)]) == 0
    assert "mnist.encoder.onnx" in capsys.readouterr().out
    translator = Translator.load(saved)
    told = json.loads((tmp_path / "model.json").read_text())
    assert told["latent_dim"] == 48 and told["provenance"]["seed"] == 7
    arabic, kannada = told["scripts"]
    images = torch.rand(5, 1, 28, 28, generator=torch.Generator().manual_seed(1))
    encoder, decoder = (
        onnxruntime.InferenceSession(tmp_path / file)
        for file in (arabic["encoder"], kannada["decoder"])
    )
    (codes,) = encoder.run(None, {"input": images.numpy()})
    (made,) = decoder.run(None, {"input": codes})
    np.testing.assert_allclose(codes, translator.encode(images, "mnist"), atol=1e-4)
    expected = translator.translate(images, "mnist", "kannada")
    np.testing.assert_allclose(made[:, 0], expected, atol=1e-4)


def test_a_script_of_ones_own_is_told_by_its_model(tmp_path, monkeypatch):
    monkeypatch.delenv("UNIT_DATA_DIR", raising=False)
    telugu = {"title": "Telugu script", "glyphs": "౦౧౨౩౪౫౬౭౮౯", "stretch": 1.5}
    config = ModelConfig(("mnist", "telugu"), width=8, hidden=16)
    Translator(config, Provenance(scripts={"telugu": telugu})).save(tmp_path / "model")
    assert main(["export", str(tmp_path / "model"), "--onnx", str(tmp_path / "onnx")]) == 0
    told = json.loads((tmp_path / "onnx" / "model.json").read_text())["scripts"][1]
    assert told["title"] == "Telugu script" and told["glyphs"][1] == "౧" and told["stretch"] == 1.5
    assert Translator.load(tmp_path / "model").scripts["telugu"].facts == telugu

    config_file = tmp_path / "model" / "config.json"
    config_file.write_text(config_file.read_text("utf-8").replace(telugu["glyphs"], "12"), "utf-8")
    with pytest.raises(CheckpointError, match="glyphs must be 10 characters"):
        Translator.load(tmp_path / "model")


def test_a_wrong_graph_is_not_let_through(saved, tmp_path, monkeypatch):
    write = exporting._write

    def spoilt(module, example, path):
        with torch.no_grad():
            for parameter in module.parameters():
                parameter.add_(0.1)
            write(module, example, path)
            for parameter in module.parameters():
                parameter.sub_(0.1)

    monkeypatch.setattr(exporting, "_write", spoilt)
    with pytest.raises(exporting.ExportError, match="off by"):
        exporting.export(Translator.load(saved), tmp_path)
