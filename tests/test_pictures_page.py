"""Pictures of numbers, as a visitor brings and corrects them: the real app in headless Chromium."""

import csv
import io
import json
import re

import pytest

pytest.importorskip("playwright.sync_api", reason="needs playwright from PyPI")

from browser import CROWDED, forgive, held  # noqa: E402
from PIL import Image  # noqa: E402
from playwright.sync_api import Locator, Page, Route, expect  # noqa: E402
from written import paper  # noqa: E402

LINES = (("mnist", "472"), ("mnist", "30"))


def file(picture: Image.Image, name: str = "bill.png") -> dict:
    content = io.BytesIO()
    picture.save(content, Image.registered_extensions()[name[name.rindex(".") :]])
    kinds = {".tiff": "image/tiff", ".png": "image/png", ".jpg": "image/jpeg"}
    kind = kinds[name[name.rindex(".") :]]
    return {"name": name, "mimeType": kind, "buffer": content.getvalue()}


def visit(page: Page, address: str) -> Locator:
    page.goto(address)
    page.get_by_role("link", name="Pictures").click()
    page.locator(".reader").wait_for(timeout=30_000)
    return page.locator(".reader")


def bring(page: Page, brought: dict) -> None:
    page.locator(".choose input").set_input_files(brought)


def settled(page: Page, rewritten: int = 1) -> None:
    done = expect(page.locator(".reader"))
    done.to_have_attribute("data-rewritten", str(rewritten), timeout=20_000)  # reading is work


def boxes(page: Page) -> Locator:
    return page.locator(".boxes button")


def after(page: Page) -> str:
    return page.locator("img.after").get_attribute("src")


def shown(page: Page) -> None:
    page.wait_for_function(
        """() => [...document.querySelectorAll("*")].some((host) =>
            host.shadowRoot?.querySelector("img.before")?.naturalWidth > 0)"""
    )


def found(*doubtful: int) -> dict:
    """Ten digits in a line as the server tells of them, some of them doubtful."""
    digits = [
        {
            "box": [20 + 30 * i, 20, 20, 30],
            "script": "mnist",
            "digit": i,
            "confidence": 0.3 if i in doubtful else 0.99,
        }
        for i in range(10)
    ]
    evidence = {"mnist": 1, "kannada": 0}
    line = {"text": "0123456789", "script": "mnist", "evidence": evidence, "digits": digits}
    return {"width": 400, "height": 70, "tilt": 0, "lines": [line]}


def test_a_picture_is_read_corrected_and_taken_home(page, address, trained):
    visit(page, address)
    bring(page, file(paper(*LINES)))
    settled(page)
    expect(boxes(page)).to_have_count(5)
    expect(page.get_by_role("status")).to_contain_text("5 digits in 2 lines")
    page.locator(".source").get_by_label("Arabic").check()
    settled(page, 2)
    if trained:
        written = page.locator(".lines button.text")
        assert [each.replace(" ", "") for each in written.all_text_contents()] == ["472", "30"]
    page.locator(".target").get_by_label("Kannada").check()

    boxes(page).nth(1).click()
    editor = page.get_by_role("dialog")
    expect(editor.get_by_role("heading")).to_have_text("Line 1, digit 2")
    first = after(page)
    for _ in range(14):  # round in it: what lies under it is out of sight
        page.keyboard.press("Tab")
    expect(editor.locator(":focus")).to_have_count(1)
    editor.get_by_role("button", name="It is 8").click()
    expect(editor).to_be_hidden()
    expect(boxes(page).nth(1)).to_have_attribute("aria-label", re.compile("Arabic 8, corrected"))
    expect(page.locator(".lines .into").first).to_have_text(re.compile("^.*೮.*$"))
    expect(page.locator("img.after")).not_to_have_attribute("src", first)

    page.keyboard.press("ArrowDown")  # to the next line, and by a figure there
    page.keyboard.press("5")
    expect(page.locator(".lines .into").nth(1)).to_have_text(re.compile("೫"))
    page.keyboard.press("Delete")  # no digit at all
    expect(boxes(page)).to_have_count(4)
    page.keyboard.press("Control+z")
    expect(boxes(page)).to_have_count(5)

    with page.expect_download() as waiting:
        page.get_by_role("button", name="JSON").click()
    told = json.loads(waiting.value.path().read_text(encoding="utf-8"))
    assert told["file"] == "bill.png" and [len(line["digits"]) for line in told["lines"]] == [3, 2]
    changed = told["lines"][0]["digits"][1]
    assert changed["digit"] == 8 and changed["corrected"] and changed["confidence"] == 1
    with page.expect_download() as waiting:
        page.get_by_role("button", name="CSV").click()
    rows = list(csv.DictReader(io.StringIO(waiting.value.path().read_text("utf-8-sig"))))
    assert [row["line"] for row in rows] == list("11122")
    assert (rows[1]["glyph"], rows[1]["in_kannada"], rows[1]["corrected"]) == ("8", "೮", "yes")
    assert int(rows[0]["x"]) < int(rows[1]["x"]) < int(rows[2]["x"])
    page.locator(".reader:not([data-busy])").wait_for()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Picture", exact=True).click()
    assert waiting.value.suggested_filename == "bill-kannada.png"
    with Image.open(waiting.value.path()) as picture:
        assert picture.size == paper(*LINES).size


