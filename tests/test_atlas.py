"""The map: made and kept whole, its neighbours right, its routes and its page clear in trouble."""

import asyncio
import dataclasses
import importlib.util
import io
import json
import re

import numpy as np
import pytest
import torch
from asgi import respond
from PIL import Image
from streamlit.testing.v1 import AppTest
from tiny_atlas import COUNT, tiny_atlas, tiny_checkpoint, tiny_model

from demo import map_api, model, palette
from unit_core import atlas, cartography
from unit_core.atlas import UNJUDGED, Atlas, AtlasError
from unit_core.checkpoint import ATLAS, fingerprint

SHIPPED = sorted(model.CHECKPOINTS.glob(f"*/{ATLAS}"))


@pytest.fixture(scope="module")
def made():
    return tiny_atlas(tiny_model())


# --- what it holds --------------------------------------------------------------------------------


def test_an_atlas_holds_every_digit_with_its_code_and_picture(made):
    assert len(made) == 2 * COUNT
    assert np.bincount(made.script).tolist() == [COUNT, COUNT]
    translator = tiny_model()
    sheet = np.asarray(Image.open(io.BytesIO(made.sprite)).convert("L"))
    for point in (0, 7, len(made) - 1):
        name = made.scripts[made.script[point]]
        code = torch.from_numpy(made.codes[point].astype(np.float32))[None]
        y, x = (28 * place for place in divmod(point, made.columns))
        picture = (translator.decode(code, name)[0] * 255).numpy()
        assert np.abs(sheet[y : y + 28, x : x + 28] - picture).mean() < 8  # WebP loses a little
        assert made.readings[point] == code[0, :10].argmax()


def test_the_judge_is_the_targets_and_may_be_absent(made):
    """The stand-in judges Kannada only, so only translations from Arabic are judged."""
    assert (made.judged[made.script == 0] == 3).all()
    assert (made.judged[made.script == 1] == UNJUDGED).all()


def test_scripts_are_shuffled_so_that_none_covers_the_other(made):
    assert 0.4 < made.script[:100].mean() < 0.6


def test_views_fill_the_unit_square(made):
    for name in atlas.VIEWS:
        view = made.view(name)
        assert view.dtype == np.float32 and view.min() >= 0 and view.max() <= 1
        assert np.ptp(view, axis=0).max() == pytest.approx(1, abs=1e-3)
    with pytest.raises(ValueError, match="tsne, umap"):
        made.view("pca")


def test_what_is_saved_is_loaded_and_saved_alike(made, tmp_path):
    one, two = tmp_path / "one.npz", tmp_path / "two.npz"
    made.save(one)
    again = Atlas.load(one)
    for field in dataclasses.fields(made):
        assert np.array_equal(getattr(made, field.name), getattr(again, field.name)), field.name
    again.save(two)
    assert one.read_bytes() == two.read_bytes()


@pytest.mark.parametrize(
    "harm", ["missing", "cut", "noise", "flipped", "array", "foreign", "short", "pickle"]
)
def test_a_map_that_cannot_be_read_says_how_to_make_one(made, tmp_path, harm):
    path = tmp_path / "atlas.npz"
    made.save(path)
    content = path.read_bytes()
    if harm == "missing":
        path.unlink()
    elif harm == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif harm == "noise":
        path.write_bytes(b"not a zip at all")
    elif harm == "flipped":
        middle = len(content) // 2
        path.write_bytes(content[:middle] + bytes(64) + content[middle + 64 :])
    elif harm == "array":
        np.save(path.with_suffix(".npy"), np.zeros(3))
        path.with_suffix(".npy").replace(path)
    elif harm == "foreign":
        np.savez(path, x=np.zeros(3))
    elif harm == "short":
        dataclasses.replace(made, labels=made.labels[:-1]).save(path)
    elif harm == "pickle":
        np.savez(path, format=np.array([{"any": "object"}], dtype=object))
    with pytest.raises(AtlasError, match=r"python -m unit_core atlas"):
        Atlas.load(path)


# --- neighbours -----------------------------------------------------------------------------------


def test_the_nearest_are_the_nearest(made):
    codes = made.codes.astype(np.float32)
    near, distances = made.nearest(codes[:5], 4)
    every = np.linalg.norm(codes[:5, None] - codes, axis=2)
    assert near[:, 0].tolist() == [0, 1, 2, 3, 4]
    assert np.allclose(distances, np.sort(every, axis=1)[:, :4], atol=1e-4)


def test_on_a_point_here_is_its_code_and_between_points_a_mixture(made):
    codes = np.eye(3, 12, dtype=np.float16)
    three = dataclasses.replace(
        made, codes=codes, tsne=np.array([[0, 0], [65535, 0], [0, 65535]], np.uint16)
    )
    code, averaged = three.code_at((0, 0), "tsne")
    assert averaged[0] == 0 and np.allclose(code, codes[0], atol=1e-3)
    code, _ = three.code_at((0.5, 0), "tsne")
    assert code[0] == pytest.approx(code[1]) and 0 < code[2] < code[0]
    assert code.sum() == pytest.approx(1, abs=1e-3)


