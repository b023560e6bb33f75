"""The film of a training, from contact sheets that were drawn for the test."""

import asyncio
import io
import json
import shutil
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
from asgi import respond
from PIL import Image
from test_reports import write

from demo import model, report
from unit_core import film
from unit_core.__main__ import main
from unit_core.checkpoint import FILM, FILM_INDEX, TRAINING, CheckpointError


def training(folder: Path, steps: range) -> tuple[Path, Path]:
    """A run and its checkpoint: in sheet i every pixel of row r is 10 r + i, as ink."""
    log = [{"step": s, "minutes": s / 10, "progress": s / steps[-1]} for s in steps]
    checkpoint = write(folder / "checkpoint", training=log)
    sheets = folder / "run" / "sheets"
    sheets.mkdir(parents=True)
    for i, step in enumerate(steps):
        rows = np.repeat(np.arange(6, dtype=np.uint8) * 34 + (i % 4) * 17, 28)
        rows[:28], rows[84:112] = 0, 255  # what was drawn is the same in every sheet
        ink = np.tile(rows[:, None], (1, 560))
        Image.fromarray(255 - ink).save(sheets / f"{step:07d}.png")
    return folder / "run", checkpoint


def test_a_film_comes_back_as_it_was(tmp_path: Path) -> None:
    run, checkpoint = training(tmp_path, range(10, 60, 10))
    made = film.assemble(run, checkpoint)
    assert [frame.step for frame in made.frames] == [10, 20, 30, 40, 50]
    assert made.frames[1] == film.Frame(20, 2.0, 0.4)
    assert made.inputs.shape == (2, 28, 560) and made.pictures.shape == (5, 2, 2, 28, 560)
    size = film.save(made, checkpoint)
    assert size == (checkpoint / FILM).stat().st_size < 400_000
    again = film.load(checkpoint)
    assert again.frames == made.frames and again.domains == ("mnist", "kannada")
    np.testing.assert_array_equal(again.inputs, made.inputs)  # of levels that 16 greys have
    np.testing.assert_array_equal(again.pictures, made.pictures)
    assert again.sheet(1).shape == (168, 560)
    assert film.index_of(checkpoint).each == 2


def test_greys_are_off_by_half_a_step_at_most(tmp_path: Path) -> None:
    levels = np.arange(256, dtype=np.uint8)
    coarse = film._coarse(levels).astype(int)
    assert len(set(coarse)) == film.GREYS and coarse[0] == 0 and coarse[-1] == 255
    assert np.abs(coarse - levels).max() <= 9


def test_a_long_training_is_thinned(tmp_path: Path) -> None:
    run, checkpoint = training(tmp_path, range(1, 101))
    steps = [frame.step for frame in film.assemble(run, checkpoint).frames]
    assert len(steps) == film.MOST and steps[0] == 1 and steps[-1] == 100
    assert set(np.diff(steps)) <= {2, 3}


def test_sheets_that_the_log_has_forgotten_are_left_out(tmp_path: Path) -> None:
    run, checkpoint = training(tmp_path, range(10, 60, 10))
    (run / "sheets" / "0000030.png").rename(run / "sheets" / "0000033.png")
    assert [f.step for f in film.assemble(run, checkpoint).frames] == [10, 20, 40, 50]


def test_the_sheets_of_another_run_are_refused(tmp_path: Path) -> None:
    _, checkpoint = training(tmp_path / "a", range(10, 60, 10))
    other, _ = training(tmp_path / "b", range(11, 61, 10))
    with pytest.raises(CheckpointError, match="another run"):
        film.assemble(other, checkpoint)
    run, checkpoint = training(tmp_path / "c", range(10, 30, 10))
    Image.new("L", (100, 100)).save(run / "sheets" / "0000020.png")
    with pytest.raises(CheckpointError, match="no contact sheet"):
        film.assemble(run, checkpoint)


def test_a_gif_to_take_along(tmp_path: Path) -> None:
    packed = film.gif(film.assemble(*training(tmp_path, range(10, 60, 10))))
    with Image.open(io.BytesIO(packed)) as picture:
        assert picture.size == (1120, 336) and picture.n_frames == 4 + 1  # type: ignore[attr-defined]
        assert picture.info["loop"] == 0


