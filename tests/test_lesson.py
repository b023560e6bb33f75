"""A lesson: names for groups, then answers where they meet; kept whole, and served."""

import json
import re

import numpy as np
import pytest
import torch
from asgi import ask
from safetensors.torch import load_file, save_file
from streamlit.testing.v1 import AppTest
from test_spreading import arcs
from tiny_atlas import flat, scribbles, tiny_model

from demo import lesson_api, model
from unit_core import Translator, lesson
from unit_core.__main__ import main
from unit_core.checkpoint import LESSON, STATE, CheckpointError, read_json, write_json
from unit_core.domains import UNKNOWN
from unit_core.lesson import Lesson
from unit_core.networks import ModelConfig
from unit_core.provenance import Provenance
from unit_core.spreading import neighbours

SHIPPED = sorted(model.CHECKPOINTS.glob(f"*/{LESSON}"))
SEVEN, FOUR = 7, 4  # what the two bands say


@pytest.fixture(scope="module")
def bands() -> Lesson:
    """Two groups, of which one has taken the other's last digits."""
    features, label = arcs(200)
    groups = label.clone()
    groups[170:200] = 1
    labels = torch.where(label == 0, SEVEN, FOUR)
    places = np.zeros((400, 2), np.uint16)
    return Lesson(groups, neighbours(features), places, labels, b"a picture")


def taught(lesson: Lesson, count: int) -> list[int]:
    """How many digits are taken wrong after 0 to `count` true answers to what it asks."""
    answers = torch.full((len(lesson),), UNKNOWN)
    skipped = torch.zeros(len(lesson), dtype=torch.bool)
    wrong = []
    for _ in range(count + 1):
        turn = lesson.after(answers, skipped)
        wrong.append(int((turn.said != lesson.labels).sum()))
        if turn.next is not None:
            answers[turn.next] = lesson.labels[turn.next]
    return wrong


def test_groups_are_named_first_and_then_what_they_took_wrong_is_mended(bands):
    none, one, two, *later = taught(bands, 6)
    assert none == 400  # nobody has named anything
    assert 160 <= one <= 240 and 15 < two <= 30  # the neighbours of some knew better
    assert later[-1] < 15


def test_a_groups_name_is_what_its_clearest_digit_is_said_to_be(bands):
    """However many digits at its edge turn out to be others."""
    answers = torch.full((400,), UNKNOWN)
    answers[[20, 300]] = torch.tensor([SEVEN, FOUR])
    answers[170:180] = SEVEN
    said = bands.after(answers, torch.zeros(400, dtype=torch.bool)).said
    assert (said[200:] == FOUR).float().mean() > 0.95


def test_an_answer_of_which_no_group_is_speaks_for_its_digit_alone(bands):
    """Or else it would be as loud as whole groups."""
    nobody = torch.zeros(400, dtype=torch.bool)
    answers = torch.full((400,), UNKNOWN)
    answers[20] = SEVEN
    before = bands.after(answers, nobody).said
    answers[100] = FOUR  # in the same group: the other has no name yet
    after = bands.after(answers, nobody).said
    assert (after != before).nonzero().flatten().tolist() == [100]


def test_a_slip_that_gives_two_groups_one_name_is_asked_about(bands):
    answers = torch.full((400,), UNKNOWN)
    nobody = torch.zeros(400, dtype=torch.bool)
    first = bands.after(answers, nobody).next
    slip = FOUR if bands.labels[first] == SEVEN else SEVEN
    answers[first] = slip
    wrong = []
    for _ in range(8):
        turn = bands.after(answers, nobody)
        wrong.append(int((turn.said != bands.labels).sum()))
        answers[turn.next] = bands.labels[turn.next]
    assert wrong[1] > 150 and wrong[-1] < 40


