"""The film of a training: a run's contact sheets -> one picture that a page can scrub through.

`training.webp` is lossless, ink bright on black, in 16 greys: on top a row of digits of each script
as they were drawn, then frame below frame, each with a row of reconstructions and one of
translations a script. `film.json` tells what the picture's rows are and when each frame was.
"""

import io
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from unit_core import log
from unit_core.checkpoint import (
    FILM,
    FILM_INDEX,
    TRAINING,
    CheckpointError,
    read_config,
    read_typed,
    write_json,
)
from unit_core.domains import CLASSES, SIDE
from unit_core.files import write_atomically
from unit_core.log import LOG, Tick

ROWS = ("input", "reconstruction", "translation")  # of a contact sheet, a script
MOST = 40  # frames: what 16 greys leave is some 5 to 7 KB each
GREYS = 16
LAST = 2500  # milliseconds that a GIF rests at its end


@dataclass(frozen=True)
class Frame:
    """When a frame was: `progress` is the share of the training that was done."""

    step: int
    minutes: float
    progress: float

    @classmethod
    def of(cls, tick: Tick) -> "Frame":
        return cls(tick.step, tick.minutes, tick.progress)


@dataclass(frozen=True)
class Index:
    """What FILM_INDEX says: the scripts, how many `digits` a row shows, `each` of them so often."""

    domains: tuple[str, ...]
    digits: int
    each: int
    frames: tuple[Frame, ...]


@dataclass(frozen=True)
class Film:
    """A film in memory: `inputs` (scripts, 28, W) and `pictures` (frames, scripts, 2, 28, W).

    uint8, ink 255; the two rows are reconstruction and translation, W is 28 times the digits shown.
    """

    domains: tuple[str, ...]
    frames: tuple[Frame, ...]
    inputs: np.ndarray
    pictures: np.ndarray

    @property
    def width(self) -> int:
        """In pixels."""
        return self.inputs.shape[-1]

    def sheet(self, frame: int) -> np.ndarray:
        """Frame `frame` as the contact sheet it came from, (3 rows a script, W), ink 255."""
        rows = [
            row
            for drawn, made in zip(self.inputs, self.pictures[frame], strict=True)
            for row in (drawn, *made)
        ]
        return np.concatenate(rows)


def assemble(run: Path, checkpoint: Path, told: Sequence[Tick] = ()) -> Film:
    """The film of the training in `run` that made `checkpoint`, at most MOST frames.

    Frames are the sheets whose step is `told`, else in the checkpoint's training.json, evenly
    chosen, first and last among them. CheckpointError where there is none, or the checkpoint is of
    another run; OSError for a sheet that cannot be read.
    """
    config, _ = read_config(checkpoint)
    ticks = {tick.step: tick for tick in told or log.of_checkpoint(checkpoint)}
    sheets = {int(path.stem): path for path in sorted((run / "sheets").glob("[0-9]*.png"))}
    steps = sorted(ticks.keys() & sheets.keys())
    if not steps or steps[-1] != max(ticks):
        raise CheckpointError(
            f"{run / 'sheets'} has no picture of step {max(ticks, default=0)}, "
            f"the last of {checkpoint}: is it of another run?"
        )
    chosen = [steps[i] for i in thinned(len(steps))]
    scripts = len(config.domains)
    tall = []
    for step in chosen:
        with Image.open(sheets[step]) as picture:
            pixels = 255 - np.asarray(picture.convert("L"))
        if len(pixels) != scripts * len(ROWS) * SIDE or pixels.shape[1] % SIDE:
            raise CheckpointError(f"{sheets[step]} is no contact sheet of {scripts} scripts")
        tall.append(pixels.reshape(scripts, len(ROWS), SIDE, -1))
    pictures = np.stack(tall)
    return Film(
        config.domains,
        tuple(Frame.of(ticks[step]) for step in chosen),
        pictures[0, :, 0],
        pictures[:, :, 1:],
    )


def assemble_joined(parts: Sequence[Path], checkpoint: Path) -> Film:
    """As `assemble`, of parts of which each began with the one before; `checkpoint` is of the last.

    If there are several, its training.json becomes the log of all.
    """
    if len(parts) == 1:
        return assemble(parts[0], checkpoint)
    with tempfile.TemporaryDirectory() as parent:
        whole = Path(parent) / "run"
        joined, known = join(parts, whole), log.of_checkpoint(checkpoint)
        if not known or known[-1].validation != joined[-1].validation:
            raise CheckpointError(f"{checkpoint} is not of {parts[-1]}: is it of another run?")
        film = assemble(whole, checkpoint, joined)
    log.keep(joined, checkpoint)
    return film


