"""What the Teach page asks: the digits of a lesson, and what a model knows after some answers."""

import asyncio
import functools
import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from demo import model, web
from demo.web import BadRequest
from unit_core.checkpoint import LESSON, CheckpointError, read_config
from unit_core.choices import matched
from unit_core.domains import CLASSES, DOMAINS, UNKNOWN, Domain, data_folder, scripts_of
from unit_core.lesson import Lesson
from unit_core.networks import ModelConfig

NOBODY = 255  # of a byte: no label
NOTHING = 0xFFFFFFFF  # to ask


@dataclass(frozen=True)
class Course:
    """A lesson, and the script that it is about."""

    lesson: Lesson
    script: Domain
    points: bytes  # N x 2 uint16 places, then N bytes of labels
    tag: str  # of what it holds, for caches


def load() -> Course | str:
    """The lesson of the first model that has one, fewest labels first; or why there is none.

    Read once, and again when it is prepared anew.
    """
    path = _folder() / LESSON
    if not path.exists():
        return f"there is no lesson in {_short(path.parent)} yet"
    try:
        return _read(path, path.stat().st_mtime_ns)
    except (CheckpointError, OSError, ValueError) as error:
        return str(error)


@functools.lru_cache(maxsize=2)
def _read(path: Path, changed: int) -> Course:
    lesson = Lesson.load(path)
    config, provenance = read_config(path.parent)
    script = scripts_of(config.domains, provenance.scripts)[config.scarce]
    points = lesson.places.astype("<u2").tobytes() + lesson.labels.to(torch.uint8).numpy().tobytes()
    tag = hashlib.sha256(points + lesson.sprite).hexdigest()[:16]
    return Course(lesson, script, points, tag)


def _folder() -> Path:
    folders = [each.folder for each in model.shipped().values()]
    return next((each for each in folders if (each / LESSON).exists()), model.default_folder())


def untaught() -> Path | None:
    """The first model that was given no labels, if there is one."""
    return next((each.folder for each in model.shipped().values() if matched(each.labels)), None)


def how_to_prepare() -> str:
    """The commands that prepare a lesson: for the model without labels, if there is one, else for
    one of the same scripts as the default model's."""
    default, folder = model.default_folder(), untaught()
    scripts = read_config(folder or default)[0].domains
    own, base = set(scripts) - DOMAINS.keys(), data_folder()
    data = base if base and all((base / name).is_dir() for name in own) else "DATA"
    where = f" --data-dir {data}" if own else ""  # that of built-in scripts is found or fetched
    packages, lesson = "pip install -r requirements-dev.txt", "python -m unit_core lesson"
    if folder is None:
        usual = scripts == ModelConfig().domains
        which = "" if usual else f" --domains {' '.join(scripts)}"
        commands = [
            packages,
            f"python train.py{which}{where} --labels 0 --name none",
            f"{lesson} runs/none{where}",
            f"{model.CHECKPOINT_VARIABLE}=runs/none make demo",
        ]
        return "\n".join(commands)
    # The default model draws rare shapes as what they are.
    apart = folder != default and read_config(default)[0].domains == scripts
    artist = f" --drawn-by {_short(default)}" if apart else ""
    return f"{packages}\n{lesson} {_short(folder)}{artist}{where}"


def _short(folder: Path) -> Path:
    return folder.relative_to(model.ROOT) if folder.is_relative_to(model.ROOT) else folder


def after(lesson: Lesson, answers: np.ndarray) -> bytes:
    """`answers` (K, 2) of whole numbers, digits, each once, and their labels, 0 to 9 or NOBODY for
    "cannot tell" -> which digit to ask about next, uint32, or NOTHING; then N bytes of what each is
    taken for, or NOBODY, and N of how clearly, 0 to 255."""
    told = torch.from_numpy(answers.astype(np.int64))
    skipped = torch.zeros(len(lesson), dtype=torch.bool)
    skipped[told[told[:, 1] == NOBODY, 0]] = True
    labels = torch.full((len(lesson),), UNKNOWN)
    given = told[told[:, 1] != NOBODY]
    labels[given[:, 0]] = given[:, 1]
    turn = lesson.after(labels, skipped)
    said = torch.where(turn.said == UNKNOWN, NOBODY, turn.said).to(torch.uint8)
    clear = (255 * turn.clear).to(torch.uint8)
    following = NOTHING if turn.next is None else turn.next
    return np.uint32(following).tobytes() + said.numpy().tobytes() + clear.numpy().tobytes()


# --- the routes -----------------------------------------------------------------------------------


def _course(request: Request) -> Course:
    """The lesson; BadRequest for want of it, and if it is no longer that of ?tag=TAG."""
    course = load()
    if isinstance(course, str):
        raise BadRequest(503, course)
    if request.query_params.get("tag", course.tag) != course.tag:
        raise BadRequest(409, "The lesson has changed meanwhile: reload the page.")
    return course


async def _points(request: Request) -> Response:
    """GET [?tag=TAG] -> `Course.points`."""
    course = await run_in_threadpool(_course, request)
    return web.cached(request, course.tag, course.points, web.RAW)


async def _sprite(request: Request) -> Response:
    """GET [?tag=TAG] -> the pictures, one WebP."""
    course = await run_in_threadpool(_course, request)
    return web.cached(request, course.tag, course.lesson.sprite, "image/webp")


_WORK = asyncio.Semaphore(1)  # a tenth of a second of a core each: who draws shall not wait for it


async def _after(request: Request) -> Response:
    """POST [?tag=TAG], answers as pairs of uint16, a digit and its label -> `after`."""
    lesson = (await run_in_threadpool(_course, request)).lesson
    body = await web.raw_body(request, 4 * len(lesson), "an answer to every digit")
    if len(body) % 4:
        raise BadRequest(422, "the body must be pairs of uint16: a digit and its label")
    answers = np.frombuffer(body, "<u2").reshape(-1, 2)
    digits, labels = answers.T
    if (digits >= len(lesson)).any() or ((labels >= CLASSES) & (labels != NOBODY)).any():
        raise BadRequest(
            422, f"digits are 0 to {len(lesson) - 1}, labels 0 to {CLASSES - 1} or {NOBODY}"
        )
    if len(np.unique(digits)) < len(digits):
        raise BadRequest(422, "a digit has two answers")
    async with _WORK:
        found = await run_in_threadpool(after, lesson, answers)
    return Response(found, media_type=web.RAW, headers=web.QUICK)


routes = [
    web.get("/api/lesson/points", _points),
    web.get("/api/lesson/sprite.webp", _sprite),
    web.post("/api/lesson/after", _after),
]
