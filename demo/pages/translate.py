"""Draw a digit, see it in the other script while the pen still moves."""

import json

from demo import component, model, page

FOLDER = component.FOLDER / "canvas"

if loaded := page.model_or_help():
    examples = json.loads((FOLDER / "examples.json").read_text(encoding="utf-8"))
    scripts = [
        script | {"examples": examples.get(script["name"])}
        for script in component.scripts(loaded.domains.values())
    ]
    models = [
        {"name": each.name, "title": each.title, "hint": f"{each.labelled:,} labelled images"}
        for each in model.shipped().values()
    ]
    component.mount(
        "canvas/board",
        {"scripts": scripts, "models": models, "key": "translate"},
        key="translate",
        js=["canvas/pad.js", "canvas/digit.js", "canvas/server.js"],
    )
