"""Any picture -> the digits on it, where they stood, in reading order. No torch.

Classical means throughout: the paper is flattened, the ink binarised, the page turned upright,
ruled lines and tables taken out, and what is connected is a digit.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageOps

FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF")
MAX_PIXELS = 50_000_000
WORKING_PIXELS = 9_000_000  # a digit of a full sheet still has its 20 pixels; more only costs time


class PictureError(ValueError):
    """Says what is wrong with a picture, and what to do."""


@dataclass(frozen=True)
class Box:
    """Pixels of the upright picture."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True)
class Found:
    """A digit: where it stands in the picture, and its own ink, float32 (h, w) in [0, 1], upright,
    without neighbours and ruled lines. `corner` is where that ink begins (x, y) in the frame."""

    box: Box
    ink: np.ndarray
    corner: tuple[int, int]


@dataclass(frozen=True)
class Page:
    """A picture (RGB, upright) and the digits on it, in lines from top to bottom, left to right.

    `tilt` is how far the lines are turned, in radians, clockwise. `frame` (2, 3) takes points of
    the straightened page, in which digits were found, to pixels of the picture. `bright` tells
    that ink is brighter than its paper.
    """

    picture: Image.Image
    lines: tuple[tuple[Found, ...], ...]
    tilt: float
    frame: np.ndarray
    bright: bool


def open_picture(source: str | Path | bytes) -> Image.Image:
    """A PNG, JPEG, WebP, TIFF, BMP or GIF (its first frame), as its camera was held, in RGB.

    PictureError, in words, for what cannot be read or has more than 50 million pixels.
    """
    try:
        file = io.BytesIO(source) if isinstance(source, bytes) else source
        with Image.open(file, formats=FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:  # known before anything is unpacked
                raise PictureError(
                    f"the picture has {image.width} x {image.height} pixels; at most "
                    f"{MAX_PIXELS // 1_000_000} million, please"
                )
            return _rgb(ImageOps.exif_transpose(image))
    except PictureError:
        raise
    except Exception as error:  # Pillow raises a dozen kinds for a damaged picture
        raise PictureError(f"this is no picture that can be read: {error}") from None


def _rgb(image: Image.Image) -> Image.Image:
    """On white paper where it is transparent; 16 bits are cut to 8."""
    if image.mode.startswith("I"):
        grey = np.asarray(image).astype(np.float32)
        image = Image.fromarray((grey / max(grey.max(), 255) * 255).astype(np.uint8))
    if image.has_transparency_data:
        white = Image.new("RGBA", image.size, "white")
        white.alpha_composite(image.convert("RGBA"))
        image = white
    return image.convert("RGB")


def find(picture: Image.Image) -> Page:
    """The digits on a picture, of dark ink on bright paper or bright on dark."""
    grey = np.asarray(picture.convert("L"))
    scale = min(1.0, (WORKING_PIXELS / grey.size) ** 0.5)
    if scale < 1:
        grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    paper = float(np.median(grey))
    bright = paper < 128
    ink = (grey - paper) / (255 - paper) if bright else (paper - grey) / paper
    ink = ink.clip(0, 1).astype(np.float32)
    level, _ = cv2.threshold((ink * 255).astype(np.uint8), 0, 255, cv2.THRESH_OTSU)
    mask = (ink > max(level / 255, 0.1)).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask)
    heights = stats[1:, cv2.CC_STAT_HEIGHT]
    found = []
    for label in range(1, count):
        x, y, w, h, area = stats[label]
        if max(w, h) < 0.4 * np.median(heights[heights > 5] if (heights > 5).any() else heights):
            continue
        own = labels[y : y + h, x : x + w] == label
        box = Box(*(round(v / scale) for v in (x, y, w, h)))
        found.append(Found(box, ink[y : y + h, x : x + w] * own, (int(x), int(y))))
    frame = np.array([[1 / scale, 0, 0], [0, 1 / scale, 0]])
    return Page(picture, _in_lines(found), 0.0, frame, bright)


def _in_lines(found: Sequence[Found]) -> tuple[tuple[Found, ...], ...]:
    """Digits that stand beside one another are a line, however far apart: a table's rows are."""
    lines: list[list[Found]] = []
    for each in sorted(found, key=lambda each: each.box.x):
        middle = each.box.y + each.box.height / 2
        for line in lines:
            last = line[-1].box
            if last.y < middle < last.y + last.height:
                line.append(each)
                break
        else:
            lines.append([each])
    lines.sort(key=lambda line: float(np.mean([each.box.y for each in line])))
    return tuple(tuple(line) for line in lines)
