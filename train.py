"""Train a translator: options -> data -> fit -> save.

python train.py                                  all labels; an hour or more on two cores
python train.py --labels 1% --max-minutes 60     1 % of the Kannada labels, an hour
python train.py --resume runs/full               go on after Ctrl-C, kill -9 or a power cut
python train.py --labels 5% --start runs/labels-1pct --max-minutes 15      more labels have come in
python train.py --labels FOLDER --start RUN      labels that `python -m unit_core ask` has asked for
python train.py --batch 128 --max-minutes 6.5    on a GPU: as the shipped model of all labels began
python train.py --devices 4 --precision bf16-mixed --steps 100000        four GPUs
python train.py --domains mnist telugu --data-dir my-data   a script of your own (docs/training.md)
"""

import argparse
import re
import subprocess
import sys
import time
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from lightning_fabric.strategies import DDPStrategy

from unit_core import choices, data, grouped, grouping, labelling, lineage, log, run, taught
from unit_core.batches import Material
from unit_core.checkpoint import (
    CHOSEN_LABELS,
    CONFIG,
    DERIVED,
    finished,
    read_config,
    write_json,
)
from unit_core.domains import DOMAINS, domain
from unit_core.files import held
from unit_core.means import NotFinite
from unit_core.networks import ModelConfig
from unit_core.provenance import Provenance
from unit_core.recipe import TrainConfig
from unit_core.share import PATIENCE
from unit_core.training import Trainer
from unit_core.translator import Translator

LATER_RATE = 1e-3  # peak learning rate of a run that begins with another's weights


def options(arguments: list[str] | None = None) -> argparse.Namespace:
    """Those given in `arguments`, or on the command line; exits where they make no sense."""
    parser = argparse.ArgumentParser(
        description="Train a translator.", formatter_class=argparse.RawDescriptionHelpFormatter
    )
    what = parser.add_argument_group("what to learn")
    what.add_argument("--domains", nargs="+", help="scripts by name (default: mnist kannada)")
    what.add_argument(
        "--labels",
        help="labels of every script but the first, which keeps all of its own: 0, 1%%, 5%%, "
        "10%%, 100%% or N-per-class, or the folder that you label in (default: 100%%)",
    )
    what.add_argument("--seed", type=int, help="of weights, order and labelled subset (default: 0)")
    long = parser.add_argument_group("how long").add_mutually_exclusive_group()
    long.add_argument("--steps", type=int, help=f"default: {TrainConfig.steps}")
    long.add_argument("--max-minutes", type=float, help="end in time, with the schedule fitted")
    how = parser.add_argument_group("how")
    how.add_argument("--batch", type=int, help=f"a script and step (default: {TrainConfig.batch})")
    how.add_argument(
        "--learning-rate",
        type=float,
        help=f"until the reading (default: {TrainConfig.learning_rate})",
    )
    how.add_argument(
        "--reading", type=float, metavar="SHARE",
        help="of the run, its last, in which only reading is learnt, not drawing "
        f"(default: {TrainConfig.reading}; with --start, 1 only polishes them)",
    )  # fmt: skip
    where = parser.add_argument_group("where")
    where.add_argument(
        "--data-dir", type=Path, help="folder with the data (else: UNIT_DATA_DIR, or downloaded)"
    )
    where.add_argument("--name", help="of the folder runs/NAME (default: by scripts and labels)")
    where.add_argument("--out", type=Path, help="another folder for the checkpoint too")
    where.add_argument("--resume", type=Path, metavar="RUN", help="go on with a run folder")
    where.add_argument(
        "--start", type=Path, metavar="RUN",
        help="begin with what another run, or a checkpoint, has learnt from some of these labels",
    )  # fmt: skip
    machine = parser.add_argument_group("machine (Lightning Fabric)")
    machine.add_argument("--accelerator", default="auto", help="cpu, cuda, mps (default: auto)")
    machine.add_argument("--devices", default="1", help="how many a machine, or 'auto'")
    machine.add_argument("--num-nodes", type=int, default=1, help="machines")
    machine.add_argument("--precision", default="32-true", choices=["32-true", "bf16-mixed"])
    machine.add_argument("--threads", type=int, help="CPU threads a process")
    machine.add_argument("--tick-seconds", type=float, default=run.TICK_SECONDS)
    given = parser.parse_args(arguments)
    decided = [
        "domains",
        "labels",
        "seed",
        "steps",
        "max_minutes",
        "batch",
        "learning_rate",
        "reading",
        "name",
    ]
    fixed = [name for name in decided if getattr(given, name) is not None]
    name = Path(given.name or "run")
    if name.is_absolute() or ".." in name.parts or not name.parts:
        parser.error(f"--name {given.name}: a folder in runs/; --out has the checkpoint elsewhere")
    if given.resume and fixed:
        parser.error(f"--resume keeps the run's own --{fixed[0].replace('_', '-')}; leave it out")
    if given.start and (given.resume or given.domains or given.seed is not None):
        parser.error("--start keeps that run's --domains and --seed, and does not go with --resume")
    return given