def test_a_code_is_placed_on_the_island_of_most_of_its_nearest_not_in_the_sea(made):
    """Nine neighbours on an island, one across the sea: a mean would be drawn a tenth over."""
    places = np.full((10, 2), 6000, np.uint16) + np.arange(20, dtype=np.uint16).reshape(10, 2)
    places[4] = 60000
    codes = np.eye(10, 12, dtype=np.float16)  # all as near
    island = dataclasses.replace(made, codes=codes, tsne=places, umap=places)
    spots = island.place(np.full(12, 0.1, np.float32))
    assert set(spots) == set(atlas.VIEWS)
    assert np.allclose(spots["tsne"], 6000 / 65535, atol=0.005)


def test_agreement_is_the_share_of_the_same_digit_across_scripts():
    codes = np.array([[0], [10], [0.1], [0.2], [10.1], [10.2]], np.float32)
    script = np.array([0, 0, 1, 1, 1, 1], np.uint8)
    labels = np.array([0, 1, 0, 5, 1, 1], np.uint8)
    shares = cartography.cross_agreement(codes, script, labels, k=2)
    assert shares[0] == pytest.approx(0.75)  # the 0 finds a 0 and a 5, the 1 two 1s
    assert shares[1] == pytest.approx(3 / 8)  # both Arabic digits, each time


# --- making ---------------------------------------------------------------------------------------


def test_making_says_which_package_to_install(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(AtlasError, match="pip install openTSNE umap-learn"):
        cartography.require_packages()


def test_tsne_keeps_clusters_and_its_seed():
    pytest.importorskip("openTSNE", reason="needs openTSNE from requirements-dev.txt")
    random = np.random.default_rng(0)
    codes = (random.normal(size=(120, 8)) + 12 * (np.arange(120) % 2)[:, None]).astype(np.float32)
    one, two = cartography.tsne(codes, 0), cartography.tsne(codes, 0)
    assert np.array_equal(one, two)
    near, _ = atlas.nearest_rows(one, one, 6)
    assert (near % 2 == np.arange(120)[:, None] % 2).all()


def test_digits_are_chosen_from_validation_first(tmp_path):
    folder = tmp_path / "rune"
    folder.mkdir()
    images = np.arange(1000, dtype=np.uint16).view(np.uint8).reshape(1000, 2)
    images = np.pad(images, ((0, 0), (0, 782))).reshape(1000, 28, 28)
    np.savez(folder / "train.npz", images=images, labels=np.arange(1000) % 10)
    numbers = lambda digits: set(digits.images.reshape(-1, 784)[:, :2].numpy().view(np.uint16).flat)  # noqa: E731
    few, many, all_there_are = (
        cartography.choose(["rune"], count, 0, tmp_path)["rune"] for count in (100, 400, 2000)
    )
    from unit_core.data import load_train, split

    validation = numbers(split(load_train("rune", tmp_path)).validation)
    assert len(few) == 100 and numbers(few) <= validation
    assert len(numbers(many)) == 400 and validation <= numbers(many)
    assert len(numbers(all_there_are)) == 1000


# --- the ten colours ------------------------------------------------------------------------------

# Machado, Oliveira, Fernandes 2009, severity 1; and Ottosson's OKLab 2020.
SIGHTS = [
    np.eye(3),
    [[0.1523, 1.0526, -0.2049], [0.1145, 0.7863, 0.0992], [-0.0039, -0.0481, 1.052]],
    [[0.3673, 0.8606, -0.2280], [0.2801, 0.6725, 0.0474], [-0.0118, 0.0429, 0.9689]],
    [[1.2555, -0.0767, -0.1788], [-0.0784, 0.9308, 0.1476], [0.0047, 0.6914, 0.3039]],
]
CONES = np.array([[0.4122, 0.5363, 0.0514], [0.2119, 0.6807, 0.1074], [0.0883, 0.2817, 0.63]])
OKLAB = np.array([[0.2105, 0.7936, -0.0041], [1.978, -2.4286, 0.4506], [0.0259, 0.7828, -0.8087]])


def linear(colours) -> np.ndarray:
    rgb = np.array([[int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)] for colour in colours])
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


@pytest.mark.parametrize(
    ("colours", "sheet"), [(palette.LIGHT, "#ffffff"), (palette.DARK, "#1e2023")]
)
def test_ten_colours_are_told_apart_by_every_kind_of_eye(colours, sheet):
    """By more than Okabe and Ito's eight, whose least distance by this measure is 0.076."""
    for sight in SIGHTS:
        seen = np.clip(linear(colours) @ np.transpose(sight), 0, 1)
        lab = np.cbrt(seen @ CONES.T) @ OKLAB.T
        distances = np.linalg.norm(lab[:, None] - lab, axis=2) + np.eye(10)
        assert distances.min() > 0.085
    light, paper = (linear(each) @ [0.2126, 0.7152, 0.0722] for each in (colours, [sheet]))
    assert (np.maximum(light, paper) + 0.05 >= 3 * (np.minimum(light, paper) + 0.05)).all()


# --- the routes -----------------------------------------------------------------------------------


