"""The Teach page as a visitor uses it: the real app in headless Chromium, the shipped lesson."""

import re

import pytest

pytest.importorskip("playwright.sync_api", reason="needs playwright from PyPI")

from browser import forgive, has_ink, serve, until  # noqa: E402
from playwright.sync_api import Locator, Page, expect  # noqa: E402

from demo.model import CHECKPOINTS  # noqa: E402
from unit_core.checkpoint import LESSON
from unit_core.lesson import Lesson  # noqa: E402

FOLDER = CHECKPOINTS / "labels-0"


@pytest.fixture(scope="module")
def lesson() -> Lesson:
    if not (FOLDER / LESSON).exists():
        pytest.skip(f"needs the shipped lesson: none in {FOLDER}")
    return Lesson.load(FOLDER / LESSON)


@pytest.fixture(scope="module")
def address(browser, lesson):
    with serve(FOLDER) as url:
        yield url


def visit(page: Page, address: str) -> Locator:
    page.goto(address)
    page.get_by_role("link", name="Teach", exact=True).click()
    page.locator(".teach[data-state='ready']").wait_for(timeout=30_000)
    return page.locator(".teach")


def asked(page: Page) -> int:
    return int(page.locator(".teach").get_attribute("data-asked"))


def wrong(page: Page) -> int:
    return int(page.locator(".teach").get_attribute("data-wrong"))


def answered(page: Page, count: int) -> None:
    expect(page.locator(".teach")).to_have_attribute("data-answers", str(count), timeout=20_000)


def spot(page: Page, lesson: Lesson, digit: int) -> tuple[float, float]:
    box = page.locator(".dots").bounding_box()
    unit = 0.94 * min(box["width"], box["height"])
    x, y = lesson.places[digit] / 65535
    return (
        box["x"] + box["width"] / 2 + (float(x) - 0.5) * unit,
        box["y"] + box["height"] / 2 - (float(y) - 0.5) * unit,
    )


def test_ten_answers_name_nearly_all(page, address, lesson):
    visit(page, address)
    assert wrong(page) == len(lesson) and has_ink(page, ".asked canvas") and has_ink(page, ".dots")
    expect(page.get_by_text("First it wants names")).to_be_visible()
    for count in range(10):
        label = int(lesson.labels[asked(page)])
        if count % 2:
            page.keyboard.press(str(label))
        else:
            page.locator(".digits button").nth(label).click()
        answered(page, count + 1)
        expect(page.locator(".told")).to_contain_text("digits that it finds alike are")
    expect(page.locator(".told")).to_contain_text("where two groups meet")
    assert wrong(page) < 0.02 * len(lesson)
    expect(page.locator(".score")).to_contain_text(f"{len(lesson) - wrong(page):,} right")


def test_an_answer_is_taken_back_and_a_question_passed(page, address, lesson):
    visit(page, address)
    first = asked(page)
    page.keyboard.press(str((int(lesson.labels[first]) + 1) % 10))  # an error
    answered(page, 1)
    expect(page.locator(".told")).to_contain_text("Whoever wrote it meant")
    expect(page.locator(".told")).to_contain_text("Next: one of a group without a name.")
    assert wrong(page) == len(lesson)
    page.keyboard.press("z")
    answered(page, 0)
    assert asked(page) == first
    page.get_by_role("button", name="Cannot tell").click()
    answered(page, 1)
    assert asked(page) != first and wrong(page) == len(lesson)
    page.get_by_role("button", name="Start again").click()
    answered(page, 0)
    assert asked(page) == first


def test_a_wrong_name_is_mended(page, address, lesson):
    visit(page, address)
    first = asked(page)
    meant = int(lesson.labels[first])
    mend = page.get_by_role("button", name="instead")
    expect(mend).to_be_hidden()
    page.keyboard.press(str((meant + 1) % 10))
    answered(page, 1)
    expect(mend).to_have_text(re.compile(f"Name it . {meant} instead"))
    mend.press("Enter")
    expect(page.locator(".told")).to_contain_text("It changed its mind about")
    expect(mend).to_be_hidden()
    answered(page, 1)
    assert 0.8 * len(lesson) < wrong(page) < len(lesson)  # one group of ten has its name


def test_marked_is_what_it_takes_wrong_and_the_rest_steps_back(page, address, lesson):
    visit(page, address)

    def clear() -> int:
        return page.locator(".dots").evaluate(
            """canvas => canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height)
                 .data.filter((value, i) => i % 4 == 3 && value > 250).length"""
        )

    page.get_by_role("button", name="Answer ten for me").click()
    answered(page, 10)
    before = clear()
    page.get_by_label("Mark what it takes wrong").check()
    assert 0 < clear() < before / 2


