"""Folders of pictures: every one once, whatever is among them and whatever ends a run."""

import json
import os
import signal
import subprocess
import sys
import time
import zlib
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from conftest import ROOT
from filelock import FileLock
from PIL import Image

from unit_core import Translator, bulk, files
from unit_core.__main__ import main
from unit_core.bulk import ASKED, READINGS
from unit_core.networks import ModelConfig
from unit_core.share import Share


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that knows nothing, quickly."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("bulk") / "model"
    Translator(ModelConfig(latent_dim=12, width=8, hidden=16)).save(folder)
    return folder


def number(text: str = "2026", mode: str = "RGB") -> Image.Image:
    """Four digits on white paper, 240 x 100, far enough apart that no model need part them."""
    paper = np.full((100, 240), 255, np.uint8)
    for i, glyph in enumerate(text):
        place = 20 + 54 * i, 68
        cv2.putText(paper, glyph, place, cv2.FONT_HERSHEY_SIMPLEX, 1.6, 0, 4, cv2.LINE_AA)
    return Image.fromarray(paper).convert(mode)


def folder_of(folder: Path, count: int) -> Path:
    folder.mkdir(parents=True)
    for i in range(count):
        number(str(1000 + i)).save(folder / f"{i:03d}.png")
    return folder


def command(model: Path, folder: Path, out: Path) -> list[str]:
    given = ("--to", "kannada", "--out", out, "--checkpoint", model, "--accelerator", "cpu")
    return ["translate", str(folder), *map(str, given)]


def lines(out: Path) -> dict[str, dict]:
    """The readings by file; every line is whole, and no file has two."""
    read = [json.loads(line) for line in (out / READINGS).read_text("utf-8").splitlines()]
    assert max(Counter(entry["file"] for entry in read).values()) == 1
    return {entry["file"]: entry for entry in read}


def everything(out: Path) -> set[str]:
    found = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    return found - {files.LOCK}


# --- what there is to do --------------------------------------------------------------------------


def test_pictures_of_files_and_folders(tmp_path: Path) -> None:
    names = ["a/1.png", "a/deep/2.JPG", "b/1.png", "c.tiff"]
    others = ["a/notes.txt", "a/.hidden.png", "a/.git/3.png", "a/made/4.png", f"a/made/{ASKED}"]
    for name in (*names, *others):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    os.mkfifo(tmp_path / "a" / "pipe.png")  # would never end
    assert bulk.pictures([tmp_path]) == (tmp_path, names)
    assert bulk.pictures([tmp_path / "a"]) == (tmp_path / "a", ["1.png", "deep/2.JPG"])
    several = [tmp_path / "a", tmp_path / "a" / "1.png", tmp_path / "b" / ".." / "b" / "1.png"]
    assert bulk.pictures(several) == (tmp_path, names[:3])
    assert bulk.pictures([tmp_path / "a" / "notes.txt"])[1] == ["notes.txt"]  # as asked for
    with pytest.raises(ValueError, match="no file or folder .*nowhere"):
        bulk.pictures([tmp_path / "a", tmp_path / "nowhere"])
    with pytest.raises(ValueError, match="no pictures in .*made"):
        (tmp_path / "a/made/4.png").unlink()
        bulk.pictures([tmp_path / "a" / "made"])


def test_no_two_pictures_are_rewritten_in_one_place() -> None:
    names = ["a.png", "a.PNG", "a.jpg", "a.jpg.png", "a.jpg.png.png", "b/a.png", "a.b.png", "a.gif"]
    assert len({bulk.rewritten(name) for name in names}) == len(names)
    assert bulk.rewritten("b/a.png") == "b/a.png" and bulk.rewritten("a.jpg") == "a.jpg.png"


def test_two_files_that_would_be_rewritten_in_one_place_are_refused(
    model: Path, tmp_path: Path
) -> None:
    """Files are taken whatever they are called, so names may differ by a .png alone."""
    for name in ("a", "a.png"):
        number().save(tmp_path / name, "PNG")
    with pytest.raises(ValueError, match="a and a.png would both be rewritten as a.png"):
        bulk.translate(
            Translator.load(model), [tmp_path / "a", tmp_path / "a.png"], tmp_path / "out", "mnist"
        )
    assert not (tmp_path / "out").exists()


