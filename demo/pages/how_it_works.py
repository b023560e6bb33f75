"""The story of the model, with figures to play with."""

import streamlit as st

from demo import board, component, model, page, story

if loaded := page.model_or_help():
    st.html(component.FOLDER / "how/formulas.css")
    config = loaded.translator.config
    training = loaded.translator.provenance.training
    component.mount(
        "how/story",
        {
            "scripts": board.scripts(loaded),
            "latent": config.latent_dim,
            "separation": config.separation,
            "directions": component.directions(model.directions()),
            "weights": training.get("weights", {}),
            "confident": training.get("confident"),
            "results": story.by_labels(),
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
