"""The translator for Hugging Face Spaces: `python demo/gradio_app.py` serves it at port 7860.

The board is the app's own and asks the app's own routes. Gradio adds pictures from files and named
endpoints for gradio_client; with the package mcp they are tools for language models too.
"""

import gc
import importlib.util
import io
import sys
from html import escape
from itertools import permutations
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
from PIL import Image, ImageDraw
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware

sys.path.insert(0, str(Path(__file__).parents[1]))  # `python demo/gradio_app.py` adds demo/ only

from demo import api, board, component, gradio_api, keepsake, map_api, model, theme, web  # noqa: E402
from demo.batching import Busy  # noqa: E402
from unit_core.domains import SIDE, Domain  # noqa: E402

AT_ONCE = 8  # questions to one endpoint that are worked on together
WAITING = 128  # in all; who comes then is told to come again
KEPT = 3600  # seconds that pictures, sent or made, are kept
EXAMPLES = (2, 4, 7)  # of each script
NO_MAP = ".place a { display: none; }"  # that page is Streamlit's


def blocks(loaded: model.Model) -> gr.Blocks:
    """The board, pictures from files, and the named endpoints."""
    with gr.Blocks(
        title="Digits in another hand", analytics_enabled=False, delete_cache=(KEPT, KEPT)
    ) as app:
        with gr.Tabs(elem_classes="pages"):
            with gr.Tab("Draw"):
                gr.HTML(
                    html_template="",
                    js_on_load=component.read(["gradio_app.js"]),
                    apply_default_css=False,
                    html=component.read([f"{board.NAME}.html"]),
                    css=component.read([*board.CSS, f"{board.NAME}.css"]) + NO_MAP,
                    js=component.read([*board.JS, f"{board.NAME}.js"]),
                    page=board.data(loaded),
                )
            with gr.Tab("A picture"):
                picture_page(loaded)
        for endpoint in (gradio_api.translate, gradio_api.classify, gradio_api.interpolate):
            gr.api(endpoint, concurrency_limit=AT_ONCE)
    return app.queue(max_size=WAITING)


def picture_page(loaded: model.Model) -> None:
    """A digit from a file, the clipboard or a camera; beside it its translation."""
    ways = list(permutations(loaded.domains.values(), 2))
    models = model.alike(loaded)
    gr.HTML(
        "<h1>A digit on paper</h1><p>Photographed or scanned, dark on bright or bright on dark; "
        "it is cut and centred for the model.</p>",
        elem_classes="title",
        apply_default_css=False,
    )
    choice = gr.Radio(
        [(each.title, each.name) for each in models],
        value=model.default_name(),
        label=f"Labels of {loaded.scarce.title} that the model saw",
        visible=len(models) > 1,
        elem_classes="choice",
    )
    way = gr.Radio(
        [(f"{source.title} → {target.title}", i) for i, (source, target) in enumerate(ways)],
        value=0,
        label="Direction",
        elem_classes="choice",
    )
    with gr.Row():
        picture = gr.Image(label="Yours", type="filepath", image_mode=None, height=360)
        made = gr.Image(
            label="Translated", interactive=False, buttons=["download"], height=360, elem_id="made"
        )
    said = gr.HTML(elem_id="said", apply_default_css=False)

    async def show(path: str | None, index: int, name: str | None) -> tuple[Any, str]:
        try:
            return (None, "") if path is None else await shown(path, *ways[index], name)
        except web.BadRequest as error:
            return None, f"<p>{escape(str(error))}</p>"
        except Busy:
            return None, f"<p>{web.CROWDED}</p>"

    gr.on(
        [picture.change, way.change, choice.change],
        show,
        [picture, way, choice],
        [made, said],
        api_visibility="private",
        concurrency_limit=AT_ONCE,
        show_progress="hidden",
        trigger_mode="always_last",
    )
    strokes = board.examples()
    examples = [
        (on_paper(strokes[source.name][digit], f"{source.name}-{digit}.png"), i)
        for i, (source, _) in enumerate(ways)
        if source.name in strokes
        for digit in EXAMPLES
    ]
    shelf = gr.Dataset(
        components=[picture],
        samples=[[path] for path, _ in examples],
        type="index",
        label="Examples",
    )
    shelf.click(examples.__getitem__, shelf, [picture, way], api_visibility="private", queue=False)


