"""The translator for Hugging Face Spaces: `python demo/gradio_app.py` serves it at port 7860.

The board is the app's own and asks the app's own routes. Gradio adds pictures from files and named
endpoints for gradio_client; with the package mcp they are tools for language models too.
"""

import gc
import importlib.util
import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from html import escape
from itertools import permutations
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import torch
from gradio import processing_utils
from gradio.utils import get_upload_folder
from gradio_client.utils import is_file_obj_with_meta
from PIL import Image, ImageDraw
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware

sys.path.insert(0, str(Path(__file__).parents[1]))  # `python demo/gradio_app.py` adds demo/ only

from demo import api, board, component, keepsake, map_api, model, theme, web  # noqa: E402
from demo.batching import Busy  # noqa: E402
from demo.web import BadRequest  # noqa: E402
from unit_core.domains import Domain  # noqa: E402
from unit_core.ink import SIDE, ink_of  # noqa: E402

AT_ONCE = 8  # questions to one endpoint that are worked on together
WAITING = 128  # in all; who comes then is told to come again
KEPT = 3600  # seconds that pictures, sent or made, are kept
MOST_STEPS = 32
EXAMPLES = (2, 4, 7)  # of each script
NO_MAP = ".place a { display: none; }"  # that page is Streamlit's

# --- named endpoints: what is written here is what callers and language models read ---------------


async def translate(
    image: gr.FileData, source: str, target: str, model: str | None = None
) -> tuple[gr.FileData, dict[str, Any]]:
    """Write a handwritten digit in another script, in the same hand.

    Args:
        image: a picture of one digit, dark on bright or bright on dark; or its numbers by rows
        source: the script of the picture, mnist (Arabic numerals) or kannada
        target: the script to write it in
        model: by the labels it saw, such as labels-1pct; else the best

    Returns:
        the translation as a PNG, and what the model reads in it: digit, glyph, probabilities
    """
    with told():
        loaded = web.the_model(model)
        way = web.the_script(source, "source", loaded), web.the_script(target, "target", loaded)
        picture = await run_in_threadpool(read_image, image)
        reply = await api.translated(api.Question(loaded.translator, picture, *way))
        made = kept(api.png(reply), "translation.png")
    return made, asdict(api.Reading.of(reply.target_probabilities, way[1]))


async def classify(image: gr.FileData, source: str, model: str | None = None) -> dict[str, Any]:
    """Read a handwritten digit.

    Args:
        image: a picture of one digit, dark on bright or bright on dark; or its numbers by rows
        source: the script of the picture, mnist (Arabic numerals) or kannada
        model: by the labels it saw, such as labels-1pct; else the best

    Returns:
        digit, glyph and the probabilities of 0 to 9
    """
    with told():
        loaded = web.the_model(model)
        script = web.the_script(source, "source", loaded)
        picture = await run_in_threadpool(read_image, image)
        return asdict(await run_in_threadpool(api.read, loaded.translator, picture, script))


async def interpolate(
    first: gr.FileData, second: gr.FileData, source: str, steps: int = 16, model: str | None = None
) -> tuple[gr.FileData, list[int]]:
    """Go from one handwritten digit to another, in every script at once.

    Args:
        first: a picture of one digit, dark on bright or bright on dark; or its numbers by rows
        second: another
        source: the script of both, mnist (Arabic numerals) or kannada
        steps: how many pictures, 2 to 32, evenly along a line in the latent space
        model: by the labels it saw, such as labels-1pct; else the best

    Returns:
        an animated GIF that goes there and back, and the digit that the model reads at each step
    """
    with told():
        loaded = web.the_model(model)
        script = web.the_script(source, "source", loaded)
        if not 2 <= steps <= MOST_STEPS:
            raise BadRequest(422, f"steps={steps!r} must be a number from 2 to {MOST_STEPS}")
        ends = [await run_in_threadpool(read_image, image) for image in (first, second)]
        made, digits = await run_in_threadpool(walk, loaded, ends, script, steps)
    return kept(made, "interpolation.gif"), digits


def walk(
    loaded: model.Model, ends: list[np.ndarray], source: Domain, steps: int
) -> tuple[bytes, list[int]]:
    """A GIF from one picture to the other, and the digit read at each of `steps`."""
    translator, domains = loaded.translator, list(loaded.domains.values())
    digits = np.stack([api.digit_in(picture, source) for picture in ends])
    start, end = translator.encode(digits, source.name)
    codes = torch.lerp(start, end, torch.linspace(0, 1, steps)[:, None])
    colours = theme.values("light")
    inks = [colours.get(each["colour"], "#000000") for each in component.scripts(domains)]
    paper = colours["--st-background-color"]
    gif = keepsake.animation(translator, domains, codes, paper, inks)
    return gif, translator.classify_codes(codes).argmax(1).tolist()


# --- pictures -------------------------------------------------------------------------------------


