"""Data: fetched or not at all, read strictly, split by hand, labelled by seed."""

import gzip
import hashlib
import http.server
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from unit_core import data, domains, fetch
from unit_core.choices import canonical
from unit_core.data import (
    UNKNOWN,
    DataError,
    Digits,
    choose_labelled,
    load_test,
    load_train,
    read_digits,
    split,
    summary,
)
from unit_core.domains import DOMAINS, TEST_SETS, DataFile, DataSet, TestSet, domain
from unit_core.networks import ModelConfig


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No cache, no data folder, no proxy of whoever runs the tests."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("UNIT_DATA_DIR", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    fetch._warn_other_digest.cache_clear()


def idx(values: np.ndarray) -> bytes:
    sizes = b"".join(size.to_bytes(4, "big") for size in values.shape)
    return bytes([0, 0, 8, values.ndim]) + sizes + values.astype(np.uint8).tobytes()


def some_digits(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Random images (n, 28, 28), labels 0, 1, ... 9, 0, ..."""
    images = np.random.default_rng(seed).integers(0, 256, (n, 28, 28), np.uint8)
    return images, np.arange(n) % 10


def numbered(n: int, run: int | None = None) -> Digits:
    """Digits whose first pixels spell their number, so that a part tells whom it holds."""
    numbers = torch.arange(n)
    images = torch.zeros(n, 28, 28, dtype=torch.uint8)
    images[:, 0, 0], images[:, 0, 1] = numbers % 256, numbers // 256
    return Digits(images, numbers % 10, None if run is None else numbers // run)


def numbers(digits: Digits) -> set[int]:
    return set((digits.images[:, 0, 0].int() + 256 * digits.images[:, 0, 1].int()).tolist())


# --- finding and fetching -------------------------------------------------------------------------


class Source:
    """A test set "tiny" with its official files in ``folder``, served from ``addresses``."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        images, labels = some_digits(20)
        self.files = {
            "images.gz": gzip.compress(idx(images)),
            "labels.gz": gzip.compress(idx(labels)),
        }
        self.monkeypatch = monkeypatch
        self.folder = folder
        folder.mkdir()
        for name, raw in self.files.items():
            (folder / name).write_bytes(raw)
        self.offer(folder.as_uri())

    def offer(self, *addresses: str) -> None:
        def file(name: str, kind: str) -> DataFile:
            raw = self.files[name]
            blob = b"blob %d\0" % len(raw) + raw
            md5, git = hashlib.md5(raw).hexdigest(), hashlib.sha1(blob).hexdigest()
            digest = f"md5:{md5}" if kind == "md5" else f"git:{git}"
            return DataFile(f"tiny/{name}", tuple(f"{a}/{name}" for a in addresses), digest)

        files = DataSet(file("images.gz", "md5"), file("labels.gz", "git"), writer_run=8)
        self.monkeypatch.setitem(TEST_SETS, "tiny", TestSet("mnist", files))

    def vanish(self) -> None:
        for path in self.folder.iterdir():
            path.unlink()


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Source:
    return Source(tmp_path / "official", monkeypatch)


@pytest.fixture
def server(source: Source) -> Iterator[str]:
    """Serves the source over HTTP, and under /half/ a connection that breaks in the middle."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            raw = source.files.get(self.path.rpartition("/")[2])
            if raw is None:
                return self.send_error(404)
            self.send_response(200)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw[: len(raw) // 2] if self.path.startswith("/half/") else raw)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


def test_fetched_once_then_from_the_cache(source: Source) -> None:
    first = load_test("tiny")
    source.vanish()
    again = load_test("tiny")
    assert len(first) == 20 and torch.equal(first.images, again.images)
    assert first.writers is not None and first.writers.tolist() == [0] * 8 + [1] * 8 + [2] * 4
    assert {digest.split(":")[0] for digest in first.digests.values()} == {"md5", "git"}


def test_fetched_over_http_after_mirrors_that_fail(source: Source, server: str) -> None:
    source.offer(f"{server}/gone/nothing", f"{server}/half", f"{server}/whole")
    source.vanish()
    assert len(load_test("tiny")) == 20


def test_a_half_file_is_never_kept(source: Source, server: str) -> None:
    source.offer(f"{server}/half")
    with pytest.raises(DataError, match="not the file"):
        load_test("tiny")
    cache = fetch.cache_folder()
    assert not [path for path in cache.rglob("*") if path.is_file()]


@pytest.mark.parametrize("damage", [lambda raw: raw[:10], lambda raw: raw + b"!", lambda raw: b""])
def test_a_damaged_cache_is_fetched_again(source: Source, damage) -> None:
    load_test("tiny")
    cached = fetch.cache_folder() / "tiny" / "images.gz"
    cached.write_bytes(damage(source.files["images.gz"]))
    assert len(load_test("tiny")) == 20
    assert cached.read_bytes() == source.files["images.gz"]


def test_no_network_and_no_folder_says_both_ways_out(source: Source) -> None:
    source.vanish()
    with pytest.raises(DataError) as error:
        load_test("tiny")
    text = str(error.value)
    for part in (
        "tiny/images.gz",
        source.folder.as_uri(),
        "network",
        "--data-dir",
        "UNIT_DATA_DIR",
    ):
        assert part in text


def test_a_cache_that_cannot_be_written_is_named(source: Source) -> None:
    fetch.cache_folder().parent.mkdir()
    fetch.cache_folder().write_text("a file where the folder should be")
    with pytest.raises(DataError, match="XDG_CACHE_HOME"):
        load_test("tiny")


def test_a_folder_of_ones_own_goes_first(
    source: Source,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    folder = tmp_path / "own"
    (folder / "tiny").mkdir(parents=True)
    (folder / "tiny" / "images.gz").write_bytes(gzip.compress(idx(np.zeros((20, 28, 28)))))
    assert load_test("tiny", folder).images.max() == 0  # the labels come from the source
    monkeypatch.setenv("UNIT_DATA_DIR", str(folder))
    digits = load_test("tiny")
    assert digits.images.max() == 0
    assert digits.digests["tiny/images.gz"] != TEST_SETS["tiny"].files.images.digest
    assert [record.levelname for record in caplog.records] == ["WARNING"]  # once, one line
    assert "\n" not in caplog.text.strip() and "images.gz" in caplog.text


def test_a_cut_file_in_a_folder_is_named_with_its_place(source: Source, tmp_path: Path) -> None:
    folder = tmp_path / "own"
    (folder / "tiny").mkdir(parents=True)
    cut = folder / "tiny" / "images.gz"
    cut.write_bytes(source.files["images.gz"][:-20])
    with pytest.raises(DataError, match="images.gz is not a whole gzip file") as error:
        load_test("tiny", folder)
    assert str(cut) in str(error.value)


def test_a_folder_that_is_not_there_is_an_error(source: Source, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no data folder"):
        load_test("tiny", tmp_path / "nowhere")


# --- reading --------------------------------------------------------------------------------------


def test_idx_gzipped_and_plain(tmp_path: Path) -> None:
    images, labels = some_digits(12)
    (tmp_path / "i").write_bytes(idx(images))
    (tmp_path / "l").write_bytes(idx(labels))
    (tmp_path / "i.gz").write_bytes(gzip.compress(idx(images)))
    (tmp_path / "l.gz").write_bytes(gzip.compress(idx(labels)))
    for ending in ("", ".gz"):
        digits = read_digits(tmp_path / f"i{ending}", tmp_path / f"l{ending}")
        assert digits.images.dtype == torch.uint8 and digits.labels.dtype == torch.int64
        assert np.array_equal(digits.images.numpy(), images)
        assert np.array_equal(digits.labels.numpy(), labels)
        assert digits.writers is None and len(digits.digests) == 2


IMAGES = idx(np.zeros((10, 28, 28)))


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (IMAGES[:-1], r"7839 values where its header says 7840 \(10, 28, 28\)"),
        (IMAGES + b"\0", "7841 values"),
        (IMAGES[:9], "cut short"),
        (b"", "not an IDX file"),
        (b"<html>no such page</html>", "not an IDX file"),
        (b"\0\0\x0d\x03" + IMAGES[4:], "type 0x0d"),
        (idx(np.arange(10)), r"1 dimensions, labels: expected 3 \(images\)"),
        (idx(np.zeros((10, 32, 32))), r"shape \(10, 32, 32\), expected \(N, 28, 28\)"),
        (idx(np.zeros((0, 28, 28))), "no images"),
        (gzip.compress(IMAGES, mtime=0)[:-9], "not a whole gzip file"),
        (b"PK\x03\x04 and no more", "not a whole NPZ file"),
    ],
)
def test_wrong_images_are_named(tmp_path: Path, raw: bytes, message: str) -> None:
    (tmp_path / "bad-images").write_bytes(raw)
    (tmp_path / "labels").write_bytes(idx(np.arange(10)))
    with pytest.raises(DataError, match=message) as error:
        read_digits(tmp_path / "bad-images", tmp_path / "labels")
    assert "bad-images" in str(error.value) or "no images" in str(error.value)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.arange(9), "10 images but 9 labels"),
        (np.arange(10) + 1, "labels from 1 to 10"),
        (np.zeros((10, 28, 28)), "expected 1"),
    ],
)
def test_wrong_labels_are_named(tmp_path: Path, labels: np.ndarray, message: str) -> None:
    (tmp_path / "images").write_bytes(IMAGES)
    (tmp_path / "bad-labels").write_bytes(idx(labels))
    with pytest.raises(DataError, match=f"bad-labels.*{message}"):
        read_digits(tmp_path / "images", tmp_path / "bad-labels")


def test_missing_files_and_missing_labels(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no file .*nothing"):
        read_digits(tmp_path / "nothing", tmp_path / "nothing")
    (tmp_path / "images").write_bytes(IMAGES)
    with pytest.raises(DataError, match="give the labels file"):
        read_digits(tmp_path / "images")


@pytest.mark.parametrize("keys", [("images", "labels"), ("x", "y"), ("arr_0", "arr_1")])
def test_npz_by_any_name(tmp_path: Path, keys: tuple[str, str]) -> None:
    images, labels = some_digits(10)
    arrays: dict[str, Any] = {keys[0]: images, keys[1]: labels}
    np.savez_compressed(tmp_path / "d.npz", **arrays)
    digits = read_digits(tmp_path / "d.npz")
    assert np.array_equal(digits.images.numpy(), images) and digits.labels.tolist() == list(labels)


def test_npz_of_floats_with_writers_and_labels_apart(tmp_path: Path) -> None:
    images, labels = some_digits(10)
    flat = (images / 255).reshape(10, 784)
    np.savez(tmp_path / "x.npz", images=flat, labels=labels, writers=np.arange(10) // 4)
    digits = read_digits(tmp_path / "x.npz")
    assert np.array_equal(digits.images.numpy(), images)
    assert digits.writers is not None and digits.writers.tolist() == [0] * 4 + [1] * 4 + [2] * 2
    np.savez(tmp_path / "X.npz", images)  # as Kannada-MNIST's own NPZ files are
    np.savez(tmp_path / "Y.npz", labels)
    assert len(read_digits(tmp_path / "X.npz", tmp_path / "Y.npz")) == 10


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"images": np.full((2, 28, 28), 300.0), "labels": [0, 1]}, "float in"),
        ({"images": np.full((2, 28, 28), np.nan), "labels": [0, 1]}, "float in"),
        ({"images": np.zeros((2, 28, 28)), "labels": [0.5, 1]}, "whole numbers"),
        ({"images": np.zeros((2, 28, 28)), "labels": np.array([{}, 1])}, "plain arrays"),
        ({"pictures": np.zeros((2, 28, 28)), "labels": [0, 1]}, r"\['labels', 'pictures'\]"),
    ],
)
def test_npz_that_will_not_do(tmp_path: Path, arrays: dict, message: str) -> None:
    np.savez(tmp_path / "bad.npz", **arrays)
    with pytest.raises(DataError, match=f"bad.npz.*{message}"):
        read_digits(tmp_path / "bad.npz")


def picture(size: int, paper: int, ink: int) -> Image.Image:
    image = Image.new("L", (size, size), paper)
    ImageDraw.Draw(image).rectangle((size // 3, size // 4, size // 2, size // 2), fill=ink)
    return image


def test_a_folder_of_pictures_dark_or_bright_small_or_large(tmp_path: Path) -> None:
    for label in "37":
        (tmp_path / "set" / label).mkdir(parents=True)
    picture(28, 0, 255).save(tmp_path / "set/3/a.png")
    picture(28, 255, 0).save(tmp_path / "set/3/b.png")  # bright paper
    picture(200, 230, 20).save(tmp_path / "set/7/c.png")  # large, on greyish paper
    clear = Image.new("RGBA", (28, 28), (0, 0, 0, 0))
    clear.paste((0, 0, 0, 255), (9, 7, 15, 15))  # black ink on nothing
    clear.save(tmp_path / "set/7/d.png")
    deep = np.asarray(picture(28, 0, 255)).astype(np.uint16) * 257
    Image.fromarray(deep).save(tmp_path / "set/7/e.png")  # 16 bits
    Image.fromarray(deep // 16).save(tmp_path / "set/7/g.png")  # 12 of them
    turned = Image.Exif()
    turned[0x0112] = 6  # a phone held upright: to be turned clockwise
    picture(28, 0, 255).transpose(Image.Transpose.ROTATE_90).save(
        tmp_path / "set/7/f.png", exif=turned
    )
    (tmp_path / "set/notes.txt").write_text("not a picture")
    digits = read_digits(tmp_path / "set")
    assert digits.labels.tolist() == [3, 3, 7, 7, 7, 7, 7]
    small = np.asarray(picture(28, 0, 255))
    for i in (0, 1, 3, 4, 5, 6):
        assert np.array_equal(digits.images[i].numpy(), small)
    large = digits.images[2]
    assert large[0].max() == 0 and 0.5 < (large > 128).sum() / (20 * 13) < 1.5  # cut to its ink


def test_pictures_that_will_not_do(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no pictures"):
        read_digits(tmp_path)
    for place in (".", "2/writer"):
        (tmp_path / place).mkdir(parents=True, exist_ok=True)
        picture(28, 0, 255).save(tmp_path / place / "loose.png")
    with pytest.raises(DataError, match="loose.png and 1 more: pictures belong into .*<label> it"):
        read_digits(tmp_path)
    (tmp_path / "loose.png").unlink()
    with pytest.raises(DataError, match="writer/loose.png: .*label 0 to 9, or unlabelled"):
        read_digits(tmp_path, partly=True)
    (tmp_path / "2/writer/loose.png").rename(tmp_path / "2/writer/.loose.png")  # not meant
    (tmp_path / "a").mkdir()
    picture(28, 0, 255).save(tmp_path / "a" / "1.png")
    with pytest.raises(DataError, match="called 0 to 9"):
        read_digits(tmp_path)
    (tmp_path / "a").rename(tmp_path / "1")
    (tmp_path / "1" / "cut.png").write_bytes((tmp_path / "1" / "1.png").read_bytes()[:40])
    with pytest.raises(DataError, match="cut.png: this file is no picture"):
        read_digits(tmp_path)
    Image.new("L", (60, 60), 255).save(tmp_path / "1" / "cut.png")
    with pytest.raises(DataError, match="cut.png shows no ink"):
        read_digits(tmp_path)


# --- a script of one's own ------------------------------------------------------------------------


def test_a_script_of_ones_own(tmp_path: Path) -> None:
    folder = tmp_path / "devanagari"
    folder.mkdir()
    images, labels = some_digits(100)
    (folder / "train-images-idx3-ubyte").write_bytes(idx(images))
    (folder / "train-labels-idx1-ubyte").write_bytes(idx(labels))
    np.savez(folder / "test.npz", images=images[:10], labels=labels[:10])
    facts = {"title": "Devanagari", "glyphs": "०१२३४५६७८९", "stretch": 1.2, "writer_run": 20}
    (folder / "script.json").write_text(json.dumps(facts), encoding="utf-8")
    script = domain("devanagari", tmp_path)
    assert (script.title, script.glyphs[3], script.stretch) == ("Devanagari", "३", 1.2)
    train = load_train("devanagari", tmp_path)
    assert len(train) == 100 and train.writers is not None and train.writers.max() == 4
    assert "devanagari/train-images-idx3-ubyte" in train.digests
    assert len(load_test("devanagari", tmp_path)) == 10


def test_training_digits_without_labels(tmp_path: Path) -> None:
    images, labels = some_digits(30)
    partly = np.where(np.arange(30) % 3 == 0, labels, -1)
    for name in ("none", "idx", "some", "bare", "files"):
        (tmp_path / name).mkdir()
    np.savez(tmp_path / "none/train.npz", images=images)
    np.savez(tmp_path / "some/train.npz", images=images, labels=partly)
    (tmp_path / "bare/train-images-idx3-ubyte").write_bytes(idx(images))
    (tmp_path / "idx/train-images-idx3-ubyte").write_bytes(idx(images))
    (tmp_path / "idx/train-labels-idx1-ubyte").write_bytes(idx(partly % 256))
    for place in ("7", "unlabelled"):
        (tmp_path / "files/train" / place).mkdir(parents=True)
        Image.fromarray(images[len(place)]).save(tmp_path / "files/train" / place / "a.png")
    for name in ("none", "bare"):
        assert (load_train(name, tmp_path).labels == UNKNOWN).all()
    for name in ("some", "idx"):
        assert load_train(name, tmp_path).labels.tolist() == partly.tolist()
    assert load_train("files", tmp_path).labels.tolist() == [7, UNKNOWN]
    np.savez(tmp_path / "none/train.npz", images=images, label=labels)
    with pytest.raises(DataError, match="holds \\['label'\\]: labels are an array called labels"):
        load_train("none", tmp_path)  # a slip is no want of labels
    (tmp_path / "bare/train-labels-ubyte").write_bytes(idx(labels))
    with pytest.raises(DataError, match="holds no train set"):
        load_train("bare", tmp_path)
    np.savez(tmp_path / "some/test.npz", images=images, labels=partly)
    with pytest.raises(DataError, match="labels from -1 to 9, expected 0 to 9$"):
        load_test("some", tmp_path)
    np.savez(tmp_path / "none/train.npz", images=images, labels=partly - 1)
    with pytest.raises(DataError, match="from -2 to 8, expected 0 to 9, or -1 where there is none"):
        load_train("none", tmp_path)


def test_validation_is_of_labelled_digits_if_there_are_enough() -> None:
    digits = numbered(400)
    some = replace(digits, labels=torch.where(torch.arange(400) < 100, digits.labels, UNKNOWN))
    parts = split(some)
    assert torch.bincount(parts.validation.labels).tolist() == [2] * 10
    assert len(parts.train) == 380 and (parts.train.labels == UNKNOWN).sum() == 300
    assert int(choose_labelled(parts.train.labels, "100%", 0).sum()) == 80  # all there are
    few = replace(digits, labels=torch.where(torch.arange(400) < 40, digits.labels, UNKNOWN))
    parts = split(few, 50)
    assert len(parts.validation) == 50 and (parts.validation.labels == UNKNOWN).all()
    assert (parts.train.labels != UNKNOWN).sum() == 40  # none is wasted
    assert torch.equal(split(few, 50).validation.images, parts.validation.images)
    with pytest.raises(ValueError, match="too few"):
        split(few.subset(torch.arange(50, 54)))


def test_a_script_named_as_mnist_names_its_files(tmp_path: Path) -> None:
    (tmp_path / "kuzushiji").mkdir()
    images, labels = some_digits(10)
    for part in ("train", "t10k"):
        for kind, values in (("images-idx3", images), ("labels-idx1", labels)):
            path = tmp_path / "kuzushiji" / f"{part}-{kind}-ubyte.gz"
            path.write_bytes(gzip.compress(idx(values)))
    assert domain("kuzushiji", tmp_path).title == "Kuzushiji"
    assert len(load_train("kuzushiji", tmp_path)) == len(load_test("kuzushiji", tmp_path)) == 10


def test_a_script_without_files_or_without_a_folder(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no train set.*train.npz"):
        load_train("empty", tmp_path)
    with pytest.raises(DataError, match="holds no test set"):
        load_test("empty", tmp_path)
    with pytest.raises(ValueError, match="unknown script 'klingon'.*mnist, kannada"):
        load_train("klingon", tmp_path)
    with pytest.raises(ValueError, match="not set"):
        domain("klingon")


@pytest.mark.parametrize("name", ["../own", "", ".", "own/train", "my script", "a.b", "dig"])
def test_a_name_is_one_folder_and_no_other_test_set(tmp_path: Path, name: str) -> None:
    images, labels = some_digits(50)
    for folder in (tmp_path / "own", tmp_path / "own" / "train", tmp_path / "dig"):
        folder.mkdir()
        np.savez(folder / "train.npz", images=images, labels=labels)
    with pytest.raises(ValueError, match="is called a word of letters"):
        load_train(name, tmp_path)
    with pytest.raises(ValueError, match="is called a word of letters"):
        ModelConfig(("mnist", name))
    assert ModelConfig(("mnist", "ಕನ್ನಡ-2")).domains[1] == "ಕನ್ನಡ-2"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not valid JSON"),
        ("[]", "one JSON object"),
        ("[" * 100_000, "not valid JSON"),
        ('{"glyph": "0123456789"}', "no keys but"),
        ('{"glyphs": "012"}', "10 characters"),
        ('{"stretch": "tall"}', "stretch"),
        ('{"writer_run": 0}', "writer_run"),
        ('{"title": 7}', "title"),
        ('{"title": " "}', "title"),
    ],
)
def test_a_script_json_that_will_not_do(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "script.json").write_text(text)
    with pytest.raises(ValueError, match=f"script.json.*{message}"):
        domain("own", tmp_path)


def test_the_built_in_scripts() -> None:
    assert set(DOMAINS) == {"mnist", "kannada"} and set(TEST_SETS) == {"mnist", "kannada", "dig"}
    assert TEST_SETS["dig"].domain == "kannada" and DOMAINS["kannada"].stretch == 1.77
    for script in DOMAINS.values():
        assert len(script.glyphs) == domains.CLASSES and script.train is not None


# --- splitting ------------------------------------------------------------------------------------


def test_split_is_stratified_and_deterministic() -> None:
    digits = numbered(2000)
    parts = split(digits, validation=200, seed=3)
    assert torch.bincount(parts.validation.labels).tolist() == [20] * 10
    assert not numbers(parts.train) & numbers(parts.validation)
    assert numbers(parts.train) | numbers(parts.validation) == numbers(digits)
    again, other = split(digits, 200, seed=3), split(digits, 200, seed=4)
    assert torch.equal(again.validation.images, parts.validation.images)
    assert numbers(other.validation) != numbers(parts.validation)


@pytest.mark.parametrize("seed", range(5))
def test_split_keeps_writers_whole(seed: int) -> None:
    digits = numbered(1950, run=40)  # 49 writers, the last one cut short
    parts = split(digits, validation=200, seed=seed)
    assert parts.train.writers is not None and parts.validation.writers is not None
    left, right = set(parts.train.writers.tolist()), set(parts.validation.writers.tolist())
    assert not left & right
    assert torch.bincount(parts.validation.labels).tolist() == [20] * 10
    assert 5 <= len(right) <= 6
    # The writers that stay keep all their images.
    assert len(parts.train) == sum(int((digits.writers == name).sum()) for name in left)


def test_split_of_a_small_set_leaves_enough_to_learn_from() -> None:
    parts = split(numbered(100), validation=5000)
    assert len(parts.validation) == 20 and len(parts.train) == 80
    few = split(numbered(100, run=50), validation=5000)  # none of two writers can be spared
    assert len(few.validation) == 20 and len(few.train) == 80
    by_writer = split(numbered(100, run=20), validation=5000)
    assert by_writer.validation.writers is not None
    assert len(by_writer.validation.writers.unique()) == 1 and len(by_writer.train) == 80
    one_writer = split(numbered(100, run=100), validation=50)
    assert len(one_writer.validation) == 20
    for digits, count in ((numbered(100), 0), (numbered(10), 10)):
        with pytest.raises(ValueError, match="validation images"):
            split(digits, count)


def test_labelled_share_is_stratified_seeded_and_grows() -> None:
    labels = torch.cat([torch.full((100 * (c + 1),), c) for c in range(10)])
    labels = labels[torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))]

    def counts(spec: str, seed: int = 0) -> list[int]:
        return torch.bincount(labels[choose_labelled(labels, spec, seed)], minlength=10).tolist()

    assert counts("0") == counts("0%") == [0] * 10
    assert counts("1%") == list(range(1, 11))
    assert counts("5%") == [5 * (c + 1) for c in range(10)]
    assert counts("100%") == [100 * (c + 1) for c in range(10)]
    assert counts("3-per-class") == [3] * 10
    assert counts("0.01%") == [1] * 10  # never a class without a label
    few, many = choose_labelled(labels, "1%", 7), choose_labelled(labels, "10%", 7)
    assert torch.equal(few, choose_labelled(labels, "1%", 7)) and bool((few <= many).all())
    assert not torch.equal(few, choose_labelled(labels, "1%", 8))


@pytest.mark.parametrize(
    "spec", ["1", "200%", "abc", "-1%", "", "%", "0-per-class", "x-per-class", "nan%", "1e1%"]
)
def test_a_bad_choice_of_labels_is_explained(spec: str) -> None:
    with pytest.raises(ValueError, match="percentage from 0% to 100%.*3-per-class"):
        choose_labelled(torch.arange(10), spec, 0)


def test_labelled_hints_and_limits() -> None:
    with pytest.raises(ValueError, match="did you mean '5%' or '5-per-class'"):
        choose_labelled(torch.arange(10), "5", 0)
    with pytest.raises(ValueError, match="class 0 has only 1 images"):
        choose_labelled(torch.arange(10), "2-per-class", 0)


# --- the real thing -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "meant"),
    [("0", "0"), ("0%", "0"), ("100 %", "100%"), ("1.0%", "1%"), ("7%", "7%"), ("0.5%", "0.5%"),
     ("3-per-class", "3-per-class"), ("99.99999%", "99.99999%"), ("0.000010 %", "0.00001%")],
)  # fmt: skip
def test_equal_choices_of_labels_have_one_spelling(said: str, meant: str) -> None:
    assert canonical(said) == meant
    labels = torch.arange(1000) % 10
    assert torch.equal(choose_labelled(labels, said, 3), choose_labelled(labels, meant, 3))


def test_real_training_sets(real_data: Path) -> None:
    for name in DOMAINS:
        digits = load_train(name, real_data)
        assert digits.images.shape == (60_000, 28, 28)
        assert digits.images.float().mean() < 64  # ink is bright, paper dark, and most is paper
        parts = split(digits)
        assert torch.bincount(parts.validation.labels).tolist() == [500] * 10
        assert int(choose_labelled(parts.train.labels, "1%", 0).sum()) == pytest.approx(550, abs=6)
        if name == "kannada":
            assert parts.train.writers is not None and parts.validation.writers is not None
            both = set(parts.train.writers.tolist()) & set(parts.validation.writers.tolist())
            assert not both and len(parts.validation.writers.unique()) == 4
            assert len(parts.train) == 54_880


def test_real_test_sets(real_data: Path) -> None:
    for name, size in (("mnist", 10_000), ("kannada", 10_000), ("dig", 10_240)):
        digits = load_test(name, real_data)
        assert digits.images.shape == (size, 28, 28)
        files = TEST_SETS[name].files
        expected = {file.path: file.digest for file in (files.images, files.labels)}
        assert digits.digests == expected


def test_summary_tells_each_set(source: Source, tmp_path: Path, monkeypatch) -> None:
    files = TEST_SETS["tiny"].files
    for name in list(DOMAINS):
        monkeypatch.delitem(DOMAINS, name)
    for name in ("mnist", "kannada", "dig"):
        monkeypatch.delitem(TEST_SETS, name)
    monkeypatch.setitem(DOMAINS, "small", domains.Domain("small", "S", "0123456789", train=files))
    (tmp_path / "data" / "mine").mkdir(parents=True)
    images, labels = some_digits(50)
    np.savez(tmp_path / "data" / "mine" / "train.npz", images=images, labels=labels)
    (tmp_path / "data" / "not a name").mkdir()
    np.savez(tmp_path / "data" / "not a name" / "train.npz", images=images, labels=labels)
    monkeypatch.setattr(data, "split", lambda digits: data.Parts(digits, digits))
    rows = [line.split() for line in summary(tmp_path / "data").splitlines()[1:]]
    assert rows == [
        ["small", "train", "20", "2", "3", "official"],
        ["small", "validation", "20", "2", "3", "official"],
        ["mine", "train", "50", "5", "-", "your", "own"],
        ["mine", "validation", "50", "5", "-", "your", "own"],
        ["tiny", "test", "20", "2", "3", "official"],
    ]
