"""The public face and its files: shapes, identities, and what a damaged checkpoint says."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from safetensors.torch import load_file, save_file

from unit_core import Translator, hub
from unit_core.checkpoint import CheckpointError
from unit_core.files import replacing, sweep, write_atomically
from unit_core.networks import ModelConfig
from unit_core.provenance import Provenance

MODEL = ModelConfig(domains=("alpha", "beta"), latent_dim=12, width=8, hidden=16)


@pytest.fixture
def translator() -> Translator:
    torch.manual_seed(0)
    return Translator(MODEL, Provenance(seed=0))


@pytest.fixture
def folder(translator: Translator, tmp_path: Path) -> Path:
    translator.save(tmp_path / "model")
    return tmp_path / "model"


IMAGES = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (5, 28, 28), np.uint8))


def test_shapes_and_ranges(translator: Translator) -> None:
    z = translator.encode(IMAGES, "alpha")
    assert z.shape == (5, 12)
    out = translator.translate(IMAGES, "alpha", "beta")
    assert out.shape == (5, 28, 28) and out.dtype == torch.float32
    assert out.min() >= 0 and out.max() <= 1
    for probabilities in (
        translator.classify(IMAGES, "alpha"),
        translator.discriminate(IMAGES, "beta").probabilities,
    ):
        torch.testing.assert_close(probabilities.sum(1), torch.ones(5))
    posterior = translator.posterior(IMAGES, "alpha")
    assert (posterior.std > 0).all() and (posterior.std <= 1).all()


def test_every_kind_of_image_means_the_same(translator: Translator) -> None:
    expected = translator.encode(IMAGES[:1], "alpha")
    one = IMAGES[0]
    kinds = [
        one, one.numpy(), one.float() / 255, one[None, None], Image.fromarray(one.numpy()),
        [one.numpy()], one.double().numpy() / 255,
    ]  # fmt: skip
    for kind in kinds:
        torch.testing.assert_close(translator.encode(kind, "alpha"), expected)


def test_deep_greys_are_not_clipped(translator: Translator) -> None:
    grey = IMAGES[0].numpy()
    deep = Image.fromarray(grey.astype(np.uint16) * 257)
    assert deep.mode == "I;16"
    expected = translator.encode(grey, "alpha")
    torch.testing.assert_close(translator.encode(deep, "alpha"), expected)


def test_a_folder_that_is_not_there_is_not_asked_of_the_hub(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hub, "fetch", lambda name: pytest.fail(f"{name} was asked for"))
    with pytest.raises(CheckpointError, match="no checkpoint folder"):
        Translator.load(Path("runs/nothing"))


def test_input_is_left_alone(translator: Translator) -> None:
    images = IMAGES.float() / 255
    before = images.clone()
    translator.translate(images, "alpha", "beta")
    assert torch.equal(images, before)


def test_translation_is_encode_then_decode(translator: Translator) -> None:
    z = translator.encode(IMAGES, "alpha")
    assert torch.equal(translator.translate(IMAGES, "alpha", "beta"), translator.decode(z, "beta"))


def test_no_hand_lies_beyond_reach_but_in_training(translator: Translator) -> None:
    generator, reach = translator.networks.generator, MODEL.reach
    for tensor in generator.to_posterior.parameters():
        tensor.mul_(30)
    images = IMAGES[:, None].float() / 255
    hands = translator.encode(IMAGES, "alpha")[:, 10:]
    torch.testing.assert_close(hands.norm(dim=1), torch.full((5,), reach))
    shown = generator.train().encode(images, "alpha").mean[:, 10:]
    assert (shown.norm(dim=1) > 1.2 * reach).all()
    torch.testing.assert_close(F.normalize(shown), F.normalize(hands))  # the same hand, less so


def test_wider_hands_are_of_the_same_digits(translator: Translator) -> None:
    before = translator.posterior(IMAGES, "alpha")
    translator.networks.generator.widen(1.25)
    after = translator.posterior(IMAGES, "alpha")
    assert torch.equal(after.mean[:, :10], before.mean[:, :10])
    torch.testing.assert_close(after.mean[:, 10:], 1.25 * before.mean[:, 10:])
    assert torch.equal(after.std, before.std)


def test_all_digits_have_the_hand_of_one(translator: Translator) -> None:
    z = translator.encode(IMAGES, "alpha")
    ten = translator.all_digits(z)
    assert ten.shape == (5, 10, 12)
    assert torch.equal(ten[..., 10:], z[:, None, 10:].expand(-1, 10, -1))
    believed = translator.classify_codes(ten.flatten(0, 1))
    assert believed.argmax(1).tolist() == 5 * list(range(10)) and believed.amax(1).min() > 0.999
    assert torch.equal(translator.all_digits(z.numpy()), ten)
    for wrong in (z[0], z[:, :11]):
        for use in (translator.all_digits, translator.classify_codes):
            with pytest.raises(ValueError, match=r"codes must be \(N, 12\), not"):
                use(wrong)


@pytest.mark.parametrize(
    ("images", "complaint"),
    [
        (np.zeros((3, 32, 32)), "28"),
        (np.full((28, 28), 200.0), r"\[0, 1\]"),
        (np.full((28, 28), np.nan), r"\[0, 1\]"),
        (np.full((28, 28), 200), r"uint8 \(0 to 255\) or .* these are int64 from 200 to 200"),
        ("seven.png", r"'seven.png' is a path, not a picture: .*to_digit\(ink_of"),
        ([Path("seven.png")], "is a path"),
        ([], "empty"),
    ],
)
def test_bad_images(translator: Translator, images: object, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        translator.encode(images, "alpha")


def test_unknown_script(translator: Translator) -> None:
    with pytest.raises(ValueError, match="alpha, beta"):
        translator.translate(IMAGES, "alpha", "telugu")
    with pytest.raises(ValueError, match="telugu"):
        translator.encode(IMAGES, "telugu")


def test_wrong_codes(translator: Translator) -> None:
    with pytest.raises(ValueError, match="12"):
        translator.decode(torch.zeros(2, 7), "alpha")


def test_reload_gives_equal_outputs(folder: Path) -> None:
    first, again = Translator.load(folder), Translator.load(folder)
    assert first.config == MODEL and first.provenance == Provenance(seed=0)
    assert torch.equal(
        first.translate(IMAGES, "alpha", "beta"), again.translate(IMAGES, "alpha", "beta")
    )
    again.save(folder.parent / "copy")  # half precision once is half precision for good
    copied = Translator.load(folder.parent / "copy")
    assert torch.equal(
        first.translate(IMAGES, "alpha", "beta"), copied.translate(IMAGES, "alpha", "beta")
    )


def test_missing_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no checkpoint folder"):
        Translator.load(tmp_path / "none")
    with pytest.raises(CheckpointError, match="config.json"):
        Translator.load(tmp_path)


def test_cut_weights(folder: Path) -> None:
    weights = folder / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(CheckpointError, match="cut short"):
        Translator.load(folder)


def test_foreign_weights(folder: Path) -> None:
    save_file({"other": torch.zeros(3)}, folder / "weights.safetensors")
    with pytest.raises(CheckpointError, match="lacks .* and has an unknown other"):
        Translator.load(folder)


def test_weights_of_another_shape(folder: Path) -> None:
    tensors = load_file(folder / "weights.safetensors")
    tensors["generator.to_posterior.2.bias"] = torch.zeros(3)
    save_file(tensors, folder / "weights.safetensors")
    with pytest.raises(CheckpointError, match=r"to_posterior\.2\.bias has shape"):
        Translator.load(folder)


def test_weights_that_are_not_finite(folder: Path) -> None:
    tensors = load_file(folder / "weights.safetensors")
    tensors["generator.to_posterior.2.bias"][0] = float("nan")
    save_file(tensors, folder / "weights.safetensors")
    with pytest.raises(CheckpointError, match="not finite"):
        Translator.load(folder)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("{", "not valid JSON"),
        ("[]", "format"),
        ('{"format": "gpt/2"}', "gpt/2"),
        ('{"format": "unit-translator/1"}', "model section"),
        ('{"format": "unit-translator/1", "model": {"colour": 1}}', "colour"),
    ],
)
def test_bad_configuration(folder: Path, content: str, complaint: str) -> None:
    (folder / "config.json").write_text(content)
    with pytest.raises(CheckpointError, match=complaint):
        Translator.load(folder)


@pytest.mark.parametrize(
    ("provenance", "complaint"),
    [
        (None, "it should be an object, not null"),
        ({"labelled_images": None}, "labelled_images should be an object, not null"),
        (
            {"labelled_images": {"beta": "550"}},
            'labelled_images.beta should be .*, not "550"',
        ),
        ({"labels": {"beta": 0}}, "labels.beta should be a valid string, not 0"),
        ({"minutes": "ten"}, 'minutes should be a valid number, not "ten"'),
        ({"minutes": math.nan}, "minutes should be a finite number, not NaN"),
        (
            {"labelled_images": {"beta": True}},
            "labelled_images.beta should be .*, not true",
        ),
        ({"begun_with": {"steps": 1.5}}, "begun_with.steps should be a valid integer, not 1.5"),
    ],
)
def test_bad_provenance(folder: Path, provenance: object, complaint: str) -> None:
    content = json.loads((folder / "config.json").read_text()) | {"provenance": provenance}
    (folder / "config.json").write_text(json.dumps(content))
    with pytest.raises(CheckpointError, match=complaint):
        Translator.load(folder)


@pytest.mark.parametrize("depth", [900, 100_000])
def test_provenance_that_nests_without_end(folder: Path, depth: int) -> None:
    nested = '{"begun_with": ' * depth + '{"seed": "none"}' + "}" * depth
    content = json.loads((folder / "config.json").read_text()) | {"provenance": "HERE"}
    (folder / "config.json").write_text(json.dumps(content).replace('"HERE"', nested))
    with pytest.raises(CheckpointError, match="config.json"):
        Translator.load(folder)


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    write_atomically(path, b"before")
    with pytest.raises(KeyboardInterrupt), replacing(path) as file:
        file.write(b"half of")
        raise KeyboardInterrupt
    assert path.read_bytes() == b"before" and list(tmp_path.iterdir()) == [path]
    (tmp_path / ".kept.0.part").touch()  # as a kill leaves it
    sweep(tmp_path)
    assert list(tmp_path.iterdir()) == [path]


def test_configuration_survives_json(folder: Path) -> None:
    stored = json.loads((folder / "config.json").read_text())["model"]
    assert ModelConfig(**stored) == MODEL
