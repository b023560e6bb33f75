"""Pictures are opened or refused in words; their digits found, read by lines and rewritten."""

import io
import struct
import zlib
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from compose import CLEAN, HARD, Composed, Conditions, Hand, compose
from pages import digits_of, matched
from PIL import Image
from written import paper

from unit_core import Translator, rewriting, scale
from unit_core.checkpoint import SCALE, CheckpointError
from unit_core.domains import DOMAINS, domain
from unit_core.evidence import USUAL, Scale
from unit_core.ink import ink_of
from unit_core.page import Box, Page, find
from unit_core.paper import stroke_width
from unit_core.pictures import PictureError, open_picture
from unit_core.reading import Digit, Line, Reading, numbers_of, read, read_pages
from unit_core.rewriting import rewrite


def written(
    text: str, size: tuple[int, int] = (500, 160), at: tuple[int, int] = (40, 110)
) -> np.ndarray:
    """Printed digits, dark on white."""
    paper = np.full((size[1], size[0]), 255, np.uint8)
    cv2.putText(paper, text, at, cv2.FONT_HERSHEY_SIMPLEX, 2.5, 0, 6, cv2.LINE_AA)
    return paper


def page_of(grey: np.ndarray) -> Page:
    return find(Image.fromarray(grey).convert("RGB"))


def counts(page: Page) -> list[int]:
    return [len(line) for line in page.lines]


