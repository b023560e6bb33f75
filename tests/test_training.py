"""The engine: what a step changes, what it may not see, and that no interruption shows."""

import copy
import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from conftest import ROOT
from lightning_fabric import Fabric
from safetensors.torch import load_file

import train
from unit_core import files, grouped, grouping, lineage, run, style, training
from unit_core.batches import Material, batch_indices
from unit_core.checkpoint import CheckpointError, write_tensors
from unit_core.data import Digits
from unit_core.domains import UNKNOWN
from unit_core.means import NotFinite
from unit_core.networks import Generator, ModelConfig, as_batch
from unit_core.provenance import Provenance
from unit_core.recipe import TrainConfig
from unit_core.training import Trainer
from unit_core.translator import Translator

MODEL = ModelConfig(domains=("alpha", "beta"), latent_dim=12, width=8, hidden=16)


def digits(seed: int, n: int = 60) -> Digits:
    """Bars whose place is their class: ten kinds of `image` a small network can tell apart."""
    random = np.random.default_rng(seed)
    images = np.zeros((n, 28, 28), np.uint8)
    labels = np.arange(n) % 10
    for image, label in zip(images, labels, strict=True):
        image[4:24, 4 + 2 * label : 7 + 2 * label] = random.integers(150, 255)
    return Digits(torch.from_numpy(images), torch.from_numpy(labels))


def make(config: TrainConfig, labelled: float = 1.0, model: ModelConfig = MODEL) -> Trainer:
    material = {}
    for seed, name in enumerate(model.domains):
        own = digits(seed)
        labels = own.labels.clone()
        if seed:
            labels[int(labelled * len(own)) :] = UNKNOWN
        material[name] = Material.of(own, labels, torch.device("cpu"))
    return Trainer(model, config, material, Fabric(accelerator="cpu", devices=1))


def config(**changes: object) -> TrainConfig:
    labels = {"alpha": "100%", "beta": "100%"}
    return TrainConfig(**({"labels": labels, "steps": 10, "batch": 8} | changes))  # type: ignore[arg-type]


def weights(trainer: Trainer) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in trainer.state().items() if name != "seconds"}


def assert_equal(ours: dict[str, torch.Tensor], others: dict[str, torch.Tensor]) -> None:
    assert ours.keys() == others.keys()
    for name, tensor in ours.items():
        assert torch.equal(tensor, others[name]), name


@pytest.mark.parametrize("labelled", [1.0, 0.1, 0.0])
@pytest.mark.parametrize("cut", [5, 9])  # where scripts meet already; where only reading is learnt
def test_resumed_run_has_the_same_weights(tmp_path: Path, labelled: float, cut: int) -> None:
    options = {"steps": 10, "reading": 0.3}
    whole = make(config(**options), labelled)
    for _ in range(10):
        whole.step()

    first = make(config(**options), labelled)
    for _ in range(cut):
        first.step()
    assert first.adversarial and first.reading == (cut == 9)
    run.save_state(first, tmp_path)
    second = make(run.read_saved(tmp_path).config, labelled)
    run.resume(second, tmp_path)
    for _ in range(10 - cut):
        second.step()
    assert_equal(weights(second), weights(whole))


def test_every_network_learns() -> None:
    trainer = make(config())
    before = weights(trainer)
    for _ in range(6):
        trainer.step()
    after = weights(trainer)
    still = [
        name
        for name in before
        if name.startswith(("generator.", "critics.", "average."))
        and name.endswith(("weight", ".original0", ".original"))
        if torch.equal(before[name], after[name])
    ]
    assert not still


def test_loss_falls() -> None:
    trainer = make(config(steps=60, warmup=0.5, reading=0.0, learning_rate=1e-2))
    for _ in range(5):
        trainer.step()
    early = trainer.means.take(trainer.steps_done)["alpha/reconstruction"]
    for _ in range(50):
        trainer.step()
    trainer.means.take(trainer.steps_done)
    for _ in range(5):
        trainer.step()
    assert trainer.means.take(trainer.steps_done)["alpha/reconstruction"] < 0.7 * early


