"""What the Results page shows: a checkpoint's files as plain data, and the routes that hand it out.

A file that is missing or damaged becomes a sentence and the command that makes it anew.
"""

import functools
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from demo import model, web
from unit_core import film, headline, log, mistakes, published, reports, results
from unit_core.checkpoint import (
    FILM,
    RESULTS,
    TRAINING,
    CheckpointError,
    read_json,
)
from unit_core.choices import asked_for, matched
from unit_core.domains import target_of
from unit_core.values import is_number

JUDGES = model.ROOT / "checkpoints" / "judges"
# Kannada images with a label, of the 54,880 to learn from: where a row that is not trained stands.
IMAGES = {"0": 0, "1-per-class": 10, "1%": 550, "5%": 2740, "10%": 5490, "100%": 54880}


def overview() -> dict[str, Any]:
    """What is the same for every choice of checkpoint: the table, the headline, the published."""
    measured, troubles = [], []
    for shipped in model.shipped().values():
        try:
            measured.append(reports.read(shipped.folder))
        except (CheckpointError, OSError) as error:
            troubles.append(_missing(str(error), _evaluate(shipped.folder)))
    shown = model.default_name()
    default = next((each for each in measured if each.name == shown), None)
    own = default.ways if default else _ways()
    known = reports.is_published(own)
    ways = reports.WAYS if known else own
    measured = reports.by_ways(measured).get(ways, [])  # of the same scripts
    table = reports.rows(measured)
    return {
        "headline": headline.sentences(table),
        "caution": headline.caution(table),
        "known": known,
        "troubles": troubles,
        "alone": model.named() is not None,  # others are not looked for
        "models": [
            {
                "name": each.name,
                "labels": each.labels,
                "images": each.labelled,
                "matched": matched(each.labels),
            }
            for each in model.shipped().values()
        ],
        "shown": shown,
        "rows": [_row(row, ways, known) for row in table],
        "tests": [
            {
                "name": way.test,
                "way": way.words,
                "n": next((r.tests[way.test].n for r in measured if way.test in r.tests), None),
                "source": way.source,
                "target": way.target,
                "classifiers": [
                    _method(method, way.test) for method in reports.classifiers(way.test)
                ],
                "own_classifier": _own_classifier(way),
                "clusterings": [
                    _method(method, way.test)
                    for method in published.CLUSTERINGS
                    if way.test in method.accuracy
                ],
            }
            for way in ways
        ],
        "unit": {"figures": dict(published.UNIT.accuracy), **asdict(published.UNIT.source)},
        "original": {
            "citation": published.ORIGINAL_SOURCE.citation,
            "mnist": sorted(
                row.accuracy["mnist"] for row in published.ORIGINAL.values() if not row.about
            ),
        },
    }


def _ways() -> tuple[reports.Way, ...]:
    """Of the default model, which has not been evaluated."""
    loaded = model.load()
    scripts = {} if isinstance(loaded, str) else loaded.domains
    pairs = [(each, scripts[target_of(name, [*scripts])]) for name, each in scripts.items()]
    return tuple(
        reports.Way(source.name, source.name, target.name, f"{source.title} → {target.title}")
        for source, target in pairs
    )


def _row(row: reports.Row, ways: Sequence[reports.Way], known: bool) -> dict[str, Any]:
    ours: dict[str, Any] = {}
    if row.report:
        for way in ways:
            ours[way.test] = {
                measure: {
                    reader: asdict(figure) if figure else None
                    for reader in results.READERS
                    for figure in [row.report.figure(way.test, measure, reader)]
                }
                for measure in results.MEASURES
            }
    theirs = row.original
    return {
        "labels": row.labels,
        "words": row.words,
        "asked_for": asked_for(row.labels),
        "matched": matched(row.labels),  # which group is which digit was found afterwards
        "images": row.report.labelled if row.report else IMAGES.get(row.labels) if known else None,
        "minutes": row.report.minutes if row.report else [],
        "ours": ours or None,
        # The original never wrote in Kannada: what it has of MNIST is not comparable.
        "original": {
            "accuracy": {k: v for k, v in theirs.accuracy.items() if k != "mnist"},
            "fowlkes_mallows": dict(theirs.fowlkes_mallows),
            "about": theirs.about,
        }
        if theirs
        else None,
    }


def _method(method: published.Published, test: str) -> dict[str, Any]:
    return {
        "method": method.method,
        "how": method.how,
        "accuracy": method.accuracy[test],
        "best": method.best.get(test),
        **asdict(method.source),
    }


def _own_classifier(way: reports.Way) -> float | None:
    """How the judge of the digits' own script reads the real digits of a test set, per cent."""
    try:
        value = read_json(JUDGES / way.source / "config.json")["accuracy"][way.test]
    except (CheckpointError, OSError, KeyError, TypeError):
        return None
    return _number(value)