def test_a_table_of_digits_tells_which_number_each_is_of(page, address):
    told = found()
    told["lines"][0]["text"] = "012 3 456789"
    brought = file(paper(LINES[0]))
    picture = {"body": brought["buffer"], "content_type": "image/png"}
    page.route("**/api/read*", lambda route: route.fulfill(json=told))
    page.route("**/api/rewrite*", lambda route: route.fulfill(**picture))
    visit(page, address)
    bring(page, brought)
    settled(page)
    with page.expect_download() as waiting:
        page.get_by_role("button", name="CSV").click()
    rows = list(csv.DictReader(io.StringIO(waiting.value.path().read_text("utf-8-sig"))))
    assert "".join(row["number"] for row in rows) == "1112333333"
    assert [int(row["place"]) for row in rows] == list(range(1, 11))


def test_a_line_is_turned_to_another_script(page, address):
    visit(page, address)
    bring(page, file(paper(*LINES), "bill.jpg"))
    settled(page)
    page.locator(".source").get_by_label("Arabic").check()
    settled(page, 2)
    expect(page.locator(".evidence select").first).to_have_value("mnist")
    script = page.get_by_label("Script of line 1")
    script.focus()
    script.select_option("kannada")
    expect(page.locator(".lines button.text").first).to_have_text(re.compile("^[೦-೯ ]+$"))
    expect(page.locator(".lines button.text").nth(1)).to_have_text(re.compile("^[0-9 ]+$"))
    expect(script).to_be_focused()
    boxes(page).nth(3).click()
    page.get_by_role("dialog").get_by_label("Kannada").check()
    expect(boxes(page).nth(3)).to_have_attribute(
        "aria-label", re.compile("Line 2, digit 1: Kannada")
    )
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".lines button.text").first).to_have_text(re.compile("^[0-9 ]+$"))


def test_how_much_is_shown_rewritten(page, address):
    visit(page, address)
    bring(page, file(paper(*LINES)))
    settled(page)
    page.get_by_label("How much is shown rewritten").fill("1")
    shown = page.locator("img.after").evaluate("image => getComputedStyle(image).clipPath")
    assert shown == "inset(0px 0px 0px 0%)"
    page.get_by_label("Boxes and readings").uncheck()
    expect(page.locator(".boxes span").first).to_be_hidden()
    narrow = page.locator(".page").bounding_box()["width"]
    page.get_by_role("button", name="Larger").click()
    assert page.locator(".page").bounding_box()["width"] == pytest.approx(1.5 * narrow, rel=0.01)


