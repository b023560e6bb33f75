"""Picture files of any kind, opened safely: in bounded memory, or with words for why not."""

import contextlib
import io
from pathlib import Path
from typing import BinaryIO

from PIL import Image, ImageOps, UnidentifiedImageError

from unit_core.ink import eight_bits, on_paper

FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF")
NAMES = {"WEBP": "WebP"}  # where people write them otherwise
SUFFIXES = frozenset((".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".gif"))
MAX_PIXELS = 50_000_000
MAX_PIXELS_WEBP = 24_000_000  # its decoder keeps four copies of a picture,
MAX_PIXELS_TWICE = 36_000_000  # a progressive JPEG and transparency ask for two


class PictureError(ValueError):
    """Says what is wrong with a picture, and what to do."""


class TooLarge(PictureError):
    """A picture of too many pixels."""


def open_picture(
    source: str | Path | bytes, formats: tuple[str, ...] = FORMATS, most: int = MAX_PIXELS
) -> Image.Image:
    """A PNG, JPEG, WebP, TIFF, BMP or GIF (its first frame), as its camera was held, in RGB.

    PictureError, in words, for what cannot be read; TooLarge for more than `most` pixels, and for
    more than 24 million of WebP, 36 of progressive JPEG and transparent pictures, so that it takes
    half a GB at most.
    """
    if isinstance(source, bytes):
        if not source:
            raise PictureError("the picture is empty: it has 0 bytes")
        return _opened(io.BytesIO(source), formats, most)
    try:
        if not Path(source).stat().st_size:
            raise PictureError("the picture is empty: it has 0 bytes")
        with Path(source).open("rb") as file:
            return _opened(file, formats, most)
    except OSError as error:
        raise PictureError(f"the picture cannot be opened: {error.strerror or error}") from None


def _opened(file: BinaryIO, formats: tuple[str, ...], most: int) -> Image.Image:
    try:
        with Image.open(file, formats=formats) as image:
            most = min(most, _most_pixels(image))
            if image.width * image.height > most:  # known before anything is unpacked
                raise TooLarge(
                    f"the picture has {image.width} x {image.height} pixels: make it smaller, at "
                    f"most {most // 1_000_000} million in all for {image.format}"
                )
            image.load()
            with contextlib.suppress(Exception):  # a damaged note on the camera is no harm
                ImageOps.exif_transpose(image, in_place=True)
            return _rgb(image)
    except PictureError:
        raise
    except Image.DecompressionBombError:
        raise TooLarge(
            f"the picture is too large: at most {most // 1_000_000} million pixels, please"
        ) from None
    except UnidentifiedImageError:
        *others, last = (NAMES.get(each, each) for each in formats)
        raise PictureError(
            f"this file is no picture that can be read: take a {', '.join(others)} or {last}"
        ) from None
    except MemoryError:
        raise PictureError("the picture takes more memory than there is") from None
    except Exception as error:  # Pillow raises a dozen kinds for a damaged picture
        raise PictureError(
            f"the picture is damaged or cut short, get it once more ({error})"
        ) from None


def _most_pixels(image: Image.Image) -> int:
    if image.format == "WEBP":
        return MAX_PIXELS_WEBP
    twice = "progressive" in image.info or image.has_transparency_data
    return MAX_PIXELS_TWICE if twice else MAX_PIXELS


def _rgb(image: Image.Image) -> Image.Image:
    image = eight_bits(image)
    if image.has_transparency_data:
        return on_paper(image)
    return image if image.mode == "RGB" else image.convert("RGB")
