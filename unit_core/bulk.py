"""Files and folders -> OUT: every picture rewritten in another script, and what it said.

OUT/readings.jsonl         a line a picture: {"file", "lines": [...]}, with an "error" if it failed
    a/photo.jpg.png        a/photo.jpg rewritten; "file" is its way from the folder that holds all
    asked.json             what OUT was begun for: another folder, script or model is refused
    readings.1-of-4.jsonl  what the second of four processes has done, until all are done

A picture is whole before its line is written, so whatever ends a run, the same command goes on
where it was, with as many processes as it likes.
"""

import json
import os
import warnings
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image
from tqdm import tqdm

from unit_core.checkpoint import fingerprint, read_typed, write_json
from unit_core.domains import check_known
from unit_core.files import LOCK, PARTIAL, held, replacing, sweep
from unit_core.page import Page, find
from unit_core.parting import settle
from unit_core.pictures import FORMATS, MAX_PIXELS, SUFFIXES, PictureError, open_picture
from unit_core.reading import Reading, read_pages
from unit_core.rewriting import rewrite
from unit_core.share import Share, together
from unit_core.translator import Translator

READINGS, ASKED = "readings.jsonl", "asked.json"
PAGES = 16  # through the model at once, at most
THREADS = 8  # more would only wait for the interpreter: start more processes instead
ALONE = Share()
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)  # MAX_PIXELS is less

Entry = dict[str, Any]  # a line of READINGS


@dataclass(frozen=True)
class Tally:
    """Pictures read, those `blank` among them, their digits; and what is wrong with the others."""

    read: int
    blank: int
    digits: int
    failed: dict[str, str]

    def __str__(self) -> str:
        asked = self.read + len(self.failed)
        blank = f"; {self.blank:,} show none" if self.blank else ""
        return f"{self.read:,} of {asked:,} pictures read, {self.digits:,} digits{blank}"


@dataclass(frozen=True)
class _Job:
    """What is asked: pictures of `root` rewritten below `out`."""

    translator: Translator
    root: Path
    out: Path
    target: str
    source: str | None


def translate(
    translator: Translator,
    paths: Sequence[Path],
    out: Path,
    target: str,
    source: str | None = None,
    share: Share = ALONE,
) -> Tally | None:
    """Read the pictures in `paths`, each line in `source` or in what fits it best, and rewrite them
    in `target` below `out`; only what earlier runs have left to do, and of that only `share`.

    The first process joins what all have done and returns the tally. ValueError for unknown
    scripts, for paths without pictures and for an `out` that holds something else or is in use.
    """
    for script in (target, source or target):
        check_known(script, translator.domains)
    root, names = pictures(paths)
    _check_apart(names)
    job = _Job(translator, root, out, target, source)
    with together(share) as wait:
        if share.rank > 0:
            wait()
            _do(job, names, share)
            wait()
            return None
        _clear(out)
        with held(out):
            _begin(job)
            sweep(out)
            join(out, again=set(names))
            wait()
            _do(job, names, share)
            wait()
            if share.world > 1:
                join(out)
            return _tally(out, set(names))


# --- what there is to do --------------------------------------------------------------------------


def pictures(paths: Sequence[Path]) -> tuple[Path, list[str]]:
    """The folder that holds all `paths`, and the pictures in them as ways from it, in order.

    A file is taken whatever it is called; from a folder, at any depth, what is called a picture
    and is not hidden. What this command has made is passed over.
    """
    folders, found = [], set()
    for path in paths:
        whole = Path(os.path.abspath(path))
        if whole.is_file():
            folders.append(whole.parent)
            found.add(whole)
        elif whole.is_dir():
            folders.append(whole)
            found.update(_walk(whole))
        else:
            raise ValueError(f"no file or folder {path}")
    if not found:
        kinds = ", ".join(sorted(SUFFIXES))
        raise ValueError(f"no pictures in {', '.join(map(str, paths))}: none is called {kinds}")
    root = Path(os.path.commonpath(folders))
    return root, sorted(path.relative_to(root).as_posix() for path in found)


