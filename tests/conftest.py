"""Fixtures every test shares: the real data where it is at hand, tiny stand-ins where it is not."""

import os
from pathlib import Path

# Small tensors gain nothing from more threads, and threads that spin starve a busy machine.
os.environ.setdefault("OMP_NUM_THREADS", "1")  # also of the processes that tests start

import pytest  # noqa: E402

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder with the real data; skips, and says so, where there is none."""
    folder = Path(os.environ.get("UNIT_DATA_DIR", ROOT.parent / "shared" / "data"))
    if not (folder / "mnist").is_dir():
        pytest.skip(f"needs the real data: none in {folder}; set UNIT_DATA_DIR to its folder")
    return folder


@pytest.fixture(scope="session")
def translator():
    """The model that is shown by default; skips, and says so, where it is not shipped."""
    from unit_core import Translator  # torch: only for those who ask

    folder = ROOT / "checkpoints" / "full"
    if not folder.is_dir():
        pytest.skip(f"needs the shipped model: none in {folder}")
    return Translator.load(folder)