@pytest.mark.parametrize("damage", ["picture", "index", "frames", "gone"])
def test_a_damaged_film_is_said_to_be_so(tmp_path: Path, damage: str) -> None:
    run, checkpoint = training(tmp_path, range(10, 60, 10))
    film.save(film.assemble(run, checkpoint), checkpoint)
    index = json.loads((checkpoint / FILM_INDEX).read_text())
    if damage == "picture":
        (checkpoint / FILM).write_bytes(b"no picture")
    elif damage == "gone":
        (checkpoint / FILM).unlink()
    else:
        index["frames"] = [] if damage == "index" else index["frames"][1:]
        (checkpoint / FILM_INDEX).write_text(json.dumps(index))
    with pytest.raises(CheckpointError):
        film.load(checkpoint)


def test_its_file_is_called_by_the_models_name_in_any_script(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "ಕನ್ನಡ"
    (tmp_path / FILM).write_bytes(b"RIFF")
    shipped = model.Shipped(name, tmp_path, ("mnist", "kannada"), "0", 0)
    monkeypatch.setattr(model, "shipped", lambda: {name: shipped})
    answer = asyncio.run(respond(report.routes, "/api/film", query=f"model={quote(name)}"))
    assert answer.status_code == 200 and answer.content == b"RIFF"
    named = answer.headers["content-disposition"]
    assert named == f"inline; filename*=UTF-8''{quote(name)}-training.webp"


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run, checkpoint = training(tmp_path, range(10, 60, 10))
    assert main(["film", str(run), str(checkpoint)]) == 0
    assert "5 frames" in capsys.readouterr().out
    assert main(["film", str(tmp_path), str(checkpoint)]) == 2
    assert "another run" in capsys.readouterr().err


def test_runs_that_began_with_one_another_are_one_film(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, _ = training(tmp_path / "a", range(10, 60, 10))
    last, checkpoint = training(tmp_path / "b", range(20, 60, 20))
    for run, steps in ((first, range(10, 60, 10)), (last, range(20, 60, 20))):
        lines = [
            {"step": s, "minutes": s / 10, "progress": s / steps[-1],
             "validation": {"x": s + len(steps)}} for s in steps
        ]  # fmt: skip
        (run / "log.jsonl").write_text("\n".join(map(json.dumps, lines)))
    (checkpoint / TRAINING).write_text(json.dumps(lines))
    for _ in range(2):  # the second time, the checkpoint knows of both already
        assert main(["film", str(first), str(last), str(checkpoint)]) == 0
        frames = film.load(checkpoint).frames
        assert [frame.step for frame in frames] == [10, 20, 30, 40, 50, 70, 90]
        assert [frame.minutes for frame in frames] == [1, 2, 3, 4, 5, 7, 9]
        assert frames[-1].progress == 1 and frames[4].progress == pytest.approx(5 / 9, abs=1e-4)
    both = film.load(checkpoint)
    shutil.copytree(checkpoint, tmp_path / "shipped")  # all that is left of the two
    third, newest = training(tmp_path / "c", range(10, 30, 10))
    lines = [{"step": s, "minutes": 1, "progress": 1, "validation": {}} for s in (10, 20)]
    (third / "log.jsonl").write_text("\n".join(map(json.dumps, lines)))
    (newest / TRAINING).write_text(json.dumps(lines))
    assert main(["film", str(tmp_path / "shipped"), str(third), str(newest)]) == 0
    joined = film.load(newest)
    assert [frame.step for frame in joined.frames][-3:] == [90, 100, 110]
    assert np.array_equal(joined.pictures[:7], both.pictures)

    assert main(["film", str(last), str(first), str(checkpoint)]) == 2
    assert "another run" in capsys.readouterr().err
    (third / "log.jsonl").unlink()
    assert main(["film", str(third), str(last), str(checkpoint)]) == 2
    assert "is neither a run, with log.jsonl" in capsys.readouterr().err