@pytest.fixture
def served(tmp_path, monkeypatch):
    """A checkpoint with its map, the server's own."""
    folder = tmp_path / "tiny"
    made = tiny_checkpoint(folder)
    monkeypatch.setenv(model.CHECKPOINT_VARIABLE, str(folder))
    model.load_folder.cache_clear()
    model.shipped.cache_clear()
    yield folder, made
    model.load_folder.cache_clear()
    model.shipped.cache_clear()


def ask(
    path: str, body: bytes | None = None, query: str = "", headers=()
) -> tuple[int, dict, bytes]:
    """Status, headers, body."""
    told = {name.decode(): value.decode() for name, value in headers}
    found = asyncio.run(respond(map_api.routes, path, body, query=query, headers=told))
    return found.status_code, dict(found.headers.raw), found.content


def test_points_and_sprite_are_served_once_and_then_from_the_cache(served):
    _, made = served
    status, headers, points = ask("/api/atlas/points")
    n = len(made)
    assert status == 200 and len(points) == 12 * n
    assert np.array_equal(np.frombuffer(points, "<u2", 2 * n).reshape(n, 2), made.tsne)
    told = np.frombuffer(points, np.uint8, offset=8 * n).reshape(4, n)
    for row, name in zip(told, ("script", "labels", "readings", "judged"), strict=True):
        assert np.array_equal(row, getattr(made, name))
    tag = headers[b"etag"]
    for path in ("/api/atlas/points", "/api/atlas/sprite.webp"):
        assert ask(path, headers=[(b"if-none-match", tag)])[::2] == (304, b"")
    status, headers, sprite = ask("/api/atlas/sprite.webp")
    assert (status, headers[b"content-type"], sprite) == (200, b"image/webp", made.sprite)


def test_a_point_comes_back_decoded_with_its_nearest(served):
    folder, made = served
    status, _, body = ask("/api/atlas/mean", np.array([5], "<u4").tobytes())
    answer = json.loads(body)
    assert status == 200
    assert answer["nearest"][0] == 5 and len(answer["nearest"]) == 11
    assert np.allclose(answer["code"], made.codes[5], atol=1e-3)
    assert np.shape(answer["pictures"]) == (2, 784)
    assert sum(answer["probabilities"]) == pytest.approx(1, abs=1e-3)
    assert ask("/api/atlas/nearest", made.codes[5].astype("<f4").tobytes())[2] == body
    spot = made.view("tsne")[5].astype("<f4").tobytes()
    here = json.loads(ask("/api/atlas/here", spot, "view=tsne")[2])
    assert 5 in here["averaged"]  # others may lie on the very spot
    caught = np.arange(20, dtype="<u4")
    mean = json.loads(ask("/api/atlas/mean", caught.tobytes())[2])
    assert np.allclose(mean["code"], made.codes[:20].astype(np.float32).mean(0), atol=1e-3)


@pytest.mark.parametrize(
    ("path", "body", "query", "status", "words"),
    [
        ("mean", b"", "", 422, "at least one"),
        ("mean", b"abc", "", 422, "uint32"),
        ("mean", np.array([10_000], "<u4").tobytes(), "", 422, "below 300"),
        ("here", bytes(8), "", 422, "view"),
        ("here", bytes(8), "view=pca", 422, "tsne, umap"),
        ("here", bytes(4), "view=tsne", 422, "spot"),
        ("here", bytes(12), "view=tsne", 413, "one spot"),
        ("here", np.array([np.nan, 0], "<f4").tobytes(), "view=tsne", 422, "spot"),
        ("nearest", bytes(40), "", 422, "12 float32"),
        ("nearest", bytes(4 * 13), "", 413, "one code"),
        ("nearest", bytes(48), "model=gpt", 422, "gpt"),
        ("points", None, "model=gpt", 422, "gpt"),
    ],
)
def test_bad_requests_are_told_what_is_wrong(served, path, body, query, status, words):
    answer = ask(f"/api/atlas/{path}", body, query)
    assert answer[0] == status
    assert words in json.loads(answer[2])["error"]


def test_a_map_of_other_weights_is_refused_and_a_new_one_is_found(served):
    folder, _ = served
    torch.manual_seed(1)
    weights = folder / "weights.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    status, _, body = ask("/api/atlas/points")
    assert status == 503 and "other weights" in json.loads(body)["error"]
    tiny_checkpoint(folder)
    assert ask("/api/atlas/points")[0] == 200


def test_without_a_map_page_and_route_say_how_to_make_one(served):
    folder, _ = served
    (folder / ATLAS).unlink()
    page = AppTest.from_file(str(model.ROOT / "demo" / "pages" / "map.py")).run()
    assert not page.exception
    assert re.search(r"python -m unit_core atlas .*tiny", page.code[0].value)
    assert str(folder) in page.caption[0].value
    assert ask("/api/atlas/points")[0] == 503


# --- what ships -----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.parent.name)
def test_shipped_maps_are_small_whole_and_of_their_weights(path):
    shipped = Atlas.load(path)
    assert path.stat().st_size < 10e6
    assert len(shipped) >= 10_000
    assert shipped.weights == fingerprint(path.parent)