def test_at_the_end_only_what_reads_learns() -> None:
    trainer = make(config(steps=8, reading=0.5))
    for _ in range(4):
        assert not trainer.reading
        trainer.step()
    before = {name: tensor.clone() for name, tensor in trainer.state().items()}
    while trainer.progress < 1:
        assert trainer.reading
        trainer.step()
    changed = {
        name.rpartition(".")[0]
        for name, tensor in trainer.state().items()
        if name.startswith(("generator.", "critics.", "average."))
        and not torch.equal(tensor, before[name])
    }
    reads = (".encoders.", ".to_posterior.", ".discriminators.")
    assert all(any(part in name for part in reads) for name in changed)
    assert all(any(part in name for name in changed) for part in reads)
    assert trainer.means.take(trainer.steps_done).keys() >= {"alpha/hand", "beta/classes"}


def test_few_labels_are_spread_before_the_reading() -> None:
    trainer = make(config(steps=8, reading=0.5), labelled=0.1)
    given = trainer.material["beta"].labels
    while not trainer.reading:
        trainer.step()
        assert torch.equal(trainer.material["beta"].labels, given)
    trainer.step()
    spread = trainer.material["beta"].labels
    known = given != UNKNOWN
    assert 0 < known.sum() < len(given)
    assert (spread != UNKNOWN).all() and torch.equal(spread[known], given[known])
    assert not config(steps=None, max_minutes=3.0).spreads  # half a minute would be missed


def test_groups_are_spread_as_guesses(monkeypatch: pytest.MonkeyPatch) -> None:
    """All but the digits whose label was given, which keep it whatever the neighbours say."""
    monkeypatch.setattr(training, "spread", lambda features, labels, guesses: labels + guesses)
    trainer = make(config(steps=2, warmup=0.0, reading=1.0), labelled=0.2)
    given = trainer.material["beta"].labels
    groups = torch.full_like(given, 4)
    groups[given != UNKNOWN] = 7  # which are wrong
    groups[-5:] = UNKNOWN
    trainer.learn_from("beta", trainer.material["beta"].grouped(groups))
    trainer.step()
    expected = torch.where(given != UNKNOWN, given, 5)
    expected[-5:] = torch.where(given[-5:] != UNKNOWN, given[-5:], UNKNOWN)
    assert torch.equal(trainer.material["beta"].labels, expected)


def test_a_state_of_other_digits_is_refused(tmp_path: Path) -> None:
    first = make(config(steps=2, warmup=0.0, reading=1.0), labelled=0.5)
    first.step()
    run.save_state(first, tmp_path)
    other = make(config(steps=2, warmup=0.0, reading=1.0), labelled=0.5)
    beta = other.material["beta"]
    other.learn_from("beta", Material(beta.images[:50], beta.labels[:50], beta.guesses[:50]))
    with pytest.raises(CheckpointError, match="other digits of beta"):
        run.resume(other, tmp_path)


def test_a_later_run_spreads_its_own_labels(tmp_path: Path) -> None:
    first = make(config(steps=8, reading=0.5), labelled=0.1)
    while first.progress < 1:
        first.step()
    run.save_state(first, tmp_path)
    later = make(config(steps=8, warmup=0.0, reading=0.5), labelled=0.3)
    given = later.material["beta"].labels
    run.begin_with(later, tmp_path)
    while not later.reading:
        later.step()
        assert torch.equal(later.material["beta"].labels, given)
    later.step()
    assert (later.material["beta"].labels != UNKNOWN).all()


