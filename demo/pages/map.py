"""Where the model has every digit: t-SNE and UMAP of the space that the scripts share."""

import numpy as np
import streamlit as st

from demo import component, map_api, page, palette
from demo.model import Model
from unit_core.atlas import NEIGHBOURS, Atlas


def facts(loaded: Model, atlas: Atlas) -> list[tuple[str, str]]:
    """What the neighbours say, as a figure and a sentence each."""
    titles = [loaded.domains[name].title for name in atlas.scripts]
    told = []
    for title, share in zip(titles, atlas.agreement, strict=True):
        other = " or ".join(each for each in titles if each != title)
        told.append(
            (
                f"{NEIGHBOURS * share:.1f} of {NEIGHBOURS}",
                f"nearest {other} neighbours of {article(title)} digit are the same digit, on "
                "average. Chance is 1.",
            )
        )
    counts = np.bincount(atlas.script)
    chance = 1 - float(((counts / counts.sum()) ** 2).sum())
    mixed = (
        f"of the {NEIGHBOURS} nearest codes of all are of another script. {100 * chance:.0f} % "
        "would be an even mixture, 0 % scripts apart."
    )
    if min(atlas.agreement) > 0.8:
        mixed += (
            " The scripts share the islands and mix within them."
            if atlas.mixing > 0.6 * chance
            else " The scripts share the islands, but within one each keeps to its own side."
        )
    told.append((f"{100 * atlas.mixing:.0f} %", mixed))
    dim = atlas.codes.shape[1]
    told.append(
        (
            f"{dim} to 2",
            "dimensions: a map keeps who is near, not how far islands lie apart. All neighbours "
            f"here are counted among the {dim}, not on the map.",
        )
    )
    return told


def article(title: str) -> str:
    """A title with its article."""
    return f"{'an' if title[0] in 'AEIOU' else 'a'} {title}"


if loaded := page.model_or_help():
    chart = map_api.load()
    if isinstance(chart, str):
        st.title("No map yet")
        st.markdown("The map of this model is made once, in a few minutes; then reload this page:")
        st.code(map_api.how_to_make(), language="bash")
        st.caption(f"What was found instead: {chart}")
    else:
        component.mount(
            "map/map",
            {
                "scripts": component.scripts(loaded.domains.values()),
                "count": len(chart.atlas),
                "columns": chart.atlas.columns,
                "tag": chart.tag,
                "palette": {"light": palette.LIGHT, "dark": palette.DARK},
                "facts": facts(loaded, chart.atlas),
            },
            key="map",
            js=[
                *("canvas/stage.js", "canvas/pad.js", "canvas/digit.js", "canvas/server.js"),
                *("map/atlas.js", "map/points.js", "map/colours.js", "map/over.js"),
                *("map/camera.js", "map/hit.js", "map/gestures.js", "map/finding.js"),
                *("map/panel.js", "map/own.js", "map/legend.js", "map/tip.js"),
            ],
            css=["paper.css", "map/tip.css"],
        )
