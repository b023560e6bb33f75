"""Labelling by keys: the real server in headless Chromium, and a folder as `ask` leaves it."""

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
import torch

pytest.importorskip("playwright.sync_api", reason="needs playwright from PyPI")

from browser import ROOT, forgive, free_port, running  # noqa: E402
from playwright.sync_api import Page, expect  # noqa: E402
from tiny_atlas import scribbles  # noqa: E402

from unit_core import labelling  # noqa: E402
from unit_core.domains import UNKNOWN  # noqa: E402


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("labels") / "folder"


@pytest.fixture(scope="module")
def address(browser, root):
    root.mkdir()
    port = free_port()
    command = [sys.executable, "-m", "demo.label", str(root)]
    command += ["--domain", "kannada", "--port", str(port)]
    url = f"http://127.0.0.1:{port}"
    with running(command, f"{url}/waiting", {}):
        yield url


@pytest.fixture
def folder(root) -> Path:
    """With five to label, and one labelled."""
    for picture in root.glob("*/*.png"):
        picture.unlink()
    labelling.put(root, scribbles().images[:6], torch.tensor([7, *[UNKNOWN] * 5]))
    return root


def visit(page: Page, address: str, waiting: int = 5) -> None:
    page.goto(address)
    expect(page.locator(".label")).to_have_attribute("data-waiting", str(waiting))


def labelled(page: Page, count: int) -> None:
    expect(page.locator(".label")).to_have_attribute("data-labelled", str(count))


def test_keys_and_buttons_move_pictures(page, address, folder):
    first, second, third, *_ = labelling.waiting(folder)
    visit(page, address)
    expect(page.get_by_role("heading", name="Which Kannada digit is this?")).to_be_visible()
    expect(page.get_by_role("button", name="3")).to_contain_text("೩")
    page.keyboard.press("3")
    labelled(page, 2)
    page.get_by_role("button", name="8").click()
    labelled(page, 3)
    page.keyboard.press(" ")
    expect(page.locator(".title p")).to_have_text("2 to label, 3 labelled")
    expect(page.locator(".past button")).to_have_count(3)
    page.wait_for_function("() => document.querySelector('.asked img').naturalWidth > 0")
    assert labelling.read(folder).items() >= {first: 3, second: 8}.items()
    assert (folder / "skip" / f"{third}.png").exists()


def test_answers_are_taken_back(page, address, folder):
    first, second, *_ = labelling.waiting(folder)
    visit(page, address)
    page.keyboard.press("1")
    page.keyboard.press("2")
    labelled(page, 3)
    page.locator(".past button").nth(1).click()  # the first of the two
    labelled(page, 2)
    assert labelling.waiting(folder)[0] == first
    page.keyboard.press("z")
    labelled(page, 1)
    assert len(labelling.waiting(folder)) == 5
    for _ in range(5):  # faster than they can be sent
        page.keyboard.press("6")
    expect(page.get_by_role("heading", name="None is left to label")).to_be_visible()
    labelled(page, 6)
    assert sorted(labelling.read(folder).values()) == [6, 6, 6, 6, 6, 7]


def test_what_another_person_has_moved_is_passed_over(page, address, folder, context_of):
    first, second, *_ = labelling.waiting(folder)
    visit(page, address)
    labelling.move(folder / "unlabelled" / f"{first}.png", folder / "9")
    page.evaluate(
        """for (const key of "45") // at once: the second of the next, as was seen
            document.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));"""
    )
    expect(page.locator(".message")).to_contain_text("somebody else has moved")
    labelled(page, 3)
    expect(page.locator(".label")).to_have_attribute("data-waiting", "3")
    assert labelling.read(folder).items() >= {first: 9, second: 5}.items()
    forgive(context_of, "409")
    forgive(context_of, "404")  # of the picture, if it was asked for just then


