"""The Gradio app as visitors and callers meet it: drawn on, given pictures, called by its names."""

import re

import httpx
import numpy as np
import pytest
from PIL import Image, ImageDraw

pytest.importorskip("playwright.sync_api", reason="needs playwright from PyPI")
gradio_client = pytest.importorskip("gradio_client", reason="needs gradio from PyPI")

from browser import (  # noqa: E402
    DIGIT,
    ROOT,
    SEVEN,
    draw,
    kannada_type,
    open_board,
    serve_gradio,
    state,
    translate_live,
)
from playwright.sync_api import Page, expect  # noqa: E402

from demo import api, web  # noqa: E402


@pytest.fixture(scope="module")
def address(browser, served):
    with serve_gradio(served) as url:
        yield url


@pytest.fixture(scope="module")
def client(address, tmp_path_factory):
    folder = tmp_path_factory.mktemp("downloads")
    return gradio_client.Client(address, verbose=False, download_files=folder)


@pytest.fixture
def seven(tmp_path):
    sheet = Image.new("L", (200, 200), 255)
    ImageDraw.Draw(sheet).line([(50, 40), (140, 40), (90, 160)], fill=20, width=16, joint="curve")
    sheet.save(tmp_path / "seven.png")
    return tmp_path / "seven.png"


def test_the_board_translates_while_the_pen_is_down(page: Page, address):
    board = translate_live(page, address)
    assert kannada_type(page) == ["loaded"]
    page.get_by_role("button", name="Swap direction").click()
    expect(board).to_have_attribute("data-source", "kannada")
    draw(page, SEVEN)
    state(page, DIGIT)


def test_pictures_from_files_and_examples(page: Page, address, seven):
    board = open_board(page, address)
    page.get_by_role("tab", name="A picture").click()
    page.keyboard.press("x")
    expect(board).to_have_attribute("data-source", "mnist")  # its keys are not meant now
    page.locator("input[type=file]").set_input_files(seven)
    expect(page.locator("#said")).to_contain_text("reads your digit as")
    made = page.locator("#made img")
    first = made.get_attribute("src")
    page.locator(".gallery > button").nth(3).click()
    expect(page.get_by_label("Kannada → Arabic")).to_be_checked()
    expect(page.locator("#said")).to_contain_text(re.compile("reads your digit as [೦-೯]"))
    assert made.get_attribute("src") != first


def test_a_dark_page_at_a_phones_width(context_of, address):
    made = context_of(color_scheme="dark", viewport={"width": 390, "height": 844}).new_page()
    open_board(made, address)
    expect(made.locator(".pad canvas")).to_have_css("color", "rgb(141, 180, 255)")
    assert made.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_named_endpoints_take_a_path_or_an_array(client, seven, trained):
    file = gradio_client.handle_file(seven)
    picture, told = client.predict(file, "mnist", "kannada", api_name="/translate")
    with Image.open(picture) as translation:
        assert translation.size == (280, 280)
    ink = 1 - np.asarray(Image.open(seven)) / 255
    readings = [
        client.predict(image, "mnist", api_name="/classify")
        for image in (file, ink.tolist(), (ink * 255).astype(int).tolist())
    ]
    assert readings[0] == readings[1] == readings[2]
    assert sum(readings[0]["probabilities"]) == pytest.approx(1, abs=1e-3)
    if trained:
        assert (readings[0]["digit"], told["digit"], told["glyph"]) == (7, 7, "೭")


def test_interpolates_there_and_back(client, seven):
    file = gradio_client.handle_file(seven)
    upside = np.asarray(Image.open(seven))[::-1].tolist()
    gif, digits = client.predict(file, upside, "mnist", steps=5, api_name="/interpolate")
    assert len(digits) == 5
    with Image.open(gif) as animation:
        assert animation.n_frames == 8


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (([[0, 1], [1]], "mnist", "kannada"), "neither a file nor rows"),
        (([[0, 300]], "mnist", "kannada"), "bytes"),
        (([[0] * 30] * 30, "mnist", "kannada"), "no ink"),
        (({"path": "/etc/hostname"}, "mnist", "kannada"), "handle_file"),
        (([[0, 1], [1, 0]], "latin", "kannada"), "'latin' is no script"),
        (([[0, 1], [1, 0]], "mnist", "mnist"), "same script"),
        (([[0, 1], [1, 0]], "mnist", "kannada", "none"), "none of this server"),
        ((gradio_client.handle_file("http://127.0.0.1:9/a.png"), "mnist", "kannada"), "nothing"),
    ],
)
def test_errors_are_words(client, arguments, told):
    with pytest.raises(gradio_client.exceptions.AppError, match=told):
        client.predict(*arguments, api_name="/translate")


def test_no_file_of_the_server_is_read(address):
    path = {
        "path": str(ROOT / "checkpoints" / "full" / "training.webp"),
        "meta": {"_type": "gradio.FileData"},
    }
    call = f"{address}/gradio_api/call/classify"
    event = httpx.post(call, json={"data": [path, "mnist", None]}).json()["event_id"]
    assert httpx.get(f"{call}/{event}").text.startswith("event: error")


def test_the_schema_is_of_what_is_served_here(address):
    paths = httpx.get(f"{address}/api/schema").json()["paths"]
    assert {"/api/translate", "/api/health"} < paths.keys()
    assert not {"/api/read", "/api/rewrite"} & paths.keys()


def test_large_requests_end_early(address):
    body = b"0" * (api.MAX_FILE + 2**21)
    answer = httpx.post(f"{address}/gradio_api/call/classify", content=body)
    assert answer.status_code == 413 and "larger than" in answer.json()["error"]


def test_a_body_without_its_length_is_counted():
    async def app(scope, receive, send):
        while (message := await receive())["type"] == "http.request" and message["more_body"]:
            heard.append(message)

    async def receive():
        return {"type": "http.request", "body": b"0" * 100, "more_body": True}

    heard: list[dict] = []
    served = web.Bounded(app, most=250)({"type": "http", "headers": []}, receive, print)
    with pytest.raises(StopIteration):
        served.send(None)
    assert len(heard) == 2