def join(parts: Sequence[Path], folder: Path) -> list[Tick]:
    """Runs of which each began with what the one before had learnt, as one in `folder`; its log.

    Where only the checkpoint of a run is left, that will do. Steps and minutes count on, and
    progress is the share of all minutes. CheckpointError for a part without a log.
    """
    (folder / "sheets").mkdir(parents=True)
    joined: list[Tick] = []
    steps, minutes = 0, 0.0
    for part in parts:
        run = part if (part / LOG).exists() else _as_run(part, folder / f"after-{steps}")
        ticks = log.of_run(run)
        for tick in ticks:
            step, sheet = steps + tick.step, run / "sheets" / f"{tick.step:07d}.png"
            if sheet.exists():
                shutil.copy(sheet, folder / "sheets" / f"{step:07d}.png")
            joined.append(replace(tick, step=step, minutes=round(minutes + tick.minutes, 3)))
        if not ticks:
            raise CheckpointError(f"{part} has logged nothing yet")
        steps, minutes = joined[-1].step, joined[-1].minutes
    return [replace(tick, progress=round(tick.minutes / (minutes or 1), 5)) for tick in joined]


def _as_run(checkpoint: Path, folder: Path) -> Path:
    """`folder`, with log and sheets of a checkpoint that has a film, as its run had them."""
    if not ((checkpoint / TRAINING).exists() and (checkpoint / FILM_INDEX).exists()):
        raise CheckpointError(
            f"{checkpoint} is neither a run, with {LOG}, nor a checkpoint with {TRAINING} and a "
            f"film ({FILM_INDEX})"
        )
    film = load(checkpoint)
    (folder / "sheets").mkdir(parents=True)
    (folder / LOG).write_bytes(b"".join(map(log.line, log.of_checkpoint(checkpoint))))
    for i, frame in enumerate(film.frames):
        Image.fromarray(255 - film.sheet(i)).save(folder / "sheets" / f"{frame.step:07d}.png")
    return folder


def thinned(count: int) -> list[int]:
    """At most MOST of range(count), evenly spread, the first and the last among them."""
    if count <= MOST:
        return list(range(count))
    return [round(i * (count - 1) / (MOST - 1)) for i in range(MOST)]


def save(film: Film, checkpoint: Path) -> int:
    """Write FILM and FILM_INDEX into the checkpoint's folder; return the picture's bytes."""
    greys = _coarse(np.concatenate([film.inputs.reshape(-1, film.width),
                                    film.pictures.reshape(-1, film.width)]))  # fmt: skip
    packed = io.BytesIO()
    Image.fromarray(greys).save(packed, "WEBP", lossless=True, quality=100, method=6)
    digits = film.width // SIDE
    write_atomically(checkpoint / FILM, packed.getvalue())
    index = Index(film.domains, digits, digits // CLASSES, film.frames)
    write_json(checkpoint / FILM_INDEX, asdict(index))
    return len(packed.getvalue())


def index_of(checkpoint: Path) -> Index:
    """What FILM_INDEX says, checked; CheckpointError for a missing or damaged film."""
    index = read_typed(checkpoint / FILM_INDEX, Index)
    try:
        with Image.open(checkpoint / FILM) as picture:
            size = picture.size
    except (ValueError, OSError) as error:
        raise CheckpointError(f"the film in {checkpoint} cannot be read: {error}") from None
    rows = len(index.domains) * (1 + 2 * len(index.frames))
    if not index.frames or size != (index.digits * SIDE, rows * SIDE):
        raise CheckpointError(f"{checkpoint / FILM} does not fit {FILM_INDEX}")
    return index


def load(checkpoint: Path) -> Film:
    """The film beside a checkpoint; CheckpointError for a missing or damaged one."""
    index = index_of(checkpoint)
    try:
        with Image.open(checkpoint / FILM) as picture:
            pixels = np.asarray(picture.convert("L"))
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{checkpoint / FILM} cannot be read: {error}") from None
    scripts, tiles = len(index.domains), pixels.reshape(-1, SIDE, pixels.shape[1])
    pictures = tiles[scripts:].reshape(len(index.frames), scripts, 2, SIDE, -1)
    return Film(index.domains, index.frames, tiles[:scripts], pictures)


def gif(film: Film, zoom: int = 2) -> bytes:
    """The film to take along: an endless GIF, dark ink on white, about eight seconds."""
    sheets = [
        Image.fromarray(255 - _coarse(film.sheet(i))).resize(
            (zoom * film.width, zoom * len(film.sheet(i))), Image.Resampling.NEAREST
        )
        for i in range(len(film.frames))
    ]
    pace = max(60, 6000 // len(sheets))
    packed = io.BytesIO()
    first, *rest = sheets
    first.save(
        packed, "GIF", save_all=True, append_images=rest, loop=0, optimize=True,
        duration=[pace] * (len(sheets) - 1) + [LAST],
    )  # fmt: skip
    return packed.getvalue()


def _coarse(pixels: np.ndarray) -> np.ndarray:
    """In GREYS levels from 0 to 255, uint8."""
    step = 255 / (GREYS - 1)
    return ((pixels / step).round() * step).round().astype(np.uint8)
