"""A training run on disk: the loop, its log, its pictures, and the state that resumes it.

runs/<name>/state.safetensors   everything a resumed run needs; one file, replaced atomically
            log.jsonl           one JSON line a tick: progress, training and validation losses
            sheets/*.png        input, reconstruction, translation of fixed digits, a tick each
            tensorboard/        the same log as curves
"""

import json
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from safetensors import safe_open
from torch import Tensor
from torch.utils.tensorboard import SummaryWriter
from tqdm import tqdm

from unit_core import augment, log, losses, metrics
from unit_core.checkpoint import (
    STATE,
    CheckpointError,
    finished,
    read_tensors,
    write_tensors,
)
from unit_core.data import Digits
from unit_core.domains import CLASSES, SIDE, UNKNOWN, target_of
from unit_core.files import replacing, sweep, write_atomically
from unit_core.log import LOG, Tick
from unit_core.means import NotFinite
from unit_core.networks import ModelConfig, as_batch, class_means, picture
from unit_core.recipe import LossWeights, TrainConfig
from unit_core.training import Trainer
from unit_core.translator import Translator
from unit_core.values import typed

TICK_SECONDS = 90.0
WATCHED = 1000  # validation digits of a script, looked at each tick
SHOWN = 2  # digits of each class on a contact sheet


@dataclass(frozen=True)
class Saved:
    """What a run folder says of itself, enough to build the trainer that resumes it."""

    model: ModelConfig
    config: TrainConfig


def fit(
    trainer: Trainer,
    folder: Path,
    validation: Mapping[str, Digits],
    tick_seconds: float = TICK_SECONDS,
) -> Translator:
    """Train to the end of the schedule; return the averaged model.

    Saves the state at first and each tick, so that a kill loses one at most, and when asked to stop
    (Ctrl-C or SIGTERM), which then raises KeyboardInterrupt.
    """
    chief = trainer.fabric.is_global_zero
    if chief:
        (folder / "sheets").mkdir(parents=True, exist_ok=True)
        sweep(folder)
        _cut_log(folder / LOG, trainer.steps_done)
        if not (folder / STATE).exists():  # or a stop soon after a search for groups would lose it
            save_state(trainer, folder)
    writer = (
        SummaryWriter(str(folder / "tensorboard"), purge_step=trainer.steps_done) if chief else None
    )
    bar = tqdm(
        total=1.0,
        initial=trainer.progress,
        disable=not chief,
        bar_format="{percentage:5.1f} %|{bar}| {elapsed} < {remaining}{postfix}",
    )
    last = time.monotonic()
    ticked = trainer.steps_done if trainer.progress >= 1 else -1  # a finished run needs no more
    stopped = False
    with bar, writer or nullcontext():
        with _stop_requested() as stop:
            while trainer.progress < 1.0 and not (stopped := trainer.agreed(stop.is_set())):
                trainer.step()
                bar.update(trainer.progress - bar.n)
                if chief and time.monotonic() - last >= tick_seconds:
                    _tick(trainer, folder, validation, writer, bar)
                    last, ticked = time.monotonic(), trainer.steps_done
        if stopped:
            if chief:
                save_state(trainer, folder)
            raise KeyboardInterrupt
        if chief and ticked != trainer.steps_done:
            _tick(trainer, folder, validation, writer, bar)
    return trainer.average


@contextmanager
def _stop_requested() -> Iterator[threading.Event]:
    """Set by Ctrl-C or SIGTERM: a step in flight ends first, so that what is saved is whole.

    A second one stops at once.
    """
    event = threading.Event()

    def note(number: int, frame: object) -> None:
        if event.is_set():
            raise KeyboardInterrupt
        event.set()

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield event
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def save_state(trainer: Trainer, folder: Path) -> None:
    """Write the resumable state."""
    trainer.means.check(trainer.steps_done)
    state = trainer.state()
    bad = [name for name, tensor in state.items() if not tensor.isfinite().all()]
    if bad:
        raise NotFinite(f"at step {trainer.steps_done}, {bad[0]} is not finite; nothing was saved")
    metadata = {
        "model": json.dumps(asdict(trainer.model)),
        "config": json.dumps(asdict(trainer.config)),
    }
    write_tensors(folder / STATE, state, metadata)


def read_saved(folder: Path) -> Saved:
    """The configuration of the run in `folder`; CheckpointError if there is none to resume."""
    path = folder / STATE
    if not path.exists():
        raise CheckpointError(f"there is no training state {path}: name a run, such as runs/full")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata()
        config = json.loads(metadata["config"])
        ranges = {name: config[name] for name in ("ranges", "rough", "gentle") if name in config}
        config |= {name: _ranges(values) for name, values in ranges.items()}
        config["weights"] = LossWeights(**config["weights"])
        return Saved(ModelConfig(**json.loads(metadata["model"])), TrainConfig(**config))
    except Exception as error:  # safetensors raises its own, json another, a foreign file a third
        raise CheckpointError(f"{path} is no training state of this version: {error}") from None


def _ranges(values: dict[str, Any]) -> augment.Ranges:
    """JSON knows lists only."""
    pairs = {name: tuple(v) if isinstance(v, list) else v for name, v in values.items()}
    return augment.Ranges(**pairs)  # type: ignore[arg-type]


def resume(trainer: Trainer, folder: Path) -> None:
    """Take the state in `folder` up again; CheckpointError if it does not fit."""
    _restore(trainer, folder, read_tensors(folder / STATE))


def _restore(trainer: Trainer, folder: Path, tensors: Mapping[str, Tensor]) -> None:
    try:
        trainer.restore(tensors)
    except (KeyError, RuntimeError) as error:
        raise CheckpointError(f"{folder / STATE} does not fit this trainer: {error}") from None


