"""The live pages as a folder of files: the model runs in the visitor's browser, without a server.

The pages are the app's own; only what answers their questions is another (fetch.js, worker.js).
"""

import json
import os
import re
import runpy
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from string import Template
from typing import Any

from demo import api, component, model, theme
from demo.component import read
from unit_core import ink
from unit_core.evidence import Scale
from unit_core.export import export
from unit_core.translator import Translator

FOLDER = Path(__file__).parent
PAGES = {"index": "Translate", "interpolate": "Interpolate"}  # by file, the first one first
RUNTIME = "onnxruntime-web@1.30.0"
RUNTIME_FILES = (  # the plain build: those for graphics processors are twice as large
    "ort.wasm.min.mjs",
    "ort-wasm-simd-threaded.mjs",
    "ort-wasm-simd-threaded.wasm",
)
# What was fetched once is not asked for again; without a network npm would try for a minute.
NPM_OPTIONS = (
    "--loglevel=error", "--prefer-offline", "--fetch-retries=1", "--fetch-retry-mintimeout=1000"
)  # fmt: skip
ASKS_SERVER = "canvas/server.js"


class SiteError(ValueError):
    """Why there is no site, for people."""


@dataclass(frozen=True)
class Mounted:
    """What a page of the app gives to `component.mount`."""

    name: str
    data: dict[str, Any]
    js: tuple[str, ...]
    css: tuple[str, ...]


def build(out: Path, checkpoint: Path) -> None:
    """Write the site with the model of `checkpoint` into the folder `out`, replacing a former one.

    SiteError, ExportError and CheckpointError say what is missing.
    """
    os.environ[model.CHECKPOINT_VARIABLE] = str(checkpoint)  # the pages' own model too
    if out.exists() and any(out.iterdir()) and not (out / "rules.json").exists():
        raise SiteError(f"{out} holds something else than a site: name another folder")
    translator = Translator.load(checkpoint)
    with tempfile.TemporaryDirectory() as parent:
        site = Path(parent) / "site"
        site.mkdir()
        _fetch_runtime(site / "runtime")
        export(translator, site / "model", spread=True)
        shutil.copy(FOLDER / "worker.js", site)
        shutil.copy(FOLDER / "README.md", site)
        (site / "site.css").write_text(
            theme.sheet() + read(["glyphs.css", "static/site.css"]), encoding="utf-8"
        )
        (site / "rules.json").write_text(json.dumps(rules(translator)), encoding="utf-8")
        megabytes = f"{size(site) / 1e6:.0f}"
        for file, title in PAGES.items():
            _write_page(site, file, mounted(title), megabytes)
        shutil.rmtree(out, ignore_errors=True)  # only now: what stood there is not lost to an error
        shutil.copytree(site, out)


def loaded(site: Path) -> list[Path]:
    """The files that a visitor of the first page loads."""
    pages = [site / f"{page}.{kind}" for page in list(PAGES)[1:] for kind in ("html", "js")]
    left_out = {*pages, site / "README.md"}
    return [file for file in site.rglob("*") if file.is_file() and file not in left_out]


def size(site: Path) -> int:
    """The bytes of what is `loaded`, unpacked; most hosts send it packed."""
    return sum(file.stat().st_size for file in loaded(site))


def rules(translator: Translator) -> dict[str, Any]:
    """What worker.js needs to know of `demo.api` and `unit_core.ink`."""
    return {
        "side": ink.SIDE,
        "box": ink.BOX,
        "threshold": ink.THRESHOLD,
        "dot": api.DOT,
        "flat": api.FLAT,
        "full": api.FULL,
        "sure": api.SURE,
        "messages": api.MESSAGES,
        "odds": api.ODDS,
        "scale": asdict(Scale.of(translator)),
        "other_script": api.OTHER_SCRIPT,
        "unnamed": api.NAMELESS,
        "nameless": [name for name in translator.domains if api.is_nameless(translator, name)],
        "empty": asdict(api.Reply("empty", "")),
    }


def mounted(title: str) -> Mounted:
    """What the page `title` mounts, from its own script; SiteError where that shows no model."""
    seen: list[Mounted] = []

    def mount(
        name: str, data: dict[str, Any], key: str, js: Iterable[str] = (), css: Iterable[str] = ()
    ) -> None:
        seen.append(Mounted(name, data, tuple(js), tuple(css)))

    original, component.mount = component.mount, mount
    try:
        runpy.run_path(str(component.FOLDER / "pages" / f"{title.lower()}.py"))
    finally:
        component.mount = original
    if not seen:
        raise SiteError(f"the page {title} shows no model")
    return seen[0]


def _write_page(out: Path, file: str, page: Mounted, megabytes: str) -> None:
    js: list[str] = []
    for path in page.js:
        js += ["static/fetch.js", path] if path == ASKS_SERVER else [path]
    data = page.data | ({"maps": {}} if "maps" in page.data else {})  # a map is the server's
    links = (
        f'<a href="{name}.html"{" aria-current=page" if name == file else ""}>{title}</a>'
        for name, title in PAGES.items()
    )
    html = Template(read(["static/page.html"])).substitute(
        name=file,
        css=read([*page.css, f"{page.name}.css"]),
        html=read([f"{page.name}.html"]),
        links="".join(links),
        data=json.dumps(data).replace("<", "\\u003c"),
        megabytes=megabytes,
    )
    (out / f"{file}.html").write_text(html, encoding="utf-8")
    (out / f"{file}.js").write_text(read([*js, f"{page.name}.js"]), encoding="utf-8")


def _fetch_runtime(folder: Path) -> None:
    """The runtime's files out of its package, by npm."""
    with tempfile.TemporaryDirectory() as parent:
        try:
            subprocess.run(
                ["npm", "pack", RUNTIME, *NPM_OPTIONS],
                cwd=parent, check=True, capture_output=True, text=True, timeout=300,
            )  # fmt: skip
        except FileNotFoundError:
            raise SiteError(f"no npm here: install Node.js, it fetches {RUNTIME}") from None
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            lines = re.findall(r"^npm error (?!code|errno|syscall)(.+)", str(error.stderr), re.M)
            told = lines[0] if lines else str(error)
            raise SiteError(f"npm could not fetch {RUNTIME}: {told}") from None
        folder.mkdir()
        with tarfile.open(next(Path(parent).glob("*.tgz"))) as package:
            for name in RUNTIME_FILES:
                source = package.extractfile(f"package/dist/{name}")
                assert source is not None
                (folder / name).write_bytes(source.read())
