"""The Gradio app without a server: what it offers, and what its endpoints wait for."""

import asyncio

import pytest
from PIL import Image, ImageDraw

gradio = pytest.importorskip("gradio", reason="needs gradio from PyPI")

from demo import api, gradio_api, gradio_app, model  # noqa: E402


def test_models_to_choose_from_are_of_the_same_scripts_and_first_the_default(three_models):
    with gradio.Blocks() as app:
        gradio_app.picture_page(model.load())
    choice = next(each for each in app.blocks.values() if isinstance(each, gradio.Radio))
    assert [name for _, name in choice.choices] == ["full", "more"] and choice.value == "full"


def test_pictures_are_unpacked_in_their_turn(three_models, tmp_path, monkeypatch):
    places = asyncio.Semaphore(1)
    monkeypatch.setattr(api, "UNPACKING", places)
    sheet = Image.new("L", (200, 200), 255)
    ImageDraw.Draw(sheet).line([(50, 40), (140, 40), (90, 160)], fill=20, width=16)
    sheet.save(tmp_path / "seven.png")
    file = {"path": str(tmp_path / "seven.png"), "meta": {"_type": "gradio.FileData"}}
    endpoints = {
        gradio_api.classify: (file, "mnist"),
        gradio_api.translate: (file, "mnist", "kannada"),
        gradio_api.interpolate: (file, file, "mnist", 2),
    }

    async def call() -> None:
        for endpoint, given in endpoints.items():
            assert await endpoint(*given)
            async with places:  # somebody else's
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.1):
                        await endpoint(*given)

    asyncio.run(call())
