"""The story of the model, with figures to play with."""

import json

from demo import component, model, page, story

if loaded := page.model_or_help():
    config = loaded.translator.config
    examples = json.loads(
        (component.FOLDER / "canvas" / "examples.json").read_text(encoding="utf-8")
    )
    training = loaded.translator.provenance.get("training", {})
    component.mount(
        "how/story",
        {
            "scripts": [
                script | {"examples": examples.get(script["name"])}
                for script in component.scripts(loaded.domains.values())
            ],
            "latent": config.latent_dim,
            "separation": config.separation,
            "directions": [
                {"name": each.name, "low": each.low, "high": each.high, "axis": each.axis.tolist()}
                for each in model.directions()
            ],
            "weights": training.get("weights", {}),
            "confident": training.get("confident"),
            "results": story.by_labels(),
            "key": "how",
        },
        key="how",
        js=[
            "canvas/stage.js",
            "canvas/pad.js",
            "canvas/digit.js",
            "canvas/server.js",
            "canvas/latent.js",
            "how/told.js",
            "how/chart.js",
            "how/court.js",
        ],
        css=["paper.css"],
    )
