"""Any picture becomes a digit as the datasets have it."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from unit_core.ink import ink_box, to_digit


def centre(digit: np.ndarray) -> np.ndarray:
    return np.array(ndimage.center_of_mass(digit))


def size(digit: np.ndarray) -> tuple[int, int]:
    rows, columns = np.nonzero(digit > 0)
    return int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1


def hook(scale: int = 1, shift: tuple[int, int] = (0, 0)) -> np.ndarray:
    """An L: 60 tall, 30 wide, 8 thick."""
    picture = np.zeros((200 * scale, 200 * scale))
    top, left = 40 + shift[0], 50 + shift[1]
    picture[top : top + 60 * scale, left : left + 8 * scale] = 1
    picture[top + 52 * scale : top + 60 * scale, left : left + 30 * scale] = 1
    return picture


def test_fits_twenty_and_keeps_the_aspect():
    digit = to_digit(hook())
    assert digit.shape == (28, 28) and digit.dtype == np.float32
    assert size(digit) == (20, 10)
    assert digit.min() >= 0 and digit.max() <= 1


def test_centre_of_mass_is_the_middle():
    assert np.abs(centre(to_digit(hook())) - 14).max() <= 0.51


def test_place_and_size_in_the_picture_do_not_matter():
    expected = to_digit(hook())
    assert np.allclose(to_digit(hook(shift=(31, 77))), expected)
    assert np.allclose(to_digit(hook(scale=4)), expected, atol=1e-5)


def test_stretch_makes_it_taller_against_its_width():
    assert size(to_digit(hook(), stretch=2.0)) == (20, 5)


@pytest.mark.parametrize("corner", [(slice(0, 1), slice(0, 60)), (slice(0, 60), slice(0, 1))])
def test_a_lopsided_digit_stays_inside(corner):
    picture = np.full((60, 60), 0.0)
    picture[corner] = 1
    picture[-1, -1] = 1  # far from the weight, so that centring wants to push it out
    digit = to_digit(picture)
    assert size(digit) == (20, 20)


def test_no_ink_is_none():
    assert to_digit(np.zeros((50, 50))) is None
    assert to_digit(np.full((50, 50), 0.1)) is None
    assert to_digit(np.zeros((0, 0))) is None
    assert ink_box(np.zeros((50, 50))) is None


@pytest.mark.parametrize("side", [1, 3, 500])
def test_all_ink_is_a_full_box(side):
    assert to_digit(np.ones((side, side))).sum() == pytest.approx(400)


def test_a_single_pixel_and_a_hairline_are_digits():
    picture = np.zeros((300, 300))
    picture[10:290, 7] = 1
    assert size(to_digit(picture)) == (20, 1)
    picture[:] = 0
    picture[3, 4] = 1
    assert to_digit(picture).max() == 1


@pytest.mark.parametrize(
    ("picture", "stretch", "words"),
    [
        (np.zeros((3, 4, 5)), 1.0, r"shape \(3, 4, 5\)"),
        (np.full((9, 9), 255), 1.0, "divide bytes by 255"),
        (np.full((9, 9), np.nan), 1.0, r"\[0, 1\]"),
        (np.ones((9, 9)), 0.0, "stretch"),
    ],
)
def test_says_what_is_wrong(picture, stretch, words):
    with pytest.raises(ValueError, match=words):
        to_digit(picture, stretch)


def read_images(path: Path) -> np.ndarray:
    raw = gzip.decompress(path.read_bytes())
    return np.frombuffer(raw, np.uint8, offset=16).reshape(-1, 28, 28) / 255


def test_mnist_comes_out_as_it_went_in(real_data):
    """MNIST's own digits, drawn large, are cut to what MNIST has."""
    digits = read_images(real_data / "mnist" / "t10k-images-idx3-ubyte.gz")[:200]
    drawn = [to_digit(np.kron(digit, np.ones((5, 5)))) for digit in digits]
    assert np.mean([np.abs(a - b).mean() for a, b in zip(drawn, digits, strict=True)]) < 0.03


def test_a_scanned_sheet_gives_the_digits_of_its_writer(real_data):
    """Cells of a raw sheet, cut by `to_digit`, are the training images made from them."""
    scan = Image.open(real_data / "scans" / "kannada_sheet_03.png").convert("L")
    sheet = 255 - np.asarray(scan)
    images = read_images(real_data / "kannada_mnist" / "X_kannada_MNIST_train-idx3-ubyte.gz")
    writer = images[3 * 1280 : 4 * 1280].reshape(32, 40, 28, 28)  # column by column
    corners = np.array([(125, 103), (4842, 53), (4849, 3391), (152, 3444)])  # x, y; clockwise

    def cell(column: int, row: int) -> np.ndarray:
        u, v = (column + 0.5) / 32, (row + 0.5) / 40
        top, bottom = (corners[a] * (1 - u) + corners[b] * u for a, b in ((0, 1), (3, 2)))
        x, y = np.round(top * (1 - v) + bottom * v).astype(int)
        return (sheet[y - 34 : y + 34, x - 60 : x + 60] > 127).astype(float)

    def blurred(digit: np.ndarray) -> np.ndarray:
        return ndimage.gaussian_filter(digit, 1.0).ravel()

    def likeness(stretch: float) -> float:
        pairs = [
            (to_digit(cell(column, row), stretch), writer[column, row])
            for column in range(2, 30)
            for row in (10, 11, 13, 17, 18)  # well inside their cells
        ]
        return float(np.median([np.corrcoef(blurred(a), blurred(b))[0, 1] for a, b in pairs]))

    assert likeness(1.8) > 0.9 > likeness(1.0)