async def shown(
    path: str, source: Domain, target: Domain, name: str | None
) -> tuple[Image.Image | None, str]:
    """The picture at `path` through the model called `name`: its translation, and words in HTML."""
    loaded = await web.the_model(name)
    async with api.UNPACKING:
        ink = await run_in_threadpool(gradio_api.read_file, path)
        reply = await api.translated(api.Question(loaded.translator, ink, source, target))
    words = f"<p>{escape(reply.message)}</p>"
    if not reply.translation:
        return None, words
    mine = api.Classification.of(reply.source_probabilities, source)
    yours = api.Classification.of(reply.target_probabilities, target)
    words += (
        f"<p>It reads your digit as {mine.glyph} ({max(mine.probabilities):.0%}), "
        f"the translation as {yours.glyph} ({max(yours.probabilities):.0%}).</p>"
    )
    digit = np.reshape(reply.translation, (SIDE, SIDE)).astype(np.float32) / 255
    colour = theme.inks(loaded.domains)[target.name]
    return keepsake.written(digit, target.stretch, "#ffffff", colour), words


def on_paper(strokes: list[list[tuple[float, float]]], name: str) -> str:
    """Strokes, points in a square of 100, as a pen leaves them on white paper: a file called
    `name`."""
    sheet = Image.new("L", (280, 280), 255)
    pen = ImageDraw.Draw(sheet)
    for stroke in strokes:
        points = [(60 + 1.6 * x, 60 + 1.6 * y) for x, y in stroke]
        pen.line(points, fill=30, width=20, joint="curve")
        for x, y in (points[0], points[-1]):  # round ends
            pen.ellipse((x - 9.5, y - 9.5, x + 9.5, y + 9.5), fill=30)
    file = io.BytesIO()
    sheet.save(file, "PNG")
    return gradio_api.kept(file.getvalue(), name)["path"]


def look() -> dict[str, Any]:
    """The app's own colours and types, from where Streamlit reads them."""
    paper, sheet, ink = "background-color", "secondary-background-color", "text-color"
    kinds = {
        paper: ["body_background_fill", "checkbox_label_text_color_selected"],
        sheet: [
            *("background_fill_primary", "background_fill_secondary", "block_background_fill"),
            *("block_label_background_fill", "checkbox_label_background_fill"),
            *("input_background_fill", "button_secondary_background_fill"),
        ],
        ink: [
            *("body_text_color", "checkbox_label_text_color", "button_secondary_text_color"),
            *("checkbox_label_background_fill_selected", "border_color_accent"),
        ],
    }
    colours = {name: f"var(--st-{kind})" for kind, names in kinds.items() for name in names}
    colours |= dict.fromkeys(("block_border_color", "border_color_primary"), "var(--line)")
    quiet = ("body_text_color_subdued", "block_label_text_color", "block_title_text_color")
    colours |= dict.fromkeys(quiet, "var(--quiet)")
    themed = gr.themes.Base(font="sans-serif", radius_size="lg").set(
        **colours, **{f"{name}_dark": value for name, value in colours.items()}
    )
    css = f":root {{ {theme.variables('light')} }}\n.dark {{ {theme.variables('dark')} }}\n"
    return {"theme": themed, "css": css + component.read(["glyphs.css", "gradio_app.css"])}


def main() -> None:
    """Serve until stopped."""
    loaded = model.load()
    if isinstance(loaded, str):
        sys.exit(f"demo/gradio_app.py: no model to translate with: {loaded}")
    app = blocks(loaded)
    gc.collect()
    gc.freeze()  # torch's million objects need not be looked through again
    app.launch(
        **look(),
        app_kwargs={
            "routes": [*api.routes, *map_api.routes],
            "middleware": [Middleware(web.Bounded, most=api.MAX_FILE + 2**20)],
        },
        max_file_size=api.MAX_FILE,
        state_session_capacity=WAITING,  # each call is a session; there is nothing in them to keep
        mcp_server=importlib.util.find_spec("mcp") is not None,
        footer_links=["api"],
        run_history=False,
        ssr_mode=False,
        pwa=False,
    )


if __name__ == "__main__":
    main()