def test_a_later_run_begins_with_the_critics_of_the_game(tmp_path: Path) -> None:
    """Not with those that have read since, whose sense of what is real fits it no more."""
    trainer = make(config(steps=8, reading=0.5))
    while not trainer.reading:
        trainer.step()
    game = copy.deepcopy(trainer.average.networks.discriminators.state_dict())
    while trainer.progress < 1:
        trainer.step()
    run.save_state(trainer, tmp_path)
    later = make(config(steps=8))
    run.begin_with(later, tmp_path)
    begun = later.critics.discriminators.state_dict()
    assert_equal(begun, game)
    read = trainer.critics.discriminators.state_dict()
    assert any(not torch.equal(read[name], game[name]) for name in game)
    assert later.progress == 0 and not later.steps_read
    reader = make(config(steps=8, warmup=0.0, reading=1.0))  # which plays no game
    run.begin_with(reader, tmp_path)
    assert_equal(reader.critics.discriminators.state_dict(), read)


def test_hands_are_widened_once(tmp_path: Path) -> None:
    """Before the reading; a run that only reads finds them so, one that plays undoes it first."""

    def hands(generator: Generator) -> torch.Tensor:
        return generator.encode(as_batch(digits(0).images), "alpha").mean[:, 10:].detach()

    trainer = make(config(steps=8, reading=0.5))
    while not trainer.reading:
        trainer.step()
    learnt = hands(trainer.average.networks.generator)
    assert learnt.norm(dim=1).max() < MODEL.reach / training.WIDER
    trainer.step()
    torch.testing.assert_close(hands(trainer.settled.generator), training.WIDER * learnt)
    while trainer.progress < 1:
        trainer.step()
    run.save_state(trainer, tmp_path)
    trainer.average.provenance = Provenance(widened=training.WIDER)  # as train.py says
    trainer.average.save(tmp_path / "checkpoint")
    read = hands(trainer.average.networks.generator)

    half = {"rtol": 1e-2, "atol": 1e-3}  # precision, of a checkpoint
    for begun in (tmp_path, tmp_path / "checkpoint"):
        reader = make(config(steps=8, warmup=0.0, reading=1.0))
        run.begin_with(reader, begun)
        reader.step()
        torch.testing.assert_close(hands(reader.settled.generator), read, **half)
        player = make(config(steps=8, warmup=0.0))
        run.begin_with(player, begun)
        own = hands(player.average.networks.generator)
        torch.testing.assert_close(training.WIDER * own, read, **half)

    older = {name: value for name, value in trainer.state().items() if name != "widened"}
    write_tensors(tmp_path / run.STATE, older, {})  # whose hands were left alone
    reader, player = make(config(steps=8, warmup=0.0, reading=1.0)), make(config(warmup=0.0))
    for later in (reader, player):
        run.begin_with(later, tmp_path)
        torch.testing.assert_close(hands(later.average.networks.generator), read)
    reader.step()
    torch.testing.assert_close(hands(reader.settled.generator), training.WIDER * read)


@pytest.mark.parametrize(("batch", "world"), [(6, 2), (4, 4), (8, 3)])
def test_every_process_takes_whole_pairs(batch: int, world: int) -> None:
    fabric: Any = SimpleNamespace(world_size=world)
    with pytest.raises(
        ValueError, match=f"a batch of {batch} .* make it a multiple of {2 * world}"
    ):
        Trainer(MODEL, config(batch=batch), {}, fabric)


def test_three_scripts() -> None:
    model = ModelConfig(domains=("alpha", "beta", "gamma"), latent_dim=12, width=8, hidden=16)
    labels = dict.fromkeys(model.domains, "100%")
    trainer = make(config(labels=labels), model=model)
    seen: set[str] = set()
    for _ in range(6):
        meet = trainer.adversarial and not trainer.reading
        trainer.step()
        terms = trainer.means.take(trainer.steps_done).keys()
        judged = {name for name in model.domains if f"critic/{name}/realness" in terms}
        assert judged == (set(model.domains) if meet else set())  # each meets what was made
        seen |= terms
    assert {"alpha>beta/gan", "alpha>gamma/gan", "gamma>alpha/gan"} <= seen


def test_half_precision_learns_too() -> None:
    fabric = Fabric(accelerator="cpu", devices=1, precision="bf16-mixed")
    material = {
        name: Material.of(digits(seed), digits(seed).labels, fabric.device)
        for seed, name in enumerate(MODEL.domains)
    }
    trainer = Trainer(MODEL, config(), material, fabric)
    for _ in range(10):
        trainer.step()
    means = trainer.means.take(trainer.steps_done)  # finite, or it would have told
    assert means["alpha>beta/style"] > 0 and means["alpha/hand"] > 0
    assert all(p.dtype == torch.float32 for p in trainer.generator.parameters())


