"""The animation to take home: the right frames in the right colours, bad requests told so."""

import io

import numpy as np
import pytest
import torch
from asgi import Answer, ask
from PIL import Image

from demo import keepsake, model
from unit_core.domains import DOMAINS
from unit_core.networks import ModelConfig

DOMAINS_SHOWN = [DOMAINS["mnist"], DOMAINS["kannada"]]
COLOURS = "paper=f6f5f1&inks=2450a4,b8371f"


class Fading:
    """Pictures as dark all over as a code's first number says; Kannada's are blank."""

    domains = ("mnist", "kannada")
    config = ModelConfig(latent_dim=12)

    def decode(self, z, domain):
        ink = z[:, :1, None].clamp(0, 1) if domain == "mnist" else torch.zeros(len(z), 1, 1)
        return ink.expand(-1, 28, 28)


def codes(count: int = 5) -> np.ndarray:
    return np.linspace(0.25, 0.55, count)[:, None] * np.eye(1, 12)


def test_it_plays_there_and_back_in_the_scripts_colours():
    gif = keepsake.animation(
        Fading(), DOMAINS_SHOWN, torch.tensor(codes()), "#f6f5f1", ["#2450a4", "#b8371f"]
    )
    film = Image.open(io.BytesIO(gif))
    assert film.size == (2 * keepsake.SIDE, keepsake.SIDE)
    assert film.n_frames == 8 and film.info["loop"] == 0
    tones, waits = [], []
    for number in range(film.n_frames):
        film.seek(number)
        frame = film.convert("RGB")
        tones.append(frame.getpixel((120, 120))[0])
        waits.append(film.info["duration"])
        assert frame.getpixel((360, 120)) == (0xF6, 0xF5, 0xF1)
    assert tones[:5] == sorted(tones[:5], reverse=True) and len(set(tones)) == 5
    assert tones[5:] == tones[3:0:-1]
    assert waits[0] == waits[4] == keepsake.REST and set(waits[1:4]) == {keepsake.FRAME}


@pytest.fixture
def served(monkeypatch):
    held = model.Model(Fading(), {each.name: each for each in DOMAINS_SHOWN})
    monkeypatch.setattr(model, "load", lambda name=None: held)


def gif(count: int, query: str) -> Answer:
    body = codes(count).astype("<f4").tobytes()
    return ask(keepsake.routes, "/api/gif", body, query=query)


def test_the_route_answers_with_the_gif(served):
    answer = gif(3, COLOURS)
    assert answer.status == 200
    assert Image.open(io.BytesIO(answer.content["bytes"])).n_frames == 4


@pytest.mark.parametrize(
    ("count", "query", "status", "words"),
    [
        (1, COLOURS, 422, "two codes"),
        (65, COLOURS, 413, "64 codes"),
        (3, "", 422, "RRGGBB"),
        (3, "paper=f6f5f1&inks=2450a4", 422, "2 of them"),
        (3, "paper=red&inks=2450a4,b8371f", 422, "RRGGBB"),
    ],
)
def test_bad_requests_are_told_what_is_wrong(served, count, query, status, words):
    answer = gif(count, query)
    assert answer.status == status and words in answer.content["error"]
