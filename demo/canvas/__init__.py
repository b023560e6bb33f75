"""The drawing board as a Streamlit component: one html, one css, plain js, no build step."""

import json
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from unit_core.domains import Domain

FOLDER = Path(__file__).parent
# Each script's colour wherever it is shown, by its name in .streamlit/config.toml.
COLOURS = {"mnist": "--st-blue-color", "kannada": "--st-red-color"}


def _read(*names: str) -> str:
    return "\n".join((FOLDER / name).read_text(encoding="utf-8") for name in names)


def board(domains: Sequence[Domain], key: str = "translate") -> None:
    """Draw in one script and watch it in another; it asks the route api/translate by itself."""
    component = st.components.v2.component(
        "board", html=_read("board.html"), css=_read("board.css"), js=_read("pad.js", "board.js")
    )
    examples = json.loads(_read("examples.json"))
    scripts = [
        {
            "name": domain.name,
            "title": domain.title,
            "glyphs": list(domain.glyphs),
            "stretch": domain.stretch,
            "colour": COLOURS.get(domain.name, "--st-green-color"),
            "examples": examples.get(domain.name),
        }
        for domain in domains
    ]
    component(key=key, data={"scripts": scripts, "key": key})
