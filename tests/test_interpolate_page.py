"""From digit to digit as a visitor walks it: the real app in headless Chromium."""

import io
import json
import re

import pytest

pytest.importorskip("playwright.sync_api", reason="needs playwright from PyPI")

from browser import LINE, ROOT, SEVEN, draw_on, forgive, slide  # noqa: E402
from PIL import Image  # noqa: E402
from playwright.sync_api import Locator, Page, expect  # noqa: E402

READY = ".morph:not([data-answers='0'])"
ARABIC, KANNADA = 0, 1


def visit(page: Page, address: str) -> Locator:
    """The page, reached from the start as a visitor does, once its pictures are there."""
    page.goto(address)
    page.get_by_role("link", name="Interpolate").click()
    page.locator(READY).wait_for(timeout=30_000)
    return page.locator(".morph")


def picture(page: Page, selector: str, number: int = 0) -> str:
    """A canvas's picture, once no question is under way any more."""
    page.wait_for_timeout(30)  # input events of the page's own may still be on their way
    page.locator(".morph:not([data-busy])").wait_for()
    return page.locator(selector).nth(number).evaluate("canvas => canvas.toDataURL()")


def stages(page: Page) -> list[str]:
    return [picture(page, ".stages canvas", script) for script in (ARABIC, KANNADA)]


def reload(page: Page, context_of) -> None:
    """Once more; Streamlit then looks for its health under the page's path first, in vain."""
    page.reload()
    page.locator(READY).wait_for()
    forgive(context_of, "404")


def test_the_way_from_end_to_end(page, address, trained):
    morph = visit(page, address)
    ends = [morph.locator(f'.end[data-end="{e}"]') for e in (0, 1)]
    ends[0].get_by_role("button", name="3", exact=True).click()
    ends[1].get_by_role("button", name="೮", exact=True).click()
    first = stages(page)
    slide(page.get_by_label("How far along"), 1)
    last = stages(page)
    assert first[ARABIC] != last[ARABIC] and first[KANNADA] != last[KANNADA]
    expect(morph).to_have_attribute("data-digit", "8")
    page.get_by_role("button", name="Step 1 of 11").click()
    assert stages(page) == first
    expect(morph).to_have_attribute("data-digit", "3")
    page.get_by_role("button", name="Step 6 of 11").click()
    straight = stages(page)
    page.get_by_label("Round the sphere").check()
    assert stages(page)[ARABIC] != straight[ARABIC]
    expect(page.locator(".told")).to_contain_text("distance")
    if trained:
        expect(page.locator(".says").first).to_contain_text("%")


def test_it_plays_there_and_back(timed_page, address):
    visit(timed_page, address)
    place = timed_page.get_by_label("How far along")
    now = timed_page.evaluate("Date.now()")
    timed_page.clock.install(time=now)
    timed_page.clock.pause_at(now + 10_000)  # from here on time passes as the test says
    timed_page.keyboard.press(" ")
    expect(timed_page.get_by_role("button", name="Pause")).to_be_visible()
    timed_page.clock.run_for(1600)  # of the 3,200 milliseconds from end to end
    assert 0 < float(place.input_value()) < 1
    timed_page.clock.run_for(2000)
    back = float(place.input_value())
    timed_page.clock.run_for(400)
    assert 0 < float(place.input_value()) < back < 1  # on its way back
    timed_page.get_by_role("button", name="Pause").click()
    halted = place.input_value()
    timed_page.clock.run_for(400)
    assert place.input_value() == halted


def test_keys_move_the_point_and_draw_other_hands(page, address):
    visit(page, address)
    page.keyboard.down("ArrowRight")
    page.keyboard.down("ArrowRight")  # held, it goes on
    page.keyboard.up("ArrowRight")
    expect(page.get_by_label("How far along")).to_have_value("0.1")
    before = stages(page)
    page.keyboard.press("H")  # as with Caps Lock
    assert stages(page) != before


def test_an_end_is_drawn(page, address, trained):
    visit(page, address)
    before = stages(page)
    end = page.locator('.end[data-end="0"]')
    draw_on(page, end.locator("canvas"), SEVEN)
    expect(end.get_by_role("button", name="Clear ink")).to_be_enabled()
    after = stages(page)
    assert after[ARABIC] != before[ARABIC] and after[KANNADA] != before[KANNADA]
    if trained:
        expect(page.locator(".morph")).to_have_attribute("data-digit", "7")
    end.get_by_role("button", name="Clear ink").click()
    expect(end.get_by_role("button", name="Clear ink")).to_be_disabled()
    assert stages(page) == after  # the point stays, the model writes it
    end.get_by_label("Kannada").check()
    expect(end.get_by_role("button", name="೭", exact=True)).to_be_visible()
    dot = end.locator("canvas")
    draw_on(page, dot, [(0.5, 0.5), (0.5, 0.5)])
    expect(end.get_by_role("status")).to_contain_text("dot")


