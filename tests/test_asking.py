"""Which digits to label next, the folder people label in, and training on what they said."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from test_spreading import arcs
from test_training import OWN, command, digits, run_training

import train
from unit_core import data, labelling
from unit_core.__main__ import main
from unit_core.asking import ask
from unit_core.checkpoint import CheckpointError, read_config, read_json
from unit_core.data import DataError, Digits
from unit_core.domains import UNKNOWN
from unit_core.networks import ModelConfig
from unit_core.provenance import Provenance
from unit_core.spreading import neighbours
from unit_core.survey import Survey
from unit_core.translator import Translator

TINY = ModelConfig(("alpha", "beta"), latent_dim=12, width=8, hidden=16)


def mistaken() -> tuple[Survey, torch.Tensor]:
    """A model that takes the last digits of one band for the other's, and is sure of it."""
    features, bands = arcs(200)
    guesses = bands.clone()
    guesses[170:200] = 1
    return Survey(guesses, neighbours(features)), bands


def test_what_is_asked_for_mends_more_than_chance_does():
    survey, bands = mistaken()
    nothing = torch.full((400,), UNKNOWN)
    nobody = torch.zeros(400, dtype=torch.bool)

    def wrong(labels: torch.Tensor) -> int:
        return int((survey.said(labels)[0] != bands).sum())

    asked = nothing
    for _ in range(2):  # each question knows the answers before
        chosen = survey.next(asked, nobody, 1)
        asked = asked.clone()
        asked[chosen] = bands[chosen]
    by_chance = []
    for seed in range(9):
        random = torch.Generator().manual_seed(seed)
        drawn = torch.randperm(400, generator=random)[:2]
        by_chance.append(wrong(nothing.index_put((drawn,), bands[drawn])))
    assert (asked != UNKNOWN).sum() == 2
    assert wrong(asked) < min(sorted(by_chance)[4], wrong(nothing) / 2)


def test_nothing_is_asked_twice_nor_of_neighbours():
    survey, bands = mistaken()
    labels = torch.full((400,), UNKNOWN)
    labels[::2] = bands[::2]
    taken = torch.zeros(400, dtype=torch.bool)
    taken[1:200] = True
    chosen = survey.next(labels, taken, 10)
    assert 0 < len(chosen) <= 10 and (chosen >= 200).all() and (labels[chosen] == UNKNOWN).all()
    near = survey.graph.toarray()[chosen][:, chosen] > 0
    assert not near.any()
    rest = survey.next(labels, taken, 1000)  # all that are left, but for neighbours
    assert len(chosen) < len(rest) < 100 and len(rest.unique()) == len(rest)
    assert len(survey.next(labels, torch.ones(400, dtype=torch.bool), 5)) == 0


def test_groups_are_shown_by_their_clearest():
    survey, bands = mistaken()
    first = survey.clearest(torch.zeros(400, dtype=torch.bool), 2)
    assert survey.guesses[first].tolist() == [0, 1] and not set(first.tolist()) & set(
        range(140, 200)
    )


# -- the folder ----------------------------------------------------------------------------------


def test_a_label_is_where_its_picture_was_moved(tmp_path: Path):
    own, folder = digits(3, 20), tmp_path / "labels"
    labelling.put(folder, own.images[:4], torch.tensor([UNKNOWN, UNKNOWN, UNKNOWN, 7]))
    waiting = sorted((folder / "unlabelled").iterdir())
    assert len(waiting) == 3 and Image.open(waiting[0]).size == (112, 112)
    names = labelling.names_of(own.images)
    for name, label in ((names[0], "0"), (names[1], "skip")):
        (folder / label).mkdir()
        shutil.move(folder / "unlabelled" / f"{name}.png", folder / label)
    assert labelling.read(folder) == {names[0]: 0, names[3]: 7}
    assert labelling.seen(folder) == set(names[:4])
    mixed = own.subset(torch.arange(20).flip(0))  # wherever they stand
    given = labelling.given_labels(mixed, "chosen", 0, labelling.read(folder))
    assert given.flip(0).tolist() == [0, UNKNOWN, UNKNOWN, 7] + 16 * [UNKNOWN]
    assert labelling.strangers([*names[:2], "renamed"], [own]) == ["renamed"]
    (folder / "3").mkdir()
    shutil.copy(folder / "0" / f"{names[0]}.png", folder / "3" / f"{names[0]}.PNG")
    with pytest.raises(DataError, match=f"{names[0]}.PNG lies under 0 and under 3"):
        labelling.read(folder)
    shutil.rmtree(folder / "3")
    (folder / "11").mkdir()
    with pytest.raises(DataError, match="11 is no label: folders are called 0 to 9, skip or unl"):
        labelling.read(folder)


