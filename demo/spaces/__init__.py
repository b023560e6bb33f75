"""Folders to publish on Hugging Face Spaces, with only what is shown there: nothing to train with.

`gradio` is a Space of the Gradio SDK; `streamlit` one of the Docker SDK, whose Dockerfile serves
the same anywhere.
"""

import re
import shutil
from dataclasses import dataclass
from modulefinder import ModuleFinder
from pathlib import Path

from demo import model
from demo.model import ROOT
from unit_core.checkpoint import finished, read_config

FOLDER = Path(__file__).parent
TRAINING = ("lightning-fabric", "tensorboard", "scikit-learn")


@dataclass(frozen=True)
class Space:
    """What runs, the other files that it reads (as globs), here and of checkpoints, the
    requirements that it lacks, and where pip finds its torch, unless a Dockerfile says so."""

    name: str
    entries: tuple[str, ...]
    read: tuple[str, ...]
    shown: tuple[str, ...]
    spared: tuple[str, ...]
    index: tuple[str, ...] = ()


SPACES = (
    Space(
        "gradio",
        ("demo/gradio_app.py",),
        (
            *("demo/gradio_app.*", "demo/paper.css", "demo/glyphs.css", "demo/canvas/*.*"),
            *("demo/map/atlas.js", "demo/openapi.json"),
        ),
        ("config.json", "weights.safetensors", "*.npz"),
        (*TRAINING, "streamlit", "opencv-python-headless"),
        ("--extra-index-url https://download.pytorch.org/whl/cpu",),
    ),
    Space(
        "streamlit",
        ("demo/app.py", "demo/shell.py", "demo/pages/*.py"),
        tuple(f"demo/**/*.{kind}" for kind in ("html", "css", "js", "json")),
        ("*.json", "*.safetensors", "*.npz", "*.webp"),
        TRAINING,
    ),
)


def assemble(space: Space, out: Path) -> None:
    """Write the folder of `space` to `out`, replacing a former one.

    ValueError for another folder in the way, or no model to show.
    """
    found = files(space) | shown(space)
    if out.exists() and any(out.iterdir()) and not (out / "demo").is_dir():
        raise ValueError(f"{out} holds something else than a Space: name another folder")
    shutil.rmtree(out, ignore_errors=True)
    for place, path in found.items():
        (out / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, out / place)
    shutil.copytree(FOLDER / space.name, out, dirs_exist_ok=True)
    (out / "requirements.txt").write_text(requirements(space), encoding="utf-8")


def files(space: Space) -> dict[Path, Path]:
    """What `space` needs of this repository: the file by its place there, as here."""
    found = {ROOT / ".streamlit/config.toml"}
    for entry in space.entries:
        found |= {module for path in ROOT.glob(entry) for module in modules(path)}
    for pattern in space.read:
        found |= {path for path in ROOT.glob(pattern) if path.is_file()}
    others = {FOLDER, ROOT / "demo/static", ROOT / "demo/label"}  # of other targets
    return {path.relative_to(ROOT): path for path in found if not others & set(path.parents)}


def shown(space: Space) -> dict[Path, Path]:
    """The models that the app would show here, so that `space` shows them: files by their place.

    CheckpointError without the default one, which may be called otherwise here.
    """
    default = model.default_folder()
    read_config(finished(default))
    found: dict[Path, Path] = {}
    for each in model.shipped().values():
        name = model.DEFAULT if each.folder == default else each.name
        paths = {path for pattern in space.shown for path in each.folder.glob(pattern)}
        found |= {Path("checkpoints") / name / path.name: path for path in paths}
    return found


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
