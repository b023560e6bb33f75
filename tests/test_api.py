"""The translation behind the page: every drawing gets a calm answer, every bad request a clear one.

A stand-in translator: these tests need no checkpoint.
"""

import asyncio
import io
import json
import threading
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack
from functools import partial

import jsonschema
import numpy as np
import pytest
import torch
from asgi import BYTES, Answer, ask, respond
from PIL import Image
from starlette.requests import Request
from starlette.routing import Route
from streamlit.testing.v1 import AppTest

from demo import api, board, model, page_api, theme, web
from demo.batching import Batcher, Busy
from unit_core import Translator
from unit_core.checkpoint import SCALE
from unit_core.data import load_train, split
from unit_core.domains import DOMAINS
from unit_core.networks import ModelConfig, Posterior
from unit_core.provenance import Provenance

ARABIC, KANNADA = DOMAINS["mnist"], DOMAINS["kannada"]


class FakeTranslator:
    """Reads Arabic as `arabic` and Kannada as `kannada`, whatever is drawn."""

    def __init__(self, arabic: int = 3, kannada: int = 3, sureness: float = 0.97) -> None:
        self.reads, self.sureness = {"mnist": arabic, "kannada": kannada}, sureness

    domains = ("mnist", "kannada")
    provenance = Provenance()
    config = ModelConfig(latent_dim=12)

    def decode(self, z, domain):
        return torch.full((len(z), 28, 28), 0.2 + 0.6 * self.domains.index(domain))

    def encode(self, images, domain):
        """What a code says here is only whose it is, and of which script."""
        return torch.full((len(images), 12), float(self.domains.index(domain)))

    def posterior(self, images, domain):
        mean = self.encode(images, domain)
        return Posterior(mean, torch.ones_like(mean))

    def classify(self, images, domain):
        return self.classify_codes(self.encode(np.reshape(images, (-1, 28, 28)), domain))

    def classify_codes(self, z):
        rest = torch.full((len(z), 10), (1 - self.sureness) / 9)
        reads = [self.reads[self.domains[int(code[0])]] for code in z]
        return rest.scatter(1, torch.tensor(reads)[:, None], self.sureness)


def paper(*boxes: tuple[int, int, int, int], side: int = 140) -> np.ndarray:
    """A sheet with ink in each (top, left, bottom, right)."""
    picture = np.zeros((side, side), np.float32)
    for top, left, bottom, right in boxes:
        picture[top:bottom, left:right] = 1
    return picture


def encoded(picture: Image.Image, form: str = "PNG") -> bytes:
    file = io.BytesIO()
    picture.save(file, form)
    return file.getvalue()


def png(size: tuple[int, int]) -> bytes:
    """A white sheet."""
    return encoded(Image.new("1", size, 1))


SEVEN = paper((30, 30, 40, 80), (30, 70, 110, 80))


def test_a_digit_comes_back_with_all_that_the_page_shows():
    reply = api.translate(FakeTranslator(), SEVEN, ARABIC, KANNADA)
    assert reply.state == "ok"
    assert "3" in reply.message and "೩" in reply.message
    assert len(reply.digit) == len(reply.translation) == 784
    assert max(reply.digit) == 255
    assert np.argmax(reply.source_probabilities) == np.argmax(reply.target_probabilities) == 3
    assert sum(reply.source_probabilities) == pytest.approx(1, abs=1e-3)


def test_kannada_is_stretched_as_its_dataset_was():
    arabic, kannada = (
        np.reshape(api.translate(FakeTranslator(), SEVEN, script, other).digit, (28, 28))
        for script, other in ((ARABIC, KANNADA), (KANNADA, ARABIC))
    )
    assert np.any(kannada, axis=0).sum() < np.any(arabic, axis=0).sum()


@pytest.mark.parametrize(
    ("picture", "state"),
    [
        (paper(), "empty"),
        (paper((60, 60, 66, 66)), "dot"),
        (paper((60, 20, 72, 120)), "flat"),
        (paper((0, 0, 140, 140)), "full"),
        (paper((10, 60, 130, 62)), "ok"),
    ],
)
def test_what_is_no_digit_gets_a_calm_word(picture, state):
    reply = api.translate(FakeTranslator(), picture, KANNADA, ARABIC)
    assert reply.state == state and reply.message
    assert bool(reply.translation) == (state == "ok")


