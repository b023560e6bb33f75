"""The story as a reader goes through it: the real app in headless Chromium."""

import re

import pytest

pytest.importorskip("playwright.sync_api", reason="needs playwright from PyPI")

from browser import LINE, SEVEN, draw_on, forgive, has_ink, serve, slide  # noqa: E402
from playwright.sync_api import Locator, Page, expect  # noqa: E402

from unit_core import Translator  # noqa: E402
from unit_core.networks import ModelConfig  # noqa: E402
from unit_core.provenance import Provenance

READY = ".story:not([data-answers='0'])"


def visit(page: Page, address: str) -> Locator:
    page.goto(address)
    page.get_by_role("link", name="How it works").click()
    page.locator(READY).wait_for(timeout=30_000)
    return page.locator(".story")


def figure(page: Page, selector: str) -> list[str]:
    """The pictures of a figure, once no question is under way any more."""
    page.wait_for_timeout(50)
    page.locator(".story:not([data-busy])").wait_for()
    canvases = page.locator(f"{selector} canvas")
    return canvases.evaluate_all("all => all.map((canvas) => canvas.toDataURL())")


def test_formulas_are_set_in_their_own_font(page, address):
    """Safari's engine leaves an operator out that the first font of a formula has not."""
    visit(page, address)
    session = page.context.new_cdp_session(page)
    for command in ("DOM.enable", "CSS.enable", "DOM.getDocument"):
        session.send(command)
    page.evaluate("() => document.fonts.load('1rem Formulas')")
    formulas = page.locator("math")
    assert formulas.count()
    for i in range(formulas.count()):
        formulas.nth(i).evaluate("formula => (window.formula = formula)")
        found = session.send("Runtime.evaluate", {"expression": "window.formula"})["result"]
        node = session.send("DOM.requestNode", {"objectId": found["objectId"]})
        fonts = session.send("CSS.getPlatformFontsForNode", node)["fonts"]
        assert {(font["familyName"], font["isCustomFont"]) for font in fonts} == {
            ("STIX Two Math", True)
        }, formulas.nth(i).text_content()


def test_the_readers_digit_goes_through_every_figure(page, address, trained):
    story = visit(page, address)
    figures = (".steps", ".pull", ".court", ".shared")
    before = {name: figure(page, name) for name in figures}
    page.get_by_role("button", name="Clear").click()
    expect(story.locator(".note")).to_contain_text("Draw a digit")
    of_the_digit = story.locator(".steps .out, .pull .reads, .verdict, .shared canvas")
    for each in of_the_digit.all():
        expect(each).to_be_hidden()
    pad = story.locator(".pad canvas")
    pad.scroll_into_view_if_needed()
    draw_on(page, pad, SEVEN)
    expect(story.locator(".note")).not_to_contain_text("Draw a digit")
    for each in of_the_digit.all():
        expect(each).to_be_visible()
    for name in figures:
        assert all(a != b for a, b in zip(before[name], figure(page, name), strict=True)), name
    if trained:
        expect(story.locator(".note")).to_contain_text("7")
        expect(story.locator(".exhibit .verdict").first).to_contain_text("reads 7")
        expect(story.locator(".chart .name")).to_have_text("7")
    story.get_by_role("radio", name="Kannada").check()
    expect(story.get_by_role("button", name="Write ೫")).to_be_visible()
    story.get_by_role("button", name="Write ೫").click()
    expect(story.locator(".exhibit").first).to_contain_text("Drawn by you")
    figure(page, ".court")
    expect(story.locator(".exhibit canvas").first).to_have_attribute(
        "aria-label", "Drawn by you, in Kannada"
    )


def test_encode_sample_decode(page, address):
    story = visit(page, address)
    heat = story.locator(".steps .heat")
    slide(heat, 0)
    given, at_mean = figure(page, ".steps")
    story.get_by_role("button", name="Sample again").click()
    assert figure(page, ".steps") == [given, at_mean]  # at no temperature nothing is drawn
    slide(heat, 2)
    once = figure(page, ".steps")
    story.get_by_role("button", name="Sample again").click()
    again = figure(page, ".steps")
    assert once[0] == again[0] == given
    assert len({at_mean, once[1], again[1]}) == 3
    assert story.locator(".chart .drawn").count() == 48


