"""Fixtures every test shares: the real data where it is at hand, tiny stand-ins where it is not."""

import os
from collections.abc import Iterator
from pathlib import Path

# Small tensors gain nothing from more threads, and threads that spin starve a busy machine.
os.environ.setdefault("OMP_NUM_THREADS", "1")  # also of the processes that tests start

import pytest  # noqa: E402

ROOT = Path(__file__).parents[1]
# Read now: tests of the variable change it.
DATA = Path(os.environ.get("UNIT_DATA_DIR", ROOT.parent / "shared" / "data"))
WIDE = {"width": 1280, "height": 800}  # of a page


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder with the real data; skips, and says so, where there is none."""
    if not (DATA / "mnist").is_dir():
        pytest.skip(f"needs the real data: none in {DATA}; set UNIT_DATA_DIR to its folder")
    return DATA


@pytest.fixture(scope="session")
def translator():
    """The model that is shown by default; skips, and says so, where it is not shipped."""
    from unit_core import Translator  # torch: only for those who ask

    folder = ROOT / "checkpoints" / "full"
    if not folder.is_dir():
        pytest.skip(f"needs the shipped model: none in {folder}")
    return Translator.load(folder)


@pytest.fixture(scope="module")
def chromium():
    """How to launch a headless Chromium; skips, and says so, where there is none."""
    from browser import FLAGS, find_chromium
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = find_chromium(playwright)
        if path is None:
            pytest.skip(
                "needs a Chromium: apt install chromium, or playwright install chromium, "
                "or name one in the variable CHROMIUM"
            )
        yield playwright.chromium, {"executable_path": path, "args": FLAGS}


@pytest.fixture(scope="module")
def browser(chromium):
    """Chromium for contexts that know nothing of each other."""
    kind, options = chromium
    with kind.launch(**options) as launched:
        yield launched


@pytest.fixture(scope="module")
def profile(chromium, tmp_path_factory):
    """A context that keeps compiled scripts from visit to visit, which halves a page's loading."""
    kind, options = chromium
    folder = tmp_path_factory.mktemp("profile")
    with kind.launch_persistent_context(folder, viewport=WIDE, **options) as context:
        yield context


@pytest.fixture(scope="module")
def trained() -> bool:
    """Whether the model that is `served` reads digits."""
    from unit_core import Translator

    try:
        Translator.load(_shipped())
    except (OSError, ValueError):
        return False
    return True


@pytest.fixture(scope="module")
def served(trained, tmp_path_factory) -> Path:
    """The shipped model, or the one that UNIT_CHECKPOINT names; where none loads, an untrained."""
    from unit_core import Translator
    from unit_core.networks import ModelConfig

    if trained:
        return _shipped()
    folder = tmp_path_factory.mktemp("untrained")
    Translator(ModelConfig(width=8, hidden=32)).save(folder)
    return folder


def _shipped() -> Path:
    return Path(os.environ.get("UNIT_CHECKPOINT", ROOT / "checkpoints" / "full"))


@pytest.fixture
def three_models(monkeypatch, tmp_path) -> Iterator[Path]:
    """The folder of the models to choose from: `full`, the default, with few labels, `more` with
    all, and `own` of other scripts."""
    from demo import model
    from unit_core import Translator
    from unit_core.networks import ModelConfig
    from unit_core.provenance import Provenance

    for name, script, labels, images in (
        ("full", "kannada", "1%", 550), ("more", "kannada", "100%", 55000),
        ("own", "telugu", "100%", 60000),
    ):  # fmt: skip
        told = Provenance(
            labels={"mnist": "100%", script: labels},
            labelled_images={"mnist": 55000, script: images},
        )
        config = ModelConfig(domains=("mnist", script), width=8, hidden=16)
        Translator(config, told).save(tmp_path / name)
    monkeypatch.delenv(model.CHECKPOINT_VARIABLE, raising=False)
    monkeypatch.setattr(model, "CHECKPOINTS", tmp_path)
    for cached in (model.shipped, model.load_folder):
        cached.cache_clear()
    yield tmp_path
    for cached in (model.shipped, model.load_folder):
        cached.cache_clear()


@pytest.fixture(scope="module")
def address(browser, served):
    """Where the app is, with the model `served`; a module may have an address of its own."""
    from browser import serve

    with serve(served) as url:
        yield url


@pytest.fixture
def context_of(browser, address):
    """Makes contexts; at the end no page may have erred or asked any host but its own."""
    contexts, errors, foreign = [], [], []

    def watch(page) -> None:
        page.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on(
            "request",
            lambda r: (
                None if r.url.startswith((address, "data:", "blob:")) else foreign.append(r.url)
            ),
        )

    def make(**options):
        context = browser.new_context(**options)
        context.on("page", watch)
        contexts.append(context)
        return context

    make.errors, make.watch = errors, watch
    yield make
    for context in contexts:
        context.close()
    assert not foreign
    assert not errors


@pytest.fixture
def page(context_of, profile, address):
    """A WIDE page that nobody has drawn on."""
    profile.on("page", context_of.watch)
    page = profile.new_page()
    kept = {"origin": address, "storageTypes": "cookies,local_storage,indexeddb"}
    profile.new_cdp_session(page).send("Storage.clearDataForOrigin", kept)
    yield page
    profile.remove_listener("page", context_of.watch)
    for each in profile.pages[1:]:  # without the first it would end
        each.close()
    profile.set_offline(False)


@pytest.fixture
def timed_page(context_of):
    """The same in a context of its own, whose clock a test may set."""
    return context_of(viewport=WIDE).new_page()
