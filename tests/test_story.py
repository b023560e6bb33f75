"""What the page How it works asks for: opinions in order, results from files, never made up."""

import json

import numpy as np
import pytest
import torch
from asgi import ask
from test_api import ARABIC, BODY, KANNADA, SEVEN, FakeTranslator, paper
from test_reports import results

from demo import model, story
from unit_core.translator import Opinion


class Critical(FakeTranslator):
    """Takes drawings (ink 0 and 1) for real, what it made itself (all grey) for made."""

    def encode(self, images, domain):
        return torch.zeros(1, 12)

    def discriminate(self, images, domain):
        grey = float(np.asarray(images).min()) > 0
        digit = 7 if domain == "kannada" else 3
        return Opinion(torch.tensor([-0.5 if grey else 1.5]), torch.eye(10)[[digit]])


def test_the_drawing_its_copy_and_its_translation_come_before_the_right_critic():
    drawn, copied, translated = story.exhibits(Critical(), SEVEN, ARABIC, KANNADA)
    assert [each.kind for each in (drawn, copied, translated)] == [
        "drawn",
        "reconstructed",
        "translated",
    ]
    assert [each.script for each in (drawn, copied, translated)] == ["mnist", "mnist", "kannada"]
    assert drawn.realness == 1.5 and copied.realness == translated.realness == -0.5
    assert max(drawn.picture) == 255 and len(drawn.picture) == 784
    assert set(copied.picture) == {51} and set(translated.picture) == {204}
    assert np.argmax(translated.probabilities) == 7


def test_an_empty_sheet_has_nothing_to_show():
    assert story.exhibits(Critical(), paper(), ARABIC, KANNADA) == []


@pytest.mark.parametrize(
    ("body", "query", "status", "words"),
    [
        (BODY, "source=mnist&target=kannada", 200, ""),
        (b"x" * 50, "source=mnist&target=kannada", 422, "got 50"),
        (BODY, "source=mnist&target=mnist", 422, "same script"),
        (BODY, "source=latin&target=mnist", 422, "kannada"),
        (bytes(513 * 513), "source=mnist&target=kannada", 413, "512"),
    ],
)
def test_the_route(monkeypatch, body, query, status, words):
    held = model.Model(Critical(), {"mnist": ARABIC, "kannada": KANNADA})
    monkeypatch.setattr(model, "load", lambda name=None: held)
    answer = ask(story.routes, "/api/inspect", body, query=query)
    assert answer.status == status
    if status == 200:
        assert len(answer.content["exhibits"]) == 3
    else:
        assert words in answer.content["error"]


def test_results_are_read_from_the_files_and_left_out_where_there_are_none(monkeypatch, tmp_path):
    def shipped(name: str, labelled: int, told: str | None, last="kannada") -> model.Shipped:
        folder = tmp_path / name
        folder.mkdir()
        if told is not None:
            (folder / "results.json").write_text(told)
        labels = "20 chosen" if name == "asked" else "1%" if labelled else "0"
        return model.Shipped(name, folder, ("mnist", last), labels, labelled)

    good = json.dumps(results(12.5))
    models = [
        shipped("none", 0, good),
        shipped("few", 10, good),
        shipped("asked", 20, good),
        shipped("unmeasured", 25, None),
        shipped("torn", 30, good[:20]),
        shipped("other", 40, json.dumps({"tests": []})),
        shipped("own", 50, good.replace("kannada", "telugu"), last="telugu"),
    ]
    monkeypatch.setattr(model, "shipped", lambda: {each.name: each for each in models})
    assert story.by_labels() == [
        # Without a label groups have no names: matched.
        {"labelled": 0, "asked": False, "judge": 13.5},
        {"labelled": 10, "asked": False, "judge": 12.5},
        {"labelled": 20, "asked": True, "judge": 12.5},
        {"labelled": 50, "asked": False, "judge": 12.5},  # of its own last script
    ]