def test_what_nobody_can_tell_is_not_asked_again(bands):
    answers, skipped = torch.full((400,), UNKNOWN), torch.zeros(400, dtype=torch.bool)
    for _ in range(401):
        asked = bands.after(answers, skipped).next
        if asked is None:
            break
        assert not skipped[asked]
        skipped[asked] = True
    assert asked is None


def test_it_is_saved_and_loaded(tmp_path):
    translator = tiny_model()
    made = lesson.prepare(translator, translator, scribbles(), "kannada", embed=flat(0))
    path = tmp_path / LESSON
    made.save(path)
    again = Lesson.load(path)
    assert torch.equal(again.groups, made.groups) and torch.equal(again.labels, made.labels)
    assert np.array_equal(again.places, made.places) and again.sprite == made.sprite
    assert taught(again, 12) == taught(made, 12)


@pytest.mark.parametrize("harm", ["missing", "noise", "short", "lacking", "class", "place", "nan"])
def test_a_lesson_that_cannot_be_read_says_how_to_prepare_one(tmp_path, bands, harm):
    path = tmp_path / LESSON
    bands.save(path)
    parts = load_file(path)
    if harm == "missing":
        path.unlink()
    elif harm == "noise":
        path.write_bytes(b"not tensors at all")
    else:
        if harm == "short":
            parts["groups"] = parts["groups"][:-1]
        elif harm == "lacking":
            del parts["near"]
        elif harm == "class":
            parts["labels"][0] = 12
        elif harm == "nan":
            parts["alike"][0] = float("nan")
        elif harm == "place":
            parts["near"][0] = 30_000
        save_file(parts, path)
    with pytest.raises(CheckpointError) as error:
        Lesson.load(path)
    assert str(path) in str(error.value)


# --- the routes -----------------------------------------------------------------------------------


@pytest.fixture
def served(tmp_path, monkeypatch):
    """A checkpoint with a lesson, the server's own."""
    translator = tiny_model()
    translator.save(tmp_path / "tiny")
    digits = scribbles()
    lesson.prepare(translator, translator, digits, "kannada", embed=flat(0)).save(
        tmp_path / "tiny" / LESSON
    )
    monkeypatch.setenv(model.CHECKPOINT_VARIABLE, str(tmp_path / "tiny"))
    for cache in (model.load_folder, model.shipped):
        cache.cache_clear()
    yield tmp_path / "tiny"
    for cache in (model.load_folder, model.shipped):
        cache.cache_clear()


def after(*answers: tuple[int, int]) -> tuple[int, np.ndarray]:
    """The next question, and what each digit is taken for."""
    body = np.array(answers, "<u2").tobytes()
    content = ask(lesson_api.routes, "/api/lesson/after", body).content["bytes"]
    said, clear = np.frombuffer(content, np.uint8, offset=4).reshape(2, -1)
    assert (clear[said == lesson_api.NOBODY] == 0).all()
    return int(np.frombuffer(content, "<u4", 1)[0]), said


def test_an_answer_is_heard_by_its_group(served):
    made = Lesson.load(served / LESSON)
    first, said = after()
    assert (said == lesson_api.NOBODY).all()
    following, said = after((first, 6))
    assert following != first and said[first] == 6
    own = (made.groups == made.groups[first]).numpy()
    assert (said[own] == 6).all() and (said[~own] == lesson_api.NOBODY).all()
    skipping, said = after((first, lesson_api.NOBODY))
    assert skipping != first and (said == lesson_api.NOBODY).all()


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"abc", 422, "pairs of uint16"),
        (np.array([[150, 3]], "<u2").tobytes(), 422, "digits are 0 to 149"),
        (np.array([[3, 10]], "<u2").tobytes(), 422, "labels 0 to 9 or 255"),
        (np.array([[3, 1], [3, 2]], "<u2").tobytes(), 422, "two answers"),
        (bytes(4 * 151), 413, "an answer to every digit"),
    ],
)
def test_bad_answers_are_told_what_is_wrong(served, body, status, words):
    answer = ask(lesson_api.routes, "/api/lesson/after", body)
    assert answer.status == status and words in answer.content["error"]