def test_shares_are_whole_and_even() -> None:
    names = [f"{i:04d}.png" for i in range(1000)]
    for world in (1, 2, 3, 8):
        shares = [Share(rank, world) for rank in range(world)]
        assert all(sum(share.has(name) for share in shares) == 1 for name in names)
        most = max(sum(share.has(name) for name in names) for share in shares)
        assert most < 1.3 * 1000 / world


# --- what is done ---------------------------------------------------------------------------------


def test_parts_are_joined_and_half_lines_forgotten(tmp_path: Path) -> None:
    def line(name: str, **more: str) -> str:
        (tmp_path / name).touch()
        return json.dumps({"file": name, **more, "lines": []}) + "\n"

    (tmp_path / READINGS).write_text(line("a.png") + line("gone.png") + line("bad.png", error="x"))
    (tmp_path / "readings.0-of-2.jsonl").write_text(line("b.png") + line("a.png"))
    (tmp_path / "readings.2-of-3.jsonl").write_text(line("c.png") + line("half.png")[:-9])
    (tmp_path / "gone.png").unlink()
    bulk.join(tmp_path, again={"gone.png", "bad.png", "half.png"})
    assert lines(tmp_path).keys() == {"a.png", "b.png", "c.png"}
    assert sorted(tmp_path.glob("readings.*")) == [tmp_path / READINGS]


# --- the command ----------------------------------------------------------------------------------


def bomb(width: int) -> bytes:
    """A PNG of `width` x `width` pixels by its header, a few bytes by weight."""
    whole = bytearray(cv2.imencode(".png", np.zeros((4, 4), np.uint8))[1].tobytes())
    whole[16:24] = width.to_bytes(4, "big") * 2
    whole[29:33] = zlib.crc32(whole[12:29]).to_bytes(4, "big")
    return bytes(whole)