def test_a_picture_that_cannot_be_read_is_skipped(page, address, folder, context_of):
    broken = folder / "unlabelled" / f"{labelling.waiting(folder)[0]}.png"
    broken.write_bytes(b"no picture")
    os.utime(broken, (0, 0))  # the first that was asked for
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    visit(page, address)
    expect(page.locator(".message")).to_have_text("This picture cannot be read: skip it.")
    page.wait_for_timeout(300)
    assert len(asked) < 10
    page.keyboard.press(" ")
    expect(page.locator(".label")).to_have_attribute("data-waiting", "4")
    expect(page.locator(".message")).to_have_text("")


def test_a_folder_that_is_no_label_is_told_before_anything_is_moved(
    page, address, folder, context_of
):
    first = labelling.waiting(folder)[0]
    visit(page, address)
    (folder / "notes").mkdir()
    page.keyboard.press("4")
    expect(page.locator(".message")).to_contain_text("notes is no label")
    (folder / "notes").rmdir()
    assert labelling.waiting(folder)[0] == first
    page.keyboard.press("5")
    labelled(page, 2)
    expect(page.locator(".label")).to_have_attribute("data-waiting", "4")  # the first among them
    forgive(context_of, "409")


def test_a_lost_server_loses_no_answer(page, address, folder, context_of):
    visit(page, address)
    page.context.set_offline(True)
    page.keyboard.press("5")
    expect(page.locator(".message")).to_contain_text("does not answer")
    expect(page.locator(".label")).to_have_attribute("data-waiting", "5")
    page.context.set_offline(False)
    page.keyboard.press("5")
    labelled(page, 2)
    expect(page.locator(".message")).to_have_text("")
    forgive(context_of, "ERR_INTERNET_DISCONNECTED")


def test_a_server_that_fails_is_told_of_in_words(page, address, folder, context_of):
    visit(page, address)
    page.route("**/label", lambda route: route.fulfill(status=500, body="Internal Server Error"))
    page.keyboard.press("5")
    expect(page.locator(".message")).to_have_text("The server failed at this; its log says why.")
    expect(page.locator(".label")).to_have_attribute("data-waiting", "5")
    forgive(context_of, "500")


def test_no_other_page_reaches_into_the_folder(address, folder):
    name = labelling.waiting(folder)[0]
    move = {"name": name, "from": "unlabelled", "to": "3"}
    answer = json.dumps(move)
    form = {"content-type": "text/plain"}  # what another site's form could send
    assert httpx.post(f"{address}/label", content=answer, headers=form).status_code == 415
    foreign = {"content-type": "application/json", "host": "example.org"}
    assert httpx.post(f"{address}/label", content=answer, headers=foreign).status_code == 400
    for told, status in (
        (move | {"to": "../x"}, 422),
        (move | {"name": "../labels"}, 409),
        ({"name": name}, 422),
        ([], 422),
    ):
        assert httpx.post(f"{address}/label", json=told).status_code == status
    assert httpx.get(f"{address}/picture", params={"name": "../../etc/passwd"}).status_code == 404
    assert len(labelling.waiting(folder)) == 5


def test_a_picture_that_cannot_be_moved_stays_and_is_told_of(address, folder):
    name = labelling.waiting(folder)[0]
    shutil.rmtree(folder / "2", ignore_errors=True)
    (folder / "2").write_text("a file where a folder should be")
    told = {"name": name, "from": "unlabelled", "to": "2"}
    answer = httpx.post(f"{address}/label", json=told)
    (folder / "2").unlink()
    assert answer.status_code == 409 and "cannot be moved" in answer.json()["error"]
    assert labelling.waiting(folder)[0] == name


def test_a_folder_that_is_none_is_refused(tmp_path):
    command = [sys.executable, "-m", "demo.label", str(tmp_path / "nowhere")]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 2 and "python -m unit_core ask makes it" in ran.stderr


def test_of_a_taken_port_one_is_told_how_to_name_another(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "demo.label", str(tmp_path), "--port", port]
        ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 2 and f"cannot have port {port}" in ran.stderr
    assert "name another with --port" in ran.stderr
