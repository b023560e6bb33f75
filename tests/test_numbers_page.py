"""Whole numbers on the wide pad, as a visitor writes them: the real app in headless Chromium."""

import itertools
import json
import re

import pytest

pytest.importorskip("playwright.sync_api", reason="needs playwright from PyPI")

from browser import ROOT, draw, has_ink, held, open_board, pen_path, serve, until  # noqa: E402
from PIL import Image  # noqa: E402
from playwright.sync_api import Locator, Page, expect  # noqa: E402

from demo import board  # noqa: E402
from unit_core import Translator  # noqa: E402
from unit_core.networks import ModelConfig  # noqa: E402

ASPECT = 4.4  # of the wide pad
FUNCTIONS = "digitsOf, stacked, sideBySide, centred, boxOf"  # of split.js


def visit(page: Page, address: str) -> Locator:
    page.goto(address)
    page.get_by_role("link", name="Numbers").click()
    page.locator(".number:not([data-answers='0'])").wait_for(timeout=30_000)
    return page.locator(".number")


def seven(page: Page, middle: float, lift: bool = True) -> None:
    """A 7 on the pad, `middle` of its width from the left."""
    strokes = [(-0.2, 0.2), (0.15, 0.2), (-0.05, 0.8)]
    draw(page, [(middle + x / ASPECT, y) for x, y in strokes], lift)


def typed(page: Page, address: str, digits: str) -> Locator:
    """The marks under `digits`, once they are written by their keys, at once."""
    visit(page, address)
    page.emulate_media(reduced_motion="reduce")
    for digit in digits:
        page.keyboard.press(digit)
    marks = page.locator(".marks li")
    expect(marks).to_have_count(len(digits))
    return marks


def texts(page: Page) -> list[str]:
    return page.locator(".value output").all_text_contents()


def places(marks: Locator) -> list[dict[str, float]]:
    """Where they are, all at one moment: each answer makes them anew."""
    return marks.evaluate_all("all => all.map((each) => each.getBoundingClientRect().toJSON())")


def test_digits_are_translated_in_their_places_while_the_pen_moves(page, address, trained):
    number = visit(page, address)
    expect(number).to_have_attribute("data-state", "empty")
    seven(page, 0.3)
    expect(page.locator(".marks li")).to_have_count(1)
    before = int(number.get_attribute("data-answers"))
    seven(page, 0.6, lift=False)
    expect(page.locator(".marks li")).to_have_count(2)
    assert int(number.get_attribute("data-answers")) > before + 1
    page.mouse.up()
    marks, pad = page.locator(".marks li"), page.locator(".pad").bounding_box()

    def off() -> float:
        """How far their middles are from the digits', of the pad's width."""
        middles = ((box["x"] + box["width"] / 2 - pad["x"]) / pad["width"] for box in places(marks))
        return max(abs(one - other) for one, other in zip(middles, (0.3, 0.6), strict=True))

    until(page, off, lambda most: most < 0.02)
    inked = page.locator(".result canvas").evaluate(
        """canvas => {
            const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            const columns = new Set();
            data.forEach((value, i) => i % 4 === 3 && value > 60 && columns.add((i >> 2) % canvas.width));
            return [...columns].map((x) => x / canvas.width);
        }"""  # noqa: E501
    )
    assert all(any(abs(x - middle) < 0.02 for x in inked) for middle in (0.3, 0.6))
    assert not any(abs(x - 0.9) < 0.05 for x in inked)
    if trained:
        assert texts(page) == ["7  7", "೭  ೭"] or texts(page) == ["7 7", "೭ ೭"]


def test_what_is_added_while_an_answer_is_on_its_way_is_asked_about(page, address):
    number = visit(page, address)
    with held(page, "**/api/translate*"):  # about the stroke's first dot
        seven(page, 0.5)
    expect(number).to_have_attribute("data-state", re.compile("ok|unsure"))
    expect(page.locator(".marks li")).to_have_count(1)


def test_what_the_page_cannot_write_it_does_not_offer(browser, tmp_path):
    """Here and on the Translate page: a script of one's own has no examples."""
    Translator(ModelConfig(domains=("mnist", "telugu"), width=8, hidden=32)).save(tmp_path)
    with serve(tmp_path) as address:
        page = browser.new_page()
        for shown in (lambda: open_board(page, address), lambda: visit(page, address)):
            root, offers = shown(), page.locator(".by-example:visible")
            expect(offers).to_have_count(2)
            page.get_by_role("button", name="Swap direction").click()
            expect(root).to_have_attribute("data-source", "telugu")
            expect(offers).to_have_count(0)
            page.keyboard.press("7")
            expect(root).not_to_have_class(re.compile("drawn"))
            page.get_by_role("button", name="Surprise").click()  # in the one that it can write
            expect(root).to_have_class(re.compile("drawn"))
            expect(root).to_have_attribute("data-source", "mnist")
        page.close()