def test_a_folder_of_everything(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, out = tmp_path / "all sorts, ಅಂಕಿ", tmp_path / "out"
    (folder / "sub").mkdir(parents=True)
    number().save(folder / "good.png")
    number(mode="RGBA").save(folder / "sub" / "good.png")
    number(mode="CMYK").save(folder / "cmyk.jpg", quality=95)
    Image.fromarray(np.asarray(number(mode="L")).astype(np.uint16) * 257).save(folder / "16.png")
    turned = Image.Exif()
    turned[0x0112] = 6  # held upright, stored on its side
    number().rotate(90, expand=True).save(folder / "turned.jpg", exif=turned, quality=95)
    number().save(folder / "moving.gif", save_all=True, append_images=[number("7777")])
    Image.new("L", (60, 60), "white").save(folder / "blank.png")
    whole = (folder / "good.png").read_bytes()
    (folder / "empty.png").touch()
    (folder / "cut.png").write_bytes(whole[: len(whole) // 2])
    (folder / "text.png").write_text("this is no picture\n")
    (folder / "bomb.png").write_bytes(bomb(30_000))
    before = {path: path.read_bytes() for path in folder.rglob("*.*")}

    assert main(command(model, folder, out)) == 1
    read = lines(out)
    bad = {"empty.png", "cut.png", "text.png", "bomb.png"}
    good = {"good.png", "sub/good.png", "cmyk.jpg", "16.png", "turned.jpg", "moving.gif"}
    assert read.keys() == bad | good | {"blank.png"}
    for name in good:
        (line,) = read[name]["lines"]
        assert len(line["digits"]) == 4 and len(line["text"].replace(" ", "")) == 4, name
        assert line["digits"][0].keys() >= {"box", "script", "digit", "confidence"}
        with Image.open(out / bulk.rewritten(name)) as picture:
            assert picture.size == (240, 100), name
    assert read["blank.png"]["lines"] == [] and "error" not in read["blank.png"]
    assert everything(out) == {bulk.rewritten(name) for name in read.keys() - bad} | {
        READINGS,
        ASKED,
    }
    told = capsys.readouterr()
    assert "7 of 11 pictures read, 24 digits; 1 show none" in told.out
    for name in bad:
        assert read[name]["lines"] == [] and "report it" not in read[name]["error"]
        assert f"{name}: {read[name]['error']}" in told.err
    assert "Traceback" not in told.err
    assert before == {path: path.read_bytes() for path in before}  # what came in is left alone

    # What failed is tried again, the rest is not.
    stamp = (out / "good.png").stat().st_mtime_ns
    for name in bad:
        number().save(folder / name)
    assert main(command(model, folder, out)) == 0
    assert not any("error" in entry for entry in lines(out).values())
    assert (out / "good.png").stat().st_mtime_ns == stamp


def test_wrong_use_is_refused_in_words(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, other = folder_of(tmp_path / "in", 1), folder_of(tmp_path / "other", 1)
    out = tmp_path / "in" / "out"  # inside what is read: it is not read again
    assert main(command(model, folder, out)) == 0
    assert lines(out).keys() == {"000.png"}
    damaged = tmp_path / "damaged"
    damaged.mkdir()
    (damaged / ASKED).write_text("[]")
    for arguments, message in (
        (command(model, folder, out)[:-2] + ["--from", "elvish"], "unknown script 'elvish'"),
        (command(model, tmp_path / "nowhere", out), "no file or folder"),
        (command(model, folder, folder), "holds other files"),
        (command(model, other, out), "was begun with folder"),
        (command(model, folder, out) + ["--to", "mnist"], "was begun with to kannada"),
        (command(model, folder, folder / "000.png"), "is a file"),
        (command(model, folder, out) + ["--accelerator", "abacus"], "no abacus here"),
        (command(model, folder, damaged), "asked.json is unusable"),
    ):
        capsys.readouterr()
        assert main(arguments) == 2, message
        error = capsys.readouterr().err
        assert message in error and error.count("\n") == 1


def test_two_runs_at_once_are_refused(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, out = folder_of(tmp_path / "in", 1), tmp_path / "out"
    translator = Translator.load(model)
    out.mkdir()
    monkeypatch.setattr(files, "PATIENCE", 0.1)
    with FileLock(out / files.LOCK), pytest.raises(ValueError, match="another run is at work"):
        bulk.translate(translator, [folder], out, "mnist")
    assert not everything(out)  # what the other has asked for is not overwritten
    bulk.translate(translator, [folder], out, "kannada")
    with FileLock(out / files.LOCK), pytest.raises(ValueError, match="another run is at work"):
        bulk.translate(translator, [folder], out, "kannada")


def run(arguments: list[str], *before: str) -> "subprocess.Popen[bytes]":
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    whole = [sys.executable, "-m", *before, "unit_core", *arguments]
    return subprocess.Popen(whole, env=environment, stderr=subprocess.PIPE)


def test_killed_and_started_again(model: Path, tmp_path: Path) -> None:
    folder, out = folder_of(tmp_path / "in", 60), tmp_path / "out"
    process = run(command(model, folder, out))
    deadline = time.monotonic() + 60
    while not (out / READINGS).exists() or (out / READINGS).read_bytes().count(b"\n") < 5:
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    with (out / READINGS).open("ab") as half:  # as if it had been killed in mid-line
        half.write(b'{"file": "059.png", "li')
    done = {entry["file"] for entry in bulk.entries(out / READINGS)}
    assert 5 <= len(done) < 60
    stamps = {name: (out / name).stat().st_mtime_ns for name in done}
    assert main(command(model, folder, out)) == 0
    assert lines(out).keys() == {f"{i:03d}.png" for i in range(60)}
    assert everything(out) == lines(out).keys() | {READINGS, ASKED}
    assert stamps == {name: (out / name).stat().st_mtime_ns for name in done}


def test_processes_share_the_work(model: Path, tmp_path: Path) -> None:
    folder, out = folder_of(tmp_path / "in", 12), tmp_path / "out"
    (folder / "broken.png").touch()
    launcher = ("torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m")
    process = run(command(model, folder, out), *launcher)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 1, errors.decode()
    assert lines(out).keys() == {f"{i:03d}.png" for i in range(12)} | {"broken.png"}
    assert everything(out) == (lines(out).keys() - {"broken.png"}) | {READINGS, ASKED}
