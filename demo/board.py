"""The translation board, whoever shows it: the files it is made of, and what they must know."""

import json
from typing import Any

from demo import component, map_api, model, palette

NAME = "canvas/board"
JS = (
    *("canvas/stage.js", "canvas/pad.js", "canvas/tools.js", "canvas/take.js"),
    *("canvas/digit.js", "canvas/server.js", "canvas/latent.js", "map/atlas.js"),
)
CSS = ("paper.css", "canvas/tools.css")
EXAMPLES = component.FOLDER / "canvas" / "examples.json"


def examples() -> dict[str, list[list[list[tuple[float, float]]]]]:
    """By script, for each digit its strokes: points in a square of 100."""
    return json.loads(EXAMPLES.read_text(encoding="utf-8"))


def scripts(loaded: model.Model) -> list[dict[str, Any]]:
    """As component.scripts, with the strokes of an example of each digit."""
    strokes = examples()
    return [
        script | {"examples": strokes.get(script["name"])}
        for script in component.scripts(loaded.domains.values())
    ]


def data(loaded: model.Model) -> dict[str, Any]:
    """For the board's script: the model's scripts, the models to choose from, their maps."""
    models = model.alike(loaded)
    charts = {each.name: map_api.load(each.name) for each in models}
    return {
        "scripts": scripts(loaded),
        "separation": loaded.translator.config.separation,
        "models": [
            {
                "name": each.name,
                "title": each.title,
                "hint": each.hint,
                "asked_for": each.labelled if each.asked_for else None,
            }
            for each in models
        ],
        "shown": model.default_name(),
        "maps": {
            name: {"count": len(chart.atlas), "columns": chart.atlas.columns}
            for name, chart in charts.items()
            if not isinstance(chart, str)
        },
        "palette": {"light": palette.LIGHT, "dark": palette.DARK},
        "key": "translate",
    }