def _walk(top: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(top):
        if ASKED in files and Path(folder) != top:
            folders.clear()
            continue
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            path = Path(folder, name)
            known = path.suffix.lower() in SUFFIXES and not name.startswith(".")
            if known and (path.is_file() or not path.exists()):  # no pipe, but a broken link
                yield path


def rewritten(name: str) -> str:
    """Where below OUT the picture `name` is rewritten: a.png as a.png, a.jpg as a.jpg.png."""
    path = Path(name)
    plain = path.suffix.lower() == ".png" and Path(path.stem).suffix.lower() not in SUFFIXES
    return name if plain else f"{name}.png"


def _check_apart(names: Sequence[str]) -> None:
    """ValueError if two pictures would be rewritten in one place."""
    places: dict[str, str] = {}
    for name in names:
        if (other := places.setdefault(rewritten(name), name)) != name:
            raise ValueError(
                f"{other} and {name} would both be rewritten as {rewritten(name)}: name another "
                "--out for one of them"
            )


def _clear(out: Path) -> None:
    """Make `out`, if it is not there; ValueError if others have files in it: nothing is written
    among them."""
    if out.is_file():
        raise ValueError(f"{out} is a file: name a new folder for --out")
    out.mkdir(parents=True, exist_ok=True)
    found = {path.name for path in out.iterdir() if path.suffix != PARTIAL} - {LOCK}
    if found and ASKED not in found:
        raise ValueError(f"{out} holds other files ({min(found)}): name a new folder for --out")


def _begin(job: _Job) -> None:
    """Write what is asked, or see that `out` was made for the same."""
    out, folder = job.out, job.translator.folder
    asked = {
        "folder": _text(str(job.root)),
        "from": job.source or "auto",
        "to": job.target,
        "model": fingerprint(folder) if folder else "",
    }
    if not (out / ASKED).exists():
        write_json(out / ASKED, asked)
    before = read_typed(out / ASKED, dict[str, str])
    if before != asked:
        told = (f"{key} {before.get(key)}" for key in asked if before.get(key) != asked[key])
        raise ValueError(f"{out} was begun with {', '.join(told)}: name a new folder for --out")


# --- what is done ---------------------------------------------------------------------------------


def _part(share: Share) -> str:
    """The file that a process writes its lines to."""
    return READINGS if share.world == 1 else f"readings.{share.rank}-of-{share.world}.jsonl"


def entries(path: Path) -> Iterator[Entry]:
    """The whole lines of a file of readings; the half one that a kill leaves is passed over."""
    if not path.exists():
        return
    with path.open("rb") as lines:
        for line in lines:
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            whole = isinstance(entry, dict) and {"file", "lines"} <= entry.keys()
            if whole and isinstance(entry["file"], str):
                yield entry


def join(out: Path, again: Collection[str] = ()) -> None:
    """All that was written by any number of processes into one READINGS, a line a picture.

    Pictures in `again` that have failed, or are gone from `out`, lose their line.
    """
    parts = sorted(out.glob("readings.*-of-*.jsonl"))
    seen: set[str] = set()
    with replacing(out / READINGS) as file:
        for path in (*reversed(parts), out / READINGS):
            for entry in entries(path):
                name = entry["file"]
                whole = "error" not in entry and (out / rewritten(name)).exists()
                if name not in seen and (whole or name not in again):
                    seen.add(name)
                    file.write(_line(entry))
    for path in parts:
        path.unlink()


def _line(entry: Entry) -> bytes:
    return (_text(json.dumps(entry, ensure_ascii=False)) + "\n").encode()


def _text(path: str) -> str:
    """A name that is no UTF-8 keeps its odd bytes as JSON's escapes."""
    return path.encode("utf-8", "backslashreplace").decode()


def _tally(out: Path, names: Collection[str]) -> Tally:
    read, blank, digits, failed = 0, 0, 0, {}
    for entry in entries(out / READINGS):
        if entry["file"] not in names:
            continue
        if "error" in entry:
            failed[entry["file"]] = entry["error"]
            continue
        found = sum(len(line["digits"]) for line in entry["lines"])
        read, blank, digits = read + 1, blank + (found == 0), digits + found
    return Tally(read, blank, digits, failed)


# --- the work -------------------------------------------------------------------------------------


def _do(job: _Job, names: Sequence[str], share: Share) -> None:
    """This process's share of `names`, but for what is done, with a line for each."""
    done = {entry["file"] for entry in entries(job.out / READINGS)}
    mine = [name for name in names if share.has(name)]
    todo = [name for name in mine if name not in done]
    before, failed = len(mine) - len(todo), 0
    with (
        (job.out / _part(share)).open("ab") as lines,
        tqdm(total=len(mine), initial=before, unit=" pictures", disable=share.rank > 0) as bar,
    ):
        for entry in _work(job, todo, min(THREADS, share.cores)):
            lines.write(_line(entry))
            lines.flush()
            failed += "error" in entry
            bar.set_postfix_str(f"{failed:,} failed" if failed else "", refresh=False)
            bar.update()


def _work(job: _Job, names: Sequence[str], threads: int) -> Iterator[Entry]:
    """The lines of `names`, each once its picture is rewritten."""

    def finish(name: str, read: tuple[Page, Reading] | str) -> Entry:
        if isinstance(read, str):
            return _failure(name, read)
        page, reading = read
        try:
            path = job.out / rewritten(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            picture = rewrite(job.translator, page, reading, job.target, onto=page.picture)
            with replacing(path) as file:
                picture.save(file, "PNG", compress_level=3)  # 3 % larger, three times as fast
        except Exception as error:
            return _failure(name, _why(error))
        return {"file": name} | reading.to_json()

    with _threads(threads) as finders, _threads(threads) as finishers:
        for batch in _batches(job.root, names, finders, threads):
            pages = {name: page for name, page in batch.items() if isinstance(page, Page)}
            read = _read(job.translator, list(pages.values()), job.source)
            yield from (_failure(name, why) for name, why in batch.items() if isinstance(why, str))
            yield from finishers.map(finish, pages, read)
            del pages, read


@contextmanager
def _threads(count: int) -> Iterator[ThreadPoolExecutor]:
    """Threads that leave what they have not begun when the work is broken off."""
    pool = ThreadPoolExecutor(count)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _batches(
    root: Path, names: Sequence[str], pool: ThreadPoolExecutor, threads: int
) -> Iterator[dict[str, Page | str]]:
    """Pages (or why there is none) by name, as many at a time as are ready.

    `pool` works ahead, but never on more pixels than the largest picture has, those of the batch
    at hand included: memory stays bounded.
    """
    waiting, held = deque(names), 0
    ahead: deque[tuple[str, int, Future[Page | str]]] = deque()
    while waiting or ahead:
        while waiting and len(ahead) < PAGES + threads:
            path = root / waiting[0]
            pixels = _pixels(path)
            if ahead and held + pixels > MAX_PIXELS:
                break
            held += pixels
            ahead.append((waiting.popleft(), pixels, pool.submit(_find, path)))
        batch: dict[str, Page | str] = {}
        size = 0
        while ahead and len(batch) < PAGES and (not batch or ahead[0][2].done()):
            name, pixels, future = ahead.popleft()
            batch[name], size = future.result(), size + pixels
        yield batch
        batch.clear()
        held -= size


def _pixels(path: Path) -> int:
    """By its header; 0 for what is no picture."""
    try:
        with Image.open(path, formats=FORMATS) as image:
            return image.width * image.height
    except Exception:  # Pillow raises a dozen kinds; `_find` will tell which
        return 0


def _find(path: Path) -> Page | str:
    try:
        return find(open_picture(path))
    except Exception as error:
        return _why(error)


def _read(
    translator: Translator, pages: Sequence[Page], source: str | None
) -> list[tuple[Page, Reading] | str]:
    """Pages settled and read, or why not: what cannot be read together is read one by one."""
    if not pages:
        return []
    try:
        settled = settle(translator, pages)
        return list(zip(settled, read_pages(translator, settled, source), strict=True))
    except Exception as error:
        if len(pages) == 1:
            return [_why(error)]
        return [answer for page in pages for answer in _read(translator, [page], source)]


def _failure(name: str, why: str) -> Entry:
    return {"file": name, "error": why, "lines": []}


def _why(error: Exception) -> str:
    """For people: what is expected to go wrong says so itself."""
    if isinstance(error, PictureError | OSError):
        return str(error)
    return f"an error of the program, please report it: {type(error).__name__}: {error}"
