"""The server: `streamlit run demo/app.py`. Pages by Streamlit, live work by plain routes."""

import gc
import sys
import threading
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.runtime.pages_manager import PagesManager

sys.path.insert(0, str(Path(__file__).parents[1]))  # `streamlit run` adds this folder only

from demo import (  # noqa: E402
    api,
    keepsake,
    lesson_api,
    map_api,
    model,
    page_api,
    report,
    story,
    web,
)

model.load()  # now, so that the first stroke need not wait
threading.Thread(target=model.directions, daemon=True).start()  # nor the first page that shows them
# Streamlit collects garbage after every run of a script; spare it torch's million objects.
gc.collect()
gc.freeze()

# The first visitor of all, if straight to a page, would get it without the shell: Streamlit 1.67
# takes pages/ for its older way of pages until the shell has run once.
PagesManager.uses_pages_directory = False

routes = [
    *(*api.routes, *page_api.routes, *keepsake.routes, *map_api.routes),
    *(*lesson_api.routes, *report.routes, *story.routes),
]


async def _first(request: Request) -> Response:
    """The first page has no name in its address; who types it shall find it."""
    return RedirectResponse("./")


class NoDialogs:
    """Streamlit's dialogs are for the writer of an app: a visitor whose server sleeps is not told
    over the whole page to run yourscript.py. Pages say what they wait for and go on by themselves;
    an address of no page shows the first."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def changed(message: Message) -> None:
            if body := message.get("body"):  # as long as before: its length is told
                message["body"] = body.replace(b'Dialogs":false', b'Dialogs":true ')
            await send(message)

        asked = scope.get("path", "").endswith("/_stcore/host-config")
        await self.app(scope, receive, changed if asked else send)


app = st.App(
    "shell.py",
    routes=[*routes, web.rest(routes), Route("/translate", _first)],
    middleware=[Middleware(NoDialogs)],
)