def test_time_runs_out() -> None:
    trainer = make(config(steps=None, max_minutes=1.5 / 60))
    began = time.monotonic()
    while trainer.progress < 1:
        trainer.step()
        time.sleep(0.1)  # as a tick would
    assert trainer.steps_done < 16 and time.monotonic() - began < 10


def test_the_schedule_begins_once_groups_are_found() -> None:
    trainer = make(config(steps=None, max_minutes=2.0))
    trainer.seconds = trainer.seconds_before = 60.0
    assert trainer.progress == 0
    trainer.seconds = 90.0
    assert trainer.progress == 0.5
    again = make(config(steps=None, max_minutes=2.0))
    again.restore(trainer.state())
    assert again.progress == 0.5


def test_guard_names_the_offending_term() -> None:
    trainer = make(config())
    with torch.no_grad():
        next(trainer.generator.decoders["beta"].parameters()).fill_(float("nan"))
    trainer.step()
    with pytest.raises(NotFinite, match="beta/reconstruction"):
        trainer.means.check(trainer.steps_done)


def test_nan_is_never_saved(tmp_path: Path) -> None:
    trainer = make(config())
    trainer.step()
    run.save_state(trainer, tmp_path)
    good = (tmp_path / run.STATE).read_bytes()
    with torch.no_grad():
        next(trainer.generator.parameters()).fill_(float("nan"))
    trainer.step()
    with pytest.raises(NotFinite):
        run.save_state(trainer, tmp_path)
    assert (tmp_path / run.STATE).read_bytes() == good


def test_a_finished_run_can_be_resumed(tmp_path: Path) -> None:
    held_out = {name: digits(9) for name in MODEL.domains}
    run.fit(make(config(steps=2)), tmp_path, held_out)
    log = (tmp_path / run.LOG).read_text()
    (tmp_path / run.LOG).write_text(
        log + '{"step": 3, "tr'
    )  # as a machine that went down leaves it
    again = make(run.read_saved(tmp_path).config)
    run.resume(again, tmp_path)
    run.fit(again, tmp_path, held_out)
    assert (tmp_path / run.LOG).read_text() == log


def test_half_precision_measures_style_in_full() -> None:
    images = torch.rand(8, 1, 28, 28)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        halved = style.measures(images)
    torch.testing.assert_close(halved, style.measures(images))


