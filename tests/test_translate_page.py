"""The page as a visitor meets it: the real app in headless Chromium."""

import json
import re
import urllib.request

import numpy as np
import pytest

pytest.importorskip("playwright.sync_api", reason="needs playwright from PyPI")

from browser import (  # noqa: E402
    CROWDED,
    DIGIT,
    LINE,
    SEVEN,
    contrast,
    draw,
    forgive,
    has_ink,
    kannada_type,
    open_board,
    pen_path,
    serve,
    state,
    translate_live,
    until,
)
from conftest import WIDE  # noqa: E402
from PIL import Image  # noqa: E402
from playwright.sync_api import Page, Request, expect  # noqa: E402
from tiny_atlas import tiny_checkpoint  # noqa: E402

from demo import component, model  # noqa: E402

SIDEWAYS = [(667, 375), (740, 360), (844, 390)]  # phones on their side
ZIGZAG = [(x, y / 16) for y in range(17) for x in ((0.02, 0.98) if y % 2 else (0.98, 0.02))]


def pad_picture(page: Page) -> str:
    return page.locator(".pad canvas").evaluate(
        "async canvas => (await new Promise(requestAnimationFrame), canvas.toDataURL())"
    )


def test_translates_while_the_pen_is_down(page, address):
    translate_live(page, address)
    expect(page.locator(".reads .best")).to_have_count(1)
    expect(page.locator(".echoes .best")).to_have_count(1)
    expect(page.get_by_role("status")).not_to_be_empty()


def test_kannada_digits_need_no_font_of_the_system(page, address):
    open_board(page, address)
    assert kannada_type(page) == ["loaded"]


def test_swap_turns_the_direction_and_keeps_each_drawing(page, address):
    board = open_board(page, address)
    draw(page, SEVEN)
    state(page, DIGIT)
    arabic = pad_picture(page)
    page.get_by_role("button", name="Swap direction").click()
    expect(board).to_have_attribute("data-source", "kannada")
    expect(page.locator("h2.from")).to_have_text("Kannada")
    state(page, "empty")
    expect(page.locator(".reads .bar").nth(3)).to_contain_text("೩")
    draw(page, LINE)
    state(page, DIGIT)
    page.keyboard.press("x")
    expect(page.locator("h2.from")).to_have_text("Arabic")
    state(page, DIGIT)
    expect(page.locator(".pad canvas")).to_have_css("color", "rgb(36, 80, 164)")
    assert pad_picture(page) == arabic


@pytest.mark.parametrize("by", ["buttons", "keys"])
def test_undo_redo_clear(page, address, by):
    open_board(page, address)

    def act(name: str, key: str) -> None:
        if by == "keys":
            page.keyboard.press(key)
        else:
            page.get_by_role("button", name=name).click()

    draw(page, LINE)
    one = pad_picture(page)
    draw(page, SEVEN)
    two = pad_picture(page)
    act("Undo", "Control+z")
    assert pad_picture(page) == one
    act("Redo", "Control+y")
    assert pad_picture(page) == two
    act("Clear", "Escape")
    state(page, "empty")
    act("Undo", "Control+z")  # a clear can be taken back too
    assert pad_picture(page) == two
    if by == "keys":
        page.keyboard.press("Control+z")
        page.keyboard.press("Control+Shift+z")
        assert pad_picture(page) == two
        page.keyboard.press("Delete")
    else:
        act("Clear", "")
    state(page, "empty")
    expect(page.get_by_role("button", name="Clear")).to_be_disabled()


def test_a_key_that_is_held_acts_once_but_undoes_on_and_on(page, address):
    board = open_board(page, address)
    draw(page, LINE)
    draw(page, SEVEN)
    state(page, DIGIT)
    page.keyboard.down("Control")
    page.keyboard.down("z")
    page.keyboard.down("z")
    page.keyboard.up("z")
    page.keyboard.up("Control")
    state(page, "empty")
    page.keyboard.down("x")
    page.keyboard.down("x")  # as a keyboard repeats it
    page.keyboard.up("x")
    expect(board).to_have_attribute("data-source", "kannada")


