"""The folders for Spaces: assembled by their command, started as their own files say."""

import json
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import httpx
import pytest

pytest.importorskip("playwright.sync_api", reason="needs playwright from PyPI")
pytest.importorskip("gradio", reason="needs gradio from PyPI")

from browser import DIGIT, ROOT, SEVEN, draw, free_port, open_board, running, state  # noqa: E402

from demo import model, spaces  # noqa: E402
from unit_core import Translator  # noqa: E402
from unit_core.checkpoint import CheckpointError  # noqa: E402
from unit_core.networks import ModelConfig  # noqa: E402

# The virtual environment's own programs come first, as they do in an image.
PATH = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"}


@pytest.fixture(scope="module")
def build(tmp_path_factory):
    if not (ROOT / "checkpoints/full/config.json").exists():
        pytest.skip("needs the shipped checkpoints")
    out = tmp_path_factory.mktemp("build")
    command = [sys.executable, "-m", "demo.spaces", str(out)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return out


def front_matter(folder: Path) -> dict[str, str]:
    block = (folder / "README.md").read_text("utf-8").split("---")[1]
    return {key: value.strip('" ') for key, value in re.findall(r"^(\w+):(.*)$", block, re.M)}


def exec_form(folder: Path, instruction: str) -> list[str]:
    """The command in JSON that `instruction` of the Dockerfile ends with."""
    text = (folder / "Dockerfile").read_text("utf-8").replace("\\\n", "")
    return json.loads(re.search(rf"^{instruction}\b.*?(\[.*\])$", text, re.M)[1])


@pytest.fixture
def without(tmp_path):
    """Makes an environment in which Python finds none of the packages that a Space is spared."""

    def make(space: spaces.Space) -> dict[str, str]:
        found = metadata.packages_distributions().items()
        hidden = [name for name, packages in found if set(space.spared) & set(packages)]
        (tmp_path / "sitecustomize.py").write_text(
            f"import sys\nsys.modules |= dict.fromkeys({hidden})\n", encoding="utf-8"
        )
        return {"PYTHONPATH": str(tmp_path)}

    return make


@pytest.fixture
def address(build, without, request):
    """The Space that the test names, served from its folder alone."""
    folder, port = build / f"space-{request.param}", free_port()
    url = f"http://127.0.0.1:{port}"
    if request.param == "gradio":
        command = [sys.executable, front_matter(folder)["app_file"]]
        health = url
    else:
        command = [word.replace("8501", str(port)) for word in exec_form(folder, "CMD")]
        command[0] = str(Path(sys.executable).parent / command[0])
        health = f"{url}/_stcore/health"
    (space,) = (each for each in spaces.SPACES if each.name == request.param)
    environment = {"GRADIO_SERVER_PORT": str(port)} | without(space)
    with running(command, health, environment, folder):
        yield url


@pytest.mark.parametrize("address", ["gradio", "streamlit"], indirect=True)
def test_a_space_is_drawn_on(page, address, build):
    open_board(page, address)
    draw(page, SEVEN)
    state(page, DIGIT)
    models = httpx.get(f"{address}/api/health").json()["models"]
    assert len(models) == len(list((build / "space-gradio/checkpoints").iterdir()))


@pytest.mark.parametrize("address", ["streamlit"], indirect=True)
def test_the_images_own_check_tells_a_server_from_none(address, build):
    check = exec_form(build / "space-streamlit", "HEALTHCHECK")
    for port, healthy in ((address.rpartition(":")[2], True), (str(free_port()), False)):
        words = [word.replace("8501", port) for word in check]
        ran = subprocess.run(words, env=PATH, capture_output=True)
        assert (ran.returncode == 0) == healthy


def test_only_what_is_shown_is_there(build):
    gradio, streamlit = build / "space-gradio", build / "space-streamlit"
    for folder in (gradio, streamlit):
        assert not (folder / "train.py").exists()
        assert not (folder / "unit_core/training.py").exists()
        assert not list(folder.rglob("judges/*"))
        needed = (folder / "requirements.txt").read_text("utf-8")
        assert "torch>" in needed and "lightning" not in needed
    assert "streamlit" not in (gradio / "requirements.txt").read_text("utf-8")
    assert not (gradio / "demo/pages").exists()


def test_front_matter_and_dockerfile_agree_with_the_rest(build):
    told = front_matter(build / "space-gradio")
    lowest = re.search(r"gradio>=([\d.]+)", (ROOT / "requirements-gradio.txt").read_text())[1]
    assert told["sdk"] == "gradio" and told["sdk_version"].startswith(lowest)
    assert (build / "space-gradio" / told["app_file"]).exists()
    docker, folder = front_matter(build / "space-streamlit"), build / "space-streamlit"
    assert docker["sdk"] == "docker" and f"--server.port={docker['app_port']}" in exec_form(
        folder, "CMD"
    )
    text = (folder / "Dockerfile").read_text("utf-8")
    assert f"EXPOSE {docker['app_port']}" in text and "USER 1000" in text
    for source in re.findall(r"^COPY (\S+) ", text, re.M):
        assert (folder / source).exists()


def test_another_folder_is_not_overwritten(tmp_path):
    (tmp_path / "space-gradio").mkdir()
    (tmp_path / "space-gradio/thesis.txt").write_text("mine")
    command = [sys.executable, "-m", "demo.spaces", str(tmp_path)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 2 and "something else" in ran.stderr
    assert (tmp_path / "space-gradio/thesis.txt").read_text() == "mine"


def test_the_model_that_is_shown_here_is_packed(tmp_path, monkeypatch):
    run = tmp_path / "runs" / "own"
    own = ModelConfig(domains=("mnist", "telugu"), width=8, hidden=16)
    Translator(own).save(run / "checkpoint")
    monkeypatch.setenv(model.CHECKPOINT_VARIABLE, str(run))
    model.shipped.cache_clear()
    try:
        for space in spaces.SPACES:
            spaces.assemble(space, tmp_path / space.name)
            (packed,) = (tmp_path / space.name / "checkpoints").iterdir()
            assert packed.name == model.DEFAULT
            assert Translator.load(packed).domains == own.domains
        monkeypatch.setenv(model.CHECKPOINT_VARIABLE, str(tmp_path / "slip"))
        with pytest.raises(CheckpointError, match="no checkpoint folder .*slip"):
            spaces.assemble(spaces.SPACES[0], tmp_path / "gradio")
        assert (tmp_path / "gradio" / "checkpoints").exists()  # what stood there stands
    finally:
        model.shipped.cache_clear()