def model(folder: Path, labels: str) -> Path:
    """An untrained one that says it was trained with these labels of beta."""
    torch.manual_seed(0)
    translator = Translator(TINY)
    translator.provenance = Provenance(labels={"alpha": "100%", "beta": labels}, seed=0)
    translator.save(folder)
    return folder


def test_asking_goes_on_where_it_was(tmp_path: Path):
    own, folder = digits(1, 200), tmp_path / "labels"
    own = Digits(torch.randint(0, 256, own.images.shape, dtype=torch.uint8), own.labels)
    few = model(tmp_path / "few", "1-per-class")
    assert ask(few, own, "beta", folder, 3) == 3
    assert len(labelling.read(folder)) == 10  # those it was trained with lie there too
    assert ask(few, own, "beta", folder, 4) == 4
    assert len(list((folder / "unlabelled").iterdir())) == 7
    assert ask(few, own, "beta", folder, 60, answered=True) == 60  # in two rounds
    known = labelling.given_labels(own, "chosen", 0, labelling.read(folder))
    assert (known != UNKNOWN).sum() == 70
    assert torch.equal(known[known != UNKNOWN], own.labels[known != UNKNOWN])
    before = len(list((folder / "unlabelled").iterdir()))
    assert 0 < ask(few, own, "beta", folder, 1000) < 130  # neighbours of those wait with them
    near = labelling.seen(folder) - labelling.read(folder).keys()
    assert len(near) > before
    unnamed = Digits(own.images, torch.where(known == UNKNOWN, UNKNOWN, own.labels))
    with pytest.raises(ValueError, match="nothing can answer"):
        ask(few, unnamed, "beta", tmp_path / "other", 5, answered=True)
    with pytest.raises(ValueError, match="has seen the labels of all"):
        ask(model(tmp_path / "all", "100%"), own, "beta", folder)
    with pytest.raises(ValueError, match="unknown script 'gamma': this model knows alpha, beta"):
        ask(few, own, "gamma", folder)
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="is a file: name the folder"):
        ask(few, own, "beta", tmp_path / "file")

    # What turns out to be no digit is not asked again, and what was seen stays where it is put.
    name = next(iter((folder / "0").iterdir()))
    (folder / "skip").mkdir()
    shutil.move(name, folder / "skip")
    ask(few, own, "beta", folder, 1)
    assert not (folder / "0" / name.name).exists()
    assert not (folder / "unlabelled" / name.name).exists()


def test_a_model_that_lost_its_labels_says_so(tmp_path: Path):
    own, folder = digits(1, 200), tmp_path / "labels"
    chosen = model(tmp_path / "chosen", "chosen")
    with pytest.raises(CheckpointError, match="chosen, but lacks labels.json"):
        ask(chosen, own, "beta", folder)
    for damaged in ("[1, 2]", '{"0123456789abcdef": 12}', '{"0123456789abcdef": "3"}'):
        (chosen / "labels.json").write_text(damaged)
        with pytest.raises(CheckpointError, match="labels.json is unusable"):
            ask(chosen, own, "beta", folder)


def test_twins_that_were_told_apart_have_no_label():
    own = digits(1, 100)
    own.images[1] = own.images[0]  # a 0 and a 1 by their labels
    names = labelling.names_of(own.images)
    told = labelling.by_name(names, own.labels)
    assert names[0] not in told and told[names[2]] == 2


def test_a_model_without_labels_first_asks_what_its_groups_are(tmp_path: Path):
    own, folder = digits(1, 200), tmp_path / "labels"
    none = model(tmp_path / "none", "0")
    assert ask(none, own, "beta", folder, 5) == 5
    for picture in (folder / "unlabelled").iterdir():
        (folder / "4").mkdir(exist_ok=True)
        shutil.move(picture, folder / "4")
    with pytest.raises(ValueError, match="its groups have no names: train anew with --labels"):
        ask(none, own, "beta", folder, 5)