def test_a_number_is_typed_read_and_undone(page, address, trained):
    number = visit(page, address)
    page.emulate_media(reduced_motion="reduce")
    for digit in "101":
        page.keyboard.press(digit)
    expect(page.locator(".marks li")).to_have_count(3)
    if trained:
        expect(page.locator(".value.from output")).to_have_text("101")
        expect(page.locator(".value.to output")).to_have_text("೧೦೧")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".marks li")).to_have_count(2)
    page.keyboard.press("Control+y")
    expect(page.locator(".marks li")).to_have_count(3)
    page.keyboard.press("Backspace")
    expect(page.locator(".marks li")).to_have_count(2)
    page.keyboard.press("Escape")
    expect(number).to_have_attribute("data-state", "empty")
    expect(page.get_by_role("button", name="Save")).to_be_disabled()


def test_typed_digits_stay_alike_however_many(page, address):
    widths = [each["width"] for each in places(typed(page, address, 16 * "2"))]
    assert max(widths) < 1.6 * min(widths)


def test_a_speck_sets_no_size_and_is_a_point_only_beside_a_digit(page, address):
    number = visit(page, address)
    page.emulate_media(reduced_motion="reduce")
    draw(page, [(0.1, 0.8), (0.101, 0.8)])
    expect(number).to_have_attribute("data-state", "dot")
    page.keyboard.press("5")
    marks = page.locator(".marks li")
    expect(marks).to_have_count(1)
    assert places(marks)[0]["width"] > 0.25 * page.locator(".pad").bounding_box()["height"]
    page.keyboard.press("Backspace")
    expect(marks).to_have_count(0)
    expect(number).to_have_attribute("data-state", "dot")
    expect(page.locator(".value.from output")).to_be_empty()


def test_a_stroke_is_a_minus_only_before_a_digit(page, address):
    number = visit(page, address)
    page.emulate_media(reduced_motion="reduce")
    draw(page, [(0.1, 0.5), (0.145, 0.5)])
    expect(number).to_have_attribute("data-state", "flat")
    page.keyboard.press("5")
    expect(page.locator(".value.from output")).to_contain_text("−")
    page.keyboard.press("Backspace")
    expect(number).to_have_attribute("data-state", "flat")
    expect(page.locator(".value.from output")).not_to_contain_text("−")


def test_a_pen_that_comes_in_between_lets_the_page_finish_its_digit(page, address):
    visit(page, address)
    page.keyboard.press("4")
    page.keyboard.press("5")
    seven(page, 0.85)
    marks = page.locator(".marks li")
    expect(marks).to_have_count(3)
    until(page, lambda: places(marks)[:2], lambda seen: all(each["width"] > 30 for each in seen))
    page.wait_for_timeout(300)
    saved = page.evaluate(
        "JSON.parse(sessionStorage.getItem('unit:numbers:mnist,kannada')).drawings.mnist"
    )
    heights = [
        max(y for _, y in stroke["points"]) - min(y for _, y in stroke["points"])
        for stroke in saved
    ]
    assert len(saved) == 4 and min(heights) > 0.3  # a 4 has two strokes
    page.keyboard.press("Control+z")
    expect(marks).to_have_count(2)


def test_a_scribble_across_the_pad_is_no_digit(page, address):
    number = visit(page, address)
    draw(page, [(x / 10, 0.35 + 0.3 * (x % 2)) for x in range(1, 10)])
    expect(number).to_have_attribute("data-state", "flat")
    expect(page.locator(".message")).to_contain_text("too flat for a digit")
    expect(page.locator(".marks li")).to_have_count(0)
    draw(page, [(0.96, 0.15), (0.96, 0.85)])  # beside it a 1, which it makes no point of
    expect(page.locator(".marks li")).to_have_count(1)
    expect(page.locator(".message")).to_contain_text("left out")


