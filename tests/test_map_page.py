"""The map as a visitor uses it: the real app in headless Chromium, with a small map of its own."""

import json
import math
import re

import pytest

pytest.importorskip("playwright.sync_api", reason="needs playwright from PyPI")

from browser import LINE, ROOT, SEVEN, draw, has_ink, serve  # noqa: E402
from playwright.sync_api import Locator, Page, expect  # noqa: E402
from tiny_atlas import COUNT, tiny_checkpoint  # noqa: E402

from unit_core.atlas import Atlas  # noqa: E402
from unit_core.checkpoint import ATLAS

READY = ".atlas[data-state='ready']:not([data-answers='0'])"


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tiny")
    tiny_checkpoint(folder)
    return folder


@pytest.fixture(scope="module")
def made(checkpoint) -> Atlas:
    return Atlas.load(checkpoint / ATLAS)


@pytest.fixture(scope="module")
def address(browser, checkpoint):
    with serve(checkpoint) as url:
        yield url


def visit(page: Page, address: str) -> Locator:
    """The map, reached from the start as a visitor does, once it shows its first digit."""
    page.goto(address)
    page.get_by_role("link", name="Map", exact=True).click()
    page.locator(READY).wait_for(timeout=30_000)
    return page.locator(".atlas")


def spot(page: Page, made: Atlas, point: int, view: str = "tsne") -> tuple[float, float]:
    """Where a point is on the page while the whole map is seen."""
    box = page.locator(".over").bounding_box()
    unit = 0.94 * min(box["width"], box["height"])
    x, y = made.view(view)[point]
    return (
        box["x"] + box["width"] / 2 + (float(x) - 0.5) * unit,
        box["y"] + box["height"] / 2 - (float(y) - 0.5) * unit,
    )


def answers(page: Page) -> int:
    return int(page.locator(".atlas").get_attribute("data-answers"))


def glyphs(made: Atlas, point: int) -> str:
    script, label = made.script[point], made.labels[point]
    return f"{('Arabic', 'Kannada')[script]} {('0123456789', '೦೧೨೩೪೫೬೭೮೯')[script][label]}"


def told(page: Page) -> int:
    """The point whose number the panel tells."""
    number = re.search(r"Number ([\d,]+) of", page.locator(".told").inner_text())
    assert number is not None
    return int(number[1].replace(",", "")) - 1


def shown(page: Page, kind: str) -> None:
    expect(page.locator(".atlas")).to_have_attribute("data-kind", kind)


def test_a_picture_appears_under_the_pointer(page, address, made):
    atlas = visit(page, address)
    expect(atlas).to_have_attribute("data-painter", "webgl")
    expect(page.locator(".tip")).to_be_hidden()
    page.mouse.move(*spot(page, made, 9))
    expect(page.locator(".tip")).to_be_visible()
    point = int(atlas.get_attribute("data-hovered"))  # a neighbour may lie as near
    expect(page.locator(".tip p")).to_contain_text(glyphs(made, point))
    expect(page.locator(".tip canvas:visible")).to_have_count(1)
    assert has_ink(page, ".tip canvas:visible")
    page.mouse.move(2, 2)
    expect(page.locator(".tip")).to_be_hidden()


@pytest.mark.parametrize("painter", ["webgl", "2d"])
def test_the_points_are_painted(context_of, address, painter):
    """By Canvas 2D where there is no WebGL."""
    page = context_of(viewport={"width": 1280, "height": 800}).new_page()
    if painter == "2d":
        page.add_init_script(
            """const get = HTMLCanvasElement.prototype.getContext;
               HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
                 return kind == "webgl" ? null : get.call(this, kind, ...rest);
               };"""
        )
    atlas = visit(page, address)
    expect(atlas).to_have_attribute("data-painter", painter)

    def painted() -> int:
        return page.locator(".points canvas").evaluate(
            """async canvas => {
                 const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d");
                 const picture = await createImageBitmap(canvas);
                 copy.drawImage(picture, 0, 0);
                 const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
                 let n = 0;
                 for (let i = 3; i < data.length; i += 4) n += data[i] > 40;
                 return n;
               }"""
        )

    if painter == "2d":  # a WebGL canvas may be emptied once it is shown
        everything = painted()
        assert everything > 4 * COUNT
        page.get_by_role("button", name="3 ೩").click()
        page.locator(".atlas[data-visible='30']").wait_for()
        page.wait_for_timeout(50)
        assert 0 < painted() < everything / 4
    else:
        before = page.locator(".chart").screenshot()
        page.get_by_role("button", name="3 ೩").click()
        page.locator(".atlas[data-visible='30']").wait_for()
        page.wait_for_timeout(50)
        assert page.locator(".chart").screenshot() != before