@pytest.mark.parametrize("script", [ARABIC, KANNADA])
def test_no_real_digit_is_too_flat_as_a_pen_draws_it(real_data, script):
    digits = split(load_train(script.name, real_data)).validation
    for image in digits.images[::10].numpy():
        size = 140, round(140 / script.stretch)
        drawn = np.zeros((140, 140), np.float32)
        drawn[: size[1]] = np.asarray(Image.fromarray(image).resize(size)) / 255
        reply = api._no_digit(api.Question(FakeTranslator(), drawn, script, ARABIC))
        assert reply is None, reply


@pytest.mark.parametrize("translator", [FakeTranslator(kannada=8), FakeTranslator(sureness=0.3)])
def test_weak_evidence_is_said(translator):
    reply = api.translate(translator, SEVEN, ARABIC, KANNADA)
    assert reply.state == "unsure" and len(reply.translation) == 784


class Arab(FakeTranslator):
    """Draws again what it has seen as Arabic, but nothing of the kind in Kannada."""

    folder = None

    def encode(self, images, domain):
        self.seen = torch.as_tensor(images).reshape(-1, 28, 28)
        return super().encode(self.seen, domain)

    def decode(self, z, domain):
        return self.seen if domain == "mnist" else super().decode(z, domain)


def test_a_digit_of_the_other_script_is_told_to_who_wants_a_hint(tmp_path):
    translator = Arab()
    right = api.Question(translator, SEVEN, ARABIC, KANNADA, hint=True)
    wrong = api.Question(translator, SEVEN, KANNADA, ARABIC, hint=True)
    unasked = api.Question(translator, SEVEN, KANNADA, ARABIC)
    blank = api.Question(translator, paper(), KANNADA, ARABIC, hint=True)
    replies = api.answer_all([wrong, right, unasked, blank, wrong])
    hint = "This looks like 3 in Arabic. Change the script?"
    assert [reply.message == hint for reply in replies] == [True, False, False, False, True]
    assert replies[1] == api.translate(translator, SEVEN, ARABIC, KANNADA)
    translator.folder = tmp_path
    (tmp_path / SCALE).write_text('{"picture": "much"}')
    assert [r.message == hint for r in api.answer_all([wrong, right])] == [False, False]
    translator.folder = None
    translator.provenance = Provenance(labels={"mnist": "0"})  # its groups have no names to go by
    assert api.answer_all([wrong])[0].message != hint


@pytest.mark.parametrize(("source", "target"), [(ARABIC, KANNADA), (KANNADA, ARABIC)])
def test_a_model_that_was_told_no_names_claims_none(source, target):
    translator = FakeTranslator()
    translator.provenance = Provenance(labels={"mnist": "100%", "kannada": "0"})
    (reply,) = api.answer_all([api.Question(translator, SEVEN, source, target)])
    assert reply.state == "ok"
    assert reply.message == "It calls this ೩; nobody told it the names in Kannada."


# --- the route ------------------------------------------------------------------------------------


def post(
    body: bytes,
    query: str = "source=mnist&target=kannada",
    kind: str = BYTES,
    method: str = "POST",
    path: str = "/api/translate",
    accept: str = "*/*",
    visitor: str = "127.0.0.1",
) -> Answer:
    return ask(
        api.routes,
        path,
        body,
        query=query,
        kind=kind,
        method=method,
        visitor=visitor,
        headers={"accept": accept},
    )


@pytest.fixture
def served(monkeypatch):
    held = model.Model(FakeTranslator(), {"mnist": ARABIC, "kannada": KANNADA})
    monkeypatch.setattr(model, "load", lambda name=None: held)


BODY = (SEVEN * 255).astype(np.uint8).tobytes()


def test_the_route_answers_as_the_function(served):
    answer = post(BODY)
    assert answer.status == 200
    assert answer.content["state"] == "ok"
    assert answer.content["digit"] == api.translate(FakeTranslator(), SEVEN, ARABIC, KANNADA).digit