def begin_with(trainer: Trainer, folder: Path) -> None:
    """Take what a finished run has learnt, at the start of a schedule of one's own.

    Where only its checkpoint is left, that will do; what helps learning but is no part of the
    model, such as the critic of the codes and the optimizers' memory, then begins anew.
    """
    if (folder / STATE).exists():
        tensors = read_tensors(folder / STATE)
        # What was spread came from other labels, as an encoder saw them that has learnt since.
        own = {name: each for name, each in tensors.items() if not name.startswith("labels.")}
        _restore(trainer, folder, own)
    else:
        trainer.take(Translator.load(finished(folder)))
    trainer.begin_anew()


def _tick(
    trainer: Trainer,
    folder: Path,
    validation: Mapping[str, Digits],
    writer: SummaryWriter | None,
    bar: "tqdm[Any]",
) -> None:
    train = trainer.means.take(trainer.steps_done)
    held_out = validate(trainer.average, validation)
    tick = Tick(
        trainer.steps_done,
        round(trainer.seconds / 60, 3),
        round(trainer.progress, 5),
        {name: round(value, 5) for name, value in train.items()},
        {name: round(value, 5) for name, value in held_out.items()},
    )
    save_state(trainer, folder)
    with (folder / LOG).open("ab") as file:
        file.write(log.line(tick))
    if writer:
        for group, values in (("train", tick.train), ("validation", tick.validation)):
            for name, value in values.items():
                writer.add_scalar(f"{group}/{name}", value, tick.step)
    sheet = contact_sheet(trainer.average, validation)
    with replacing(folder / "sheets" / f"{trainer.steps_done:07d}.png") as file:
        sheet.save(file, "PNG")
    shown = []
    for name in validation:
        read = held_out.get(f"{name}/latent")
        loss = held_out[f"{name}/reconstruction"] + held_out[f"{name}/kl"]
        shown.append(f"{name} loss {loss:.1f}" + ("" if read is None else f", read {read:.1f} %"))
    bar.set_postfix_str("; ".join(shown))


def _cut_log(path: Path, steps_done: int) -> None:
    """Forget what was logged after the state that is being resumed."""
    if not path.exists():
        return
    kept = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            tick = typed(Tick, json.loads(line))
        except ValueError:
            continue  # the half line of a machine that went down
        if tick.step <= steps_done:
            kept.append(log.line(tick))
    write_atomically(path, b"".join(kept))


@torch.no_grad()
def validate(translator: Translator, validation: Mapping[str, Digits]) -> dict[str, float]:
    """How each VAE does on WATCHED held-out digits of all writers, the same every time.

    Losses in nats an image (at the posterior mean; training's lie higher, being of sampled codes,
    many of them of warped digits), the pixel MSE, and accuracies in per cent: `latent` of the
    class head, `discriminator` of the other script's on the translation; no accuracies where no
    label is known, and the nearest class is then what the codes should be of.
    """
    generator, means = translator.networks.generator, class_means(translator.config)
    result: dict[str, float] = {}
    for name, digits in validation.items():
        chosen = _shuffled(len(digits))[:WATCHED]
        images, labels = as_batch(digits.images[chosen]), digits.labels[chosen]
        images, labels = images.to(translator.device), labels.to(translator.device)
        posterior = generator.encode(images, name)
        logits = generator.decode(posterior.mean, name)
        scores = generator.class_logits(posterior.mean)
        known = labels != UNKNOWN
        classes = torch.where(known, labels, scores.argmax(1))
        targets = torch.nn.functional.one_hot(classes, len(means)).float()
        means = means.to(translator.device)
        result[f"{name}/reconstruction"] = float(losses.reconstruction(logits, images))
        result[f"{name}/kl"] = float(losses.kl_to_class_prior(posterior, targets, means))
        result[f"{name}/mse"] = float((picture(logits) - images).square().mean())
        if not known.all():
            continue
        other = target_of(name, translator.domains)
        translated = translator.translate(images, name, other)
        read = translator.discriminate(translated, other).probabilities
        result[f"{name}/latent"] = metrics.accuracy(scores.argmax(1), labels)
        result[f"{name}/discriminator"] = metrics.accuracy(read.argmax(1), labels)
    return result


def _shuffled(n: int) -> Tensor:
    """The same order of range(n) every time: files go writer by writer."""
    return torch.randperm(n, generator=torch.Generator().manual_seed(0))


def contact_sheet(translator: Translator, validation: Mapping[str, Digits]) -> Image.Image:
    """Input, reconstruction and translation, three rows a script, the same digits every time."""
    rows = []
    for name, digits in validation.items():
        order = _shuffled(len(digits))
        labels = digits.labels[order]
        if (labels == UNKNOWN).all():
            labels = torch.arange(len(labels)) % CLASSES  # any will do
        images = torch.zeros(CLASSES * SHOWN, SIDE, SIDE)  # blank where a class is short of digits
        for c in range(CLASSES):
            chosen = order[labels == c][:SHOWN]
            images[c * SHOWN : c * SHOWN + len(chosen)] = digits.images[chosen].float() / 255
        other = target_of(name, translator.domains)
        rows += [
            images,
            translator.reconstruct(images, name).cpu(),
            translator.translate(images, name, other).cpu(),
        ]
    tiles = torch.stack(rows)  # (rows, digits, SIDE, SIDE)
    sheet = 1 - tiles.permute(0, 2, 1, 3).reshape(tiles.shape[0] * SIDE, -1)
    return Image.fromarray((sheet * 255).round().to(torch.uint8).numpy())