def test_the_square_by_pointer_and_by_keys(page, address):
    visit(page, address)
    field = page.get_by_label("Place in the square, Kannada")
    field.scroll_into_view_if_needed()
    box = field.bounding_box()
    start = stages(page)
    page.mouse.move(box["x"] + 0.1 * box["width"], box["y"] + 0.1 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.9 * box["width"], box["y"] + 0.9 * box["height"], steps=8)
    page.mouse.up()
    expect(field).to_have_attribute("aria-valuetext", "100 % across, 100 % down")
    corner = stages(page)
    assert corner[ARABIC] != start[ARABIC] and corner[KANNADA] != start[KANNADA]
    page.get_by_role("group", name="Lower right").get_by_role("button").nth(0).click()
    expect(page.locator(".morph")).to_have_attribute("data-digit", "0")
    field.focus()
    for _ in range(20):
        page.keyboard.press("ArrowUp")
        page.keyboard.press("ArrowLeft")
    expect(field).to_have_attribute("aria-valuetext", "0 % across, 0 % down")
    assert stages(page) == start


def test_the_hand_changes_and_is_reset(page, address):
    visit(page, address)
    plain, strip = stages(page), picture(page, ".strip canvas", KANNADA)
    slider = page.locator(".sliders input").first
    slider.scroll_into_view_if_needed()
    slider.focus()
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    expect(slider).to_have_value("0.2")
    changed = stages(page)
    assert changed[ARABIC] != plain[ARABIC] and changed[KANNADA] != plain[KANNADA]
    assert picture(page, ".strip canvas", KANNADA) != strip
    page.get_by_role("button", name="Reset").click()
    assert stages(page) == plain
    expect(slider).to_have_value("0")


def test_another_hand_writes_the_same_digit(page, address):
    visit(page, address)
    expect(page.locator(".morph")).to_have_attribute("data-digit", "3")
    before = stages(page)
    page.locator('.end[data-end="0"]').get_by_role("button", name="Another hand").click()
    assert stages(page) != before
    expect(page.locator(".morph")).to_have_attribute("data-digit", "3")


def test_the_animation_and_the_strip_to_take_home(page, address):
    visit(page, address)
    picture(page, ".strip canvas")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Save GIF").click()
    assert waiting.value.suggested_filename == "3-to-8.gif"
    film = Image.open(io.BytesIO(waiting.value.path().read_bytes()))
    assert film.format == "GIF" and film.n_frames == 64  # 33 there, 31 back
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Save strip").click()
    strip = Image.open(waiting.value.path()).convert("RGB")
    assert strip.size == (11 * 120, 2 * 120)
    for top, inked in ((0, "blue"), (120, "red")):
        colours = strip.crop((0, top, 1320, top + 120)).getcolors(1 << 20)
        red, _, blue = min((colour for _, colour in colours), key=sum)  # the darkest
        assert (blue > red) == (inked == "blue")


def test_a_reload_keeps_everything(page, address, context_of):
    visit(page, address)
    draw_on(page, page.locator('.end[data-end="1"] canvas'), LINE)
    slide(page.locator(".sliders input").first, 0.8)
    slide(page.get_by_label("How far along"), 0.4)
    kept = [*stages(page), picture(page, '.end[data-end="1"] canvas')]
    reload(page, context_of)
    assert [*stages(page), picture(page, '.end[data-end="1"] canvas')] == kept
    expect(page.get_by_label("How far along")).to_have_value("0.4")
    expect(page.locator(".sliders input").first).to_have_value("0.8")


def test_what_was_picked_on_the_map_is_taken_up_once(page, address, context_of):
    visit(page, address)
    code = [0.0] * 48
    picked = {
        "a": {"code": [5.0 * (i == 1) for i in range(48)], "script": "kannada", "label": 1},
        "b": {"code": code[:-1], "script": "mnist", "label": 4},  # of another model: left alone
    }
    page.evaluate(
        "told => sessionStorage.setItem('unit:picked', told)",
        json.dumps(picked),
    )
    page.get_by_role("link", name="Translate").click()
    page.locator(".board").wait_for()
    page.get_by_role("link", name="Interpolate").click()
    morph = page.locator(".morph")
    expect(morph).to_have_attribute("data-digit", "1")
    ends = [morph.locator(f'.end[data-end="{e}"]') for e in (0, 1)]
    expect(ends[0].get_by_role("button", name="೧")).to_have_attribute("aria-pressed", "true")
    expect(ends[0].get_by_role("status")).to_contain_text("map")
    expect(ends[1].get_by_role("button", name="೮")).to_have_attribute("aria-pressed", "true")
    ends[0].get_by_role("button", name="೫").click()
    expect(morph).to_have_attribute("data-digit", "5")
    reload(page, context_of)
    expect(page.locator(READY)).to_have_attribute("data-digit", "5")


