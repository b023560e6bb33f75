"""Draw a digit, see it in the other script while the pen still moves."""

import json

from demo import component, map_api, model, page, palette

FOLDER = component.FOLDER / "canvas"

if loaded := page.model_or_help():
    examples = json.loads((FOLDER / "examples.json").read_text(encoding="utf-8"))
    scripts = [
        script | {"examples": examples.get(script["name"])}
        for script in component.scripts(loaded.domains.values())
    ]
    models = [
        {
            "name": each.name,
            "title": each.title,
            "hint": f"{each.labelled:,} digits had names"
            if each.labelled
            else "it found ten groups; nobody told it which is which",
        }
        for each in model.shipped().values()
    ]
    charts = {name: map_api.load(name) for name in model.shipped()}
    maps = {
        name: {"count": len(chart.atlas), "columns": chart.atlas.columns}
        for name, chart in charts.items()
        if not isinstance(chart, str)
    }
    component.mount(
        "canvas/board",
        {
            "scripts": scripts,
            "models": models,
            "maps": maps,
            "palette": {"light": palette.LIGHT, "dark": palette.DARK},
            "key": "translate",
        },
        key="translate",
        js=[
            *("canvas/stage.js", "canvas/pad.js", "canvas/digit.js", "canvas/server.js"),
            *("canvas/latent.js", "map/atlas.js"),
        ],
    )
