"""Folders to publish on Hugging Face Spaces, with only what is shown there: nothing to train with.

`gradio` is a Space of the Gradio SDK; `streamlit` one of the Docker SDK, whose Dockerfile serves
the same anywhere.
"""

import re
import shutil
from dataclasses import dataclass
from modulefinder import ModuleFinder
from pathlib import Path

from demo.model import ROOT

FOLDER = Path(__file__).parent
TRAINING = ("lightning-fabric", "tensorboard", "scikit-learn")


@dataclass(frozen=True)
class Space:
    """What runs, the other files that it reads (as globs), the requirements that it lacks, and
    where pip finds its torch, unless a Dockerfile says so."""

    name: str
    entries: tuple[str, ...]
    read: tuple[str, ...]
    spared: tuple[str, ...]
    index: tuple[str, ...] = ()


SPACES = (
    Space(
        "gradio",
        ("demo/gradio_app.py",),
        (
            *("demo/gradio_app.*", "demo/paper.css", "demo/glyphs.css", "demo/canvas/*.*"),
            *("demo/map/atlas.js", "demo/openapi.json"),
            *(
                "checkpoints/*/config.json",
                "checkpoints/*/weights.safetensors",
                "checkpoints/*/*.npz",
            ),
        ),
        (*TRAINING, "streamlit", "opencv-python-headless", "scipy"),
        ("--extra-index-url https://download.pytorch.org/whl/cpu",),
    ),
    Space(
        "streamlit",
        ("demo/app.py", "demo/shell.py", "demo/pages/*.py"),
        (
            *(f"demo/**/*.{kind}" for kind in ("html", "css", "js", "json")),
            *("checkpoints/*/*.json", "checkpoints/*/*.safetensors", "checkpoints/*/*.npz"),
            "checkpoints/*/*.webp",
        ),
        TRAINING,
    ),
)


def assemble(space: Space, out: Path) -> None:
    """Write the folder of `space` to `out`, replacing a former one.

    ValueError for another folder in the way.
    """
    if out.exists() and any(out.iterdir()) and not (out / "demo").is_dir():
        raise ValueError(f"{out} holds something else than a Space: name another folder")
    shutil.rmtree(out, ignore_errors=True)
    for path in files(space):
        (out / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, out / path)
    shutil.copytree(FOLDER / space.name, out, dirs_exist_ok=True)
    (out / "requirements.txt").write_text(requirements(space), encoding="utf-8")


def files(space: Space) -> list[Path]:
    """What `space` needs of this repository, relative to it."""
    found = {ROOT / ".streamlit/config.toml"}
    for entry in space.entries:
        found |= {module for path in ROOT.glob(entry) for module in modules(path)}
    for pattern in space.read:
        found |= {path for path in ROOT.glob(pattern) if path.is_file()}
    others = {FOLDER, ROOT / "demo/static", ROOT / "demo/label"}  # of other targets
    return sorted(path.relative_to(ROOT) for path in found if not others & set(path.parents))


def modules(entry: Path) -> set[Path]:
    """The file `entry` and all of this repository that it may import, now or later."""
    finder = ModuleFinder(path=[str(ROOT)])
    finder.run_script(str(entry))
    paths = (getattr(module, "__file__", None) for module in finder.modules.values())
    return {Path(path) for path in paths if path}


def requirements(space: Space) -> str:
    """The lines of requirements.txt that `space` needs."""
    lines = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    needed = [line for line in lines if re.split(r"[^\w-]", line)[0] not in ("", *space.spared)]
    return "\n".join([*space.index, *needed]) + "\n"