# -- as a person does it -------------------------------------------------------------------------


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    """Two scripts; of most digits of the second nobody has said what they are."""
    folder = tmp_path / "data"
    for seed, name in enumerate(("alpha", "beta")):
        (folder / name).mkdir(parents=True)
        own = digits(seed, 200)
        labels = own.labels.numpy().copy()
        if name == "beta":
            labels[60:] = UNKNOWN
        np.savez(folder / name / "train.npz", images=own.images.numpy(), labels=labels)
    return folder


@pytest.fixture
def refused(scripts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """What train.py says when it refuses these options."""
    monkeypatch.chdir(tmp_path)

    def refuse(*options: str) -> str:
        monkeypatch.setattr("sys.argv", command(scripts, *options)[1:])
        with pytest.raises(SystemExit) as stop:
            train.main()
        return str(stop.value.code)

    return refuse


def test_train_ask_label_and_train_on(
    scripts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], refused
):
    run_training(scripts, tmp_path, *OWN, "--steps", "6", "--name", "first")
    first = tmp_path / "runs/first/checkpoint"
    told = read_config(first)[1]
    assert told.labelled_images == {"alpha": 160, "beta": 50}  # all but validation's
    assert "beta/latent" in read_json(first / "training.json")[-1]["validation"]

    folder = tmp_path / "labels"
    arguments = ["ask", str(first), str(folder), "--count", "8", "--data-dir", str(scripts)]
    assert main(arguments) == 0
    assert "8 more in" in capsys.readouterr().out
    own = digits(1, 200)
    truth = dict(zip(labelling.names_of(own.images), own.labels.tolist(), strict=True))
    for picture in list((folder / "unlabelled").iterdir()):
        (folder / str(truth[picture.stem])).mkdir(exist_ok=True)
        shutil.move(picture, folder / str(truth[picture.stem]))

    options = ("--labels", "labels", "--start", "runs/first", "--batch", "8", "--name", "second")
    run_training(scripts, tmp_path, *options, "--steps", "8", "--reading", "1")
    second = tmp_path / "runs/second/checkpoint"
    told = read_config(second)[1]
    known = len(labelling.read(folder))
    assert told.labels["beta"] == "chosen"
    assert told.labelled_images["beta"] >= known > 50  # digits that look the same share a label
    assert read_json(second / "labels.json") == labelling.read(folder)
    spread = train.run.read_tensors(tmp_path / "runs/second/state.safetensors")["labels.beta"]
    assert (spread != UNKNOWN).all()  # by what it reads itself, and the labels

    # What was labelled is kept with the run: a resumed one does not ask the folder again.
    weights = (second / "weights.safetensors").read_bytes()
    shutil.rmtree(second)
    shutil.move(folder, tmp_path / "away")
    run_training(scripts, tmp_path, "--resume", "runs/second")
    assert (second / "weights.safetensors").read_bytes() == weights
    assert read_config(second)[1].labelled_images == told.labelled_images
    shutil.move(tmp_path / "away", folder)

    assert main(["ask", str(second), str(folder), "--data-dir", str(scripts), "--count", "1"]) == 0

    shutil.rmtree(folder / "0")
    assert "has seen labels of beta (100%)" in refused(
        "--labels", "labels", "--start", "runs/first"
    )
    assert "or the folder that you label in" in refused(
        "--labels", "labls", "--start", "runs/first"
    )
    (tmp_path / "empty").mkdir()
    assert "empty names no digit of beta" in refused("--labels", "empty", "--start", "runs/first")


def test_training_without_a_single_label(scripts: Path, tmp_path: Path, refused):
    own = digits(1, 200)
    np.savez(scripts / "beta/train.npz", images=own.images.numpy())  # labels are not even there
    said = refused("--domains", "alpha", "beta", "--steps", "6", "--name", "blind")
    assert "no digit of beta has a label: train with --labels 0" in said
    run_training(scripts, tmp_path, *OWN, "--steps", "6", "--name", "blind", "--labels", "0")
    blind = tmp_path / "runs/blind/checkpoint"
    line = read_json(blind / "training.json")[-1]["validation"]
    assert "beta/mse" in line and "alpha/latent" in line and "beta/latent" not in line
    with pytest.raises(DataError, match="beta has too few labels"):
        data.load_labelled("beta", scripts)
    folder = tmp_path / "labels"
    arguments = ["ask", str(blind), str(folder), "--data-dir", str(scripts), "--count", "5"]
    assert main(arguments) == 0 and len(list((folder / "unlabelled").iterdir())) == 5
