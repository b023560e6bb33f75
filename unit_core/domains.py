"""What a script is: its name, its glyphs, its files, and how its digits were cut.

A script of your own is data, not code: a folder ``<data_dir>/<name>/`` with images and labels in
any form that :mod:`unit_core.data` reads, and optionally a ``script.json`` such as ::

    {"title": "Devanagari", "glyphs": "०१२३४५६७८९", "stretch": 1.0, "writer_run": 500}

Sources: MNIST (LeCun, Cortes, Burges; CC BY-SA 3.0); Kannada-MNIST and Dig-MNIST (Prabhu 2019,
arXiv:1908.01242).
"""

import json
import os
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unit_core.values import is_number, is_whole

CLASSES = 10
SIDE = 28  # pixels, of every digit
UNKNOWN = -1  # the label of a digit that has none, or whose label training may not see
DATA_DIR_VARIABLE = "UNIT_DATA_DIR"

# The mirrors that torchvision lists.
_MNIST = ("https://ossci-datasets.s3.amazonaws.com/mnist/", "http://yann.lecun.com/exdb/mnist/")
_KANNADA = (
    "https://raw.githubusercontent.com/vinayprabhu/Kannada_MNIST/master/"
    "data/output_tensors/MNIST_format/",
)


@dataclass(frozen=True)
class DataFile:
    """One official file: its path in a data folder, its addresses, and its digest,
    ``"md5:<hex>"`` or ``"git:<hex>"`` (SHA-1 of the git blob)."""

    path: str
    urls: tuple[str, ...]
    digest: str


@dataclass(frozen=True)
class DataSet:
    """Images and labels; ``writer_run`` consecutive images come from one writer, if known."""

    images: DataFile
    labels: DataFile
    writer_run: int | None = None


@dataclass(frozen=True)
class Source:
    """Where the digits of a built-in script are from: how that is cited, what a model of them is
    tagged with on the Hugging Face Hub, and the name of the data set there, if it is there."""

    cited: str
    tag: str
    hub: str | None = None


@dataclass(frozen=True)
class Domain:
    """A script. ``glyphs`` are its digits 0 to 9; ``stretch`` is how much taller the digits of the
    data set are than the pen drew them; ``train`` and ``source`` are None for a script of your own,
    which is read from the data folder, and there ``writer_run`` tells its consecutive images a
    writer."""

    name: str
    title: str
    glyphs: str
    stretch: float = 1.0
    train: DataSet | None = None
    writer_run: int | None = None
    source: Source | None = None

    @property
    def facts(self) -> dict[str, Any]:
        """What `described` makes it of again, besides its files."""
        return {"title": self.title, "glyphs": self.glyphs, "stretch": self.stretch}

    @property
    def stretches(self) -> tuple[float, ...]:
        """How much taller than drawn digits may be: as in the data set, and not at all."""
        return tuple(dict.fromkeys((self.stretch, 1.0)))


@dataclass(frozen=True)
class TestSet:
    """Digits to test the domain named ``domain`` with."""

    __test__ = False  # not a test class, whatever pytest thinks of its name

    domain: str
    files: DataSet


def _mnist(name: str, md5: str) -> DataFile:
    return DataFile(f"mnist/{name}", tuple(base + name for base in _MNIST), f"md5:{md5}")


def _kannada(name: str, blob: str) -> DataFile:
    return DataFile(f"kannada_mnist/{name}", tuple(base + name for base in _KANNADA), f"git:{blob}")


DOMAINS: dict[str, Domain] = {
    "mnist": Domain(
        name="mnist",
        title="Arabic",
        glyphs="0123456789",
        train=DataSet(
            _mnist("train-images-idx3-ubyte.gz", "f68b3c2dcbeaaa9fbdd348bbdeb94873"),
            _mnist("train-labels-idx1-ubyte.gz", "d53e105ee54ea40749a09fcbcd1e9432"),
        ),
        source=Source(
            "MNIST (LeCun, Cortes, Burges; CC BY-SA 3.0)", tag="mnist", hub="ylecun/mnist"
        ),
    ),
    "kannada": Domain(
        name="kannada",
        title="Kannada",
        glyphs="೦೧೨೩೪೫೬೭೮೯",
        # Sheets of 4,700 x 3,340 were warped to a square, and cells of 40 rows x 32 columns again.
        stretch=1.77,
        train=DataSet(
            _kannada(
                "X_kannada_MNIST_train-idx3-ubyte.gz", "b588ed8355da1fc0dd0c2707947c132f7aa427c0"
            ),
            _kannada(
                "y_kannada_MNIST_train-idx1-ubyte.gz", "bcfa4effc50c989ea25264975dc38e14d6f8ecc1"
            ),
            writer_run=1280,
        ),
        source=Source("Kannada-MNIST (Prabhu 2019, arXiv:1908.01242)", tag="kannada-mnist"),
    ),
}