def test_ten_answers_are_counted_and_others_wait(page, address):
    visit(page, address)
    expect(page.locator(".told")).to_contain_text("First it wants names")
    held = []  # the first two questions
    page.route(
        "**/api/lesson/after*",
        lambda route: route.continue_() if len(held) > 1 else held.append(route),
    )
    page.get_by_role("button", name="Answer ten for me").click()
    for i in range(2):
        expect(page.locator(".told")).to_have_text(f"{i + 1} of 10 …")
        expect(page.locator(".digits")).to_have_attribute("aria-busy", "true")
        expect(page.locator(".digits button").first).to_be_disabled()
        until(page, lambda: len(held), lambda count, i=i: count > i)
        held[i].continue_()
    answered(page, 10)
    expect(page.locator(".told")).to_contain_text(re.compile("changed its mind .* Next: one that"))
    expect(page.locator(".digits button").first).to_be_enabled()


def test_both_ways_of_asking_keep_what_they_learnt_also_through_a_reload(page, address, context_of):
    visit(page, address)
    page.get_by_role("button", name="Answer ten for me").click()
    answered(page, 10)
    by_doubt = wrong(page)
    page.get_by_text("digits by chance", exact=True).click()
    answered(page, 0)
    page.get_by_role("button", name="Answer ten for me").click()
    answered(page, 10)
    assert by_doubt < wrong(page)  # ten digits by chance seldom name all groups
    expect(page.locator(".curve path.other")).to_be_visible()
    question = asked(page)
    page.reload()
    page.locator(".teach[data-state='ready']").wait_for(timeout=30_000)
    answered(page, 10)
    assert asked(page) == question
    page.get_by_text("what it doubts", exact=True).click()
    expect(page.locator(".teach")).to_have_attribute("data-wrong", str(by_doubt))
    forgive(context_of, "404")  # Streamlit asks for its health below the page's own path first


def test_a_dot_is_looked_at_and_chosen(page, address, lesson):
    visit(page, address)
    page.mouse.move(*spot(page, lesson, 12))
    expect(page.locator(".tip p")).to_contain_text("no name yet")
    assert has_ink(page, ".tip canvas")
    page.mouse.click(*spot(page, lesson, 12))
    digit = asked(page)  # a neighbour may lie as near
    expect(page.locator(".told")).to_contain_text(f"You chose number {digit + 1:,}")
    page.keyboard.press(str(int(lesson.labels[digit])))
    answered(page, 1)
    page.mouse.move(2, 2)
    expect(page.locator(".tip")).to_be_hidden()


def test_arrows_choose_a_dot(page, address, lesson):
    visit(page, address)
    first = asked(page)
    page.get_by_role("application", name="Map of the digits").focus()
    page.keyboard.press("ArrowLeft")
    digit = asked(page)
    assert lesson.places[digit][0] < lesson.places[first][0]
    expect(page.locator(".told")).to_contain_text(f"You chose number {digit + 1:,}")
    page.keyboard.press(str(int(lesson.labels[digit])))
    answered(page, 1)
    heard = page.locator(".told").inner_text().partition("Next: ")[2].rstrip(".")
    label = page.locator(".asked canvas").get_attribute("aria-label")
    assert heard and label == f"The digit that it asks about: {heard}"


def test_a_server_that_fails_loses_no_answer(page, address, lesson, context_of):
    visit(page, address)
    page.keyboard.press(str(int(lesson.labels[asked(page)])))
    answered(page, 1)
    question = asked(page)
    page.context.set_offline(True)
    page.keyboard.press("3")
    expect(page.locator(".told")).to_contain_text("The server does not answer.")
    answered(page, 1)
    assert asked(page) == question
    page.context.set_offline(False)
    page.keyboard.press(str(int(lesson.labels[question])))
    answered(page, 2)
    forgive(context_of, "ERR_INTERNET_DISCONNECTED")


def test_it_fits_a_phone_and_keyboards_find_it(context_of, address):
    page = context_of(viewport={"width": 390, "height": 844}, has_touch=True).new_page()
    page.goto(f"{address}/teach")
    page.locator(".teach[data-state='ready']").wait_for(timeout=30_000)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    question, dots = (page.locator(each).bounding_box() for each in (".found", ".chart"))
    assert question["y"] + question["height"] <= dots["y"]
    names = page.locator(".digits button").evaluate_all("all => all.map((one) => one.ariaLabel)")
    assert len(names) == 10 and all(re.search(r"\d", name) for name in names)
    forgive(context_of, "404")
