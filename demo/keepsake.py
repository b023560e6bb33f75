"""Something to take home: an animation of codes, in every script side by side."""

import io
import re

import numpy as np
import torch
from PIL import Image, ImageColor
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from demo import web
from demo.api import read_codes
from demo.web import BadRequest
from unit_core import Translator
from unit_core.domains import Domain

MOST_CODES = 64
SIDE = 240  # pixels a script
FRAME, REST = 60, 600  # milliseconds: of a step, of either end
PALETTE = 256
Colour = tuple[int, ...]


def animation(
    translator: Translator, domains: list[Domain], codes: torch.Tensor, paper: str, inks: list[str]
) -> bytes:
    """Codes (N, latent_dim) -> a GIF that plays them there and back, for ever.

    `paper` and each script's of `inks` are colours such as "#f6f5f1".
    """
    levels = PALETTE // len(domains)
    ramps = [_ramp(ImageColor.getrgb(paper), ImageColor.getrgb(ink), levels) for ink in inks]
    palette = np.concatenate(ramps).astype(np.uint8).tobytes()
    pictures = [translator.decode(codes, domain.name).numpy() for domain in domains]
    frames = []
    for moment in zip(*pictures, strict=True):
        sheets = [
            script * levels + np.rint(_enlarged(picture, domain.stretch) * (levels - 1))
            for script, (domain, picture) in enumerate(zip(domains, moment, strict=True))
        ]
        frame = Image.fromarray(np.hstack(sheets).astype(np.uint8))
        frame.putpalette(palette)
        frames.append(frame)
    there_and_back = frames + frames[-2:0:-1]
    times = [REST if i in (0, len(frames) - 1) else FRAME for i in range(len(there_and_back))]
    file = io.BytesIO()
    first, *rest = there_and_back
    first.save(file, "GIF", save_all=True, append_images=rest, duration=times, loop=0)
    return file.getvalue()


def written(picture: np.ndarray, stretch: float, paper: str, ink: str) -> Image.Image:
    """A digit (28, 28) in [0, 1] as a hand would write it, SIDE x SIDE, in these colours."""
    shades = _ramp(ImageColor.getrgb(paper), ImageColor.getrgb(ink), PALETTE).astype(np.uint8)
    return Image.fromarray(shades[np.rint(_enlarged(picture, stretch) * (PALETTE - 1)).astype(int)])


def _ramp(paper: Colour, ink: Colour, levels: int) -> np.ndarray:
    share = np.linspace(0, 1, levels)[:, None]
    return np.rint((1 - share) * np.array(paper) + share * np.array(ink))  # (levels, 3)


def _enlarged(picture: np.ndarray, stretch: float) -> np.ndarray:
    """(28, 28) in [0, 1] -> (SIDE, SIDE), as a hand writes and with an edge, as on the page."""
    width = SIDE * (1.2 if stretch > 1 else 1.0)
    size = round(width), round(width / stretch)
    fine = Image.fromarray(picture).resize(size, Image.Resampling.BICUBIC)
    left, top = (size[0] - SIDE) // 2, (size[1] - SIDE) // 2
    sheet = np.asarray(fine.crop((left, top, left + SIDE, top + SIDE)))
    t = np.clip((sheet - 0.2) / 0.4, 0, 1)
    return t * t * (3 - 2 * t)


async def _gif(request: Request) -> Response:
    """POST ?paper=RRGGBB&inks=RRGGBB,RRGGBB[&model=NAME], codes as float32 -> a GIF, as bytes.

    Two to 64 codes; an ink for each of the model's scripts. Errors as in `demo.api`.
    """
    loaded = await web.asked_model(request)
    latent_dim = loaded.translator.config.latent_dim
    body = await web.raw_body(request, MOST_CODES * 4 * latent_dim, f"{MOST_CODES} codes")
    codes = read_codes(body, latent_dim)
    if len(codes) < 2:
        raise BadRequest(422, "an animation needs two codes or more")
    domains = list(loaded.domains.values())
    paper, *inks = [
        f"#{colour}"
        for role in ("paper", "inks")
        for colour in request.query_params.get(role, "").split(",")
    ]
    wrong = [colour for colour in (paper, *inks) if not re.fullmatch("#[0-9a-fA-F]{6}", colour)]
    if wrong or len(inks) != len(domains):
        raise BadRequest(
            422, f"paper is a colour as RRGGBB, inks are {len(domains)} of them with commas between"
        )
    gif = await run_in_threadpool(animation, loaded.translator, domains, codes, paper, inks)
    return Response(gif, media_type="application/octet-stream", headers=web.QUICK)


routes = [web.post("/api/gif", _gif)]
