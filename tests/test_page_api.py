"""The routes for pictures of numbers: read, corrected, rewritten, and refused in words."""

import asyncio
import io
import json
import time

import asgi
import jsonschema
import numpy as np
import pytest
from asgi import Answer, respond
from PIL import Image
from test_api import ARABIC, KANNADA, encoded, png
from tiny_atlas import tiny_model
from written import paper

from demo import api, model, page_api
from unit_core import page as pages
from unit_core import rewriting

PICTURE = paper(("mnist", "47"), ("mnist", "320"))


@pytest.fixture(autouse=True)
def served(monkeypatch):
    held = model.Model(tiny_model(), {"mnist": ARABIC, "kannada": KANNADA})
    monkeypatch.setattr(model, "load", lambda name=None: held)
    page_api._recent.clear()


def ask(path: str, query: str, body: bytes, kind: str = "image/png") -> Answer:
    return asgi.ask(page_api.routes, path, body, query=query, kind=kind)


def read(picture: Image.Image = PICTURE, query: str = "") -> dict:
    answer = ask("/api/read", query, encoded(picture))
    assert answer.status == 200
    return answer.content


def rewrite(told: object) -> Answer:
    """A form as a browser sends it; `told` as it is if it is text."""
    told = told if isinstance(told, str) else json.dumps(told)
    body = (
        b'--b\r\nContent-Disposition: form-data; name="picture"; filename="a.png"\r\n\r\n'
        + encoded(PICTURE)
        + b'\r\n--b\r\nContent-Disposition: form-data; name="reading"\r\n\r\n'
        + told.encode()
        + b"\r\n--b--\r\n"
    )
    return ask("/api/rewrite", "target=kannada", body, "multipart/form-data; boundary=b")


def pixels(answer: Answer) -> np.ndarray:
    assert answer.status == 200
    with Image.open(io.BytesIO(answer.content["bytes"])) as picture:
        assert picture.format == "PNG"
        return np.asarray(picture.convert("RGB")).astype(int)


def test_a_picture_is_read_by_lines():
    told = read(query="source=mnist")
    assert [len(line["text"]) for line in told["lines"]] == [2, 3]
    assert (told["width"], told["height"]) == PICTURE.size
    for line in told["lines"]:
        assert line["script"] == "mnist"
        for digit in line["digits"]:
            x, y, width, height = digit["box"]
            ink = np.asarray(PICTURE.convert("L"))[y : y + height, x : x + width]
            assert ink.min() < 100  # there is a digit in it


def test_the_schema_is_of_what_is_read():
    schema = json.loads(api.SCHEMA.read_text(encoding="utf-8"))
    document = {
        "$ref": "#/components/schemas/PageReading",
        "components": schema["components"],
    }
    jsonschema.validate(read(), document)


def test_without_digits_there_are_no_lines():
    assert read(Image.new("RGB", (300, 200), "white"))["lines"] == []


def test_a_corrected_reading_is_what_is_rewritten(monkeypatch):
    """With another digit, another script, and one that is no digit."""
    told = read(query="source=mnist")
    first, second = told["lines"]
    first["digits"][0] |= {"digit": 9, "confidence": 1}
    second["digits"][0]["script"] = "kannada"
    second["digits"].pop()
    seen: list[tuple] = []

    def rewrite_so(translator, page, corrected, target, onto):
        seen.append((corrected.lines, target))
        return page.picture

    monkeypatch.setattr(rewriting, "rewrite", rewrite_so)
    assert (pixels(rewrite(told)) == np.asarray(PICTURE)).all()
    lines, target = seen[0]
    assert target == "kannada"
    assert [len(line.digits) for line in lines] == [2, 2]
    assert (lines[0].digits[0].digit, lines[0].digits[0].confidence) == (9, 1)
    assert [digit.script for digit in lines[1].digits] == ["kannada", "mnist"]


def test_lines_are_the_pages_own_whatever_the_reading_makes_of_them():
    told = read(query="source=mnist")
    first, second = told["lines"]
    together = {"lines": [{"digits": [*second["digits"], *first["digits"], first["digits"][0]]}]}
    assert (pixels(rewrite(together)) == pixels(rewrite(told))).all()


def test_a_lone_picture_is_read_first():
    answer = ask("/api/rewrite", "target=kannada&source=mnist", encoded(PICTURE))
    assert pixels(answer).shape[:2] == PICTURE.size[::-1]