@pytest.mark.parametrize(
    ("writer", "other"), [("touch", "a second finger"), ("pen", "the palm beside it")]
)
def test_the_stroke_is_that_of_one_pointer(page, address, writer, other):
    open_board(page, address)
    page.locator(".pad canvas").evaluate(
        """(canvas, pointerType) => {
            const { left, top, height } = canvas.getBoundingClientRect();
            const does = (type, x, y, pointer) =>
                canvas.dispatchEvent(new PointerEvent(type, {
                    button: type === "pointermove" ? -1 : 0, buttons: type === "pointerup" ? 0 : 1,
                    clientX: left + x * height, clientY: top + y * height,
                    bubbles: true, ...pointer,
                }));
            const one = { pointerId: 2, pointerType, isPrimary: true };
            const other = { pointerId: 3, pointerType: "touch", isPrimary: pointerType === "pen" };
            does("pointerdown", 0.25, 0.2, one);
            does("pointermove", 0.7, 0.2, one);
            does("pointerdown", 0.9, 0.9, other);
            does("pointermove", 0.8, 0.9, other);
            does("pointerup", 0.8, 0.9, other);
            does("pointermove", 0.45, 0.8, one);
            does("pointerup", 0.45, 0.8, one);
        }""",
        writer,
    )
    [stroke] = page.evaluate(
        "JSON.parse(sessionStorage.getItem('unit:translate:mnist,kannada')).drawings.mnist"
    )
    assert stroke["points"] == [pytest.approx(point, abs=0.001) for point in SEVEN]


def test_what_is_no_digit_gets_a_calm_word(page, address):
    open_board(page, address)
    x, y = pen_path(page, [(0.5, 0.5)])[0]
    page.mouse.click(x, y)
    state(page, "dot")
    page.keyboard.press("Escape")
    page.get_by_label("Bold pen").check()
    draw(page, ZIGZAG, steps=2)
    state(page, "full")
    expect(page.get_by_role("status")).to_contain_text("All ink")


def test_a_digit_of_the_other_script_is_taken_there(page, address, trained):
    if not trained:
        pytest.skip("needs the shipped checkpoint")
    board = open_board(page, address)
    page.keyboard.press("x")
    draw(page, LINE)
    state(page, "unsure")
    expect(page.get_by_role("status")).to_contain_text("This looks like 1 in Arabic.")
    page.get_by_role("button", name="Change the script?").click()
    expect(board).to_have_attribute("data-source", "mnist")
    state(page, "ok")
    expect(page.locator(".reads .bar").nth(1)).to_have_class(re.compile("best"))
    page.keyboard.press("x")
    state(page, "empty")


def test_two_digits_are_sent_to_the_page_for_numbers(page, address, context_of):
    open_board(page, address)
    draw(page, [(0.2, 0.2), (0.2, 0.8)])
    state(page, DIGIT)
    draw(page, [(0.45, 0.2), (0.8, 0.2), (0.6, 0.8)])
    expect(page.get_by_role("status")).to_have_text("Two digits? Numbers writes whole numbers.")
    state(page, "unsure")
    page.get_by_role("status").get_by_role("link").click()
    page.locator(".number:not([data-answers='0'])").wait_for()
    forgive(context_of, "404")  # Streamlit looks for its health under the page's path first


@pytest.mark.parametrize("source", ["mnist", "kannada"])
def test_the_page_writes_examples(page, address, source, trained):
    """By key and by button; the shipped model reads every one of them."""
    board = open_board(page, address)
    if source == "kannada":
        page.keyboard.press("x")
        expect(board).to_have_attribute("data-source", source)
    page.emulate_media(reduced_motion="reduce")
    for digit in range(10):
        page.keyboard.press(str(digit))
        state(page, DIGIT)
        if trained:
            expect(page.locator(".reads .bar").nth(digit)).to_have_class(re.compile("best"))
    page.emulate_media(reduced_motion="no-preference")
    page.locator(".reads .bar").nth(1).click()
    expect(page.get_by_role("button", name="Undo")).to_be_enabled()


def test_surprise_writes_some_digit(page, address):
    board = open_board(page, address)
    page.emulate_media(reduced_motion="reduce")
    page.get_by_role("button", name="Surprise").click()
    expect(board).to_have_class(re.compile("drawn"))
    state(page, DIGIT)
    assert has_ink(page, ".made")