def test_state_that_is_no_state(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no training state"):
        run.read_saved(tmp_path)
    (tmp_path / run.STATE).write_bytes(b"not a state at all")
    with pytest.raises(CheckpointError, match="no training state"):
        run.read_saved(tmp_path)


def test_epochs_show_every_image_once() -> None:
    seen = torch.cat([batch_indices(10, 4, step, seed=3) for step in range(5)])
    assert sorted(seen[:10].tolist()) == sorted(seen[10:].tolist()) == list(range(10))
    assert seen[:10].tolist() != seen[10:].tolist()


def test_contact_sheet_and_validation() -> None:
    trainer = make(config())
    held_out = {"alpha": digits(9), "beta": digits(9, 13)}  # some classes have one digit only
    sheet = run.contact_sheet(trainer.average, held_out)
    assert sheet.size == (20 * 28, 6 * 28)
    values = run.validate(trainer.average, held_out)
    assert 0 <= values["beta/latent"] <= 100 and values["alpha/mse"] > 0


# -- train.py as a person runs it ---------------------------------------------------------------


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with two scripts of a person's own."""
    folder = tmp_path_factory.mktemp("data")
    for seed, name in enumerate(("alpha", "beta")):
        (folder / name).mkdir()
        own = digits(seed, 200)
        np.savez(folder / name / "train.npz", images=own.images.numpy(), labels=own.labels.numpy())
    return folder


def command(scripts: Path, *more: str) -> list[str]:
    return [sys.executable, str(ROOT / "train.py"), "--data-dir", str(scripts), "--threads", "1",
            "--accelerator", "cpu", *more]  # fmt: skip


OWN = ("--domains", "alpha", "beta", "--batch", "8")


def run_training(scripts: Path, cwd: Path, *more: str) -> None:
    """train.py in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(cwd)
        patch.setattr(sys, "argv", command(scripts, *more)[1:])
        train.main()


STEPS = 20


@pytest.fixture(scope="module")
def whole(scripts: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, torch.Tensor]:
    """The weights of a run of STEPS steps that nothing interrupted."""
    folder = tmp_path_factory.mktemp("whole")
    arguments = command(scripts, *OWN, "--steps", str(STEPS), "--name", "whole")
    subprocess.run(arguments, cwd=folder, check=True, capture_output=True, timeout=300)
    return load_file(folder / "runs/whole/checkpoint/weights.safetensors")


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_interrupted_run_resumes_to_the_same_weights(
    scripts: Path, tmp_path: Path, whole: dict[str, torch.Tensor], how: signal.Signals
) -> None:
    options = (*OWN, "--steps", str(STEPS), "--name", "cut")
    process = subprocess.Popen(
        command(scripts, *options, "--tick-seconds", "0.001"),  # after every step
        cwd=tmp_path, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    state = tmp_path / "runs/cut" / run.STATE
    deadline = time.monotonic() + 120
    log = state.parent / run.LOG
    ticked = False  # once it has, all steps and ticks but one are to come
    while not ticked and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
        ticked = log.exists() and "\n" in log.read_text()
    assert ticked, "the run did not tick"
    assert process.poll() is None, "the run ended before it could be interrupted"
    process.send_signal(how)
    _, said = process.communicate(timeout=60)
    assert process.returncode != 0 and not (tmp_path / "runs/cut/checkpoint").exists()
    assert how == signal.SIGKILL or "--resume runs/cut goes on" in said

    resumed = command(scripts, "--resume", "runs/cut")
    subprocess.run(resumed, cwd=tmp_path, check=True, capture_output=True, timeout=300)
    assert_equal(load_file(tmp_path / "runs/cut/checkpoint/weights.safetensors"), whole)
    steps = [json.loads(line)["step"] for line in (state.parent / run.LOG).open()]
    assert steps == sorted(set(steps)) and steps[-1] == STEPS


def test_more_labels_begin_with_what_fewer_have_taught(scripts: Path, tmp_path: Path) -> None:
    few = ("--steps", "6", "--name", "few", "--labels", "1-per-class", "--out", "elsewhere")
    run_training(scripts, tmp_path, *OWN, *few)
    assert (tmp_path / "elsewhere/weights.safetensors").exists()
    assert (tmp_path / "runs/few/groups-beta.safetensors").exists()
    run_training(
        scripts, tmp_path, "--start", "runs/few", "--batch", "8", "--steps", "2", "--name", "more"
    )
    few, after = (
        load_file(tmp_path / f"runs/{name}/checkpoint/weights.safetensors")
        for name in ("few", "more")
    )
    assert not list((tmp_path / "runs/more").glob("groups-*"))  # labels say more
    moved = [(after[name] - few[name]).float().abs().mean() for name in few]
    assert 0 < max(moved) < 0.02
    told = json.loads((tmp_path / "runs/more/checkpoint/config.json").read_text())["provenance"]
    assert told["labels"]["beta"] == "100%" and told["steps"] == 2
    assert told["begun_with"]["labels"]["beta"] == "1-per-class"
    assert told["minutes"] >= told["begun_with"]["minutes"]

    assert told["digits_seen"] == 6 * 8 + 2 * 8

    # All that is left of that run is its checkpoint, as of ours.
    shutil.copytree(tmp_path / "runs/more/checkpoint", tmp_path / "runs/left/checkpoint")
    later = ("--start", "runs/left", "--batch", "8", "--steps", "2", "--name", "later")
    run_training(scripts, tmp_path, *later)
    told = json.loads((tmp_path / "runs/later/checkpoint/config.json").read_text())["provenance"]
    assert told["begun_with"]["begun_with"]["labels"]["beta"] == "1-per-class"
    bare = json.loads((tmp_path / "runs/left/checkpoint/config.json").read_text())
    (tmp_path / "runs/left/checkpoint/config.json").write_text(
        json.dumps(bare | {"provenance": {}})
    )
    with pytest.raises(SystemExit, match="runs/left does not say from which labels"):
        run_training(scripts, tmp_path, *later)

    fewer = ("--start", "runs/more", "--labels", "1%", "--steps", "2")
    with pytest.raises(SystemExit, match="that --labels withholds"):
        run_training(scripts, tmp_path, *fewer)
    with pytest.raises(SystemExit, match="runs/more has finished"):
        run_training(scripts, tmp_path, "--resume", "runs/more")
    shutil.rmtree(tmp_path / "runs/more/checkpoint")  # as of a run that was stopped
    with pytest.raises(SystemExit, match="has not finished: --resume runs/more"):
        run_training(scripts, tmp_path, *fewer)


def test_two_processes_walk_the_path_of_one(scripts: Path, tmp_path: Path) -> None:
    options = (*OWN, "--steps", "8", "--labels", "10%")
    run_training(scripts, tmp_path, *options, "--name", "1")
    two = command(scripts, *options, "--name", "2", "--devices", "2")
    done = subprocess.run(two, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    logs = [json.loads((tmp_path / f"runs/{n}" / run.LOG).read_text()) for n in ("1", "2")]
    assert logs[0]["validation"] == pytest.approx(logs[1]["validation"], rel=1e-3, abs=1e-3)
    one, two = (
        load_file(tmp_path / f"runs/{n}/checkpoint/weights.safetensors") for n in ("1", "2")
    )
    for name, tensor in one.items():
        torch.testing.assert_close(tensor, two[name], rtol=2e-2, atol=2e-3, msg=name)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--labels", "1"], "1%"),
        (["--steps", "0"], "steps must be above 0"),
        (["--domains", "alpha"], "two or more"),
        (["--resume", "runs/none"], "no training state"),
        (["--resume", "runs/none", "--seed", "1"], "leave it out"),
        (["--start", "runs/none", "--seed", "1"], "keeps that run's"),
        (["--start", "runs/none"], "no checkpoint folder runs/none"),
        (["--colour", "red"], "unrecognized"),
        (["--batch", "0"], "batch must be 4 or more"),
        (["--reading", "1"], "no time is left"),
        (["--labels", ""], "not understood"),
        (["--devices", "-7"], "cannot have"),
        (["--name", "../elsewhere"], "--name ../elsewhere: a folder in runs/"),
        (["--name", "/elsewhere"], "a folder in runs/"),
        (["--name", "."], "a folder in runs/"),
        (["--max-minutes", "inf"], "have an end"),
        (["--seed", "1200000000000"], "seed must lie between 0 and"),
    ],
)
def test_wrong_options_are_told_in_words(
    scripts: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    complaint: str,
) -> None:
    own = (
        []
        if {"--resume", "--start", "--domains"} & set(options)
        else ["--domains", "alpha", "beta"]
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", command(scripts, *own, *options)[1:])
    with pytest.raises(SystemExit) as stop:
        train.main()
    assert stop.value.code != 0
    assert complaint in str(stop.value.code) + capsys.readouterr().err


def test_a_run_that_is_killed_while_it_saves_can_be_resumed(
    scripts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At whatever write: what is called finished is whole, in both places."""
    monkeypatch.chdir(tmp_path)
    own = ("--domains", "alpha", "beta", "--steps", "2", "--batch", "8", "--name", "own")
    resumed = ("--resume", "runs/own")
    saved, left = Translator.save, 0

    def dies(translator: Translator, place: Path) -> None:
        nonlocal left
        if not left:
            raise SystemExit("killed")
        left -= 1
        saved(translator, place)

    monkeypatch.setattr(Translator, "save", dies)
    for options, left in ((own, 0), (resumed, 1), (resumed, 2)):  # noqa: B020
        assert not Path("runs/own/checkpoint/config.json").exists()
        monkeypatch.setattr(sys, "argv", command(scripts, *options, "--out", "out")[1:])
        if left < 2:
            with pytest.raises(SystemExit, match="killed"):
                train.main()
        else:
            train.main()
    for place in (Path("out"), Path("runs/own/checkpoint")):
        assert {path.name for path in place.iterdir()} == {
            "config.json", "weights.safetensors", "training.json"
        }  # fmt: skip
        titles = [each.title for each in Translator.load(place).scripts.values()]
        assert titles == ["Alpha", "Beta"]  # with no data folder named


def test_two_runs_in_one_folder_are_refused(
    scripts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also before the first has a state, and what it has found by then stays."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(files, "PATIENCE", 0.1)
    own = ("--domains", "alpha", "beta", "--steps", "2", "--batch", "8", "--name", "own")
    groups = grouped.path(Path("runs/own"), "beta")
    groups.parent.mkdir(parents=True)
    groups.touch()
    monkeypatch.setattr(sys, "argv", command(scripts, *own)[1:])
    with files.held(groups.parent), pytest.raises(SystemExit, match="another run is at work"):
        train.main()
    assert groups.exists()
    train.main()
    with pytest.raises(SystemExit, match="holds a run already"):
        train.main()


def test_a_run_begun_anew_takes_up_no_stale_groups(tmp_path: Path) -> None:
    """Of a run that was stopped before it had a state; but those of the run it begins with."""
    earlier, later = tmp_path / "earlier", tmp_path / "later"
    for folder, group in ((earlier, 3), (later, 5)):
        folder.mkdir()
        for name in MODEL.domains:
            groups = {"groups": torch.full((60,), group)}
            write_tensors(grouped.path(folder, name), groups, {})
    (later / lineage.BEFORE).write_text("{}")
    train.begin(later, {}, Provenance(minutes=7))
    grouped.hand_on(earlier, later, ["beta"])
    path = grouped.path(later, "beta")
    assert list(later.glob("groups-*")) == [path]
    assert (load_file(path)["groups"] == 3).all()
    assert lineage.earlier(later) == Provenance(minutes=7) and lineage.earlier(earlier) is None
    (earlier / lineage.BEFORE).write_text('{"minutes": "seven"}')
    with pytest.raises(ValueError, match=f"{lineage.BEFORE} is unusable: minutes should be"):
        lineage.earlier(earlier)

    trainer, fabric = make(config(), labelled=0.1), Fabric(accelerator="cpu", devices=1)
    material = trainer.material["beta"]
    found = grouped.with_groups(material, path, fabric, lambda: pytest.fail("there are groups"))
    known = material.labels != UNKNOWN
    assert torch.equal(found.labels[known], material.labels[known])
    assert (found.labels[~known] == 3).all() and torch.equal(found.guesses, ~known)

    path.unlink()  # a checkpoint has none, but names of its own
    begun = trainer.average
    begun.networks.generator.to_posterior[-1].weight.mul_(9)  # so that it is sure of some
    told = grouped.with_groups(
        material, path, fabric, lambda: grouping.believed(begun, material.images, "beta")
    )
    belief, group = begun.classify(material.images, "beta").max(1)
    sure = belief > 0.9
    assert (sure & ~known).any() and torch.equal(told.labels[sure & ~known], group[sure & ~known])
    assert (told.labels[~sure & ~known] == UNKNOWN).all()
    assert torch.equal(load_file(path)["groups"][sure], group[sure])

    write_tensors(path, {"groups": torch.zeros(9)}, {})
    with pytest.raises(ValueError, match="is of 9 digits, not of 60"):
        grouped.with_groups(material, path, fabric, lambda: pytest.fail("there are groups"))

    train.begin(later, {}, None)
    assert not list(later.iterdir())
