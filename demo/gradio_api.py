"""The Gradio app's named endpoints, for gradio_client and for language models: what stands in their
signatures and docstrings is what callers read."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import torch
from gradio import processing_utils
from gradio.utils import get_upload_folder
from gradio_client.utils import is_file_obj_with_meta
from PIL import Image
from starlette.concurrency import run_in_threadpool

from demo import api, keepsake, theme, web
from demo.batching import Busy
from demo.model import Model
from demo.web import BadRequest
from unit_core.domains import Domain
from unit_core.ink import ink_of

MOST_STEPS = 32
QUIET: dict[str, Any] = {"print_exception": False}


async def translate(
    image: gr.FileData, source: str, target: str, model: str | None = None
) -> tuple[gr.FileData, dict[str, Any]]:
    """Write a handwritten digit in another script, in the same hand.

    Args:
        image: a picture of one digit, dark on bright or bright on dark; or its numbers by rows
        source: the script of the picture by name, such as mnist (Arabic numerals) or kannada
        target: the script to write it in
        model: by name, such as labels-1pct, which saw 1 % of the labels; else the default

    Returns:
        the translation as a PNG, and what the model reads in it: digit, glyph, probabilities
    """
    with told():
        loaded = await web.the_model(model)
        way = web.the_script(source, "source", loaded), web.the_script(target, "target", loaded)
        async with api.UNPACKING:
            picture = await run_in_threadpool(read_image, image)
            reply = await api.translated(api.Question(loaded.translator, picture, *way))
        made = kept(api.png(reply), "translation.png")
    return made, asdict(api.Classification.of(reply.target_probabilities, way[1]))


async def classify(image: gr.FileData, source: str, model: str | None = None) -> dict[str, Any]:
    """Read a handwritten digit.

    Args:
        image: a picture of one digit, dark on bright or bright on dark; or its numbers by rows
        source: the script of the picture by name, such as mnist (Arabic numerals) or kannada
        model: by name, such as labels-1pct, which saw 1 % of the labels; else the default

    Returns:
        digit, glyph and the probabilities of 0 to 9
    """
    with told():
        loaded = await web.the_model(model)
        script = web.the_script(source, "source", loaded)
        async with api.UNPACKING:
            picture = await run_in_threadpool(read_image, image)
            return asdict(await run_in_threadpool(api.read, loaded.translator, picture, script))


async def interpolate(
    first: gr.FileData, second: gr.FileData, source: str, steps: int = 16, model: str | None = None
) -> tuple[gr.FileData, list[int]]:
    """Go from one handwritten digit to another, in every script at once.

    Args:
        first: a picture of one digit, dark on bright or bright on dark; or its numbers by rows
        second: another
        source: the script of both by name, such as mnist (Arabic numerals) or kannada
        steps: how many pictures, 2 to 32, evenly along a line in the latent space
        model: by name, such as labels-1pct, which saw 1 % of the labels; else the default

    Returns:
        an animated GIF that goes there and back, and the digit that the model reads at each step
    """
    with told():
        loaded = await web.the_model(model)
        script = web.the_script(source, "source", loaded)
        if not isinstance(steps, int) or not 2 <= steps <= MOST_STEPS:
            raise BadRequest(422, f"steps={steps!r} must be a whole number from 2 to {MOST_STEPS}")
        async with api.UNPACKING:
            ends = [await run_in_threadpool(read_image, image) for image in (first, second)]
            made, digits = await run_in_threadpool(walk, loaded, ends, script, steps)
    return kept(made, "interpolation.gif"), digits


def walk(
    loaded: Model, ends: list[np.ndarray], source: Domain, steps: int
) -> tuple[bytes, list[int]]:
    """A GIF from one picture to the other, and the digit read at each of `steps`."""
    translator, domains = loaded.translator, list(loaded.domains.values())
    digits = np.stack([api.digit_in(picture, source) for picture in ends])
    start, end = translator.encode(digits, source.name)
    codes = torch.lerp(start, end, torch.linspace(0, 1, steps)[:, None])
    paper = theme.values("light")["--st-background-color"]
    inks = list(theme.inks(loaded.domains).values())
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
    return api.read_picture(file.read_bytes())


def kept(content: bytes, name: str) -> Any:
    """What was made, as a file that Gradio hands out and deletes after a while."""
    path = processing_utils.save_bytes_to_cache(content, name, get_upload_folder())
    return gr.FileData(path=path, orig_name=name).model_dump()


async def refuse(url: str, cache_dir: str) -> str:
    """Takes the place of Gradio's download, which fetches what any caller names, of any size."""
    raise gr.Error(f"this server fetches nothing: send the picture, not {url}", **QUIET)


processing_utils.async_ssrf_protected_download = refuse


@contextmanager
def told() -> Iterator[None]:
    """What cannot be answered, as Gradio tells callers."""
    try:
        yield
    except BadRequest as error:
        raise gr.Error(str(error), **QUIET) from None
    except Busy:
        raise gr.Error(web.CROWDED, **QUIET) from None