def test_text_is_copied_in_both_scripts(context_of, address):
    context = context_of(viewport={"width": 1280, "height": 800})
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = context.new_page()
    visit(page, address)
    bring(page, file(paper(*LINES)))
    settled(page)
    page.locator(".target").get_by_label("Kannada").check()
    for name, kind in (("Copy as written", "button.text"), ("Copy in Kannada", ".into")):
        page.get_by_role("button", name=name).click()
        lines = page.locator(f".lines {kind}").all_text_contents()
        assert page.evaluate("navigator.clipboard.readText()") == "\n".join(lines)


def test_a_picture_is_dropped_or_pasted(page, address):
    visit(page, address)
    for event, holder in (("drop", "dataTransfer"), ("paste", "clipboardData")):
        page.locator("body").evaluate(  # beside the page, too
            """(root, [event, holder, bytes]) => {
                const data = new DataTransfer();
                data.items.add(new File([new Uint8Array(bytes)], "sheet.png", { type: "image/png" }));
                const make = { drop: DragEvent, paste: ClipboardEvent }[event];
                root.dispatchEvent(new make(event, { [holder]: data, bubbles: true, composed: true, cancelable: true }));
            }""",  # noqa: E501
            [event, holder, list(file(paper(LINES[0]))["buffer"])],
        )
        settled(page, 1 if event == "drop" else 2)
        expect(boxes(page)).to_have_count(3)


def test_the_pages_own_pictures(page, address):
    visit(page, address)
    samples = page.locator(".samples button")
    for i in range(samples.count()):
        samples.nth(i).click()
        settled(page, i + 1)
        assert boxes(page).count() > 3


def test_a_picture_that_no_browser_shows_is_shown(page, address):
    visit(page, address)
    bring(page, file(paper(LINES[0]), "scan.tiff"))
    settled(page)
    shown(page)


def test_what_nobody_can_show_is_asked_for_once(page, address):
    visit(page, address)
    asked = []
    whole = file(paper(LINES[0]))["buffer"]

    def rewrite(route: Route) -> None:
        as_it_is = "target=mnist" in route.request.url  # the reading is rewritten in Kannada
        asked.append(as_it_is)
        route.fulfill(body=b"no picture" if as_it_is else whole, content_type="image/png")

    page.route("**/api/read*", lambda route: route.fulfill(json=found()))
    page.route("**/api/rewrite*", rewrite)
    bring(page, file(paper(LINES[0]), "scan.tiff"))
    settled(page)
    for count in (2, 3, 4):  # for what would be asked meanwhile
        boxes(page).first.focus()
        page.keyboard.press("Delete")
        settled(page, count)
    assert asked.count(True) == 1


def test_what_no_browser_shows_is_asked_for_again_by_a_crowded_server(page, address, context_of):
    visit(page, address)
    bring(page, file(paper(*LINES)))
    settled(page)
    page.route("**/api/rewrite*", lambda route: route.fulfill(**CROWDED))
    bring(page, file(paper(LINES[0]), "scan.tiff"))
    expect(boxes(page)).to_have_count(3)
    expect(page.get_by_role("status")).to_contain_text("Trying again")
    expect(page.locator("img.before")).not_to_have_attribute("src", re.compile("."))  # the old one
    page.unroute("**/api/rewrite*")
    settled(page, 2)
    shown(page)
    expect(page.get_by_role("status")).to_contain_text("3 digits in 1 line")
    forgive(context_of, "503")


def test_another_picture_waits_for_no_answer_about_the_last(page, address):
    visit(page, address)
    with held(page, "**/api/read*"):
        with page.expect_request("**/api/read*"):
            bring(page, file(paper(*LINES)))
        bring(page, file(paper(LINES[0])))
        settled(page)
        expect(boxes(page)).to_have_count(3)


def test_what_is_rewritten_otherwise_than_chosen_is_not_saved(page, address):
    visit(page, address)
    bring(page, file(paper(*LINES)))
    settled(page)
    save = page.get_by_role("button", name="Picture", exact=True)
    expect(save).to_be_enabled()
    other = page.locator(".target input:not(:checked)").get_attribute("value")
    with held(page, "**/api/rewrite*"):
        page.locator(f".target input[value='{other}']").check()
        expect(save).to_be_disabled()
    settled(page, 2)
    expect(save).to_be_enabled()
    with held(page, "**/api/read*"):
        bring(page, file(paper(LINES[0])))
        expect(save).to_be_disabled()
    settled(page, 3)
    expect(save).to_be_enabled()


