"""How pages ask their server, and what they make of its answers: in headless Chromium, where the
tests answer."""

import pytest

pytest.importorskip("playwright.sync_api", reason="needs playwright from PyPI")

from browser import forgive  # noqa: E402
from playwright.sync_api import Page, Request  # noqa: E402

from demo import component  # noqa: E402

ASK = """async ([server, query, body]) => {
  const askServer = new Function(`${server}; return askServer`)();
  const answer = { type: "application/json" };
  try {
    const content = await askServer("api/it", query, body && new Blob([body], answer));
    return content instanceof Blob ? { picture: content.size } : { content };
  } catch ({ message, final, status }) {
    return { message, final, status };
  }
}"""
FAILED = "The server failed at this; its log says why."
ALONE = "This page runs without its server: start demo/app.py."


@pytest.fixture(scope="module")
def address():
    return "http://127.0.0.1:9"  # where nobody is


@pytest.fixture
def page(page: Page, address) -> Page:
    page.route(f"{address}/**", lambda route: route.fulfill(body="", content_type="text/html"))
    page.goto(address)
    return page


def ask(page: Page, query: dict | None = None, body: str | None = None) -> dict:
    return page.evaluate(ASK, [component.read(["canvas/server.js"]), query or {}, body])


@pytest.mark.parametrize(
    ("answer", "made"),
    [
        ({"json": {"state": "ok"}}, {"content": {"state": "ok"}}),
        ({"body": "1234", "content_type": "image/webp"}, {"picture": 4}),
        ({"body": "no page", "content_type": "text/html"}, {"message": ALONE, "final": True}),
        ({"status": 500, "body": "Error"}, {"message": FAILED, "final": True, "status": 500}),
        ({"status": 422, "json": {"error": "no ink"}}, {"message": "no ink", "final": True}),
        (
            {"status": 503, "headers": {"Retry-After": "1"}, "json": {"error": "many"}},
            {"message": "many", "final": False},
        ),
    ],
)
def test_an_answer_is_what_its_type_says_and_a_refusal_is_words(page, context_of, answer, made):
    page.route("**/api/it", lambda route: route.fulfill(**answer))
    assert ask(page).items() >= made.items()
    forgive(context_of, "the server responded with a status of")


def test_bytes_come_as_they_are(page):
    answer = {"body": b"\x00\xff", "content_type": "application/octet-stream"}
    page.route("**/api/it", lambda route: route.fulfill(**answer))
    assert ask(page)["content"] == [0, 255]


def test_what_has_a_body_is_posted_as_its_type_and_the_rest_is_only_read(page):
    asked: list[Request] = []

    def answer(route) -> None:
        asked.append(route.request)
        route.fulfill(json={})

    page.route("**/api/it*", answer)
    ask(page, {"model": "a b&c"})
    ask(page, body="[1]")
    read, posted = asked
    assert (read.method, read.url.partition("?")[2]) == ("GET", "model=a+b%26c")
    assert (posted.method, posted.post_data) == ("POST", "[1]")
    assert posted.headers["content-type"] == "application/json"


def test_an_answer_that_is_cut_off_is_none(page):
    page.evaluate(
        """() => {
            const cut = { pull: (body) => body.error(new TypeError("network error")) };
            const headers = { "Content-Type": "application/json" };
            window.fetch = async () => new Response(new ReadableStream(cut), { headers });
        }"""
    )
    assert ask(page)["message"] == "The server does not answer."


def test_who_no_longer_wants_an_answer_does_not_wait_for_it(page):
    page.route("**/api/it", lambda route: None)  # never answered
    error = page.evaluate(
        """(server) => {
            const askServer = new Function(`${server}; return askServer`)();
            const gone = new AbortController();
            const asked = askServer("api/it", {}, null, 60_000, gone.signal);
            gone.abort();
            return asked.catch(({ name }) => name);
        }""",
        component.read(["canvas/server.js"]),
    )
    assert error == "AbortError"


def test_without_a_server_a_canvas_becomes_a_file_as_well(page):
    site = component.read(["static/fetch.js", "canvas/stage.js"]) + "export { blobOf };"
    page.route("**/site.js", lambda route: route.fulfill(body=site, content_type="text/javascript"))
    page.route("**/worker.js", lambda route: route.fulfill(content_type="text/javascript"))
    file = page.evaluate(
        """async () => {
            const { blobOf } = await import("/site.js");
            return (await blobOf(document.createElement("canvas"), "image/png")).type;
        }"""
    )
    assert file == "image/png"