def detail(shipped: model.Shipped) -> dict[str, Any]:
    """What belongs to one checkpoint; each part is data, or {"missing": sentence, "command"}."""
    folder = shipped.folder
    return {
        "name": shipped.name,
        "devices": shipped.devices,
        "training": _part(training, folder, f"python train.py --out {_path(folder)}"),
        "film": _part(
            lambda place: asdict(film.index_of(place)),
            folder,
            f"python -m unit_core film runs/NAME {_path(folder)}",
        ),
        "looks": _part(looks, folder, _evaluate(folder)),
        "mistakes": _part(_mistakes, folder, f"python -m unit_core mistakes {_path(folder)}"),
    }


def training(folder: Path) -> dict[str, Any]:
    """The training log as columns: steps, minutes, progress, and a list for each loss.

    `meeting` is the progress at which the first translations were asked for, None if none were.
    CheckpointError if it is no log.
    """
    ticks = log.of_checkpoint(folder)
    if not ticks:
        raise CheckpointError(f"{folder / TRAINING} is empty")
    met = [tick.progress for tick in ticks if any(">" in name for name in tick.train)]
    return {
        "steps": [tick.step for tick in ticks],
        "minutes": [tick.minutes for tick in ticks],
        "progress": [tick.progress for tick in ticks],
        "meeting": met[0] if met else None,
        "train": _columns([tick.train for tick in ticks]),
        "validation": _columns([tick.validation for tick in ticks]),
    }


def _columns(parts: Sequence[Mapping[str, float]]) -> dict[str, list[float | None]]:
    """Each name's values, None where it has none."""
    names = dict.fromkeys(name for part in parts for name in part)
    return {name: [part.get(name) for part in parts] for name in names}


def looks(folder: Path) -> dict[str, Any]:
    """The looks in results.json, by source script; CheckpointError where they were not measured."""
    validation = results.read(folder).validation
    if not validation:
        raise CheckpointError(f"{folder / RESULTS} was made without --looks")
    return {n: {"n": part.reading.n, **asdict(part.looks)} for n, part in validation.items()}


def _mistakes(folder: Path) -> dict[str, Any]:
    return {test: asdict(each) for test, each in mistakes.read(folder).items()}


def _part(read: Any, folder: Path, command: str) -> dict[str, Any]:
    try:
        return read(folder)
    except (CheckpointError, OSError) as error:
        return _missing(str(error), command)


def _missing(sentence: str, command: str) -> dict[str, Any]:
    return {"missing": sentence.replace(f"{model.ROOT}{os.sep}", ""), "command": command}


def _evaluate(folder: Path) -> str:
    path = _path(folder)
    return f"python -m unit_core evaluate {path} --looks --json {path}/{RESULTS}"


def _path(folder: Path) -> str:
    """As one would type it in the repository's root."""
    full = folder.resolve()
    return str(full.relative_to(model.ROOT) if full.is_relative_to(model.ROOT) else full)


def _number(value: Any) -> float | None:
    return float(value) if is_number(value) else None


# --- routes ---------------------------------------------------------------------------------------


def _asked(request: Request) -> model.Shipped:
    """The checkpoint that ?model=NAME asks for; BadRequest if it is none of this server."""
    return web.the_shipped(request.query_params.get("model"))


async def _results(request: Request) -> Response:
    """GET ?model=NAME -> `detail` as JSON."""
    found = await run_in_threadpool(detail, _asked(request))
    return JSONResponse(found, headers=web.QUICK)


async def _film(request: Request) -> Response:
    """GET ?model=NAME[&as=gif] -> the film, WebP or GIF; with a GIF the name to keep it under."""
    try:
        shipped = _asked(request)
        if request.query_params.get("as") == "gif":
            path = shipped.folder / FILM
            body = await run_in_threadpool(_gif, shipped.folder, path.stat().st_mtime_ns)
            kind, name = "image/gif", f"{shipped.name}-training.gif"
        else:
            body, kind = (shipped.folder / FILM).read_bytes(), "image/webp"
            name = f"{shipped.name}-training.webp"
    except (CheckpointError, OSError) as error:
        return JSONResponse({"error": str(error)}, 404)
    headers = {**web.QUICK, "Content-Disposition": f"inline; filename*=UTF-8''{quote(name)}"}
    return Response(body, media_type=kind, headers=headers)


@functools.lru_cache(maxsize=4)
def _gif(folder: Path, written: int) -> bytes:
    """Made when first asked for, and anew when the film's file was."""
    return film.gif(film.load(folder))


routes = [web.get("/api/results", _results), web.get("/api/film", _film)]