def as_file(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


@pytest.fixture(scope="module")
def pens(real_data: Path) -> list[Hand]:
    from unit_core.data import load_train, split

    found = []
    for name in ("mnist", "kannada"):
        digits = split(load_train(name, real_data)).validation
        images, labels = digits.images.numpy(), digits.labels.numpy()
        found.append(Hand(name, images, labels, domain(name).stretch))
    return found


# --- opening --------------------------------------------------------------------------------------


def bomb(width: int, height: int) -> bytes:
    """A PNG whose header claims more than its few bytes hold."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    data = zlib.compress(b"\0" * 1000)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )


PICTURE = Image.fromarray(written("12")).convert("RGB")
PNG, JPEG = as_file(PICTURE, "PNG"), as_file(PICTURE, "JPEG")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"only text, whatever the name says", "no picture that can be read"),
        (PNG[: len(PNG) // 2], "damaged or cut short"),
        (JPEG[: len(JPEG) // 2], "damaged or cut short"),
        (JPEG[:100], "damaged|no picture"),
        (bomb(9000, 9000), "9000 x 9000 pixels"),
        (bomb(60000, 60000), "too large"),
    ],
)
def test_what_is_no_picture_is_refused_in_words(content: bytes, words: str, tmp_path: Path):
    with pytest.raises(PictureError, match=words):
        open_picture(content)
    path = tmp_path / "picture.png"
    path.write_bytes(content)
    with pytest.raises(PictureError, match=words):
        open_picture(path)


def test_a_path_to_nothing_is_said_in_words(tmp_path: Path):
    with pytest.raises(PictureError, match="cannot be opened"):
        open_picture(tmp_path / "none.png")
    with pytest.raises(PictureError, match="cannot be opened"):
        open_picture(tmp_path)


def turned() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise
    return as_file(PICTURE.transpose(Image.Transpose.ROTATE_90), "JPEG", exif=exif)


def transparent() -> bytes:
    ink = np.zeros((160, 500, 4), np.uint8)
    ink[..., 3] = 255 - written("12")
    return as_file(Image.fromarray(ink), "PNG")


GREY = written("12")
FRAMES = [PICTURE, Image.new("RGB", PICTURE.size)]


@pytest.mark.parametrize(
    "content",
    [
        as_file(PICTURE.convert("CMYK"), "JPEG"),
        as_file(PICTURE.convert("CMYK"), "TIFF"),
        as_file(Image.fromarray(GREY.astype(np.uint16) * 257), "PNG"),
        as_file(Image.fromarray(GREY.astype(np.uint16) * 16), "TIFF"),  # 12 of 16 bits
        as_file(Image.fromarray(GREY.astype(np.float32) / 255), "TIFF"),
        as_file(PICTURE.quantize(8), "PNG"),
        as_file(PICTURE.convert("1"), "BMP"),
        as_file(FRAMES[0], "GIF", save_all=True, append_images=FRAMES[1:]),
        as_file(FRAMES[0], "WEBP", save_all=True, append_images=FRAMES[1:]),
        as_file(PICTURE, "JPEG", exif=b"Exif\0\0no exif at all"),
        turned(),
        transparent(),
    ],
)
def test_any_kind_of_picture_is_opened_right(content: bytes):
    picture = open_picture(content)
    assert picture.mode == "RGB" and picture.size == PICTURE.size
    assert np.abs(np.asarray(picture.convert("L"), float) - GREY).mean() < 4


def test_bright_ink_on_nothing_lies_on_black():
    ink = np.full((160, 500, 4), 255, np.uint8)
    ink[..., 3] = 255 - GREY[:160, :500]
    picture = open_picture(as_file(Image.fromarray(ink), "PNG"))
    assert np.abs(np.asarray(picture.convert("L"), float) - (255 - GREY)).mean() < 4
    assert np.allclose(ink_of(Image.fromarray(ink)), (255 - GREY) / 255.0, atol=0.02)
    card = np.zeros((200, 200, 4), np.uint8)
    card[60:160, 60:160] = 255
    card[80:140, 100:110, :3] = 0  # a 1 on white paper
    assert ink_of(Image.fromarray(card)).mean() < 0.05
    ink[..., 3] = 255  # paper, not ink
    assert np.asarray(open_picture(as_file(Image.fromarray(ink), "PNG"))).min() == 255


# --- finding --------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(1, 1), (1, 900), (3, 2), (300, 200), (1, 20_000_000)])
@pytest.mark.parametrize("colour", ["white", "black"])
def test_blank_paper_has_no_digits(size: tuple[int, int], colour: str):
    assert find(Image.new("RGB", size, colour)).lines == ()


def test_digits_come_by_lines_from_left_to_right():
    paper = np.concatenate([written("120"), written("34", at=(90, 100))])
    for grey, bright in ((paper, False), (255 - paper, True)):
        page = page_of(grey)
        assert counts(page) == [3, 2] and page.bright is bright and page.tilt == 0
        for line in page.lines:
            assert [each.box.x for each in line] == sorted(each.box.x for each in line)
    box = page.lines[0][0].box
    rows, columns = np.nonzero(written("1") < 128)
    want = Box(columns.min(), rows.min(), int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1)
    assert matched([want], [box], 0.8)


def test_a_digit_at_the_edge_of_the_picture_has_its_whole_box():
    paper = written("1")
    rows, columns = np.nonzero(paper < 128)
    grey = paper[rows.min() :, columns.min() :]
    (found,) = page_of(grey).lines[0]
    assert (found.box.x, found.box.y) == (0, 0) == (found.left, found.top)
    assert found.box.width == pytest.approx(np.ptp(columns) + 1, abs=2)
    assert found.right - found.left == found.box.width


def test_a_table_is_taken_out_and_what_it_crossed_is_whole():
    clean = np.concatenate([written("120"), written("340")])
    table = clean.copy()
    table[::80] = table[1::80] = table[2::80] = 0  # one through the middle of every line
    table[:, ::125] = table[:, 1::125] = 0
    plain, ruled = page_of(clean), page_of(table)
    assert counts(ruled) == [3, 3]
    for line, same in zip(plain.lines, ruled.lines, strict=True):
        for a, b in zip(line, same, strict=True):
            assert matched([a.box], [b.box], 0.8)


def test_a_small_flat_digit_below_large_ones_is_no_dash():
    paper = written("3809", (700, 300))
    cv2.ellipse(paper, (200, 200), (9, 8), 0, 0, 360, 0, 2, cv2.LINE_AA)  # a Kannada 2, lying
    cv2.line(paper, (206, 208), (236, 208), 0, 2, cv2.LINE_AA)
    cv2.line(paper, (450, 200), (480, 202), 0, 5, cv2.LINE_AA)
    assert counts(page_of(paper)) == [4, 1]


def form(broken: int, numbers: int) -> np.ndarray:
    """A table of 6 x 8 cells with a V in each, but in some two strokes apart, in others two Vs."""
    paper = np.full((700, 1100), 255, np.uint8)
    for y in range(50, 651, 100):
        cv2.line(paper, (50, y), (1050, y), 0, 3)
    for x in range(50, 1051, 125):
        cv2.line(paper, (x, 50), (x, 650), 0, 3)
    whole = [(0, 25), (18, 78), (36, 25)]
    for i in range(48):
        strokes = [[(45 + x, y) for x, y in whole]]
        if i < broken:
            strokes = [[(45, 25), (48, 78)], [(81, 25), (78, 78)]]
        elif i < broken + numbers:
            strokes = [[(at + x, y) for x, y in whole] for at in (15, 75)]
        corner = np.array([50 + i % 8 * 125, 50 + i // 8 * 100])
        for points in strokes:
            cv2.polylines(paper, [np.array(points) + corner], False, 0, 6)
    return paper


def test_in_a_form_what_stands_in_a_cell_is_one_digit_unless_it_is_as_wide_as_two() -> None:
    assert counts(page_of(form(broken=5, numbers=0))) == [8] * 6
    assert counts(page_of(form(broken=0, numbers=5))) == [13, 8, 8, 8, 8, 8]


def test_a_tilted_page_is_straightened_and_its_boxes_are_in_the_picture():
    paper = np.full((700, 900), 255, np.uint8)
    for y in (200, 350, 500):
        cv2.putText(paper, "120345", (150, y), cv2.FONT_HERSHEY_SIMPLEX, 2.5, 0, 6, cv2.LINE_AA)
    turn = cv2.getRotationMatrix2D((450, 350), -7, 1)  # clockwise
    tilted = cv2.warpAffine(paper, turn, (900, 700), borderValue=255)
    page = page_of(tilted)
    assert np.degrees(page.tilt) == pytest.approx(7, abs=1)
    assert counts(page) == [6, 6, 6]
    for each in (each for line in page.lines for each in line):
        box = each.box
        assert (tilted[box.y : box.y + box.height, box.x : box.x + box.width] < 128).any()


def test_a_slanted_stroke_alone_is_a_digit_no_line():
    paper = np.full((300, 300), 255, np.uint8)
    cv2.line(paper, (120, 250), (180, 50), 0, 8)
    page = page_of(paper)
    assert counts(page) == [1] and page.tilt == 0


def test_dust_and_a_dark_desk_are_no_digits():
    desk = np.full((500, 900), 40, np.uint8)
    desk[90:410, 110:790] = 225
    desk[150:310, 150:650] = np.minimum(225, written("120"))
    random = np.random.default_rng(0)
    desk[random.integers(100, 400, 60), random.integers(120, 780, 60)] = 20
    assert counts(page_of(desk)) == [3]


@pytest.mark.parametrize("conditions", [CLEAN, HARD, Conditions(bright=True)])
def test_most_digits_of_synthetic_pages_are_found(pens: list[Hand], conditions: Conditions):
    random = np.random.default_rng(3)
    found = true = hits = 0
    for _ in range(3):
        page: Composed = compose(pens, random, conditions)
        boxes = [each.box for number in page.numbers for each in number]
        seen = [each.box for line in find(page.picture).lines for each in line]
        found, true, hits = found + len(seen), true + len(boxes), hits + len(matched(boxes, seen))
    assert 2 * hits / (found + true) > 0.85


def test_a_sheet_is_found_and_read_whole(translator: Translator, real_data: Path):
    picture = open_picture(real_data / "scans" / "kannada_sheet_23.png")
    page = find(picture)
    assert counts(page) == [32] * 40
    lines = read(translator, page).lines
    assert {line.script for line in lines} == {"kannada"}  # that of zeros too
    right = sum(digit.digit == i % 10 for i, line in enumerate(lines) for digit in line.digits)
    assert right > 0.97 * 1280


# --- reading and rewriting ------------------------------------------------------------------------


def number(pens: list[Hand], script: str, seed: int) -> Composed:
    own = [pen for pen in pens if pen.script == script]
    random = np.random.default_rng(seed)
    return compose(own, random, CLEAN, (700, 240), numbers=1, digits=(5, 5))


def test_the_script_of_a_number_is_told_by_its_digits(translator: Translator, pens: list[Hand]):
    numbers = [number(pens, script, seed) for script in ("mnist", "kannada") for seed in range(8)]
    pages = [find(each.picture) for each in numbers]
    readings = read_pages(translator, pages)
    right = scripts = 0
    for each, reading in zip(numbers, readings, strict=True):
        for line in reading.lines:
            assert sum(line.evidence.values()) == pytest.approx(1)
            assert line.script == max(line.evidence, key=lambda name: line.evidence[name])
        digits = digits_of(reading)
        scripts += all(digit.script == each.numbers[0][0].script for digit in digits)
        right += [digit.digit for digit in digits] == [one.digit for one in each.numbers[0]]
    assert scripts >= 14 and right >= 11
    # One by one they say the same as all together.
    alone = [read(translator, page) for page in pages[:2]]
    assert [r.to_json()["lines"][0]["text"] for r in alone] == [
        r.to_json()["lines"][0]["text"] for r in readings[:2]
    ]


def test_a_script_that_is_told_is_believed(translator: Translator, pens: list[Hand]):
    page = find(number(pens, "kannada", 1).picture)
    for name in ("mnist", "kannada"):
        (line,) = read(translator, page, name).lines
        assert line.script == name and line.evidence == {name: 1}
    with pytest.raises(ValueError, match="unknown script 'klingon'"):
        read(translator, page, "klingon")
    assert read(translator, find(Image.new("RGB", (50, 50), "white"))).lines == ()


def test_text_has_spaces_where_numbers_end():
    spots = [(0, 2), (25, 0), (120, 2), (145, 6)]
    digits = tuple(Digit(Box(x, 0, 20, 30), "kannada", value, 1.0) for x, value in spots)
    line = Line("kannada", DOMAINS["kannada"].glyphs, {"kannada": 1.0}, digits)
    assert line.text == "೨೦ ೨೬"
    told = Reading((line,), 200, 50).to_json()["lines"][0]
    assert told["text"] == line.text and told["digits"][2]["box"] == [120, 0, 20, 30]


@pytest.mark.parametrize(
    ("gaps", "sizes"),
    [
        ([6, 5, 22, 7], [3, 2]),  # narrower than a line, and far wider than the others
        ([20, 21, 24, 19], [5]),  # all alike
        ([10, 14, 8, 15], [5]),
        ([40, 45, 40], [1, 1, 1, 1]),  # columns of a table
        ([22], [2]),  # nothing to compare with
    ],
)
def test_a_number_ends_at_a_gap_that_is_wide_or_wider_than_the_others(gaps, sizes):
    boxes, right = [Box(0, 0, 20, 30)], 20
    for gap in gaps:
        boxes.append(Box(right + gap, 0, 20, 30))
        right += gap + 20
    assert [part.stop - part.start for part in numbers_of(boxes)] == sizes


def test_rewritten_numbers_stay_apart_and_on_the_picture(translator: Translator):
    """A Kannada 2 is far wider than the Arabic one in whose place it stands."""
    grey = [np.asarray(paper(("mnist", number)).convert("L")) for number in ("72", "27")]
    ink = [np.flatnonzero((each < 128).any(0)) for each in grey]
    one, other = (each[:, at[0] : at[-1] + 1] for each, at in zip(grey, ink, strict=True))
    ground = grey[0][0, 0]
    parts = [
        np.full((len(one), 6), ground), one, np.full((len(one), 110), ground), other,
        np.full((len(one), 6), ground),
    ]  # fmt: skip
    picture = Image.fromarray(np.concatenate(parts, 1)).convert("RGB")
    page = find(picture)
    reading = read(translator, page, "mnist")
    assert reading.lines[0].text == "72 27"
    written = np.asarray(rewrite(translator, page, reading, "kannada").convert("L")) < 128
    assert not written[:, [0, -1]].any()
    start = 6 + one.shape[1]
    assert (~written[:, start : start + 110].any(0)).mean() >= 0.25


def test_a_rewritten_page_says_the_same_in_the_other_script(
    translator: Translator, pens: list[Hand]
):
    picture = number(pens, "kannada", 2).picture
    page = find(picture)
    reading = read(translator, page, "kannada")
    out = rewrite(translator, page, reading, "mnist")
    assert out.size == picture.size and out.mode == "RGB"
    before = [digit.digit for digit in digits_of(reading)]
    after = [digit.digit for digit in digits_of(read(translator, find(out), "mnist"))]
    assert len(after) == len(before)
    assert sum(a == b for a, b in zip(after, before, strict=True)) >= len(before) - 1
    boxes = [digit.box for digit in digits_of(reading)]
    outside = np.ones(picture.size[::-1], bool)
    for box in boxes:
        tall = box.height
        outside[
            max(0, box.y - tall) : box.y + 2 * tall, max(0, box.x - tall) : box.x + 2 * tall
        ] = False
    assert np.array_equal(np.asarray(out)[outside], np.asarray(picture)[outside])
    assert rewrite(translator, page, reading, "kannada").tobytes() == picture.tobytes()


def test_a_stroke_that_is_faint_in_the_middle_is_written_whole() -> None:
    ink = np.zeros((40, 90), np.float32)
    ink[15:25, 10:80] = 1
    ink[15:25, 40:50] = 0.45
    ink[3:8, 3:8] = 0.45  # a shadow by itself is no stroke
    written = (rewriting._as_heavy(ink, 6.0) > 0.5).astype(np.uint8)
    count, _, stats, _ = cv2.connectedComponentsWithStats(written)
    assert count - 1 == 1
    assert stats[1, cv2.CC_STAT_WIDTH] == pytest.approx(66, abs=3)
    assert stats[1, cv2.CC_STAT_HEIGHT] == pytest.approx(6, abs=2)


def test_rewritten_digits_are_whole_and_as_heavy(translator: Translator):
    def ink(picture: Image.Image) -> np.ndarray:
        return (np.asarray(picture.convert("L")) < 128).astype(np.uint8)

    for digit in "0123456789":
        picture = paper(("mnist", digit))
        page = find(picture)
        drawn = ink(rewrite(translator, page, read(translator, page, "mnist"), "kannada"))
        assert cv2.connectedComponents(drawn)[0] - 1 == 1, f"{digit} is broken"
        assert stroke_width(drawn) == pytest.approx(stroke_width(ink(picture)), rel=0.35)


def test_a_corrected_digit_is_written_as_corrected(translator: Translator, pens: list[Hand]):
    page = find(number(pens, "kannada", 2).picture)
    (line,) = read(translator, page, "kannada").lines
    corrected = tuple(Digit(each.box, each.script, 8, 1.0) for each in line.digits)
    told = Reading((replace(line, digits=corrected),), *page.picture.size)
    out = read(translator, find(rewrite(translator, page, told, "mnist")), "mnist")
    eights = [digit.digit == 8 for digit in digits_of(out)]
    assert sum(eights) >= len(corrected) - 1


def test_a_checkpoint_keeps_how_it_weighs_evidence(
    translator: Translator, real_data: Path, tmp_path: Path
):
    translator.save(tmp_path)
    other = Translator.load(tmp_path)
    assert Scale.of(other) == USUAL  # until it is fitted
    found = scale.fit(other, real_data)
    assert found.picture >= 0 and found.code > 0 > found.unlike
    scale.write(other, found)
    assert Scale.of(Translator.load(tmp_path)) == found
    for wrong in ('"much"', "NaN", "true", "-1", "0.2}, {"):
        (tmp_path / SCALE).write_text(f'{{"picture": {wrong}, "code": 1, "unlike": -18}}')
        with pytest.raises(CheckpointError, match="is unusable|not valid JSON"):
            Scale.of(other)