def test_other_hands_stray_as_far_as_asked(page, address):
    open_board(page, address)
    slider = page.get_by_label("How far other hands stray from yours")

    def hands() -> list[str]:
        strip = page.locator(".hands .strip canvas")
        return strip.evaluate_all("all => all.map((canvas) => canvas.toDataURL())")

    page.emulate_media(reduced_motion="reduce")
    page.keyboard.press("3")
    state(page, DIGIT)
    until(page, hands, lambda strip: len(set(strip)) == 10)
    slider.fill("0")
    until(page, hands, lambda strip: len(set(strip)) == 1)  # no straying: ten times the same hand
    asked: list[np.ndarray] = []

    def note(request: Request) -> None:
        if "/api/decode" in request.url:
            asked.append(np.frombuffer(request.post_data_buffer or b"", np.float32).reshape(20, -1))

    page.on("request", note)
    slider.fill("4")
    before = until(page, hands, lambda strip: len(set(strip)) == 10)
    others = asked[-1][10:]  # after all ten in one's own
    assert (np.ptp(others[:, 10:], axis=0) > 0).all()
    assert (np.ptp(others[:, :10], axis=0) == 0).all()  # which digit it is stays
    page.get_by_role("button", name="Others").click()
    until(page, hands, lambda strip: not set(strip) & set(before))


def test_all_ten_digits_appear_in_ones_hand(page, address):
    open_board(page, address)
    page.emulate_media(reduced_motion="reduce")

    def strips() -> list[set[str]]:
        return [
            set(
                page.locator(f".ten .{kind} canvas").evaluate_all(
                    "all => all.map((canvas) => canvas.toDataURL())"
                )
            )
            for kind in ("mine", "theirs")
        ]

    page.keyboard.press("3")
    state(page, DIGIT)
    thin = until(page, strips, lambda seen: all(len(each) == 10 for each in seen))
    page.keyboard.press("Escape")
    until(page, strips, lambda seen: all(len(each) == 1 for each in seen))  # blank, all of them
    page.get_by_label("Bold pen").check()
    page.keyboard.press("3")
    until(
        page,
        strips,
        lambda seen: all(
            len(each) == 10 and not each & was for each, was in zip(seen, thin, strict=True)
        ),
    )


def test_there_and_back_shows_what_is_lost(page, address):
    open_board(page, address)
    draw(page, SEVEN)
    state(page, DIGIT)
    assert has_ink(page, ".back canvas")
    expect(page.locator(".back p")).to_have_text(re.compile(r"0\.\d\d of full ink"))
    page.keyboard.press("Escape")
    state(page, "empty")
    assert not has_ink(page, ".back canvas")


def test_the_pair_is_saved_as_a_picture(page, address):
    open_board(page, address)
    save = page.get_by_role("button", name="Save")
    expect(save).to_be_disabled()
    draw(page, SEVEN)
    state(page, DIGIT)
    with page.expect_download() as download:
        save.click()
    assert download.value.suggested_filename == "mnist-to-kannada.png"
    with Image.open(download.value.path()) as picture:
        assert picture.size == (1120, 560)
        left, right = (picture.convert("RGB").crop((x, 0, x + 560, 560)) for x in (0, 560))
    for half, ink in ((left, (36, 80, 164)), (right, (184, 55, 31))):
        assert ink in {colour for _, colour in half.getcolors(10**6)}


def test_the_drawing_falls_among_its_like_on_the_map(browser, tmp_path):
    tiny_checkpoint(tmp_path)
    with serve(tmp_path) as small:
        page = browser.new_page()
        board = open_board(page, small)
        expect(page.locator(".place")).to_be_hidden()
        draw(page, SEVEN)
        expect(board).to_have_attribute("data-places", re.compile("[1-9]"))
        expect(page.locator(".near .strip canvas")).to_have_count(10)
        expect(page.locator(".tally")).to_have_text(re.compile(r"\d+ Arabic, \d+ Kannada"))
        assert has_ink(page, ".place canvas") and has_ink(page, ".near .strip canvas >> nth=0")
        page.keyboard.press("Escape")
        expect(page.locator(".place")).to_be_hidden()
        page.close()


def test_the_same_drawing_through_a_model_that_saw_fewer_labels(browser, context_of, address):
    choices = model.shipped()
    if len(choices) < 2:
        pytest.skip("needs two shipped checkpoints or more")
    with serve() as every_model:
        page = browser.new_page()
        asked: list[str] = []
        page.on("request", lambda r: asked.append(r.url) if "api/translate" in r.url else None)
        open_board(page, every_model)
        by_chance = [each.title for each in choices.values() if not each.asked_for]
        asked_for = [f"{each.labelled:,}" for each in choices.values() if each.asked_for]
        expect(page.locator(".models label")).to_have_text([*by_chance, *asked_for])
        draw(page, SEVEN)
        state(page, DIGIT)
        assert f"model={list(choices)[-1]}" in asked[-1]  # the one that saw most
        with page.expect_response(lambda r: f"model={next(iter(choices))}" in r.url):
            page.locator(".models label").first.click()
        page.reload()
        expect(page.locator(".models input").first).to_be_checked()
        page.close()