def test_a_lost_server_is_said_and_got_over(page, address, context_of):
    visit(page, address)
    page.route("**/api/decode*", lambda route: route.abort())
    slide(page.get_by_label("How far along"), 1)
    message = page.locator(".walk .message")
    expect(message).to_contain_text("does not answer")
    page.unroute("**/api/decode*")
    expect(message).to_have_text("")
    expect(page.locator(".morph")).to_have_attribute("data-digit", "8")
    forgive(context_of, "ERR_FAILED")


@pytest.mark.parametrize("width", [320, 390, 800, 1280])
def test_no_sideways_scroll_at_any_width(context_of, address, width):
    page = context_of(viewport={"width": width, "height": 800}).new_page()
    visit(page, address)
    assert page.get_by_test_id("stMain").evaluate("m => m.scrollWidth <= m.clientWidth")


def test_on_a_phone_the_pictures_stay_in_sight_of_what_changes_them(context_of, address):
    page = context_of(viewport={"width": 390, "height": 844}).new_page()
    visit(page, address)
    expect(page).to_have_title(re.compile("Interpolate"))
    for below in (".corners", ".sliders label:last-child"):
        page.locator(below).scroll_into_view_if_needed()
        for canvas in page.locator(".stages canvas").all():
            expect(canvas).to_be_in_viewport(ratio=1)


@pytest.mark.parametrize(("width", "height"), [(740, 360), (683, 384)])
def test_on_a_phone_on_its_side_all_can_be_reached(context_of, address, width, height):
    page = context_of(viewport={"width": width, "height": height}).new_page()
    visit(page, address)
    for part in (".play", ".along", ".sliders input >> nth=-1", ".end .pad >> nth=1"):
        page.locator(part).click(trial=True)
        expect(page.locator(".stages canvas").first).to_be_in_viewport()


def test_a_first_visit_straight_to_the_page(browser, address):
    """Streamlit's own probing for its health under the page's path may fail; nothing else."""
    page = browser.new_page()
    try:
        page.goto(f"{address}/interpolate")
        page.locator(READY).wait_for(timeout=30_000)
        expect(page.get_by_role("link", name="Translate")).to_be_visible()
    finally:
        page.close()


# --- the pure functions, in the browser they are written for ------------------------------------


@pytest.fixture(scope="module")
def latent(browser):
    """Evaluates an expression where demo/canvas/latent.js is loaded."""
    page = browser.new_page()
    script = (ROOT / "demo" / "canvas" / "latent.js").read_text(encoding="utf-8")
    page.evaluate(re.sub(r"^const (\w+) =", r"globalThis.\1 =", script, flags=re.MULTILINE)
                  + "\nObject.assign(globalThis, { arc, between, gauss, reading });")  # fmt: skip
    yield page.evaluate
    page.close()


def test_the_arc_keeps_its_distance_and_the_line_does_not(latent):
    assert latent("mix([3, 0], [0, 4], 0.5)") == [1.5, 2]
    assert latent("arc([3, 0], [0, 4], 0)") == pytest.approx([3, 0])
    assert latent("arc([3, 0], [0, 4], 1)") == pytest.approx([0, 4])
    half = latent("arc([3, 0], [0, 4], 0.5)")
    assert half == pytest.approx([3.5 * 0.5**0.5] * 2)
    assert latent("arc([1, 2], [2, 4], 0.25)") == pytest.approx([1.25, 2.5])  # no angle
    assert latent("arc([1, 0], [-1, 0], 0.5)") == [0, 0]  # no arc
    assert latent("arc([0, 0], [2, 0], 0.5)") == [1, 0]


def test_between_four_corners(latent):
    corners = "[[0, 0], [4, 0], [0, 2], [4, 2]]"
    assert latent(f"between({corners}, 0.25, 0.5, 'line')") == [1, 1]
    assert latent(f"between({corners}, 1, 1, 'line')") == [4, 2]
    assert latent("moved([1, 1], [[1, 0], [0, 1]], [0.5, -2])") == [1.5, -1]


def test_the_reading_is_a_softmax(latent):
    read = latent("reading([0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 99], 5)")
    assert read["digit"] == 2 and read["sure"] == pytest.approx(1, abs=1e-9)
    assert latent("reading(Array(12).fill(0), 5).sure") == pytest.approx(0.1)
    hands = latent("Array.from({ length: 4000 }, () => someHand(1, 12, 5, 0.5))")
    second = [hand[1] for hand in hands]
    mean = sum(second) / len(second)
    assert mean == pytest.approx(5, abs=0.05)
    assert (sum((x - mean) ** 2 for x in second) / 4000) ** 0.5 == pytest.approx(0.5, abs=0.05)
