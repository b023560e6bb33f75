"""A picture of a digit -> 28x28 as the datasets have it. Numpy and Pillow only, no torch.

MNIST (LeCun et al. 1998) crops to the ink, fits it into 20x20 with its aspect kept and
anti-aliased, and places its centre of mass in the middle of 28x28; Kannada-MNIST (Prabhu 2019,
arXiv:1908.01242) does the same, on sheets whose scan had been stretched vertically.
"""

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image

from unit_core.domains import SIDE

BOX = 20
BRIGHT = 160  # of 255: ink that white paper would hide
THRESHOLD = 0.2  # what is fainter is paper: the crop must not follow a smudge


def ink_of(image: Image.Image) -> np.ndarray:
    """The ink of any picture, float32 (H, W) in [0, 1], whatever the colour of its paper.

    The paper is what the border mostly shows: it becomes 0, and ink what differs from it. A
    transparent picture lies `on_paper`. The first frame of a moving one.
    """
    image = eight_bits(image)
    if image.has_transparency_data:
        image = on_paper(image)
    grey = np.asarray(image.convert("L"), np.float32) / 255
    paper = float(np.median(np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])))
    ink = (paper - grey) / paper if paper > 0.5 else (grey - paper) / (1 - paper)
    return ink.clip(0, 1)


def on_paper(image: Image.Image) -> Image.Image:
    """A transparent picture on white paper, in RGB; where it has bright ink alone, on black."""
    image = image if image.mode in ("RGBA", "LA") else image.convert("RGBA")
    alpha = image.getchannel("A")
    drawn = np.asarray(alpha) > 127
    ink = np.asarray(image.convert("L"))[drawn]
    bright = 0 < len(ink) < drawn.size / 2 and np.percentile(ink, 2) > BRIGHT
    paper = Image.new("RGB", image.size, "black" if bright else "white")
    paper.paste(image, mask=alpha)
    return paper


def eight_bits(image: Image.Image) -> Image.Image:
    """A picture of deeper greys in eight bits, by those that it uses; any other as it is."""
    if image.mode[0] not in "IF":
        return image
    grey = np.nan_to_num(np.array(image), posinf=0, neginf=0)
    if image.mode == "F":
        grey *= 255 / max(float(grey.max()), 1e-9)
    else:  # convert() would clip it at 255
        grey >>= max(0, int(grey.max()).bit_length() - 8)
    return Image.fromarray(grey.clip(0, 255).astype(np.uint8))


def as_digit(ink: np.ndarray, stretch: float = 1.0) -> np.ndarray | None:
    """As `to_digit`, but 28 x 28 is taken for a digit of a data set and left as it is."""
    if ink.shape == (SIDE, SIDE):
        return ink if ink.any() else None
    return to_digit(ink, stretch)


def ink_box(picture: np.ndarray, faint: float = THRESHOLD) -> tuple[slice, slice] | None:
    """The smallest rows and columns that hold what is not `faint` of `picture` (H, W), None where
    nothing is."""
    rows, columns = (np.flatnonzero((picture > faint).any(axis)) for axis in (1, 0))
    if not rows.size:
        return None
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def to_digit(picture: ArrayLike, stretch: float = 1.0) -> np.ndarray | None:
    """The digit drawn in `picture`, cut and centred as the datasets' digits are.

    `picture` is (H, W) in [0, 1], ink 1 and paper 0; `stretch` its vertical stretch
    (`Domain.stretch`). Returns float32 (28, 28) in [0, 1], or None where there is no ink.
    Raises ValueError for another shape or for values outside [0, 1].
    """
    ink = np.asarray(picture, dtype=np.float32)
    if ink.ndim != 2:
        raise ValueError(f"a picture is (height, width), this one has shape {ink.shape}")
    if stretch <= 0:
        raise ValueError(f"stretch must be positive, got {stretch}")
    if ink.size and not (ink.min() >= 0 and ink.max() <= 1):  # written so that NaN fails too
        raise ValueError("a picture's values lie in [0, 1], ink 1 and paper 0; divide bytes by 255")
    box = ink_box(ink)
    if box is None:
        return None
    ink = ink[box]
    height, width = ink.shape[0] * stretch, ink.shape[1]
    scale = BOX / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = np.asarray(Image.fromarray(ink).resize(size, Image.Resampling.BOX))

    # Whole pixels, as in the datasets: a shift by fractions would blur the digit once more.
    weight = small / small.sum()
    middle = (weight.sum(1) @ np.arange(size[1]), weight.sum(0) @ np.arange(size[0]))
    corner = [
        int(np.clip(round(SIDE / 2 - centre), 0, SIDE - length))
        for centre, length in zip(middle, small.shape, strict=True)
    ]
    digit = np.zeros((SIDE, SIDE), dtype=np.float32)
    digit[corner[0] : corner[0] + size[1], corner[1] : corner[1] + size[0]] = small
    return digit.clip(0, 1)
