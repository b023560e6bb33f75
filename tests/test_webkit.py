"""Safari's engine: a digit drawn, and a walk through every page without an error."""

import shutil
from collections.abc import Iterator

import pytest

pytest.importorskip("selenium", reason="needs selenium from PyPI")
virtual = pytest.importorskip("pyvirtualdisplay", reason="needs pyvirtualdisplay from PyPI")

from browser import SEVEN, serve  # noqa: E402
from selenium.common.exceptions import SessionNotCreatedException  # noqa: E402
from selenium.webdriver import ActionChains, WebKitGTK  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.remote.webdriver import WebDriver  # noqa: E402
from selenium.webdriver.remote.webelement import WebElement  # noqa: E402
from selenium.webdriver.support.ui import WebDriverWait  # noqa: E402
from selenium.webdriver.webkitgtk.service import Service  # noqa: E402

BOX = "const b = arguments[0].getBoundingClientRect(); return [b.x, b.y, b.width, b.height];"
INKED = """
    const [{ width, height }] = arguments;
    const { data } = arguments[0].getContext("2d").getImageData(0, 0, width, height);
    return data.some((value, i) => i % 4 == 3 && value > 40);
"""
# The elements that `selector` finds, in shadow trees too.
DEEP = """
    const deep = (root) => [
        ...root.querySelectorAll(arguments[0]),
        ...[...root.querySelectorAll("*")].flatMap((e) => e.shadowRoot ? deep(e.shadowRoot) : []),
    ];
    return deep(document);
"""
# From here on what goes wrong is kept.
WATCH = """
    window.wrong = [];
    addEventListener("error", ({ message }) => wrong.push(message));
    addEventListener("unhandledrejection", ({ reason }) => wrong.push(String(reason)));
"""
READY = {
    "Numbers": ".number:not([data-answers='0'])",
    "Pictures": ".reader",
    "Interpolate": ".morph:not([data-answers='0'])",
    "Map": ".atlas[data-state='ready']",
    "Teach": ".teach[data-state='ready']",
    "Results": ".results[data-state='ready']",
    "How it works": ".story:not([data-answers='0'])",
}


@pytest.fixture
def webkit() -> Iterator[WebDriver]:
    """WebKitGTK on a screen that nobody sees; skips, and says so, where there is none."""
    if not (shutil.which("WebKitWebDriver") and shutil.which("Xvfb")):
        pytest.skip("needs Safari's engine and a screen: apt install webkit2gtk-driver xvfb")
    with virtual.Display(visible=False, size=(1400, 1000)):
        try:
            driver = WebKitGTK(service=Service(shutil.which("WebKitWebDriver")))
        except SessionNotCreatedException as error:
            pytest.skip(f"Safari's engine does not start here: {error.msg}")
        with driver:
            yield driver


def element(driver: WebDriver, selector: str) -> WebElement:
    """The first that `selector` finds, within half a minute."""
    return WebDriverWait(driver, 30).until(lambda d: d.execute_script(DEEP, selector), selector)[0]


def draw(driver: WebDriver, canvas: WebElement, points: list[tuple[float, float]]) -> None:
    """A stroke through `points` of the unit square."""
    driver.execute_script("arguments[0].scrollIntoView({ block: 'center' })", canvas)
    x, y, width, height = driver.execute_script(BOX, canvas)
    chain = ActionChains(driver, duration=100)
    pen = chain.w3c_actions.pointer_action
    for i, (a, b) in enumerate(points):
        pen.move_to_location(round(x + a * width), round(y + b * height))
        if i == 0:
            pen.pointer_down()
    pen.pointer_up()
    chain.perform()


def test_a_digit_and_every_page_in_safaris_engine(webkit, translator):
    with serve() as address:
        webkit.get(address)
        webkit.execute_script(WATCH)
        element(webkit, ".board:not([data-answers='0'])")
        draw(webkit, element(webkit, ".pad canvas"), SEVEN)
        element(webkit, ".board:is([data-state='ok'], [data-state='unsure'])")
        assert webkit.execute_script(INKED, element(webkit, ".made"))
        for name, ready in READY.items():
            webkit.find_element(By.LINK_TEXT, name).click()
            element(webkit, ready)
        assert webkit.execute_script("return wrong") == []