def test_the_prior_and_its_pull(page, address, trained):
    story = visit(page, address)
    crowd = figure(page, ".prior")
    story.get_by_role("button", name="Ten other hands").click()
    assert all(a != b for a, b in zip(crowd, figure(page, ".prior"), strict=True))
    slide(story.locator(".prior .heat"), 0)
    nobody = figure(page, ".prior")
    story.get_by_role("button", name="Ten other hands").click()
    assert figure(page, ".prior") == nobody
    own = figure(page, ".pull")
    slide(story.get_by_label("How much of your hand"), 0)
    assert all(a != b for a, b in zip(own, figure(page, ".pull"), strict=True))
    expect(story.locator(".reads")).to_contain_text("t = 0.00")
    if trained:
        expect(story.locator(".reads")).to_contain_text("read as 3")


def test_one_point_two_decoders_by_pointer_and_keys(page, address):
    story = visit(page, address)
    start = figure(page, ".shared")
    field = story.get_by_label("Two numbers of the hand")
    field.scroll_into_view_if_needed()
    box = field.bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(*middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"], middle[1], steps=5)
    page.mouse.up()
    dragged = figure(page, ".shared")
    assert all(a != b for a, b in zip(start, dragged, strict=True))
    expect(field).to_have_attribute("aria-valuenow", "1.00")
    field.focus()
    for _ in range(10):
        page.keyboard.press("ArrowLeft")
    expect(field).to_have_attribute("aria-valuenow", re.compile(r"^-?0\.0"))
    page.keyboard.press("ArrowUp")
    assert all(a != b for a, b in zip(dragged, figure(page, ".shared"), strict=True))


def test_the_contents_lead_to_their_sections(page, address):
    story = visit(page, address)
    links = story.get_by_role("navigation", name="Contents").get_by_role("link")
    expect(links).to_have_count(10)
    page.emulate_media(reduced_motion="reduce")
    links.filter(has_text="hand is kept").focus()
    page.keyboard.press("Enter")
    expect(story.locator("#hand h2")).to_be_in_viewport()
    expect(links.filter(has_text="hand is kept")).to_have_attribute("aria-current", "true")
    expect(story.locator(".contents [aria-current]")).to_have_count(1)
    page.keyboard.press("Tab")  # goes on from there
    page.keyboard.press("Enter")
    expect(story.locator(".terms tr").first).to_be_visible()


def test_a_reload_keeps_the_readers_digit(page, address, context_of):
    story = visit(page, address)
    pad = story.locator(".pad canvas")
    pad.scroll_into_view_if_needed()
    draw_on(page, pad, LINE)
    drawn = figure(page, ".reader")
    page.reload()
    page.locator(READY).wait_for()
    assert figure(page, ".reader") == drawn
    forgive(context_of, "404")


def test_a_script_of_ones_own_is_told_of_and_drawn(browser, tmp_path):
    """The page has no strokes of it to write."""
    config = ModelConfig(domains=("mnist", "telugu"), latent_dim=12, width=8, hidden=32)
    Translator(config, Provenance(scripts={"telugu": {"title": "Telugu"}})).save(tmp_path)
    with serve(tmp_path) as address:
        page = browser.new_page()
        story = visit(page, address)
        expect(story.locator(".others")).to_contain_text("Arabic and Telugu")
        expect(story.locator(".stretched")).to_be_hidden()
        expect(story.locator("#caption-labels")).to_contain_text("Telugu test digits")
        story.get_by_role("radio", name="Telugu").check()
        expect(story.locator(".note")).to_contain_text("Draw a digit")
        assert not has_ink(page, ".pad canvas") and not has_ink(page, ".seen")
        expect(story.locator(".digits button:enabled, [aria-pressed=true]")).to_have_count(0)
        draw_on(page, story.locator(".pad canvas"), SEVEN)
        expect(story.locator(".note")).not_to_contain_text("Draw a digit")
        story.get_by_role("radio", name="Arabic").check()
        expect(story.locator(".digits button:enabled")).to_have_count(10)
        page.close()


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_no_sideways_scroll_at_any_width(context_of, address, width):
    page = context_of(viewport={"width": width, "height": 800}).new_page()
    visit(page, address)
    assert page.get_by_test_id("stMain").evaluate("m => m.scrollWidth <= m.clientWidth")