def test_a_click_decodes_in_both_scripts_and_finds_neighbours(page, address, made):
    visit(page, address)
    before = answers(page)
    page.mouse.click(*spot(page, made, 20))
    expect(page.locator(".atlas")).not_to_have_attribute("data-answers", str(before))
    shown(page, "point")
    expect(page.locator(".found h2")).to_have_text(re.compile("Arabic|Kannada"))
    expect(page.locator(".pictures canvas")).to_have_count(2)
    assert all(has_ink(page, f".pictures figure:nth-child({n}) canvas") for n in (1, 2))
    expect(page.locator(".thumb")).to_have_count(10)
    # A neighbour can be followed, by keyboard too.
    name = page.locator(".thumb").first.get_attribute("title")
    page.locator(".thumb").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".found h2")).to_have_text(name)
    # What was found can be taken along to the Interpolate page.
    page.get_by_role("button", name="from this").click()
    picked = json.loads(page.evaluate("sessionStorage.getItem('unit:picked')"))
    assert len(picked["a"]["code"]) == 12 and picked["a"]["script"] in ("mnist", "kannada")
    expect(page.locator(".told")).to_have_text("Start saved. Now pick an end.")


def test_arrows_go_from_digit_to_digit_and_each_is_told_apart(page, address, made):
    visit(page, address)
    expect(page.locator(".told")).to_contain_text("Number")
    page.locator(".over").focus()
    for key, side in (("ArrowRight", (1, 0)), ("ArrowDown", (0, -1)), ("ArrowLeft", (-1, 0))):
        before, words = told(page), page.locator(".told").inner_text()
        page.keyboard.press(f"Shift+{key}")
        expect(page.locator(".told")).not_to_have_text(words)
        (x, y), (u, v) = (made.tsne[point].astype(float) for point in (before, told(page)))
        assert (u - x) * side[0] + (v - y) * side[1] > 0
    for _ in range(COUNT):  # to the map's edge
        if "further" in (words := page.locator(".told").inner_text()):
            break
        page.keyboard.press("Shift+ArrowLeft")
        expect(page.locator(".told")).not_to_have_text(words)
    expect(page.locator(".told")).to_have_text("No digit lies further that way.")


def test_a_lasso_opens_a_gallery_with_counts_and_a_mean(page, address, made):
    visit(page, address)
    page.get_by_label("Lasso").check(force=True)
    box = page.locator(".over").bounding_box()
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    radius = 0.48 * box["height"]
    turn = [2 * math.pi * i / 40 for i in range(41)]
    path = [(middle[0] + radius * math.cos(t), middle[1] + radius * math.sin(t)) for t in turn]
    page.mouse.move(*path[0])
    page.mouse.down()
    for x, y in path[1:]:
        page.mouse.move(x, y)
    page.mouse.up()
    shown(page, "lasso")
    caught = sum(
        math.dist(spot(page, made, point), middle) < radius * 0.99 for point in range(len(made))
    )
    told = int(re.match(r"\d+", page.locator(".found h2").inner_text())[0])
    assert abs(told - caught) <= 6  # the lasso has corners
    expect(page.locator(".thumb")).to_have_count(48)
    expect(page.locator(".found h3")).to_have_text(f"48 of {told}")
    counts = [div.get_attribute("title") for div in page.locator(".counts > div").all()]
    assert (
        sum(int(n) for text in counts for n in re.findall(r"(\d+) (?:Arabic|Kannada)", text))
        == told
    )
    assert has_ink(page, ".pictures figure:nth-child(1) canvas")


def test_decode_here_follows_the_pointer_and_is_honest(page, address, made):
    visit(page, address)
    page.get_by_label("Decode here").check(force=True)
    x, y = spot(page, made, 33)
    page.mouse.move(x, y)
    shown(page, "here")
    expect(page.locator(".told")).to_contain_text("weighted average of the 8 points")
    expect(page.locator(".thumb")).to_have_count(8)
    expect(page.locator(".tip canvas:visible")).to_have_count(2)
    before = answers(page)
    page.mouse.move(x + 60, y + 40, steps=4)
    expect(page.locator(".atlas")).not_to_have_attribute("data-answers", str(before))


