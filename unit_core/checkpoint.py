"""What ships: a folder of `weights.safetensors` (EMA) and `config.json` (architecture, provenance).

What resumes a training lives apart (`run.py`). Nothing is ever unpickled.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from safetensors.torch import save as serialise
from torch import Tensor, nn

from unit_core.networks import ModelConfig

FORMAT = "unit-translator/1"
WEIGHTS, CONFIG = "weights.safetensors", "config.json"
SCALE = "scale.json"  # how evidence is weighed on pages, if that was fitted
CHOSEN_LABELS = "labels.json"  # those it learnt from, by digit, if they were chosen one by one


class CheckpointError(ValueError):
    """A checkpoint that is missing, cut, foreign or of another shape; says which and where."""


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to fill, which then takes the place of `path`: a reader finds the old one or the new
    one, never half; not even after a power cut."""
    partial = path.with_name(path.name + ".part")
    with partial.open("wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, path)


def write_atomically(path: Path, content: bytes) -> None:
    """Write `content`, whole or not at all."""
    with replacing(path) as file:
        file.write(content)


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
        raise CheckpointError(f"no file {path}: is {path.parent} a checkpoint folder?") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise CheckpointError(f"{path} is not valid JSON ({error})") from None


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


def save(folder: Path, module: nn.Module, config: ModelConfig, provenance: dict[str, Any]) -> None:
    """Write a checkpoint; float weights in half precision, which costs no accuracy (measured)."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {
        name: t.half() if t.dtype == torch.float32 else t for name, t in module.state_dict().items()
    }
    write_tensors(folder / WEIGHTS, tensors, {"format": FORMAT})
    write_json(
        folder / CONFIG, {"format": FORMAT, "model": asdict(config), "provenance": provenance}
    )


def read_config(folder: Path) -> tuple[ModelConfig, dict[str, Any]]:
    """A checkpoint's architecture and provenance; CheckpointError if it is none of ours."""
    if not folder.is_dir():
        raise CheckpointError(f"no checkpoint folder {folder}")
    content = read_json(folder / CONFIG)
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        found = content.get("format") if isinstance(content, dict) else type(content).__name__
        raise CheckpointError(f"{folder / CONFIG} is of format {found!r}, expected {FORMAT!r}")
    try:
        return ModelConfig(**content["model"]), content.get("provenance", {})
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{folder / CONFIG} has an unusable model section: {error}") from None