@pytest.mark.parametrize(
    ("request_", "status", "words"),
    [
        ({"body": b""}, 422, "square"),
        ({"body": b"x" * 50}, 422, "got 50"),
        ({"body": bytes(513 * 513)}, 413, "512"),
        ({"body": bytes(4_000_000)}, 413, "512"),
        (
            {"body": BODY, "kind": "image/png"},
            422,
            "no picture that can be read: take a PNG, JPEG or WebP",
        ),
        ({"body": b"GIF89a", "kind": "image/gif"}, 415, "image/gif"),
        ({"body": BODY, "kind": ""}, 415, "application/octet-stream"),
        ({"body": png((6000, 6000)), "kind": "image/png"}, 413, "6000 x 6000"),
        ({"body": png((60, 60)), "kind": "image/png", "path": "/api/classify"}, 422, "no ink"),
        ({"body": png((60, 60)), "kind": "image/png", "accept": "image/png"}, 422, "no ink"),
        ({"body": BODY, "query": "source=mnist&target=latin"}, 422, "kannada"),
        ({"body": BODY, "query": "source=mnist"}, 422, "target"),
        ({"body": BODY, "query": "source=mnist&target=mnist"}, 422, "same script"),
        ({"body": BODY, "query": "source=mnist&target=kannada&model=gpt"}, 422, "gpt"),
        ({"body": bytes(49), "path": "/api/decode"}, 422, "12 float32"),
        ({"body": b"", "path": "/api/decode"}, 422, "got 0 bytes"),
        ({"body": np.full(12, np.nan, "<f4").tobytes(), "path": "/api/decode"}, 422, "finite"),
        ({"body": bytes(48 * 257), "path": "/api/decode"}, 413, "256 codes"),
    ],
)
def test_bad_requests_are_told_what_is_wrong(served, request_, status, words):
    answer = post(**request_)
    assert answer.status == status
    assert words in answer.content["error"]


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("inverted", [False, True])
def test_a_picture_is_as_good_as_bytes(served, form, inverted):
    bright = SEVEN if inverted else 1 - SEVEN
    picture = Image.fromarray((255 * bright).astype(np.uint8))
    answer = post(encoded(picture, form), kind=f"image/{form.lower()}")
    assert answer.status == 200 and answer.content["state"] == "ok"
    expected = np.array(post(BODY).content["digit"], float)
    assert (
        np.abs(np.array(answer.content["digit"]) - expected).mean() < 8
    )  # JPEG is near, not equal


def test_a_picture_comes_back_as_one(served):
    answer = post(BODY, accept="image/png")
    with Image.open(io.BytesIO(answer.content["bytes"])) as picture:
        assert picture.size == (280, 280) and picture.mode == "L"


def test_which_digit_it_is(served):
    answer = post(BODY, "source=kannada", path="/api/classify")
    assert (answer.content["digit"], answer.content["glyph"]) == (3, "೩")
    assert sum(answer.content["probabilities"]) == pytest.approx(1, abs=1e-3)


def test_the_schema_is_of_what_the_routes_answer(served):
    def told(routes: list[Route]) -> dict:
        schema = ask(routes, "/api/schema").content
        assert set(schema["paths"]) == {route.path for route in routes} - {"/api/schema"}
        return schema

    told(api.routes)  # as the Gradio app serves
    schema = told(api.routes + page_api.routes)
    for path, method, query, name in (
        ("/api/translate", "POST", "source=mnist&target=kannada", "Reply"),
        ("/api/classify", "POST", "source=mnist", "Classification"),
        ("/api/health", "GET", "", "Health"),
    ):
        answer = post(BODY, query, path=path, method=method)
        assert answer.status == 200
        document = {"$ref": f"#/components/schemas/{name}", "components": schema["components"]}
        jsonschema.validate(answer.content, document)


# --- many at once ---------------------------------------------------------------------------------