def test_doubtful_digits_are_looked_through_from_the_first_of_each_picture(page, address):
    visit(page, address)
    brought = file(paper(LINES[0]))
    page.route(
        "**/api/rewrite*",
        lambda route: route.fulfill(body=brought["buffer"], content_type="image/png"),
    )
    heading = page.get_by_role("dialog").get_by_role("heading")
    doubtful: list[int] = []
    page.route("**/api/read*", lambda route: route.fulfill(json=found(*doubtful)))
    for first, second in ((2, 7), (3, 8)):
        doubtful[:] = first, second
        bring(page, brought)
        page.get_by_role("button", name="Look through 2 doubtful").click()
        expect(heading).to_have_text(f"Line 1, digit {first + 1}")
        page.keyboard.press("d")
        expect(heading).to_have_text(f"Line 1, digit {second + 1}")
        page.keyboard.press("Escape")


def test_pictures_are_freed_when_they_are_shown_no_more(page, address):
    page.add_init_script(
        """{
            const { createObjectURL, revokeObjectURL } = URL;
            window.alive = new Set();
            URL.createObjectURL = (blob) => {
                const url = createObjectURL.call(URL, blob);
                if (blob.type.startsWith("image/")) alive.add(url); // Streamlit has some of its own
                return url;
            };
            URL.revokeObjectURL = (url) => {
                alive.delete(url);
                revokeObjectURL.call(URL, url);
            };
        }"""
    )
    visit(page, address)
    bring(page, file(paper(LINES[0]), "scan.tiff"))
    settled(page)
    shown(page)
    bring(page, file(paper(*LINES)))
    settled(page, 2)
    boxes(page).first.click()
    page.get_by_role("button", name="Not a digit").click()
    settled(page, 3)
    assert page.evaluate("alive.size") == 2  # as it was, and rewritten
    page.get_by_role("link", name="Translate").click()
    page.wait_for_function("alive.size === 0")


@pytest.mark.parametrize(
    ("brought", "state", "words"),
    [
        (file(Image.new("RGB", (300, 200), "white")), "none", "No digits found"),
        ({"name": "a.png", "mimeType": "image/png", "buffer": b"7, 8"}, "trouble", "picture"),
        (
            {"name": "a.txt", "mimeType": "text/plain", "buffer": b"7"},
            "refused",
            "a.txt is no picture",
        ),
        ({"name": "a.png", "mimeType": "image/png", "buffer": b""}, "refused", "empty"),
    ],
)
def test_what_is_no_picture_of_digits_gets_a_calm_word(
    page, address, context_of, brought, state, words
):  # fmt: skip
    reader = visit(page, address)
    bring(page, brought)
    expect(reader).to_have_attribute("data-state", state)
    expect(page.get_by_role("status")).to_contain_text(words)
    expect(page.get_by_role("button", name="Try again")).to_be_hidden()  # it would stay none
    bring(page, file(paper(LINES[0])))  # and it goes on
    expect(boxes(page)).to_have_count(3)
    context_of.errors[:] = [error for error in context_of.errors if "422" not in error]


def test_the_seam_between_before_and_after_is_drawn_along(page, address):
    visit(page, address)
    bring(page, file(paper(*LINES)))
    settled(page)
    seam = page.locator(".seam")
    place = seam.bounding_box()
    assert place
    grip = place["y"] + place["height"] - 20
    page.mouse.move(place["x"], grip)
    page.mouse.down()
    page.mouse.move(place["x"] + 100, grip, steps=4)
    page.mouse.up()
    moved = seam.bounding_box()
    assert moved and moved["x"] - place["x"] == pytest.approx(100, abs=3)
    assert float(page.locator("input.reveal").input_value()) < 0.5