TEST_SETS: dict[str, TestSet] = {
    "mnist": TestSet(
        "mnist",
        DataSet(
            _mnist("t10k-images-idx3-ubyte.gz", "9fb629c4189551a2d022fa330f9573f3"),
            _mnist("t10k-labels-idx1-ubyte.gz", "ec29112dd5afa0611ce80d1b7f02629c"),
        ),
    ),
    "kannada": TestSet(
        "kannada",
        DataSet(
            _kannada(
                "X_kannada_MNIST_test-idx3-ubyte.gz", "1dc875a6b5278cf9504eda58ac28530bb65817e9"
            ),
            _kannada(
                "y_kannada_MNIST_test-idx1-ubyte.gz", "46809f488ce804791478598cc66f7ef85639eae1"
            ),
            writer_run=1280,
        ),
    ),
    "dig": TestSet(
        "kannada",
        DataSet(
            _kannada("X_dig_MNIST-idx3-ubyte.gz", "5ae535fc8a7579f29f07771955dbfb142bd120eb"),
            _kannada("y_dig_MNIST-idx1-ubyte.gz", "6ea1e2fc2d2501e1976bafe433524a8cfd5cd5f7"),
        ),
    ),
}


def data_folder(data_dir: str | os.PathLike[str] | None = None) -> Path | None:
    """The person's data folder: ``data_dir``, else the variable UNIT_DATA_DIR, else None."""
    chosen = data_dir or os.environ.get(DATA_DIR_VARIABLE)
    return Path(chosen).expanduser() if chosen else None


def is_name(text: Any) -> bool:
    """Whether a script may be called so: it names a folder and files, and never a path that leads
    elsewhere, nor a test set of another script."""
    if not isinstance(text, str) or not text or text[0] == "-":
        return False
    # Not `\w`, which knows no vowel signs: ಕನ್ನಡ is a word, too.
    written = all(each in "_-" or unicodedata.category(each)[0] in "LMN" for each in text)
    return written and (text not in TEST_SETS or TEST_SETS[text].domain == text)


def check_name(text: Any) -> None:
    """ValueError for what no script may be called."""
    if not is_name(text):
        others = ", ".join(name for name, test in TEST_SETS.items() if test.domain != name)
        raise ValueError(
            f"a script is called a word of letters, digits, _ and - (but not {others}, a test set "
            f"of another), not {text!r}"
        )


def domain(name: str, data_dir: str | os.PathLike[str] | None = None) -> Domain:
    """The domain called ``name``: built in, or the folder ``<data_dir>/<name>/`` of your own.

    Raises ValueError for an unknown name and for a ``script.json`` that cannot be used.
    """
    if name in DOMAINS:
        return DOMAINS[name]
    check_name(name)
    base = data_folder(data_dir)
    if base is not None and (base / name).is_dir():
        path = base / name / "script.json"
        try:
            facts = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        except (ValueError, RecursionError) as error:
            raise ValueError(f"{path} is not valid JSON: {error}") from None
        return described(name, facts, path)
    raise ValueError(
        f"unknown script {name!r}: built in are {', '.join(DOMAINS)}; for a script of your own put "
        f"its files into <data folder>/{name}/ and name the data folder with --data-dir or "
        f"{DATA_DIR_VARIABLE} (now: {base or 'not set'})"
    )


def check_known(name: str, domains: Collection[str]) -> None:
    """ValueError if a model of `domains` does not know the script called `name`."""
    if name not in domains:
        raise ValueError(f"unknown script {name!r}: this model knows {', '.join(domains)}")


def target_of(name: str, domains: Sequence[str]) -> str:
    """The script of `domains` that digits of `name` are translated into where none is said: the
    first other one. ValueError as `check_known`."""
    check_known(name, domains)
    return next(each for each in domains if each != name)


def scripts_of(names: Iterable[str], told: Mapping[str, Any]) -> dict[str, Domain]:
    """The scripts of a model by name, from what it has `told` of those that are not built in."""
    return {
        name: DOMAINS.get(name) or described(name, told.get(name, {}), "the model's config.json")
        for name in names
    }


def described(name: str, facts: Any, path: object) -> Domain:
    """A script of your own from what `path` tells of it; ValueError for what cannot be used."""
    known = {"title", "glyphs", "stretch", "writer_run"}
    if not isinstance(facts, dict) or facts.keys() - known:
        raise ValueError(f"{path} must hold one JSON object with no keys but {sorted(known)}")
    title, glyphs = facts.get("title", name.capitalize()), facts.get("glyphs", "0123456789")
    stretch, run = facts.get("stretch", 1.0), facts.get("writer_run")
    if not isinstance(title, str) or not title.strip():
        raise ValueError(f"{path}: title must be text, not {title!r}")
    if not isinstance(glyphs, str) or len(glyphs) != CLASSES:
        raise ValueError(f"{path}: glyphs must be {CLASSES} characters, 0 to 9, not {glyphs!r}")
    if not is_number(stretch) or not 0 < stretch < 10:
        raise ValueError(f"{path}: stretch must be a number above 0, such as 1.0, not {stretch!r}")
    if run is not None and not (is_whole(run) and run >= 1):
        raise ValueError(f"{path}: writer_run must be a count of images, not {run!r}")
    return Domain(name, title, glyphs, float(stretch), writer_run=run)