def test_a_batch_answers_each_as_if_alone():
    one, two = FakeTranslator(), FakeTranslator(arabic=7)
    thin = paper((60, 10, 62, 130))
    questions = [
        api.Question(one, SEVEN, ARABIC, KANNADA),
        api.Question(one, paper(), ARABIC, KANNADA),
        api.Question(two, SEVEN, ARABIC, KANNADA),
        api.Question(one, thin, KANNADA, ARABIC),
        api.Question(one, thin, ARABIC, KANNADA),
    ]
    alone = [api.translate(q.translator, q.picture, q.source, q.target) for q in questions]
    assert api.translate_all(questions) == alone


def test_what_waits_goes_together_and_an_error_reaches_all_who_asked():
    sizes = []

    def work(numbers):
        sizes.append(len(numbers))
        time.sleep(0.05)
        return [10 // number for number in numbers]

    async def visitors() -> list:
        batcher = Batcher(work, most=4)
        good = await asyncio.gather(*(batcher.ask(n) for n in (1, 2, 5, 10, 1, 2)))
        bad = await asyncio.gather(batcher.ask(0), return_exceptions=True)
        return [*good, *bad, await batcher.ask(5)]

    *numbers, error, last = asyncio.run(visitors())
    assert numbers == [10, 5, 2, 1, 10, 5] and isinstance(error, ZeroDivisionError) and last == 2
    assert sizes[:2] == [4, 2]


def test_too_many_are_refused_not_kept_waiting():
    async def crowd() -> list:
        batcher = Batcher(lambda numbers: numbers, queue=3)
        return await asyncio.gather(*(batcher.ask(n) for n in range(5)), return_exceptions=True)

    answers = asyncio.run(crowd())
    assert answers[:3] == [0, 1, 2] and all(isinstance(answer, Busy) for answer in answers[3:])


def test_nobody_takes_all_the_places(served, monkeypatch):
    monkeypatch.setattr(web, "SHARE", 2)
    monkeypatch.setattr(web, "PLACES", 3)
    assert post(BODY, visitor="a").status == 200
    with ExitStack() as waiting:
        for visitor in ("a", "a", "b"):
            waiting.enter_context(web.place(Request({"type": "http", "client": (visitor, 1)})))
        assert post(BODY, visitor="a").status == 429
        assert post(BODY, visitor="c").status == 503
    assert post(BODY, visitor="a").status == 200 and not web._taken


def test_of_files_two_at_a_time_are_unpacked_and_drawings_wait_for_none(served, monkeypatch):
    """Until they are answered: a small file may be a large picture."""
    places = asyncio.Semaphore(2)
    taken = []

    async def translated(question: api.Question) -> api.Reply:
        taken.append(places.locked())
        return api.Reply("empty", "")

    async def send(body: bytes, kind: str = BYTES) -> int:
        query = "source=mnist&target=kannada"
        return (await respond(api.routes, "/api/translate", body, query, kind)).status_code

    async def visit() -> None:
        async with places:  # somebody else's
            assert await send(FILE, "image/png") == await send(BODY) == 200
            assert taken == [True, False]
            async with places:
                assert await send(BODY) == 200
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.1):
                        await send(FILE, "image/png")
        assert await send(FILE, "image/png") == 200

    FILE = encoded(Image.fromarray(np.frombuffer(BODY, np.uint8).reshape(SEVEN.shape)))
    monkeypatch.setattr(api, "UNPACKING", places)
    monkeypatch.setattr(api, "translated", translated)
    asyncio.run(visit())


def test_codes_are_decoded_in_every_script(served):
    answer = post(np.zeros((3, 12), "<f4").tobytes(), path="/api/decode")
    pictures = np.frombuffer(answer.content["bytes"], np.uint8).reshape(3, 2, 784)
    assert answer.status == 200
    assert (pictures[:, 0] == 51).all() and (pictures[:, 1] == 204).all()


def test_only_post(served):
    assert post(b"", method="GET").status == 405


def test_what_is_not_there_is_told_as_json(served):
    routes = [*api.routes, web.rest(api.routes)]
    wrong = ask(routes, "/api/translate")
    assert wrong.status == 405 and wrong.content["error"] == "/api/translate is for POST, not GET"
    lost = ask(routes, "/api/translat", b"")
    assert lost.status == 404 and "/api/translat" in lost.content["error"]
    assert ask(routes, "/api/health").status == 200


