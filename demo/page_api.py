"""A picture of a page in, what it says out, and the page rewritten: functions and their routes."""

import asyncio
import dataclasses
import functools
import hashlib
import io
import json
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Any

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from demo import model, web
from demo.batching import Batcher, Busy
from demo.web import BadRequest
from unit_core import page as pages
from unit_core import reading, rewriting
from unit_core.page import Page
from unit_core.parting import settle
from unit_core.pictures import PictureError, open_picture
from unit_core.reading import Digit, Line, Reading

AUTO = "auto"
FORM = "multipart/form-data"
TYPES = tuple(f"image/{kind}" for kind in ("png", "jpeg", "webp", "tiff", "bmp", "gif"))
MAX_FILE = 40 * 2**20
MAX_READING = 2**20
REMEMBERED = 24_000_000  # pixels, of the last pages together
VISITORS = 6  # pages in the house at a time, uploading, waiting or at work
UPLOAD, PATIENCE = 60, 60  # seconds

_recent: OrderedDict[tuple[str, str], Page] = OrderedDict()  # by file and model, the newest last
_work: Batcher[Callable[[], Any], Any] = Batcher(lambda jobs: [job() for job in jobs], most=1)


def page_of(loaded: model.Model, content: bytes) -> Page:
    """The digits on a picture, from its file; remembered, for who corrects a page asks again.

    PictureError, in words, for what is no picture. One call at a time: `_work` sees to it.
    """
    key = hashlib.sha256(content).hexdigest(), str(loaded.translator.folder)
    page = _recent.pop(key, None)
    if page is None:
        (page,) = settle(loaded.translator, [pages.find(open_picture(content))])
    _recent[key] = page
    while sum(each.picture.width * each.picture.height for each in _recent.values()) > REMEMBERED:
        _recent.popitem(last=False)
    return page


def read(loaded: model.Model, content: bytes, source: str | None) -> dict[str, Any]:
    """What a picture says, as JSON has it: the lines of `Reading.to_json`, and the page's facts."""
    page = page_of(loaded, content)
    told = reading.read(loaded.translator, page, source)
    facts = {"width": told.width, "height": told.height, "tilt": round(page.tilt, 4)}
    return facts | told.to_json()


def rewrite(
    loaded: model.Model, content: bytes, source: str | None, target: str, told: Any = None
) -> bytes:
    """The picture rewritten in `target`, as a PNG; by the reading `told` as JSON, else by its own.

    A digit of the page that `told` leaves out is none, and stays as it is. BadRequest for a reading
    that is not of this picture.
    """
    page = page_of(loaded, content)
    if told is None:
        corrected = reading.read(loaded.translator, page, source)
    else:
        corrected = reading_of(told, page, loaded)
    file = io.BytesIO()
    remembered = any(page is each for each in _recent.values())
    onto = None if remembered else page.picture
    picture = rewriting.rewrite(loaded.translator, page, corrected, target, onto)
    picture.save(file, "PNG", compress_level=1)  # of a photo half a second, not five
    return file.getvalue()


def reading_of(told: Any, page: Page, loaded: model.Model) -> Reading:
    """A reading of `page` from JSON; BadRequest for what is none.

    Its lines are those of the page, whatever `told` made of them.
    """
    try:
        lines = [[_digit(each) for each in line["digits"]] for line in told["lines"]]
    except (TypeError, KeyError, ValueError, AttributeError, OverflowError):
        raise BadRequest(
            422, 'the reading must be as /api/read tells it: {"lines": [{"digits": [...]}]}'
        ) from None
    known = {each.box for line in page.lines for each in line}
    digits = {digit.box: digit for line in lines for digit in line}
    for digit in digits.values():
        if digit.box not in known:
            x, y, width, height = dataclasses.astuple(digit.box)
            raise BadRequest(
                422, f"the reading has a digit at {[x, y, width, height]} where none was found"
            )
        if digit.script not in loaded.domains or not 0 <= digit.digit <= 9:
            raise BadRequest(
                422, f"the reading has {digit.digit} in {digit.script!r}; digits are 0 to 9, "
                f"in {' or '.join(loaded.domains)}"
            )  # fmt: skip
    own = [[digits[each.box] for each in line if each.box in digits] for line in page.lines]
    size = page.picture.width, page.picture.height
    scripts = [(line[0].script, line) for line in own if line]
    return Reading(
        tuple(Line(name, loaded.domains[name].glyphs, {}, tuple(line)) for name, line in scripts),
        *size,
    )


