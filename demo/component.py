"""A page's own component: html, css and plain js files as they are, no build step."""

import itertools
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from unit_core.directions import Direction
from unit_core.domains import Domain

FOLDER = Path(__file__).parent
# Each script's colour wherever it is shown, by its name in .streamlit/config.toml; others in turn.
COLOURS = {"mnist": "--st-blue-color", "kannada": "--st-red-color"}
OTHERS = ("--st-green-color", "--st-violet-color", "--st-orange-color")


def colours(scripts: Iterable[str]) -> dict[str, str]:
    """The colour of each of the `scripts` of a model, by the names of both."""
    others = itertools.cycle(OTHERS)
    return {name: COLOURS.get(name) or next(others) for name in scripts}


def mount(
    name: str, data: dict[str, Any], key: str, js: Iterable[str] = (), css: Iterable[str] = ()
) -> None:
    """Show the component that demo/`name`.{html,css,js} make, shared `js` and `css` before its own.

    It is told `data`, and with it its `key`, by which it keeps what a visitor made. `name`, `js`
    and `css` are paths in demo/, such as "canvas/board" and "canvas/pad.js".
    """

    import streamlit as st  # here: who mounts elsewhere needs the files and no Streamlit

    component = st.components.v2.component(
        name.rpartition("/")[2],
        html=read([f"{name}.html"]),
        css=read([*css, f"{name}.css"]),
        js=read([*js, f"{name}.js"]),
    )
    component(key=key, data=data | {"key": key})


def read(paths: Iterable[str]) -> str:
    """The text of these files of demo/, one after another."""
    return "\n".join((FOLDER / path).read_text(encoding="utf-8") for path in paths)


def scripts(domains: Iterable[Domain]) -> list[dict[str, Any]]:
    """What a component needs to know of each script, in the model's order."""
    domains = list(domains)
    colour = colours(domain.name for domain in domains)
    return [
        {
            "name": domain.name,
            "title": domain.title,
            "glyphs": list(domain.glyphs),
            "stretch": domain.stretch,
            "colour": colour[domain.name],
        }
        for domain in domains
    ]


def directions(found: Iterable[Direction]) -> list[dict[str, Any]]:
    """What a component needs to know of each direction of the hand."""
    return [
        {
            "name": each.name,
            "low": each.low,
            "high": each.high,
            "reach": each.reach,
            "axis": each.axis.tolist(),
        }
        for each in found
    ]
