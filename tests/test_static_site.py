"""The site without a server, in headless Chromium: it says what the app says, and asks nobody."""

import re
import shutil
import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("playwright.sync_api", reason="needs playwright from PyPI")
for package in ("onnx", "onnxscript", "onnxruntime"):
    pytest.importorskip(package, reason=f"needs {package} from PyPI")

from browser import (  # noqa: E402
    DIGIT,
    LINE,
    ROOT,
    SEVEN,
    draw,
    has_ink,
    kannada_type,
    open_board,
    serve_files,
    state,
)
from playwright.sync_api import Page, expect  # noqa: E402

from demo import api, model, static  # noqa: E402
from unit_core import Translator  # noqa: E402
from unit_core.domains import domain  # noqa: E402

# Keeps the worker, and what it was asked and answered, at hand.
LISTEN = """
window.asked = new Map();
window.Worker = class extends Worker {
  constructor(...given) {
    super(...given);
    window.worker = this;
    this.addEventListener("message", ({ data }) => (asked.get(data.id).reply = data.json));
  }
  postMessage(question) {
    asked.set(question.id, { ...question });
    super.postMessage(question);
  }
};
"""
ASK = """([bytes, source, target]) => new Promise((answer) => {
  worker.onmessage = ({ data }) => answer(data.json);  // the page itself waits for none of these
  const body = Uint8Array.from(bytes);
  const query = { source, target, hint: "1" };
  worker.postMessage({ id: "test", route: "api/translate", query, body });
})"""
LAST = """() => {
  const answered = [...asked.values()].filter(({ reply }) => reply?.translation);
  const { query, body, reply } = answered.at(-1);
  return { ...query, picture: [...body], reply };
}"""


def command(out, served, **options):
    call = [sys.executable, "-m", "demo.static", str(out), "--checkpoint", str(served)]
    return subprocess.run(call, cwd=ROOT, capture_output=True, text=True, **options)


@pytest.fixture(scope="module")
def site(tmp_path_factory, served):
    if shutil.which("npm") is None:
        pytest.skip("needs npm, which comes with Node.js")
    out = tmp_path_factory.mktemp("build") / "site"
    made = command(out, served)
    if "npm could not fetch" in made.stderr:
        pytest.skip(made.stderr)
    assert made.returncode == 0, made.stderr
    assert re.search(r"a visitor loads \d+\.\d MB", made.stdout)
    return out


@pytest.fixture
def server(site):
    with serve_files(site) as server:
        yield server


@pytest.fixture
def address(server):
    return f"http://127.0.0.1:{server.server_port}"


@pytest.fixture
def page(context_of):
    page = context_of(viewport={"width": 1280, "height": 800}).new_page()
    page.add_init_script(LISTEN)
    return page


def agree(found: dict, expected: api.Reply) -> None:
    """As what Python says, but for the last digits of sums."""
    assert (found["state"], found["message"]) == (expected.state, expected.message)
    for name, tolerance in {"digit": 1, "translation": 2, "round_trip": 2}.items():
        mine, yours = (np.array(each) for each in (found[name], getattr(expected, name)))
        assert mine.shape == yours.shape
        np.testing.assert_allclose(mine, yours, atol=tolerance, err_msg=name)
    for name in ("code", "spread", "source_probabilities", "target_probabilities"):
        np.testing.assert_allclose(found[name], getattr(expected, name), atol=2e-3, err_msg=name)
    if expected.round_trip_error is not None:
        assert found["round_trip_error"] == pytest.approx(expected.round_trip_error, abs=1e-3)


def answer(translator: Translator, picture, source: str, target: str, hint=True) -> api.Reply:
    side = int(len(picture) ** 0.5)
    ink = np.array(picture, np.float32).reshape(side, side) / 255
    question = api.Question(translator, ink, domain(source), domain(target), hint)
    return api.answer_all([question])[0]


def test_draws_and_translates_with_the_server_gone(page: Page, server, address, served):
    open_board(page, address)
    expect(page.locator(".loading")).to_be_hidden()
    state(page, "empty")
    server.shutdown()
    server.server_close()
    translator = Translator.load(served)
    for way, stroke in (("mnist", SEVEN), ("kannada", LINE)):
        if way == "kannada":
            page.keyboard.press("x")
        draw(page, stroke)
        state(page, DIGIT)
        assert has_ink(page, ".seen") and has_ink(page, ".made")
        expect(page.locator(".hands .strip canvas")).to_have_count(10)
        page.wait_for_function("root => root.dataset.hands > 0", arg=page.query_selector(".board"))
        last = page.evaluate(LAST)
        assert last["source"] == way
        asked = last["picture"], last["source"], last["target"], "hint" in last
        agree(last["reply"], answer(translator, *asked))
    assert not page.locator(".place").is_visible()  # its map is the server's
    assert kannada_type(page) == ["loaded"]