def test_the_views_glide_into_each_other_and_are_kept(timed_page, address, context_of, made):
    atlas = visit(timed_page, address)
    expect(atlas).to_have_attribute("data-share", "0")
    now = timed_page.evaluate("Date.now()")
    timed_page.clock.install(time=now)
    timed_page.clock.pause_at(now + 10_000)  # from here on time passes as the test says
    timed_page.get_by_label("UMAP").check(force=True)
    timed_page.clock.run_for(450)
    assert 0.3 < float(atlas.get_attribute("data-share")) < 0.7  # half way
    timed_page.clock.run_for(1000)
    expect(atlas).to_have_attribute("data-share", "1")
    timed_page.clock.resume()
    timed_page.mouse.move(*spot(timed_page, made, 12, "umap"))
    expect(timed_page.locator(".tip")).to_be_visible()
    timed_page.reload()
    timed_page.locator(READY).wait_for()
    context_of.errors[:] = [error for error in context_of.errors if "404" not in error]
    expect(timed_page.locator(".atlas")).to_have_attribute("data-share", "1")
    expect(timed_page.get_by_label("UMAP")).to_be_checked()


def test_without_motion_the_views_change_at_once(context_of, address):
    page = context_of(reduced_motion="reduce").new_page()
    atlas = visit(page, address)
    page.get_by_label("UMAP").check(force=True)
    assert atlas.get_attribute("data-share") == "1"


def test_ones_own_digit_is_a_dot_that_moves_while_it_is_written(page, address):
    atlas = visit(page, address)
    assert atlas.get_attribute("data-dot-x") is None
    draw(page, LINE, lift=False)
    expect(atlas).to_have_attribute("data-dot-x", re.compile(r"\d"))
    shown(page, "yours")
    first = [atlas.get_attribute(f"data-dot-{axis}") for axis in "xy"]
    box = page.locator(".pad canvas").bounding_box()
    page.mouse.move(box["x"] + 0.1 * box["width"], box["y"] + 0.85 * box["height"], steps=12)
    page.mouse.move(box["x"] + 0.1 * box["width"], box["y"] + 0.15 * box["height"], steps=12)
    expect(atlas).not_to_have_attribute("data-dot-x", first[0])
    page.mouse.up()
    page.locator(".yours .clear").click()
    expect(page.locator(".told")).to_contain_text("Write a digit")
    assert atlas.get_attribute("data-dot-x") is None
    page.locator(".yours .clear").press("Enter")  # there is nothing left to clear, nor to undo
    page.locator(".yours .undo").click()
    expect(atlas).to_have_attribute("data-dot-x", re.compile(r"\d"))


def test_the_translate_pages_drawing_comes_along(page, address):
    page.goto(address)
    page.locator(".board:not([data-answers='0'])").wait_for(timeout=30_000)
    draw(page, SEVEN)
    page.get_by_role("link", name="Map", exact=True).click()
    page.locator(READY).wait_for(timeout=30_000)
    shown(page, "yours")
    assert has_ink(page, ".yours .pad canvas")