def told(**changes: object) -> dict:
    digit = {"box": [1, 2, 3, 4], "script": "mnist", "digit": 3} | changes
    return {"lines": [{"digits": [digit]}]}


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ("{", "not valid JSON"),
        ("[" * 100_000, "not valid JSON"),
        ({"lines": [{"digits": [{"box": [1, 2]}]}]}, "/api/read tells it"),
        ({"lines": 7}, "/api/read tells it"),
        ([], "/api/read tells it"),
        (told(), "[1, 2, 3, 4] where none was found"),
        (told(digit="nan"), "/api/read tells it"),
        (told(confidence="much"), "/api/read tells it"),
    ],
)
def test_a_reading_that_is_none_is_refused(sent, words):
    answer = rewrite(sent)
    assert answer.status == 422 and words in answer.content["error"]


@pytest.mark.parametrize(
    ("change", "words"),
    [({"digit": 11}, "11"), ({"script": "latin"}, "'latin'"), ({"script": ["mnist"]}, "['mnist']")],
)
def test_a_correction_to_what_is_no_digit_is_refused(change, words):
    reading = read()
    reading["lines"][0]["digits"][0] |= change
    answer = rewrite(reading)
    assert answer.status == 422 and words in answer.content["error"]


FORM = "multipart/form-data; boundary=b"


@pytest.mark.parametrize(
    ("path", "query", "body", "kind", "status", "words"),
    [
        ("read", "source=latin", png((9, 9)), "image/png", 422, "kannada"),
        ("read", "model=gpt", png((9, 9)), "image/png", 422, "gpt"),
        ("read", "", b"", "image/png", 422, "picture"),
        ("read", "", b"7, 8, 9", "image/png", 422, "picture"),
        ("read", "", encoded(PICTURE)[:900], "image/png", 422, "picture"),
        ("read", "", b"7, 8, 9", "text/plain", 415, "text/plain"),
        ("read", "", png((9000, 9000)), "image/png", 422, "9000"),
        ("read", "", bytes(page_api.MAX_FILE + 1), "image/png", 413, "40 MB"),
        ("rewrite", "", png((9, 9)), "image/png", 422, "target"),
        ("rewrite", "target=kannada", b"nothing", FORM, 422, "form"),
        ("rewrite", "target=kannada", b"--b--\r\n", FORM, 422, "no picture"),
        ("rewrite", "target=kannada", b"--b--\r\n", "multipart/form-data", 422, "form"),
    ],
)
def test_bad_requests_are_told_what_is_wrong(path, query, body, kind, status, words):
    answer = ask(f"/api/{path}", query, body, kind)
    assert answer.status == status
    assert words in answer.content["error"]


def test_pages_are_worked_on_one_at_a_time_and_too_many_are_refused(monkeypatch):
    at_work, most = 0, 0

    def find(picture: Image.Image) -> pages.Page:
        nonlocal at_work, most
        at_work += 1
        most = max(most, at_work)
        time.sleep(0.02)
        at_work -= 1
        return pages.Page(picture, (), 0.0, np.eye(2, 3), False)

    monkeypatch.setattr(pages, "find", find)

    async def crowd() -> list[Answer]:
        bodies = [png((20 + i, 20)) for i in range(page_api.VISITORS + 2)]
        return await asyncio.gather(
            *(respond(page_api.routes, "/api/read", each, kind="image/png") for each in bodies)
        )

    statuses = [answer.status_code for answer in asyncio.run(crowd())]
    assert statuses.count(200) == page_api.VISITORS and statuses.count(503) == 2
    assert most == 1
    assert ask("/api/read", "", png((9, 9))).status == 200  # there is room again


def test_a_page_is_found_once_and_forgotten_when_others_come(monkeypatch):
    found = []
    find = pages.find
    monkeypatch.setattr(pages, "find", lambda picture: found.append(picture.size) or find(picture))
    read(query="source=mnist"), read(query="source=kannada")
    assert len(found) == 1
    monkeypatch.setattr(page_api, "REMEMBERED", PICTURE.width * PICTURE.height + 100)
    read(Image.new("RGB", (200, 100), "white"))
    read()
    assert len(found) == 3


def test_what_takes_too_long_is_given_up(monkeypatch):
    monkeypatch.setattr(page_api, "PATIENCE", 0.05)
    monkeypatch.setattr(pages, "find", lambda picture: time.sleep(0.3))
    answer = ask("/api/read", "", encoded(PICTURE))
    assert answer.status == 503 and "smaller picture" in answer.content["error"]