def test_any_picture_is_read_as_python_reads_it(page: Page, address, served):
    open_board(page, address)
    translator = Translator.load(served)
    random = np.random.default_rng(5)
    pictures = [np.zeros((140, 140)), np.full((140, 140), 255), np.zeros((140, 140))]
    pictures[2][70:75, 70:74] = 200  # a dot
    pictures.append(np.zeros((140, 140)))
    pictures[3][70:80, 20:120] = 200  # a stroke
    for i in range(15):
        height, width = random.integers(9, 134 if i % 2 else 24, 2)
        top, left = (int(random.integers(0, 140 - length)) for length in (height, width))
        picture = np.zeros((140, 140))
        noise = random.integers(0, 256, (height, width)) * (random.random((height, width)) < 0.7)
        picture[top : top + height, left : left + width] = noise
        pictures.append(picture)
    four = np.zeros((140, 140))
    for rows, columns in ((slice(20, 84), 30), (slice(20, 124), 90), (76, slice(30, 112))):
        four[rows, columns] = 255
    pictures.append(np.maximum.reduce([np.roll(four, (i, j), (0, 1)) for i, j in np.ndindex(8, 8)]))
    states, hints = set(), 0
    for i, picture in enumerate(pictures):
        way = ["mnist", "kannada"][:: 1 if i % 3 else -1]
        body = picture.astype(np.uint8).ravel().tolist()
        expected = answer(translator, body, *way)
        states.add(expected.state)
        hints += expected.message.startswith("This looks like")
        agree(page.evaluate(ASK, [body, *way]), expected)
    assert {"empty", "dot", "flat", "full"} < states and hints


def test_interpolates(page: Page, address):
    page.goto(address)
    page.get_by_role("link", name="Interpolate").click()
    page.locator(".morph:not([data-answers='0']):not([data-busy])").wait_for(timeout=30_000)
    stage = page.locator(".stages canvas").first
    before = stage.evaluate("canvas => canvas.toDataURL()")
    answers = page.locator(".morph").get_attribute("data-answers")
    page.locator(".along").focus()
    page.keyboard.press("End")
    page.locator(f".morph:not([data-answers='{answers}']):not([data-busy])").wait_for()
    assert stage.evaluate("canvas => canvas.toDataURL()") != before
    expect(page.get_by_role("button", name="Save GIF")).to_be_hidden()
    expect(page.get_by_role("button", name="Save strip")).to_be_visible()


def test_a_model_that_does_not_come_is_told_of(page: Page, address, context_of):
    page.route("**/kannada.decoder.onnx", lambda route: route.fulfill(status=404))
    page.goto(address)
    expect(page.locator(".board .message")).to_contain_text("could not be loaded")
    expect(page.locator(".loading")).to_be_hidden()
    context_of.errors[:] = [error for error in context_of.errors if "404" not in error]


def test_colours_follow_the_system(context_of, address):
    page = context_of(color_scheme="dark").new_page()
    open_board(page, address)
    expect(page.locator("body")).to_have_css("background-color", "rgb(20, 21, 23)")
    expect(page.locator(".pad canvas")).to_have_css("color", "rgb(141, 180, 255)")


def test_a_space_can_be_made_of_it(site):
    readme = (site / "README.md").read_text(encoding="utf-8")
    assert readme.startswith("---\n") and "\nsdk: static\n" in readme
    assert static.size(site) < 25e6
    assert {path.name for path in (site / "runtime").iterdir()} == set(static.RUNTIME_FILES)


def test_what_is_missing_is_said(tmp_path, served, monkeypatch):
    npm_less = {"PATH": str(tmp_path), "OMP_NUM_THREADS": "1"}
    made = command(tmp_path / "site", served, env=npm_less)
    assert made.returncode == 2 and "install Node.js" in made.stderr
    assert not (tmp_path / "site").exists()
    monkeypatch.setenv(model.CHECKPOINT_VARIABLE, str(served))  # which building sets
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9")
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "empty"))
    if shutil.which("npm"):
        with pytest.raises(static.SiteError, match="could not fetch.*127.0.0.1:9") as told:
            static.build(tmp_path / "site", served)
        assert "\n" not in str(told.value)
        assert not (tmp_path / "site").exists()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letters.txt").touch()
    with pytest.raises(static.SiteError, match="name another folder"):
        static.build(tmp_path / "mine", served)
    assert (tmp_path / "mine" / "letters.txt").exists()