def test_filters_isolate_add_and_come_back(page, address, made):
    atlas = visit(page, address)
    expect(atlas).to_have_attribute("data-visible", str(2 * COUNT))
    page.get_by_role("button", name="4 ೪").click()
    expect(atlas).to_have_attribute("data-visible", str(2 * COUNT // 10))
    page.get_by_role("button", name="5 ೫").click()
    expect(atlas).to_have_attribute("data-visible", str(2 * COUNT // 5))
    page.get_by_role("button", name="Kannada", exact=True).click()
    expect(atlas).to_have_attribute("data-visible", str(COUNT // 5))
    for name in ("4 ೪", "5 ೫", "Kannada"):
        page.get_by_role("button", name=name, exact=True).click()
    expect(atlas).to_have_attribute("data-visible", str(2 * COUNT))
    page.get_by_label("Misreadings").check(force=True)
    wrong = ((made.judged != made.labels) & (made.judged != 255)).nonzero()[0]
    expect(page.locator(".shown")).to_contain_text(f"{len(wrong)} misread once translated: tap one")


def test_misreadings_lie_large_upon_all_others(page, address, made):
    visit(page, address)
    wrong = ((made.judged != made.labels) & (made.judged != 255)).nonzero()[0]
    box = page.locator(".over").bounding_box()
    spots = [spot(page, made, int(point)) for point in wrong]
    places = [[x - box["x"], y - box["y"]] for x, y in spots]

    def painted() -> int:
        return page.locator(".over").evaluate(
            """(canvas, places) => {
                 const context = canvas.getContext("2d");
                 const opaque = (x, y) => context.getImageData(x, y, 1, 1).data[3] == 255;
                 return places.filter(([x, y]) => [-3, 0, 3].every((d) => opaque(x + d, y))).length;
               }""",
            places,
        )

    assert painted() < len(wrong) / 2  # some may lie below a label
    page.get_by_label("Misreadings").check(force=True)
    expect(page.locator(".shown")).to_contain_text("misread")
    page.wait_for_timeout(50)  # a frame
    assert painted() == len(wrong)
    before = answers(page)
    page.mouse.click(*spots[0])
    expect(page.locator(".atlas")).not_to_have_attribute("data-answers", str(before))
    assert told(page) in wrong


def test_wheel_drag_and_keys_move_the_map(page, address):
    atlas = visit(page, address)
    box = page.locator(".over").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.wheel(0, -400)
    expect(atlas).to_have_attribute("data-zoom", re.compile(r"^1\.[1-9]|^[2-9]"))
    before = page.locator(".chart").screenshot()
    page.mouse.down()
    page.mouse.move(x + 80, y + 50, steps=4)
    page.mouse.up()
    assert page.locator(".chart").screenshot() != before
    page.locator(".over").dblclick(position={"x": 4, "y": 4})
    expect(atlas).to_have_attribute("data-zoom", "1")
    page.locator(".over").focus()
    for _ in range(3):
        page.keyboard.press("+")
    expect(atlas).to_have_attribute("data-zoom", re.compile(r"^2\.7"))
    page.keyboard.press("ArrowRight")
    before = answers(page)
    page.keyboard.press("Enter")  # the digit in the middle
    expect(atlas).not_to_have_attribute("data-answers", str(before))
    page.keyboard.press("0")
    expect(atlas).to_have_attribute("data-zoom", "1")
    for key, tool in (("L", "lasso"), ("d", "here"), ("V", "look")):  # Caps Lock or not
        page.keyboard.press(key)
        expect(atlas).to_have_attribute("data-tool", tool)
    page.get_by_role("button", name="Zoom in").click()
    expect(atlas).to_have_attribute("data-zoom", "1.6")


def test_a_finger_taps_and_two_zoom(context_of, address, made):
    context = context_of(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    atlas = visit(page, address)
    assert page.get_by_test_id("stMain").evaluate("m => m.scrollWidth <= m.clientWidth")
    page.touchscreen.tap(*spot(page, made, 9))
    expect(page.locator(".tip")).to_be_visible()  # the panel is out of sight
    box = page.locator(".over").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    touch = context.new_cdp_session(page)

    def fingers(kind: str, *apart: float) -> None:
        places = [
            {"x": x + sign * d, "y": y, "id": i} for d in apart for i, sign in enumerate((-1, 1))
        ]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})

    fingers("touchStart", 20)
    for apart in range(24, 80, 8):
        fingers("touchMove", apart)
    fingers("touchEnd")
    expect(atlas).to_have_attribute("data-zoom", re.compile(r"^[2-4]"))


def test_a_finger_scrolls_past_the_whole_map_and_moves_a_part_of_it(context_of, address):
    context = context_of(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    atlas = visit(page, address)
    touch = context.new_cdp_session(page)

    def still() -> float:
        """Where the page is once a swipe's momentum is spent."""
        main = page.get_by_test_id("stMain")
        before, now = -1.0, main.evaluate("main => main.scrollTop")
        while now != before:
            page.wait_for_timeout(200)
            before, now = now, main.evaluate("main => main.scrollTop")
        return now

    def swipe() -> float:
        """Up over the map; how far the page scrolls."""
        before = still()
        box = page.locator(".over").bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + 0.8 * box["height"]
        for kind, up in [("touchStart", 0), *(("touchMove", 12 * n) for n in range(1, 11))]:
            place = [{"x": x, "y": y - up}]
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": place})
            page.wait_for_timeout(16)
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        return still() - before

    assert swipe() > 60 and atlas.get_attribute("data-zoom") == "1"
    page.get_by_role("button", name="Zoom in").click()
    before = page.locator(".chart").screenshot()
    assert swipe() == pytest.approx(0, abs=5)
    assert page.locator(".chart").screenshot() != before
    page.get_by_role("button", name="The whole map").click()
    page.get_by_label("Lasso").check(force=True)
    assert swipe() == pytest.approx(0, abs=5)


@pytest.mark.parametrize("size", [(390, 700), (320, 568)])
def test_on_a_phone_map_and_pad_are_seen_together(context_of, address, size):
    page = context_of(viewport=dict(zip(("width", "height"), size, strict=True))).new_page()
    visit(page, address)
    chart, pad = (page.locator(each).bounding_box() for each in (".chart", ".pad"))
    assert chart["y"] < pad["y"] and pad["y"] + pad["height"] - chart["y"] < size[1]


def test_a_change_of_theme_and_a_lost_context_are_got_over(page, address, made):
    atlas = visit(page, address)
    light = page.locator(".chart").screenshot()
    page.emulate_media(color_scheme="dark")
    expect(page.locator(".over")).to_have_css("color", "rgb(233, 230, 223)")
    page.locator(READY).wait_for()
    expect(page.locator(".pictures canvas")).to_have_count(2)
    expect(page.locator(".legend button")).to_have_count(12)
    page.mouse.move(*spot(page, made, 9))
    expect(page.locator(".tip canvas:visible")).to_have_count(1)
    page.mouse.move(2, 2)
    canvas = page.locator(".points canvas").element_handle()
    canvas.evaluate("c => c.getContext('webgl').getExtension('WEBGL_lose_context').loseContext()")
    canvas.wait_for_element_state("hidden")  # another has taken its place
    expect(atlas).to_have_attribute("data-painter", "webgl")
    assert page.locator(".chart").screenshot() != light


def test_where_motion_is_reduced_digits_have_their_colours(context_of, address):
    page = context_of(reduced_motion="reduce").new_page()
    visit(page, address)
    inks = page.locator(".keys-digits button").evaluate_all(
        "all => all.map((each) => getComputedStyle(each).getPropertyValue('--ink'))"
    )
    assert len(set(inks)) == 10


@pytest.mark.parametrize("width", [320, 800, 1280])
def test_no_sideways_scroll_at_any_width(context_of, address, width):
    page = context_of(viewport={"width": width, "height": 800}).new_page()
    visit(page, address)
    assert page.get_by_test_id("stMain").evaluate("m => m.scrollWidth <= m.clientWidth")


def run_again(page: Page) -> None:
    """By Streamlit's key, which it does not hear while the script runs."""
    page.locator("[data-test-script-state='notRunning']").wait_for()
    page.keyboard.press("r")


def test_a_missing_map_says_how_to_make_one_and_is_then_found(
    page, address, checkpoint, context_of
):  # fmt: skip
    path = checkpoint / ATLAS
    away = path.rename(path.with_suffix(".away"))
    try:
        page.goto(address)
        page.get_by_role("link", name="Map", exact=True).click()
        expect(page.get_by_text(re.compile(r"python -m unit_core atlas"))).to_have_count(2)
        path.write_bytes(b"damaged")
        run_again(page)
        expect(page.get_by_text("is damaged")).to_be_visible()
    finally:
        away.rename(path)
    run_again(page)
    page.locator(READY).wait_for()


def test_a_lost_server_is_said_and_got_over(page, address, context_of):
    page.goto(address)
    page.route("**/api/atlas/points*", lambda route: route.abort())
    page.get_by_role("link", name="Map", exact=True).click()
    expect(page.get_by_text("The server does not answer.")).to_be_visible()
    page.unroute("**/api/atlas/points*")
    page.get_by_role("button", name="Try again").click()
    page.locator(READY).wait_for()
    context_of.errors[:] = [error for error in context_of.errors if "ERR_FAILED" not in error]


def test_three_scripts_have_three_shapes_and_labels_side_by_side(browser):
    page = browser.new_page()
    page.set_content("<canvas></canvas>")
    for name in ("points", "over"):
        page.add_script_tag(path=ROOT / "demo" / "map" / f"{name}.js")
    pictures = page.evaluate(
        """[0, 1, 2, 3].map((script) => {
            const canvas = document.createElement("canvas");
            const context = canvas.getContext("2d");
            trace(context, script, 50, 50, 20);
            context.fill();
            return canvas.toDataURL();
        })"""
    )
    assert len(set(pictures)) == 3 and pictures[0] == pictures[3]
    labels = page.evaluate(
        """(() => {
            globalThis.VIEWS = ["tsne", "umap"];
            const at = Array(30).fill(null);
            [at[0], at[10], at[20]] = [[0, 0], [10, 0], [90, 0]];
            const scripts = ["a", "b", "c"].map((glyph) => ({ glyphs: [glyph] }));
            const shown = { digits: new Set([0]), scripts: new Set([0, 1, 2]) };
            return labelsOf({ tsne: at, umap: at }, scripts, shown, (place) => place);
        })()"""
    )
    assert labels == [{"text": "a b", "at": [5, 0]}, {"text": "c", "at": [90, 0]}]
    page.close()