def test_scripts_of_a_model_have_colours_of_their_own():
    found = theme.inks(["telugu", "mnist", "devanagari", "kannada"])
    assert len(set(found.values())) == 4
    assert found["mnist"] == theme.inks(["kannada", "mnist"])["mnist"]


# --- the choice of models ---


def test_models_come_by_the_labels_they_saw(monkeypatch, tmp_path):
    for name, labels, images in (("full", "100%", 55000), ("few", "1%", 550), ("none", "0", 0)):
        provenance = Provenance(
            labels={"mnist": "100%", "kannada": labels},
            labelled_images={"mnist": 55000, "kannada": images},
        )
        Translator(ModelConfig(width=8, hidden=16), provenance).save(tmp_path / name)
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "config.json").write_text("{")
    (tmp_path / "other").mkdir()
    content = json.loads((tmp_path / "few" / "config.json").read_text()) | {"provenance": []}
    (tmp_path / "other" / "config.json").write_text(json.dumps(content))
    monkeypatch.delenv(model.CHECKPOINT_VARIABLE, raising=False)
    monkeypatch.setattr(model, "CHECKPOINTS", tmp_path)
    model.shipped.cache_clear()
    model.load_folder.cache_clear()
    try:
        assert [each.title for each in model.shipped().values()] == ["none", "1 %", "all"]
        monkeypatch.setattr(model, "DEFAULT", "few")
        assert model.load() is model.load("few")  # one of a kind, asked for by name or not
        answer = post(BODY, "source=mnist&target=kannada&model=few")
        assert answer.status == 200 and len(answer.content["translation"]) in (0, 784)
        assert post(BODY, "source=mnist&target=kannada&model=broken").status == 422
    finally:
        model.shipped.cache_clear()
        model.load_folder.cache_clear()


def test_who_has_a_model_does_not_wait_for_anothers(three_models, monkeypatch):
    assert isinstance(model.load("more"), model.Model)
    loading, goes_on, load = threading.Event(), threading.Event(), Translator.load

    def slowly(folder):
        loading.set()
        assert goes_on.wait(20)
        return load(folder)

    monkeypatch.setattr(Translator, "load", slowly)

    async def both() -> tuple[int, int]:
        query = "source=mnist&target=kannada&model="
        ask = partial(respond, api.routes, "/api/translate", BODY)
        late = asyncio.create_task(ask(f"{query}full"))
        await asyncio.to_thread(loading.wait, 20)
        early = await asyncio.wait_for(ask(f"{query}more"), 10)
        assert not late.done()
        goes_on.set()
        return early.status_code, (await late).status_code

    assert asyncio.run(both()) == (200, 200)


def test_the_board_offers_models_of_the_same_scripts_and_first_the_default(three_models):
    told = board.data(model.load())
    assert [each["name"] for each in told["models"]] == ["full", "more"]
    assert told["shown"] == "full"


# --- no checkpoint --------------------------------------------------------------------------------


def test_without_a_checkpoint_page_and_route_say_how_to_get_one(monkeypatch, tmp_path):
    monkeypatch.setenv(model.CHECKPOINT_VARIABLE, str(tmp_path / "none"))
    model.load_folder.cache_clear()
    try:
        page = AppTest.from_file(str(model.ROOT / "demo" / "pages" / "translate.py")).run()
        assert not page.exception
        assert "python train.py" in page.code[0].value
        assert str(tmp_path) in page.caption[0].value
        assert post(BODY).status == 503
    finally:
        model.load_folder.cache_clear()


def test_a_body_that_does_not_arrive_is_not_waited_for() -> None:
    class Slow:
        async def stream(self) -> AsyncIterator[bytes]:
            yield b"half"
            await asyncio.sleep(60)

    with pytest.raises(web.BadRequest, match="did not arrive within 0.05 seconds") as refusal:
        asyncio.run(web.body(Slow(), 100, "a hundred bytes", 0.05))  # type: ignore[arg-type]
    assert refusal.value.status == 408