def configure(given: argparse.Namespace) -> tuple[ModelConfig, TrainConfig]:
    """The configuration that the options ask for, or that the resumed run had."""
    if given.resume:
        saved = run.read_saved(given.resume)
        return saved.model, saved.config
    model = ModelConfig(tuple(given.domains)) if given.domains else ModelConfig()
    chosen: dict[str, Any] = {}
    if given.start:
        model, source = read_config(finished(given.start))
        if source.seed is None or not source.labels:
            raise ValueError(
                f"{given.start} does not say from which labels, and with which seed, it was "
                "trained: begin with a folder that train.py has made"
            )
        # The same seed, since its larger choice of labels contains the smaller.
        chosen = {"seed": source.seed, "warmup": 0.0, "learning_rate": LATER_RATE}
    first, *rest = model.domains
    spec = "100%" if given.labels is None else given.labels
    try:
        spec = choices.canonical(spec)
    except ValueError as error:
        if not spec or not Path(spec).is_dir():
            raise ValueError(f"{error}, or the folder that you label in") from None
        spec = choices.CHOSEN
    labels = {first: "100%"} | dict.fromkeys(rest, spec)
    chosen |= {
        name: getattr(given, name)
        for name in ("seed", "batch", "learning_rate", "reading")
        if getattr(given, name) is not None
    }
    if given.max_minutes is not None:
        chosen |= {"steps": None, "max_minutes": given.max_minutes}
    elif given.steps is not None:
        chosen["steps"] = given.steps
    return model, TrainConfig(labels=labels, **chosen)


def default_name(model: ModelConfig, config: TrainConfig) -> str:
    """Full with all labels, else e.g. labels-1pct; after other scripts than the usual."""
    scarce = config.labels[model.scarce]
    name = "full" if scarce == "100%" else "labels-" + re.sub(r"[^\w.-]", "pct", scarce)
    return name if model.domains == ModelConfig().domains else "-".join([*model.domains, name])


def chosen_labels(given: argparse.Namespace, config: TrainConfig, folder: Path) -> dict[str, int]:
    """Those given one by one, by digit, if the run in `folder` learns from such."""
    if choices.CHOSEN not in config.labels.values():
        return {}
    return labelling.of_run(folder) if given.resume else labelling.read(Path(given.labels))


def begin(folder: Path, chosen: dict[str, int], history: Provenance | None) -> None:
    """Write what a resumed run in `folder` must know: its labels if they were `chosen`, and of the
    run that it began with; what lies there is of one that was stopped before it had a state."""
    grouped.clear(folder)
    (folder / CHOSEN_LABELS).unlink(missing_ok=True)
    if chosen:
        write_json(folder / CHOSEN_LABELS, chosen)
    lineage.keep(folder, history)


