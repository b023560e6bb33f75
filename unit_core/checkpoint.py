"""What ships: a folder of `weights.safetensors` (EMA) and `config.json` (architecture, provenance).

What resumes a training lives apart (`run.py`). Nothing is ever unpickled.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from safetensors.torch import save as serialise
from torch import Tensor, nn

from unit_core.files import write_atomically
from unit_core.networks import ModelConfig
from unit_core.provenance import Provenance
from unit_core.values import typed

FORMAT = "unit-translator/1"
# The files of a checkpoint folder: what a training writes,
WEIGHTS, CONFIG, TRAINING = "weights.safetensors", "config.json", "training.json"
STATE = "state.safetensors"  # of a run, beside its folder `checkpoint`: see run.py
CHOSEN_LABELS = "labels.json"  # those it learnt from, by digit, if they were chosen one by one
# and what commands make of the weights.
RESULTS, SEEDS, MISTAKES, SCALE = "results.json", "seeds.json", "mistakes.json", "scale.json"
FILM, FILM_INDEX, ATLAS, LESSON = "training.webp", "film.json", "atlas.npz", "lesson.safetensors"
DERIVED = (RESULTS, SEEDS, MISTAKES, SCALE, FILM, FILM_INDEX, ATLAS, LESSON)

Kind = TypeVar("Kind")


class CheckpointError(ValueError):
    """A checkpoint that is missing, cut, foreign or of another shape; says which and where."""


def write_json(path: Path, value: Any) -> None:
    """Write JSON atomically."""
    text = json.dumps(value, indent=1, ensure_ascii=False) + "\n"
    write_atomically(path, text.encode("utf-8"))


def write_tensors(path: Path, tensors: Mapping[str, Tensor], metadata: dict[str, str]) -> None:
    """Write safetensors atomically; `metadata` is text kept in the same file."""
    contiguous = {name: t.detach().cpu().contiguous() for name, t in tensors.items()}
    write_atomically(path, serialise(contiguous, metadata=metadata))


def read_json(path: Path) -> Any:
    """Read JSON; CheckpointError if it is missing or not JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        foreign = not (path.parent / CONFIG).exists()
        doubt = f": is {path.parent} a checkpoint folder?" if foreign else ""
        raise CheckpointError(f"no file {path}{doubt}") from None
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise CheckpointError(f"{path} is not valid JSON ({error})") from None


def read_typed(path: Path, kind: type[Kind]) -> Kind:
    """Read JSON as a `kind`, as `values.typed` does; CheckpointError if it is missing or none."""
    told = read_json(path)
    try:
        return typed(kind, told)
    except ValueError as error:
        raise CheckpointError(f"{path} is unusable: {error}") from None


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Read safetensors; CheckpointError if the file is missing, cut or something else."""
    try:
        return load_file(path)
    except FileNotFoundError:
        raise CheckpointError(f"no weights at {path}") from None
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path} is cut short or no safetensors file ({error})") from None


def load_into(module: nn.Module, tensors: Mapping[str, Tensor], path: Path) -> None:
    """Copy `tensors` into `module`; CheckpointError names what is missing, spare or misshapen."""
    own = module.state_dict()
    missing, spare = sorted(own.keys() - tensors.keys()), sorted(tensors.keys() - own.keys())
    if missing or spare:
        what = [f"lacks {missing[0]}"] if missing else []
        what += [f"has an unknown {spare[0]}"] if spare else []
        raise CheckpointError(
            f"{path} does not fit its config.json: it {' and '.join(what)} "
            f"({len(missing)} missing, {len(spare)} unknown tensors); it may be of "
            "another version of this code, whose commit config.json names"
        )
    for name, tensor in tensors.items():
        if tensor.shape != own[name].shape:
            raise CheckpointError(
                f"{path}: {name} has shape {tuple(tensor.shape)}, expected {tuple(own[name].shape)}"
            )
        if tensor.is_floating_point() and not torch.isfinite(tensor).all():
            raise CheckpointError(f"{path}: {name} holds values that are not finite")
    module.load_state_dict({name: t.to(own[name].dtype) for name, t in tensors.items()})


def save(folder: Path, module: nn.Module, config: ModelConfig, provenance: Provenance) -> None:
    """Write a checkpoint; float weights in half precision, which costs no accuracy (measured)."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {
        name: t.half() if t.dtype == torch.float32 else t for name, t in module.state_dict().items()
    }
    write_tensors(folder / WEIGHTS, tensors, {"format": FORMAT})
    told = provenance.to_json()
    write_json(folder / CONFIG, {"format": FORMAT, "model": asdict(config), "provenance": told})


def read_config(folder: Path) -> tuple[ModelConfig, Provenance]:
    """A checkpoint's architecture and provenance; CheckpointError if it is none of ours."""
    if not folder.is_dir():
        raise CheckpointError(f"no checkpoint folder {folder}")
    content = read_json(folder / CONFIG)
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        found = content.get("format") if isinstance(content, dict) else type(content).__name__
        raise CheckpointError(f"{folder / CONFIG} is of format {found!r}, expected {FORMAT!r}")
    try:
        config = ModelConfig(**content["model"])
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{folder / CONFIG} has an unusable model section: {error}") from None
    place = f"{folder / CONFIG} has an unusable provenance section"
    try:
        provenance = typed(Provenance, content.get("provenance", {}))
    except ValueError as error:
        raise CheckpointError(f"{place}: {error}") from None
    if provenance.labels and provenance.labels.keys() != set(config.domains):
        told, own = ", ".join(provenance.labels), ", ".join(config.domains)
        raise CheckpointError(f"{place}: labels are of {told}, but the model is of {own}")
    return config, provenance


def finished(folder: Path) -> Path:
    """The checkpoint of the finished run in `folder`, or `folder` if it is a checkpoint itself.

    CheckpointError if the run has not finished.
    """
    own = folder / "checkpoint"
    if (own / CONFIG).exists():
        return own
    if (folder / STATE).exists():
        raise CheckpointError(f"{folder} has not finished: --resume {folder} has train.py end it")
    return folder


def fingerprint(folder: Path) -> str:
    """Which weights a checkpoint holds: 16 hexadecimal digits."""
    return hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest()[:16]
