"""Labels by key press: a page on this machine for the folder that `python -m unit_core ask` fills.

Each answer moves a picture, as a file manager would; what the folder holds is all there is to know,
so it may be stopped at any time, and others may label in it meanwhile.
"""

import json
from pathlib import Path
from string import Template
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from demo import theme, web
from demo.component import read
from demo.web import BadRequest
from unit_core import labelling
from unit_core.data import DataError
from unit_core.domains import Domain

HOST = "127.0.0.1"  # nobody else's hands reach into the folder
MOST = 1000  # bytes of an answer


def app(folder: Path, script: Domain | None) -> Starlette:
    """The page and what it asks; `script` tells what its digits look like in type."""

    async def page(request: Request) -> Response:
        return HTMLResponse(_page(script))

    async def waiting(request: Request) -> Response:
        """GET -> {"waiting": names, those asked for first, first; "labelled": how many}."""
        return JSONResponse(_told(folder))

    async def picture(request: Request) -> Response:
        """GET ?name=NAME -> the PNG."""
        name = request.query_params.get("name", "")
        places = (folder / place for place in labelling.PLACES)
        try:
            found = next(filter(None, (labelling.find(place, name) for place in places)), None)
            if found is None:
                raise FileNotFoundError
            return Response(found.read_bytes(), media_type="image/png")
        except FileNotFoundError:  # or moved just now
            raise BadRequest(404, f"there is no picture {name!r} in {folder}") from None

    async def label(request: Request) -> Response:
        """POST {"name": NAME, "from": PLACE, "to": PLACE} -> as `waiting`.

        A place is 0 to 9, skip or unlabelled; what lies elsewhere by now somebody else has moved.
        """
        web.content_type(request, ["application/json"])  # no other site's form can send that
        try:
            asked = json.loads(await web.body(request, MOST, "an answer"))
            name, source, target = (str(asked[key]) for key in ("name", "from", "to"))
        except (ValueError, KeyError, TypeError):
            raise BadRequest(422, 'the body must be {"name": …, "from": …, "to": …}') from None
        if not {source, target} <= set(labelling.PLACES):
            raise BadRequest(422, f"places are {', '.join(labelling.PLACES)}")
        _told(folder)  # what is wrong with the folder is said before anything is moved
        try:
            found = labelling.find(folder / source, name)
            if found is None:
                raise FileNotFoundError
            labelling.move(found, folder / target)
        except FileNotFoundError:
            raise BadRequest(409, "somebody else has moved that picture meanwhile") from None
        except OSError as error:  # such as a folder that may not be written to
            raise BadRequest(409, f"the picture cannot be moved: {error}") from None
        return JSONResponse(_told(folder))

    return Starlette(
        routes=[
            web.get("/", page),
            web.get("/waiting", waiting),
            web.get("/picture", picture),
            web.post("/label", label),
        ],
        # Another site's page that calls itself by this address is refused.
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"])],
    )


def _told(folder: Path) -> dict[str, Any]:
    try:
        return {"waiting": labelling.waiting(folder), "labelled": len(labelling.read(folder))}
    except (DataError, OSError) as error:
        raise BadRequest(409, str(error)) from None


def _page(script: Domain | None) -> str:
    digits = labelling.DIGITS
    data = {
        "title": script.title if script else "",
        "glyphs": list(script.glyphs if script else digits),
    }
    return Template(read(["label/label.html"])).substitute(
        css=theme.sheet() + read(["glyphs.css", "paper.css", "label/label.css"]),
        js=read(["canvas/stage.js", "canvas/server.js", "canvas/answers.js", "label/label.js"]),
        data=json.dumps(data).replace("<", "\\u003c"),
    )