def read_image(image: Any) -> np.ndarray:
    """The ink, (H, W) in [0, 1], of a file as Gradio passes it or of rows of numbers (H, W) or
    (H, W, 3 or 4), bytes or in [0, 1]; BadRequest for what is neither."""
    if is_file_obj_with_meta(image):  # only then has Gradio seen to it that it was sent to us
        return read_file(image["path"])
    if isinstance(image, dict):
        raise BadRequest(422, "a file must be sent by gradio_client.handle_file or /upload")
    try:
        numbers = np.asarray(image, np.float32)
    except (TypeError, ValueError):
        raise BadRequest(422, "the image is neither a file nor rows of numbers") from None
    if numbers.ndim not in (2, 3) or not numbers.size or numbers.shape[2:] not in ((), (3,), (4,)):
        raise BadRequest(
            422, f"numbers must be (H, W), (H, W, 3) or (H, W, 4), not {numbers.shape}"
        )
    if not (numbers.min() >= 0 and numbers.max() <= 255):  # refuses NaN too
        raise BadRequest(422, "numbers must be bytes, 0 to 255, or lie in [0, 1]")
    scale = 255 if numbers.max() <= 1 else 1
    return ink_of(Image.fromarray((numbers * scale).round().astype(np.uint8)))


def read_file(path: str) -> np.ndarray:
    """The ink in a file, (H, W) in [0, 1]; BadRequest, in words, for what is no picture."""
    file = Path(path)
    if file.stat().st_size > api.MAX_FILE:
        raise BadRequest(413, f"the picture is larger than {api.MAX_FILE // 2**20} MB")
    return api.read_picture(file.read_bytes(), "picture")


def kept(content: bytes, name: str) -> Any:
    """What was made, as a file that Gradio hands out and deletes after a while."""
    path = processing_utils.save_bytes_to_cache(content, name, get_upload_folder())
    return gr.FileData(path=path, orig_name=name).model_dump()


async def refuse(url: str, cache_dir: str) -> str:
    """Instead of a download: Gradio fetches addresses that strangers name, of any size."""
    raise gr.Error(f"this server fetches nothing: send the picture, not {url}", **QUIET)


processing_utils.async_ssrf_protected_download = refuse
QUIET: dict[str, Any] = {"print_exception": False}


@contextmanager
def told() -> Iterator[None]:
    """What cannot be answered, as Gradio tells callers."""
    try:
        yield
    except BadRequest as error:
        raise gr.Error(str(error), **QUIET) from None
    except Busy:
        raise gr.Error(web.CROWDED, **QUIET) from None


# --- the pages ------------------------------------------------------------------------------------


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
                    css=component.read([f"{board.NAME}.css"]) + NO_MAP,
                    js=component.read([*board.JS, f"{board.NAME}.js"]),
                    page=board.data(loaded),
                )
            with gr.Tab("A picture"):
                picture_page(loaded)
        for endpoint in (translate, classify, interpolate):
            gr.api(endpoint, concurrency_limit=AT_ONCE)
    return app.queue(max_size=WAITING)


def picture_page(loaded: model.Model) -> None:
    """A digit from a file, the clipboard or a camera; beside it its translation."""
    ways = list(permutations(loaded.domains.values(), 2))
    models = list(model.shipped().values())
    colours = {each["name"]: each["colour"] for each in component.scripts(loaded.domains.values())}
    gr.HTML(
        "<h1>A digit on paper</h1><p>Photographed or scanned, dark on bright or bright on dark; "
        "it is cut and centred for the model.</p>",
        elem_classes="title",
        apply_default_css=False,
    )
    choice = gr.Radio(
        [(each.title, each.name) for each in models],
        value=models[-1].name if models else None,
        label=f"Labels of {list(loaded.domains.values())[-1].title} that the model saw",
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
        if path is None:
            return None, ""
        source, target = ways[index]
        try:
            ink = await run_in_threadpool(read_file, path)
            mind = web.the_model(name).translator
            reply = await api.translated(api.Question(mind, ink, source, target))
        except BadRequest as error:
            return None, f"<p>{escape(str(error))}</p>"
        except Busy:
            return None, f"<p>{web.CROWDED}</p>"
        told = f"<p>{escape(reply.message)}</p>"
        if not reply.translation:
            return None, told
        mine = api.Reading.of(reply.source_probabilities, source)
        yours = api.Reading.of(reply.target_probabilities, target)
        told += (
            f"<p>It reads your digit as {mine.glyph} ({max(mine.probabilities):.0%}), "
            f"the translation as {yours.glyph} ({max(yours.probabilities):.0%}).</p>"
        )
        ink_colour = theme.values("light").get(colours[target.name], "#000000")
        digit = np.reshape(reply.translation, (SIDE, SIDE)).astype(np.float32) / 255
        return keepsake.written(digit, target.stretch, "#ffffff", ink_colour), told

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
    return kept(file.getvalue(), name)["path"]


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
    return {"theme": themed, "css": css + component.read(["gradio_app.css"])}


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
