"""What the page How it works asks for: the discriminator's opinions, and results by labels seen."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from demo import model, web
from demo.api import MAX_SIDE, read_raw
from demo.web import BadRequest
from unit_core import Translator, results
from unit_core.checkpoint import CheckpointError
from unit_core.domains import Domain
from unit_core.ink import as_digit


@dataclass(frozen=True)
class Exhibit:
    """A picture (784 bytes by rows, ink 255) before the discriminator of its `script`.

    `kind` is drawn, reconstructed or translated; `realness` is above 0 for real; `probabilities`
    are of 0 to 9.
    """

    kind: str
    script: str
    picture: list[int]
    realness: float
    probabilities: list[float]


def exhibits(
    translator: Translator, picture: np.ndarray, source: Domain, target: Domain
) -> list[Exhibit]:
    """What the model's own discriminators say of a drawing, (H, W) in [0, 1] with ink 1, of its
    reconstruction and of its translation. Nothing for a picture without ink."""
    digit = as_digit(picture, source.stretch)
    if digit is None:
        return []
    code = translator.encode(digit, source.name)
    found = []
    for kind, script, seen in (
        ("drawn", source, digit),
        ("reconstructed", source, translator.decode(code, source.name)[0].numpy()),
        ("translated", target, translator.decode(code, target.name)[0].numpy()),
    ):
        opinion = translator.discriminate(seen, script.name)
        found.append(
            Exhibit(
                kind,
                script.name,
                (seen * 255).round().astype(np.uint8).ravel().tolist(),
                round(float(opinion.realness[0]), 3),
                [round(value, 4) for value in opinion.probabilities[0].tolist()],
            )
        )
    return found


def by_labels() -> list[dict[str, Any]]:
    """For each shipped model with results, fewest labels first: how many images of its last script
    were labelled, whether a model had asked for these, and the share of that script's test digits
    (per cent) that the independent judge reads right once they are translated."""
    rows = []
    for each in model.shipped().values():
        try:
            reading = results.read(each.folder).tests.get(each.domains[-1])
        except (CheckpointError, OSError):
            continue  # not measured: the Results page says how
        judge = reading and reading.scores(results.fair(each.labels)).judge
        if judge is not None:
            rows.append({"labelled": each.labelled, "asked": each.asked_for, "judge": judge})
    return rows


async def _inspect(request: Request) -> Response:
    """POST ?source=NAME&target=NAME[&model=NAME], the picture's bytes -> {"exhibits": [...]}.

    Errors as in `demo.api`.
    """
    body = await web.raw_body(request, MAX_SIDE**2, f"{MAX_SIDE} x {MAX_SIDE} bytes")
    loaded = await web.asked_model(request)
    source, target = (web.asked_script(request, role, loaded) for role in ("source", "target"))
    if source == target:
        raise BadRequest(422, f"source and target are the same script, {source.name}")
    picture = read_raw(body)
    found = await run_in_threadpool(exhibits, loaded.translator, picture, source, target)
    return JSONResponse({"exhibits": [asdict(each) for each in found]}, headers=web.QUICK)


routes = [web.post("/api/inspect", _inspect)]
