"""What the Map page asks: the points and their pictures; what lies at a code, or at a spot."""

import functools
import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from demo import api, model, web
from demo.web import BadRequest
from unit_core import Translator, checkpoint
from unit_core.atlas import NEIGHBOURS, VIEWS, Atlas, AtlasError

MAX_CAUGHT = 100_000  # points in one lasso


@dataclass(frozen=True)
class Chart:
    """A model's atlas, and its points as the page reads them: see `points_of`."""

    atlas: Atlas
    points: bytes
    tag: str  # of what it holds, for caches


@dataclass(frozen=True)
class Finding:
    """A code, and what the page shows of it. `nearest` are the points nearest in latent space and
    `averaged` those on the map that it is the weighted mean of, if it is; `places` is where it
    falls on each view, in [0, 1], y up; `pictures` its 784 bytes in each script, ink 255;
    `probabilities` of 0 to 9 by the class head."""

    code: list[float]
    nearest: list[int]
    averaged: list[int]
    places: dict[str, tuple[float, float]]
    pictures: list[list[int]]
    probabilities: list[float]


def load(name: str | None = None) -> Chart | str:
    """The chart of the model called `name`, else of the default; or why there is none.

    Read once, and again when its files change; a map made meanwhile is found. KeyError for a name
    that is none of those shipped.
    """
    folder = model.default_folder() if name is None else model.shipped()[name].folder
    files = [folder / checkpoint.ATLAS, folder / checkpoint.WEIGHTS]
    try:
        return _read(folder, *(file.stat().st_mtime_ns if file.exists() else 0 for file in files))
    except (AtlasError, OSError) as error:  # weights that are not there among them
        return str(error)


@functools.lru_cache(maxsize=4)
def _read(folder: Path, atlas_changed: int, weights_changed: int) -> Chart:
    atlas = Atlas.load(folder / checkpoint.ATLAS)
    if atlas.weights != checkpoint.fingerprint(folder):
        raise AtlasError(
            f"{folder / checkpoint.ATLAS} was made with other weights than {folder} holds now; "
            f"make it again with: python -m unit_core atlas {folder}"
        )
    points = points_of(atlas)
    return Chart(atlas, points, hashlib.sha256(points + atlas.sprite).hexdigest()[:16])


def how_to_make() -> str:
    """The commands that make the default model's map."""
    folder = model.default_folder()
    if folder.is_relative_to(model.ROOT):
        folder = folder.relative_to(model.ROOT)
    return f"pip install -r requirements-dev.txt\npython -m unit_core atlas {folder}"


def points_of(atlas: Atlas) -> bytes:
    """For N points: each view's positions, N x 2 uint16 (little-endian); then N bytes each of
    script, label, reading and judge's reading (255: none)."""
    positions = [getattr(atlas, view).astype("<u2").tobytes() for view in VIEWS]
    told = [atlas.script, atlas.labels, atlas.readings, atlas.judged]
    return b"".join(positions + [each.astype(np.uint8).tobytes() for each in told])


def find(
    translator: Translator, atlas: Atlas, code: np.ndarray, averaged: list[int] | None = None
) -> Finding:
    """What there is at a code (D,)."""
    codes = torch.from_numpy(code[None].astype(np.float32))
    shape = (len(translator.domains), -1)
    pictures = np.frombuffer(api.decode(translator, codes), np.uint8).reshape(shape)
    near, _ = atlas.nearest(code[None], NEIGHBOURS + 1)  # a point of the map is its own nearest
    return Finding(
        [round(float(value), 4) for value in code],
        near[0].tolist(),
        averaged or [],
        atlas.place(code),
        pictures.tolist(),
        [round(value, 4) for value in translator.classify_codes(codes)[0].tolist()],
    )


# --- the routes -----------------------------------------------------------------------------------


async def _asked(request: Request) -> tuple[Translator, Chart]:
    """The model that ?model=NAME asks for, and its chart; BadRequest for want of either."""
    loaded = await web.asked_model(request)
    chart = await run_in_threadpool(load, request.query_params.get("model"))
    if isinstance(chart, str):
        raise BadRequest(503, chart)
    return loaded.translator, chart


async def _points(request: Request) -> Response:
    """GET [?model=NAME] -> `points_of`."""
    _, chart = await _asked(request)
    return web.cached(request, chart.tag, chart.points, web.RAW)


async def _sprite(request: Request) -> Response:
    """GET [?model=NAME] -> the pictures, one WebP."""
    _, chart = await _asked(request)
    return web.cached(request, chart.tag, chart.atlas.sprite, "image/webp")


async def _nearest(request: Request) -> Response:
    """POST [?model=NAME], one code as float32 -> its `Finding` as JSON."""
    translator, chart = await _asked(request)
    dim = translator.config.latent_dim
    codes = api.read_codes(await web.raw_body(request, 4 * dim, "one code"), dim)
    return await _found(translator, chart.atlas, codes.numpy()[0])


async def _mean(request: Request) -> Response:
    """POST [?model=NAME], indices of points as uint32 -> the `Finding` of their mean code.

    Of one point, of itself.
    """
    translator, chart = await _asked(request)
    body = await web.raw_body(request, 4 * MAX_CAUGHT, f"{MAX_CAUGHT} points")
    n = len(chart.atlas)
    if not body or len(body) % 4 or (indices := np.frombuffer(body, "<u4")).max() >= n:
        raise BadRequest(422, f"the body must be points, uint32 numbers below {n}, at least one")
    code = chart.atlas.codes[indices].astype(np.float32).mean(0)
    return await _found(translator, chart.atlas, code)


async def _here(request: Request) -> Response:
    """POST ?view=NAME[&model=NAME], a spot x, y in [0, 1] as float32 -> its `Finding`."""
    translator, chart = await _asked(request)
    view = request.query_params.get("view", "")
    if view not in VIEWS:
        raise BadRequest(422, f"view={view!r} is none of {', '.join(VIEWS)}")
    body = await web.raw_body(request, 8, "one spot")
    spot = np.frombuffer(body, "<f4") if len(body) == 8 else np.empty(0)
    if len(spot) != 2 or not np.isfinite(spot).all() or np.abs(spot).max() > 10:
        raise BadRequest(422, "the body must be a spot on the map, two float32 numbers near [0, 1]")
    code, averaged = chart.atlas.code_at(spot.tolist(), view)
    return await _found(translator, chart.atlas, code, averaged)


async def _found(
    translator: Translator, atlas: Atlas, code: np.ndarray, averaged: list[int] | None = None
) -> Response:
    finding = await run_in_threadpool(find, translator, atlas, code, averaged)
    return web.json(finding)


routes = [
    web.get("/api/atlas/points", _points),
    web.get("/api/atlas/sprite.webp", _sprite),
    web.post("/api/atlas/nearest", _nearest),
    web.post("/api/atlas/mean", _mean),
    web.post("/api/atlas/here", _here),
]