def commit() -> str | None:
    """The commit of this code, marked if the tree has changes."""
    here = Path(__file__).parent
    command = ["git", "-C", str(here), "describe", "--always", "--dirty", "--abbrev=12"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def launched(given: argparse.Namespace) -> Fabric:
    """The devices and processes that the options ask for; ValueError for a machine without them."""
    try:
        fabric = Fabric(
            accelerator=given.accelerator,
            devices=given.devices if given.devices == "auto" else int(given.devices),
            num_nodes=given.num_nodes,
            strategy="auto"
            if given.devices == "1" and given.num_nodes == 1
            else DDPStrategy(timeout=PATIENCE),
            precision=given.precision,
        )
    except Exception as error:  # Fabric has many of its own for a machine that is not there
        asked = f"--accelerator {given.accelerator} --devices {given.devices}"
        raise ValueError(f"cannot have {asked}: {error}") from None
    fabric.launch()
    if given.threads:
        torch.set_num_threads(max(1, given.threads))  # after the launch, which sets its own
    return fabric


def keep(
    translator: Translator, place: Path, ticks: list[log.Tick], chosen: dict[str, int]
) -> None:
    """Write the checkpoint folder `place`, its config last: only then is it one."""
    place.mkdir(parents=True, exist_ok=True)
    for stale in (CONFIG, *DERIVED, CHOSEN_LABELS):  # of other weights
        (place / stale).unlink(missing_ok=True)
    log.keep(ticks, place)
    if chosen:
        write_json(place / CHOSEN_LABELS, chosen)
    translator.save(place)


def check_free(folder: Path, resumed: bool) -> None:
    """ValueError unless a run may begin in `folder`, or be `resumed` there."""
    if not resumed and (folder / run.STATE).exists():
        raise ValueError(
            f"{folder} holds a run already: --resume {folder} goes on with it, "
            "--name starts another"
        )
    if resumed and (folder / "checkpoint" / CONFIG).exists():
        raise ValueError(f"{folder} has finished; --start {folder} --name NAME builds on it")


def train(given: argparse.Namespace) -> None:
    torch.set_flush_denormal(True)
    model, config = configure(given)
    code = commit()  # now: the tree may move on while this runs
    folder = given.resume or Path("runs") / (given.name or default_name(model, config))
    check_free(folder, bool(given.resume))
    scripts = {n: domain(n, given.data_dir).facts for n in model.domains if n not in DOMAINS}
    chosen = chosen_labels(given, config, folder)
    lesson = taught.read(config, chosen, given.labels or folder, given.data_dir)
    history = lineage.begun_with(given.start, lesson) if given.start else None

    fabric = launched(given)
    config.check_shares(fabric.world_size)
    folder.mkdir(parents=True, exist_ok=True)
    with held(folder) if fabric.is_global_zero else nullcontext():
        check_free(folder, bool(given.resume))  # now that nobody else begins one
        if fabric.is_global_zero and not given.resume:
            begin(folder, chosen, history)
            lesson.announce()
        fabric.barrier()
        if choices.CHOSEN in config.labels.values():  # as one process read them: pictures move
            lesson = replace(lesson, labels=fabric.broadcast(lesson.labels))
        trainer = prepared(given, model, config, folder, lesson, fabric)
        before = lineage.earlier(folder)  # if damaged, it is told now
        validation = {name: part.validation for name, part in lesson.parts.items()}
        try:
            translator = run.fit(trainer, folder, validation, given.tick_seconds)
            if not fabric.is_global_zero:
                return
            translator.provenance = replace(
                lineage.history_of(trainer, before),
                scripts=scripts,
                labelled_images={name: int(mask.sum()) for name, mask in lesson.known.items()},
                processes=fabric.world_size,
                device=str(fabric.device.type),
                precision=given.precision,
                torch=torch.__version__,
                commit=code,
                digests=lesson.digests,
            )
            ticks = log.of_run(folder)
            # A run has finished once its own checkpoint, for who begins with it, has its config.
            out = given.out or folder / "checkpoint"
            for place in dict.fromkeys((out, folder / "checkpoint")):
                keep(translator, place, ticks, chosen)
        except KeyboardInterrupt:
            sys.exit(f"stopped; --resume {folder} goes on")
    where = f" --data-dir {given.data_dir}" if given.data_dir else ""
    print(f"saved {out}; now: python -m unit_core evaluate {out}{where}")


def prepared(
    given: argparse.Namespace,
    model: ModelConfig,
    config: TrainConfig,
    folder: Path,
    lesson: taught.Taught,
    fabric: Fabric,
) -> Trainer:
    """The trainer at the first step of what is left of the run in `folder`."""
    few = [
        name
        for name, mask in lesson.known.items()
        if (
            grouped.path(folder, name).exists()
            if given.resume
            else grouped.needed(mask, config.labels[name], given.start)
        )
    ]
    # A run that begins with another has its groups, or where they are gone what it is sure to read;
    # beside labels that were chosen its readings count.
    if fabric.is_global_zero and given.start and not lesson.chosen:
        grouped.hand_on(given.start, folder, few)
    start = time.monotonic()
    material = {
        name: Material.of(part.train, lesson.labels[name], fabric.device)
        for name, part in lesson.parts.items()
    }
    begun = Translator.load(given.start, str(fabric.device)) if given.start and few else None
    for name in few:
        images, own = material[name].images, material[name].labels
        find = (
            partial(grouping.believed, begun, images, name)
            if begun
            else partial(
                grouping.find, images, own, model, grouped.search(config, len(few)), config.seed
            )
        )
        kept = grouped.path(folder, name)
        material[name] = grouped.with_groups(material[name], kept, fabric, find)
    trainer = Trainer(model, config, material, fabric)
    if given.start:
        run.begin_with(trainer, given.start)
    if given.resume:
        run.resume(trainer, given.resume)
    else:  # --max-minutes is a promise, and all processes must see the same progress
        trainer.seconds = trainer.seconds_before = fabric.broadcast(time.monotonic() - start)
    return trainer


def main() -> None:
    try:
        train(options())
    except KeyboardInterrupt:
        sys.exit("stopped before the training had begun")
    except (ValueError, OSError, NotFinite, data.DataError) as error:
        sys.exit(f"train.py: {error}")


if __name__ == "__main__":
    main()