def _digit(told: Any) -> Digit:
    return Digit(
        pages.Box(*(int(side) for side in told["box"])),
        str(told["script"]),
        int(told["digit"]),
        float(told.get("confidence", 1)),
    )


# --- the routes -----------------------------------------------------------------------------------


class _Visit:
    """A place in the house; Busy where there is none."""

    inside = 0

    def __enter__(self) -> None:
        if _Visit.inside >= VISITORS:
            raise Busy(f"{VISITORS} pages are in the house")
        _Visit.inside += 1

    def __exit__(self, *_: object) -> None:
        _Visit.inside -= 1


async def _read(request: Request) -> Response:
    """POST ?source=auto|NAME[&model=NAME], a picture -> what it says, as JSON."""
    loaded = await web.asked_model(request)
    source = _asked_source(request, loaded)
    with _Visit():
        content, _ = await _sent(request)
        told = await _done(functools.partial(read, loaded, content, source))
    return JSONResponse(told, headers=web.QUICK)


async def _rewrite(request: Request) -> Response:
    """POST ?target=NAME[&source=auto|NAME][&model=NAME], a picture -> it rewritten, as a PNG.

    Or a form with the `picture` and its `reading`, corrected.
    """
    loaded = await web.asked_model(request)
    source = _asked_source(request, loaded)
    target = web.asked_script(request, "target", loaded).name
    with _Visit():
        content, told = await _sent(request)
        picture = await _done(functools.partial(rewrite, loaded, content, source, target, told))
    return Response(picture, media_type="image/png", headers=web.QUICK)


def _asked_source(request: Request, loaded: model.Model) -> str | None:
    """The script that ?source=NAME asks for, None for auto or none."""
    if request.query_params.get("source", AUTO) == AUTO:
        return None
    return web.asked_script(request, "source", loaded).name


async def _sent(request: Request) -> tuple[bytes, Any]:
    """The picture's file in a request, and its reading if one came with it."""
    kind = web.content_type(request, (*TYPES, web.RAW, FORM))
    most = f"{MAX_FILE // 2**20} MB"
    if kind != FORM:
        return await web.body(request, MAX_FILE, most, UPLOAD), None
    return await _form(request, await web.body(request, MAX_FILE + MAX_READING, most, UPLOAD))


async def _form(request: Request, body: bytes) -> tuple[bytes, Any]:
    async def stream() -> AsyncGenerator[bytes, None]:
        yield body

    try:
        parser = MultiPartParser(
            request.headers, stream(), max_files=1, max_fields=2, max_part_size=MAX_READING
        )
        form: Mapping[str, Any] = await parser.parse()
        told = json.loads(form["reading"]) if "reading" in form else None
    except MultiPartException as error:
        raise BadRequest(422, f"this form cannot be read: {error.message}") from None
    except (ValueError, RecursionError, TypeError):
        raise BadRequest(422, "the reading in this form is not valid JSON") from None
    picture = form.get("picture")
    if not isinstance(picture, UploadFile):
        raise BadRequest(422, "this form has no picture: send it as the file `picture`")
    return await picture.read(), told


async def _done(job: Callable[[], Any]) -> Any:
    """What `job` makes, once those before it are done; BadRequest in words if it cannot."""
    try:
        async with asyncio.timeout(PATIENCE):
            return await _work.ask(job)
    except PictureError as error:
        raise BadRequest(422, str(error)) from None
    except TimeoutError:
        raise BadRequest(
            503, f"this page was not done in {PATIENCE} seconds; send a smaller picture, "
            "or try again when fewer are here"
        ) from None  # fmt: skip


routes = [web.post("/api/read", _read), web.post("/api/rewrite", _rewrite)]
