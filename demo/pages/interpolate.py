"""From one digit to another, in both scripts at once."""

from demo import component, model, page

if loaded := page.model_or_help():
    config = loaded.translator.config
    component.mount(
        "interpolate/morph",
        {
            "scripts": component.scripts(loaded.domains.values()),
            "latent": config.latent_dim,
            "separation": config.separation,
            "directions": component.directions(model.directions()),
        },
        key="interpolate",
        js=[
            "canvas/stage.js",
            "canvas/pad.js",
            "canvas/take.js",
            "canvas/digit.js",
            "canvas/server.js",
            "canvas/latent.js",
            "interpolate/playing.js",
            "interpolate/taking.js",
        ],
        css=["paper.css"],
    )
