"""The translation behind the page: every drawing gets a calm answer, every bad request a clear one.

A stand-in translator: these tests need no checkpoint.
"""

import asyncio
import json
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from starlette.applications import Starlette
from streamlit.testing.v1 import AppTest

from demo import api, model
from unit_core import Translator
from unit_core.domains import DOMAINS
from unit_core.networks import ModelConfig, Posterior

ARABIC, KANNADA = DOMAINS["mnist"], DOMAINS["kannada"]


class FakeTranslator:
    """Reads Arabic as `arabic` and Kannada as `kannada`, whatever is drawn."""

    def __init__(self, arabic: int = 3, kannada: int = 3, sureness: float = 0.97) -> None:
        self.reads, self.sureness = {"mnist": arabic, "kannada": kannada}, sureness

    domains = ("mnist", "kannada")
    config = ModelConfig(latent_dim=12)

    def posterior(self, images, domain):
        return Posterior(torch.zeros(1, 12), torch.ones(1, 12))

    def decode(self, z, domain):
        return torch.full((len(z), 28, 28), 0.2 + 0.6 * self.domains.index(domain))

    def translate(self, images, source, target):
        assert source != target
        return torch.as_tensor(images).reshape(-1, 28, 28).flip(1)

    def classify(self, images, domain):
        rest = torch.full((1, 10), (1 - self.sureness) / 9)
        return rest.index_fill(1, torch.tensor(self.reads[domain]), self.sureness)


def paper(*boxes: tuple[int, int, int, int], side: int = 140) -> np.ndarray:
    """A sheet with ink in each (top, left, bottom, right)."""
    picture = np.zeros((side, side), np.float32)
    for top, left, bottom, right in boxes:
        picture[top:bottom, left:right] = 1
    return picture


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
        (paper((0, 0, 140, 140)), "full"),
        (paper((60, 10, 62, 130)), "ok"),
    ],
)
def test_what_is_no_digit_gets_a_calm_word(picture, state):
    reply = api.translate(FakeTranslator(), picture, KANNADA, ARABIC)
    assert reply.state == state and reply.message
    assert bool(reply.translation) == (state == "ok")


@pytest.mark.parametrize("translator", [FakeTranslator(kannada=8), FakeTranslator(sureness=0.3)])
def test_weak_evidence_is_said(translator):
    reply = api.translate(translator, SEVEN, ARABIC, KANNADA)
    assert reply.state == "unsure" and len(reply.translation) == 784


# --- the route ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Answer:
    status: int
    content: dict


def post(
    body: bytes,
    query: str = "source=mnist&target=kannada",
    kind: str = "application/octet-stream",
    method: str = "POST",
    path: str = "/api/translate",
) -> Answer:
    """One request, straight into the ASGI application."""
    chunks = [body[i : i + 65536] for i in range(0, len(body), 65536)] or [b""]
    incoming = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    incoming.append({"type": "http.request", "body": b"", "more_body": False})
    sent: list[dict] = []

    async def receive() -> dict:
        return incoming.pop(0)

    async def send(message: dict) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(b"content-type", kind.encode())],
    }
    asyncio.run(Starlette(routes=api.routes)(scope, receive, send))
    body = b"".join(message.get("body", b"") for message in sent)
    kind = dict(sent[0]["headers"]).get(b"content-type", b"")
    content = json.loads(body) if kind == b"application/json" else {"bytes": body}
    return Answer(sent[0]["status"], content)


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
        ({"body": BODY, "kind": "image/png"}, 415, "image/png"),
        ({"body": BODY, "kind": ""}, 415, "application/octet-stream"),
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


def test_codes_are_decoded_in_every_script(served):
    answer = post(np.zeros((3, 12), "<f4").tobytes(), path="/api/decode")
    pictures = np.frombuffer(answer.content["bytes"], np.uint8).reshape(3, 2, 784)
    assert answer.status == 200
    assert (pictures[:, 0] == 51).all() and (pictures[:, 1] == 204).all()


def test_only_post(served):
    assert post(b"", method="GET").status == 405


# --- the choice of models ---


def test_models_come_by_the_labels_they_saw(monkeypatch, tmp_path):
    for name, labels, images in (("full", "100%", 55000), ("few", "1%", 550), ("none", "0", 0)):
        provenance = {
            "labels": {"mnist": "100%", "kannada": labels},
            "labelled_images": {"mnist": 55000, "kannada": images},
        }
        Translator(ModelConfig(width=8, hidden=16), provenance).save(tmp_path / name)
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "config.json").write_text("{")
    monkeypatch.delenv(model.CHECKPOINT_VARIABLE, raising=False)
    monkeypatch.setattr(model, "CHECKPOINTS", tmp_path)
    model.shipped.cache_clear()
    model.load.cache_clear()
    try:
        assert [each.title for each in model.shipped().values()] == ["none", "1 %", "all"]
        answer = post(BODY, "source=mnist&target=kannada&model=few")
        assert answer.status == 200 and len(answer.content["translation"]) in (0, 784)
        assert post(BODY, "source=mnist&target=kannada&model=broken").status == 422
    finally:
        model.shipped.cache_clear()
        model.load.cache_clear()


# --- no checkpoint --------------------------------------------------------------------------------


def test_without_a_checkpoint_page_and_route_say_how_to_get_one(monkeypatch, tmp_path):
    monkeypatch.setenv(model.CHECKPOINT_VARIABLE, str(tmp_path / "none"))
    model.load.cache_clear()
    try:
        page = AppTest.from_file(str(model.ROOT / "demo" / "pages" / "translate.py")).run()
        assert not page.exception
        assert "python train.py" in page.code[0].value
        assert str(tmp_path) in page.caption[0].value
        assert post(BODY).status == 503
    finally:
        model.load.cache_clear()