def test_another_lesson_than_the_page_has_is_refused(served):
    answer = ask(lesson_api.routes, "/api/lesson/after", b"", query="tag=0123456789abcdef")
    assert answer.status == 409 and "reload the page" in answer.content["error"]


def test_only_a_model_without_labels_has_something_to_learn(served, capsys):
    told = read_json(served / "config.json")
    told["provenance"] = {"labels": {"mnist": "100%", "kannada": "1%"}}
    write_json(served / "config.json", told)
    assert main(["lesson", str(served), "--points", "100"]) == 2
    assert "was given labels of kannada" in capsys.readouterr().err


def test_without_a_lesson_page_and_route_say_how_to_prepare_one(served):
    (served / LESSON).unlink()
    told = read_json(served / "config.json")
    told["provenance"] = {"labels": {"mnist": "100%", "kannada": "0"}}
    write_json(served / "config.json", told)
    page = AppTest.from_file(str(model.ROOT / "demo" / "pages" / "teach.py")).run()
    assert not page.exception
    assert re.search(r"python -m unit_core lesson .*tiny", page.code[0].value)
    answer = ask(lesson_api.routes, "/api/lesson/points")
    assert answer.status == 503 and "no lesson" in json.dumps(answer.content)


def test_of_a_model_that_was_taught_the_page_says_how_to_train_another(served, monkeypatch):
    (served / LESSON).unlink()
    monkeypatch.setenv("UNIT_DATA_DIR", "")
    told = read_json(served / "config.json")
    told["provenance"] = {"labels": {"mnist": "100%", "kannada": "1%"}}
    write_json(served / "config.json", told)
    _, train, prepare, show = lesson_api.how_to_prepare().splitlines()
    assert train == "python train.py --labels 0 --name none"
    assert prepare == "python -m unit_core lesson runs/none"
    assert show == "UNIT_CHECKPOINT=runs/none make demo"
    own = Provenance(labels={"mnist": "100%", "optical": "1%"})
    Translator(ModelConfig(domains=("mnist", "optical"), width=8, hidden=16), own).save(served)
    for cache in (model.load_folder, model.shipped):
        cache.cache_clear()
    _, train, prepare, show = lesson_api.how_to_prepare().splitlines()
    assert train.startswith("python train.py --domains mnist optical --data-dir DATA --labels 0 ")
    assert prepare == "python -m unit_core lesson runs/none --data-dir DATA"
    page = AppTest.from_file(str(model.ROOT / "demo" / "pages" / "teach.py")).run()
    assert train in page.code[0].value
    assert "unit_core" not in page.caption[0].value  # or else it would say something else


def test_a_run_is_shown_and_one_that_goes_on_is_told_of_first(
    served, tmp_path, monkeypatch, capsys
):
    run = tmp_path / "run"
    run.mkdir()
    (run / STATE).touch()
    monkeypatch.setenv(model.CHECKPOINT_VARIABLE, str(run))
    script = str(model.ROOT / "demo" / "pages" / "teach.py")
    assert f"{run} has not finished" in AppTest.from_file(script).run().error[0].value
    AppTest.from_file(script).run()
    assert capsys.readouterr().err.count("has not finished") == 1
    served.rename(run / "checkpoint")
    for cache in (model.load_folder, model.shipped):
        cache.cache_clear()
    assert [each.folder for each in model.shipped().values()] == [run / "checkpoint"]
    assert isinstance(model.load(), model.Model)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.parent.name)
def test_a_shipped_lesson_is_worth_taking(path):
    """Ten answers name nearly all, and doubts mend more than half of the rest."""
    shipped = Lesson.load(path)
    assert path.stat().st_size < 2e6
    wrong = taught(shipped, 120)
    assert wrong[10] < 0.02 * len(shipped) and wrong[-1] < wrong[10] / 2