def test_a_translation_stays_on_its_sheet(page, address):
    number = visit(page, address)
    draw(page, [(0.3, 0.02), (0.6, 0.02), (0.45, 0.6), (0.42, 0.6)])  # wide, at the upper edge
    draw(page, [(0.01, 0.2), (0.01, 0.8)])  # narrow, at the left one
    draw(page, [(0.99, 0.2), (0.99, 0.8)])
    expect(page.locator(".marks li")).to_have_count(3)
    expect(number).to_have_attribute("data-state", re.compile("ok|unsure"))
    assert has_ink(page, ".result canvas")
    edge = page.locator(".result canvas").evaluate(
        """canvas => [[0, 0, canvas.width, 1], [0, canvas.height - 1, canvas.width, 1],
            [0, 0, 1, canvas.height], [canvas.width - 1, 0, 1, canvas.height]].some((strip) =>
            canvas.getContext("2d").getImageData(...strip)
                .data.some((value, i) => i % 4 === 3 && value > 128))"""
    )
    assert not edge


def test_swap_writes_the_other_way(page, address, context_of, trained):
    number = visit(page, address)
    page.emulate_media(reduced_motion="reduce")
    page.get_by_role("button", name="Swap direction").click()
    expect(number).to_have_attribute("data-source", "kannada")
    page.get_by_role("button", name="Surprise").click()
    expect(page.locator(".marks li").nth(1)).to_be_visible()
    if trained:
        expect(page.locator(".value.from output")).to_have_text(re.compile("^[೦-೯]{2,5}$"))
        expect(page.locator(".value.to output")).to_have_text(re.compile("^[0-9]{2,5}$"))
    page.reload()
    page.locator(".number").wait_for()
    expect(page.locator(".number")).to_have_attribute("data-source", "kannada")
    expect(page.locator(".marks li").nth(1)).to_be_visible()
    # Streamlit then looks for its health under the page's path first, in vain.
    context_of.errors[:] = [error for error in context_of.errors if "404" not in error]


def test_a_number_stays_as_it_was_written_while_other_pages_are_looked_at(page, address):
    marks = typed(page, address, "2026")
    before = places(marks)
    page.get_by_role("link", name="Results").click()
    page.locator(".results").wait_for()
    page.get_by_role("link", name="Numbers").click()
    expect(marks).to_have_count(4)
    assert places(marks) == before


def test_which_script_it_is_is_found_out(page, address, trained):
    if not trained:
        pytest.skip("needs the shipped checkpoint")
    number = visit(page, address)
    page.emulate_media(reduced_motion="reduce")
    page.keyboard.press("x")
    for digit in "4563":
        page.keyboard.press(digit)
    expect(page.locator(".marks li")).to_have_count(4)
    page.keyboard.press("a")
    expect(page.locator(".evidence")).to_have_text(re.compile(r"Kannada: \d+ %"))
    expect(number).to_have_attribute("data-source", "kannada")
    page.keyboard.press("Escape")
    page.get_by_label("Detect script").uncheck()
    page.keyboard.press("x")
    expect(number).to_have_attribute("data-source", "mnist")
    page.keyboard.press("a")
    for digit in "4563":
        page.keyboard.press(digit)
    expect(page.locator(".evidence")).to_have_text(re.compile(r"Arabic: \d+ %"))


def test_a_number_found_to_be_of_the_other_script_moves_there_and_back(page, address):
    number = visit(page, address)
    line = {"script": "mnist", "evidence": {"mnist": 1, "kannada": 0}, "digits": [{}]}
    page.route("**/api/read*", lambda route: route.fulfill(json={"lines": [line]}))

    def strokes() -> list[int]:
        return page.evaluate(
            """() => Object.values(JSON.parse(
                sessionStorage.getItem("unit:numbers:mnist,kannada")).drawings)
                .map((strokes) => strokes.length)"""
        )

    seven(page, 0.3)
    seven(page, 0.6)
    page.keyboard.press("x")
    seven(page, 0.5)
    assert strokes() == [2, 1]
    page.keyboard.press("a")
    expect(number).to_have_attribute("data-source", "mnist")
    assert strokes() == [1, 0]
    page.keyboard.press("Control+z")  # what stood there before
    assert strokes() == [2, 0]
    page.keyboard.press("x")
    page.keyboard.press("Control+z")
    assert strokes() == [2, 1]