def test_a_finger_on_a_phone(context_of, address):
    context = context_of(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    page = context.new_page()
    open_board(page, address)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for link in page.locator(".st-key-pages a").all():
        expect(link).to_be_in_viewport(ratio=1)
    for canvas in (".pad canvas", ".result canvas"):
        expect(page.locator(canvas)).to_be_in_viewport(ratio=0.9)
    touch = context.new_cdp_session(page)

    def finger(kind: str, *points: tuple[float, float]) -> None:
        places = [{"x": x, "y": y} for x, y in points]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})

    first, *rest = pen_path(page, [(0.5, 0.2 + i / 40) for i in range(25)])
    finger("touchStart", first)
    for point in rest:
        finger("touchMove", point)
    state(page, DIGIT)
    finger("touchEnd")
    assert has_ink(page, ".pad canvas") and has_ink(page, ".made")
    assert page.evaluate("scrollY") == 0  # it drew and did not scroll


@pytest.mark.parametrize("width", [320, 700, 1024])
def test_no_sideways_scroll_at_any_width(context_of, address, width):
    page = context_of(viewport={"width": width, "height": 700}).new_page()
    open_board(page, address)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_dark_has_its_own_inks(context_of, address):
    page = context_of(color_scheme="dark").new_page()
    open_board(page, address)
    expect(page.locator(".pad canvas")).to_have_css("color", "rgb(141, 180, 255)")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_headings_add_can_be_read(context_of, address, scheme):
    page = context_of(color_scheme=scheme).new_page()
    open_board(page, address)
    assert contrast(page.locator(".ten h3 small")) >= 4.5


def test_reload_and_rerun_keep_the_drawing(page, address):
    open_board(page, address)
    page.keyboard.press("x")
    draw(page, SEVEN)
    state(page, DIGIT)
    drawn = pad_picture(page)
    page.keyboard.press("r")  # Streamlit's key for running the script again
    draw(page, LINE)
    page.keyboard.press("Control+z")
    assert pad_picture(page) == drawn
    page.reload()
    state(page, DIGIT)
    expect(page.locator("h2.from")).to_have_text("Kannada")
    expect(page.locator(".pad canvas")).to_have_css("color", "rgb(184, 55, 31)")
    assert pad_picture(page) == drawn


def test_two_tabs_do_not_mix(context_of, address):
    context = context_of()
    one = context.new_page()
    open_board(one, address)
    draw(one, SEVEN)
    state(one, DIGIT)
    two = context.new_page()
    open_board(two, address)
    state(two, "empty")
    draw(two, LINE)
    state(two, DIGIT)
    one.bring_to_front()
    one.reload()
    state(one, DIGIT)
    assert pad_picture(one) != pad_picture(two)


@pytest.mark.parametrize(
    ("answer", "said", "noise"),
    [
        (lambda route: route.abort(), "does not answer. Trying again", "ERR_FAILED"),
        (lambda route: route.fulfill(**CROWDED), "Many are here. Trying again", "503"),
    ],
    ids=["lost", "crowded"],
)
def test_a_server_in_trouble_is_said_and_asked_again(
    page, address, context_of, answer, said, noise
):
    open_board(page, address)
    page.route("**/api/translate*", answer)
    draw(page, SEVEN)
    state(page, "trouble")
    expect(page.get_by_role("status")).to_contain_text(said)
    page.unroute("**/api/translate*")
    state(page, DIGIT)
    context_of.errors[:] = [error for error in context_of.errors if noise not in error]


def test_a_tablet_of_2022_draws(context_of, address):
    """What browsers have learnt since is not there."""
    page = context_of(viewport=WIDE).new_page()
    page.add_init_script(
        """for (const [owner, name] of [
            [AbortSignal, "any"], [Element.prototype, "checkVisibility"], [Map, "groupBy"],
            [Object, "groupBy"], [Array, "fromAsync"], [Promise, "withResolvers"], [Promise, "try"],
            [Set.prototype, "union"], [Set.prototype, "difference"], [globalThis, "Iterator"],
        ]) delete owner[name];"""
    )
    open_board(page, address)
    page.keyboard.press("7")
    state(page, DIGIT)
    page.keyboard.press("Control+z")
    state(page, "empty")
    draw(page, SEVEN)
    state(page, DIGIT)