def test_a_finger_draws_the_seam_and_meets_small_digits(context_of, address):
    context = context_of(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    visit(page, address)
    bring(page, file(paper(*LINES, size=40)))
    settled(page)
    first, second = (boxes(page).nth(i).bounding_box() for i in (0, 1))
    page.touchscreen.tap(first["x"] + first["width"] / 2, first["y"] + first["height"] + 8)
    editor = page.get_by_role("dialog")
    expect(editor.get_by_role("heading")).to_have_text("Line 1, digit 1")
    page.touchscreen.tap(second["x"] + 2, second["y"] + 2)  # its own, however close the first is
    expect(editor.get_by_role("heading")).to_have_text("Line 1, digit 2")
    editor.get_by_role("button", name="Close").tap()

    touch = context.new_cdp_session(page)
    seam = page.locator(".seam").bounding_box()
    x, y = seam["x"] + 1, seam["y"] + seam["height"] - 20
    for i in range(9):
        kind = "touchMove" if i else "touchStart"
        points = [{"x": x - 8 * i, "y": y}]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    moved = page.locator(".seam").bounding_box()
    assert moved["x"] - seam["x"] == pytest.approx(-64, abs=3)


def test_one_picture_is_taken_at_a_time(page, address):
    reader = visit(page, address)
    reader.evaluate(
        """root => {
            const data = new DataTransfer();
            for (const name of ["a.png", "b.png"]) data.items.add(new File(["7"], name));
            const about = { dataTransfer: data, bubbles: true, composed: true };
            root.dispatchEvent(new DragEvent("drop", about));
        }"""
    )
    expect(page.get_by_role("status")).to_have_text("One picture at a time, please.")


def test_a_file_that_is_too_large_is_not_sent(page, address):
    reader = visit(page, address)
    reader.evaluate(
        """root => {
            const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(41 * 2 ** 20)], "a.png"));
            const about = { dataTransfer: data, bubbles: true, composed: true };
            root.dispatchEvent(new DragEvent("drop", about));
        }"""
    )
    expect(page.get_by_role("status")).to_have_text("This file has 41 MB; at most 40, please.")


def test_a_lost_server_is_said_and_got_over(page, address, context_of):
    reader = visit(page, address)
    page.route("**/api/re*", lambda route: route.abort())
    bring(page, file(paper(LINES[0])))
    expect(reader).to_have_attribute("data-state", "trouble")
    expect(page.get_by_role("status")).to_contain_text("does not answer")
    page.unroute("**/api/re*")
    settled(page)
    context_of.errors[:] = [error for error in context_of.errors if "ERR_FAILED" not in error]


@pytest.mark.parametrize("width", [320, 390, 800, 1280])
def test_no_sideways_scroll_at_any_width(context_of, address, width):
    page = context_of(viewport={"width": width, "height": 800}).new_page()
    visit(page, address)
    bring(page, file(paper(*LINES)))
    settled(page)
    assert page.get_by_test_id("stMain").evaluate("m => m.scrollWidth <= m.clientWidth")


def test_a_photograph_by_the_camera(page, address):
    page.add_init_script(
        """navigator.mediaDevices.getUserMedia = async () => {
            const canvas = Object.assign(document.createElement("canvas"), { width: 640, height: 480 });
            const paper = canvas.getContext("2d");
            const draw = () => {
                paper.fillStyle = "white";
                paper.fillRect(0, 0, 640, 480);
                paper.lineWidth = 14;
                for (const x of [200, 360]) paper.strokeRect(x, 180, 60, 110);
            };
            setInterval(draw, 50);
            return canvas.captureStream();
        };"""  # noqa: E501
    )
    visit(page, address)
    page.locator("button.camera").click()
    page.wait_for_function(
        """() => [...document.querySelectorAll("*")].some((host) =>
            host.shadowRoot?.querySelector("video")?.videoWidth > 0)"""
    )
    page.get_by_role("button", name="Take the picture").click()
    expect(boxes(page)).to_have_count(2)
    expect(page.locator(".finder")).to_be_hidden()