def test_the_number_is_copied_and_saved(context_of, address):
    context = context_of(viewport={"width": 1280, "height": 800})
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = context.new_page()
    visit(page, address)
    page.emulate_media(reduced_motion="reduce")
    for digit in "47":
        page.keyboard.press(digit)
    expect(page.locator(".marks li")).to_have_count(2)
    page.locator(".value.to .copy").click()
    expect(page.locator(".value.to .copy")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == texts(page)[1]
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Save").click()
    assert waiting.value.suggested_filename.endswith("-mnist-to-kannada.png")
    with Image.open(waiting.value.path()) as picture:
        assert picture.width > 2 * picture.height
        inks = {colour for _, colour in picture.convert("RGB").getcolors(10**6)}
    assert {(36, 80, 164), (184, 55, 31)} <= inks


def test_a_finger_on_a_phone_and_the_phone_turned(context_of, address):
    context = context_of(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    visit(page, address)
    touch = context.new_cdp_session(page)
    for middle in (0.2, 0.8):
        points = pen_path(page, [(middle, 0.2 + i / 30) for i in range(18)])
        for i, (x, y) in enumerate(points):
            kind = "touchMove" if i else "touchStart"
            touch.send(
                "Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]}
            )
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect(page.locator(".marks li")).to_have_count(2)
    assert page.evaluate("scrollY") == 0 and has_ink(page, ".result canvas")
    assert page.get_by_test_id("stMain").evaluate("m => m.scrollWidth <= m.clientWidth")


@pytest.mark.parametrize(("width", "height"), [(667, 375), (844, 390)])
def test_on_a_phone_on_its_side_all_is_in_sight(context_of, address, width, height):
    context = context_of(
        viewport={"width": width, "height": height}, has_touch=True, is_mobile=True
    )
    page = context.new_page()
    visit(page, address)
    for part in (".way", ".tools", ".pad", ".result"):
        expect(page.locator(part)).to_be_in_viewport(ratio=1)
    assert page.get_by_test_id("stMain").evaluate("m => m.scrollWidth <= m.clientWidth")


def test_close_digits_tell_how_sure_they_are_only_where_there_is_room(context_of, address):
    page = context_of(viewport={"width": 390, "height": 844}).new_page()
    visit(page, address)
    page.emulate_media(reduced_motion="reduce")
    sure = page.locator(".marks small")
    page.keyboard.press("4")
    expect(sure).to_be_visible()
    for digit in "71117112":
        page.keyboard.press(digit)
    expect(page.locator(".marks li")).to_have_count(9)
    shown = places(page.locator(".marks small:visible"))
    assert all(a["x"] + a["width"] <= b["x"] for a, b in itertools.pairwise(shown))


def test_a_lost_server_is_said_and_got_over(page, address, context_of):
    number = visit(page, address)
    page.route("**/api/translate*", lambda route: route.abort())
    seven(page, 0.5)
    expect(number).to_have_attribute("data-state", "trouble")
    expect(page.locator(".message")).to_contain_text("does not answer")
    page.unroute("**/api/translate*")
    expect(number).to_have_attribute("data-state", re.compile("ok|unsure"))
    context_of.errors[:] = [error for error in context_of.errors if "ERR_FAILED" not in error]


# --- the pure functions, in the browser they are written for --------------------------------------


@pytest.fixture(scope="module")
def split(browser):
    """Evaluates an expression where demo/numbers/split.js is loaded."""
    page = browser.new_page()
    script = (ROOT / "demo" / "numbers" / "split.js").read_text(encoding="utf-8")
    script = re.sub(r"^const (\w+) =", r"globalThis.\1 =", script, flags=re.MULTILINE)
    page.evaluate(f"{script}\nObject.assign(globalThis, {{ {FUNCTIONS} }});")
    yield page.evaluate
    page.close()


def strokes(*points: list[list[float]]) -> str:
    return str([{"pen": 1, "points": each} for each in points]).replace("'", '"')


HAT = [[1.0, 0.2], [1.45, 0.2]]
BELLY = [[1.02, 0.22], [1.0, 0.5], [1.3, 0.6], [1.0, 0.8]]
ONE = [[0.5, 0.2], [0.5, 0.8]]
DOT = [[0.72, 0.78], [0.73, 0.79]]


@pytest.mark.parametrize(
    ("written", "counts"),
    [
        ([ONE], [1]),
        ([BELLY, ONE, HAT], [1, 2]),  # left to right; a hat belongs to its 5
        ([ONE, [[0.62, 0.2], [0.62, 0.8]]], [1, 1]),  # 11, close
        ([[[0.2, 0.2], [0.1, 0.6], [0.5, 0.6]], [[0.4, 0.3], [0.38, 0.8]]], [2]),  # 4
        ([[[0, 0.2], [0.3, 0.2]], [[0.6, 0.2], [0.9, 0.2]], [[0.1, 0.5], [0.8, 0.5]]], [3]),
    ],
)
def test_strokes_become_digits(split, written, counts):
    digits = split(f"digitsOf({strokes(*written)})")
    assert [len(digit["strokes"]) for digit in digits] == counts


def test_a_point_and_a_gap_are_told(split):
    one, dot, five = split(f"digitsOf({strokes(ONE, DOT, BELLY)})")
    assert (one["mark"], dot["mark"], five["mark"]) == ("", ".", "")
    assert not dot["space"]
    minus = [[0.0, 0.5], [0.3, 0.52]]
    assert [digit["mark"] for digit in split(f"digitsOf({strokes(minus, ONE)})")] == ["−", ""]
    low = [[x, y + 0.3] for x, y in minus]
    assert [digit["mark"] for digit in split(f"digitsOf({strokes(low, ONE)})")] == ["", ""]
    far = [[x + 1, y] for x, y in BELLY]
    assert [digit["space"] for digit in split(f"digitsOf({strokes(ONE, far)})")] == [False, True]


@pytest.mark.parametrize(
    ("places", "spaces"),
    [
        ([0, 0.9, 1.7, 2.6], [False] * 4),  # evenly far apart: one number
        ([0, 0.3, 1.4, 1.7], [False, False, True, False]),
        ([0, 0.3, 1.4], [False, False, True]),
        ([0, 1.1], [False, True]),
    ],
)
def test_a_gap_ends_a_number_where_it_is_wider_than_others(split, places, spaces):
    ones = [[[x, 0.2], [x, 0.8]] for x in places]
    assert [digit["space"] for digit in split(f"digitsOf({strokes(*ones)})")] == spaces


@pytest.mark.parametrize(
    ("written", "several"),
    [
        ([ONE], False),
        ([ONE, [[0.7, 0.2], [0.95, 0.2], [0.8, 0.8]]], True),  # 17
        ([ONE, [[0.52, 0.2], [0.52, 0.8]]], False),  # gone over once more
        ([BELLY, HAT], False),
        ([[[0.2, 0.2], [0.1, 0.6], [0.5, 0.6]], [[0.4, 0.3], [0.38, 0.8]]], False),  # 4
        ([[[0.2, 0.2], [0.1, 0.6], [0.4, 0.6]], [[0.45, 0.3], [0.45, 0.9]]], False),  # 4, apart
        ([ONE, [[0.9, 0.6], [0.95, 0.8]]], False),  # what is small is no digit of its own
    ],
)
def test_digits_side_by_side_are_told(split, written, several):
    assert split(f"sideBySide({strokes(*written)})") is several


@pytest.mark.parametrize(
    ("written", "two"),
    [
        ([[[0.5, 0.1], [0.5, 0.45]], [[0.52, 0.6], [0.52, 0.95]]], True),
        ([BELLY, HAT], False),
        ([ONE, DOT], False),
    ],
)
def test_two_rows_are_told(split, written, two):
    assert split(f"digitsOf({strokes(*written)}).some(stacked)") is two


@pytest.mark.parametrize("script", ["mnist", "kannada"])
def test_no_digit_is_taken_for_two(split, script):
    """Each of the examples in a hundred hands."""
    pad = (ROOT / "demo" / "canvas" / "pad.js").read_text(encoding="utf-8")
    digits = json.dumps(board.examples()[script])
    taken = split(
        f"""(() => {{
            {pad}
            const often = (f) => Array.from({{ length: 100 }}, f);
            const two = (strokes) => sideBySide(strokes) || digitsOf(strokes).some(stacked);
            return {digits}.map((strokes) => often(() => handwritten(strokes, 1)).filter(two).length);
        }})()"""  # noqa: E501
    )
    assert taken == [0] * 10


def test_a_digit_is_asked_about_in_the_middle(split):
    box = split(f"boxOf(centred({strokes(BELLY)}, boxOf({strokes(BELLY)})))")
    assert (box["left"] + box["right"]) / 2 == pytest.approx(0.5)
    assert (box["top"] + box["bottom"]) / 2 == pytest.approx(0.5)
    assert 0.6 < max(box["width"], box["height"]) < 0.8