def test_who_draws_goes_on_when_the_server_was_away(browser, served):
    page = browser.new_page(viewport=WIDE)
    looked = []
    page.on("requestfailed", lambda r: looked.append(r) if r.url.endswith("/health") else None)
    with serve(served) as address:
        open_board(page, address)
    draw(page, SEVEN)
    state(page, "trouble")
    until(page, lambda: len(looked), lambda times: times > 6, 40)  # then Streamlit would say it
    expect(page.get_by_role("dialog")).to_have_count(0)
    with serve(served, port=int(address.rpartition(":")[2])):
        state(page, DIGIT)
    page.close()


def test_a_question_that_failed_does_not_hold_up_newer_ones(timed_page, address, context_of):
    open_board(timed_page, address)
    now = timed_page.evaluate("Date.now()")
    timed_page.clock.install(time=now)
    timed_page.clock.pause_at(now + 10_000)  # from here on no time passes
    timed_page.route("**/api/translate*", lambda route: route.abort(), times=1)
    draw(timed_page, SEVEN)
    state(timed_page, DIGIT)
    forgive(context_of, "ERR_FAILED")


def test_a_change_of_theme_leaves_one_page(page, address):
    """Streamlit mounts a component anew for it, and ends nothing of what was mounted before."""
    board = open_board(page, address)
    draw(page, SEVEN)
    state(page, DIGIT)
    models = page.locator(".models label").count()
    page.emulate_media(color_scheme="dark")
    expect(page.locator(".pad canvas")).to_have_css("color", "rgb(141, 180, 255)")
    state(page, DIGIT)  # the drawing is still there
    expect(page.locator(".models label")).to_have_count(models)
    page.keyboard.press("x")
    expect(board).to_have_attribute("data-source", "kannada")
    state(page, "empty")
    draw(page, LINE)
    state(page, DIGIT)
    page.keyboard.press("Control+z")
    state(page, "empty")  # one stroke, kept once


def test_a_question_that_failed_often_is_asked_again_once(timed_page):
    timed_page.clock.install()
    timed_page.evaluate(
        """(server) => {
          const insistent = new Function(`${server}; return insistent`)();
          window.asked = 0;
          const work = async () => { window.asked++; throw new Error("no answer"); };
          window.ask = insistent(work, new AbortController(), () => {});
        }""",
        component.read(["canvas/server.js"]),
    )
    timed_page.evaluate("async () => { for (let i = 0; i < 9; i++) await ask(); }")
    assert timed_page.evaluate("asked") == 9
    for times in (10, 11):
        timed_page.clock.run_for(1600)
        assert timed_page.evaluate("asked") == times


@pytest.mark.parametrize(("width", "height"), SIDEWAYS)
def test_on_a_phone_on_its_side_both_pads_are_in_sight(context_of, address, width, height):
    context = context_of(
        viewport={"width": width, "height": height}, has_touch=True, is_mobile=True
    )
    page = context.new_page()
    open_board(page, address)
    for part in (".pad", ".result", ".swap"):
        expect(page.locator(part)).to_be_in_viewport(ratio=1)
    pad, result = (page.locator(part).bounding_box() for part in (".pad", ".result"))
    assert pad["y"] == result["y"] and pad["width"] > 0.5 * height
    assert page.get_by_test_id("stMain").evaluate("m => m.scrollWidth <= m.clientWidth")
    pens, undo, surprise, view = (
        page.locator(part).bounding_box() for part in (".pens", ".undo", ".surprise", ".view")
    )
    assert pens["x"] + pens["width"] <= undo["x"]
    assert surprise["x"] + surprise["width"] <= view["x"]


def test_what_has_been_pressed_keeps_the_focus(page, address):
    """Also when there is nothing more for it to do."""
    open_board(page, address)
    page.keyboard.press("7")
    state(page, DIGIT)
    for name in ("Clear", "Undo", "Undo"):
        button = page.get_by_role("button", name=name)
        button.press("Enter")
        expect(button).to_be_focused()
    expect(button).to_be_disabled()
    button.press("Enter")
    state(page, "empty")


def test_the_first_page_is_found_by_its_name(address):
    with urllib.request.urlopen(f"{address}/translate", timeout=20) as answer:
        assert answer.status == 200 and answer.url == f"{address}/"


def test_dialogs_for_developers_are_off(address):
    with urllib.request.urlopen(f"{address}/_stcore/host-config", timeout=20) as answer:
        assert json.load(answer)["blockErrorDialogs"] is True
