"""The map: t-SNE and UMAP of all scripts' codes together, and where a new code falls on it.

`python -m unit_core atlas CHECKPOINT` makes one, once; it lies beside the weights as atlas.npz and
holds no picture of the data sets: its thumbnails are the model's own reconstructions.

Neither view has an inverse, and neither knows a code that it was not made of. What stands in for
both here is a weighted average of neighbours: `code_at` of the points nearest on the map, `place`
of those nearest in latent space.
"""

import dataclasses
import importlib.util
import io
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from unit_core.domains import CLASSES, SIDE, target_of
from unit_core.files import write_atomically
from unit_core.translator import Translator

if TYPE_CHECKING:
    from unit_core.data import Digits, Parts
    from unit_core.judges import Judge

FORMAT = "unit-atlas/1"
VIEWS = ("tsne", "umap")
UNJUDGED = 255  # in `Atlas.judged`: no judge of the target script
STEPS = 65535  # positions are whole numbers of these to a map's side
NEIGHBOURS = 10
QUALITY = 50  # of the WebP: 1 MB for 10,000 digits, and no difference to be seen

Embed = Callable[[np.ndarray, int], np.ndarray]  # codes (N, D), seed -> (N, 2)


class AtlasError(ValueError):
    """A map that is missing, damaged or of another model, or cannot be made; says what to do."""


@dataclass(frozen=True)
class Atlas:
    """N digits of all `scripts`, as many of each, shuffled.

    weights: which weights it was made with (`fingerprint`). tsne, umap: positions (N, 2), uint16,
    65535 the map's side, y up. codes: posterior means (N, D), float16. script: index into
    `scripts`; labels; readings: by the model's class head; judged: by the target script's judge,
    of the translation, 255 without a judge; all (N,) uint8. sprite: the reconstructions as WebP,
    tiles of 28 x 28 by rows of `columns`, ink bright.

    agreement: for each script, of the 10 nearest codes in the other scripts, the share that is the
    same digit. mixing: share of other scripts among the 10 nearest of all.
    """

    scripts: tuple[str, ...]
    weights: str
    tsne: np.ndarray
    umap: np.ndarray
    codes: np.ndarray
    script: np.ndarray
    labels: np.ndarray
    readings: np.ndarray
    judged: np.ndarray
    sprite: bytes
    columns: int
    agreement: np.ndarray
    mixing: float

    def __len__(self) -> int:
        return len(self.codes)

    def view(self, name: str) -> np.ndarray:
        """Positions on the view called "tsne" or "umap": (N, 2) float32 in [0, 1]."""
        if name not in VIEWS:
            raise ValueError(f"view {name!r} is none of {', '.join(VIEWS)}")
        return getattr(self, name).astype(np.float32) / STEPS

    def nearest(self, codes: np.ndarray, k: int = NEIGHBOURS) -> tuple[np.ndarray, np.ndarray]:
        """Of each code (M, D), the k nearest in latent space: indices and distances, (M, k)."""
        return _nearest(codes, self.codes.astype(np.float32), k)

    def code_at(self, spot: Sequence[float], view: str, k: int = 8) -> tuple[np.ndarray, list[int]]:
        """A code (D,) for a spot (x, y) of a view, and the k points it is the average of.

        The nearest on the map, weighted by 1 / distance^2 (Shepard 1968): on a point, its own code
        nearly alone; between islands, a mixture that nobody wrote.
        """
        near, distances = _nearest(np.array([spot], np.float32), self.view(view), k)
        weights = _shepard(distances[0], close=5e-4)
        return weights @ self.codes[near[0]].astype(np.float32), near[0].tolist()

    def place(self, code: np.ndarray) -> dict[str, tuple[float, float]]:
        """Where a code (D,) falls on each view: in the midst of its nearest codes there.

        The midst is the geometric median, weighted by 1 / distance^2 in latent space: if one
        neighbour lies on another island, a mean would fall into the sea between.
        """
        near, distances = self.nearest(code[None])
        weights = _shepard(distances[0], close=1e-3)
        middles = {name: _median(self.view(name)[near[0]], weights) for name in VIEWS}
        return {name: (float(x), float(y)) for name, (x, y) in middles.items()}

    def save(self, path: Path) -> None:
        """Write one compressed npz; the same atlas gives the same bytes."""
        arrays: dict[str, Any] = {
            field.name: np.frombuffer(value, np.uint8) if isinstance(value, bytes) else value
            for field in dataclasses.fields(self)
            for value in [getattr(self, field.name)]
        }
        content = io.BytesIO()
        np.savez_compressed(content, format=np.array(FORMAT), **arrays)
        write_atomically(path, content.getvalue())

    @classmethod
    def load(cls, path: Path) -> "Atlas":
        """Read what `save` wrote; nothing is ever unpickled. AtlasError says what is wrong."""
        again = f"make it with: python -m unit_core atlas {path.parent}"
        try:
            with np.load(path, allow_pickle=False) as file:
                found = {name: file[name] for name in file.files}
        except FileNotFoundError:
            raise AtlasError(f"there is no map at {path} yet; {again}") from None
        except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            raise AtlasError(f"{path} is damaged ({error}); {again}") from None
        try:
            if str(found.pop("format")) != FORMAT:
                raise ValueError(f"not of format {FORMAT}")
            atlas = cls(
                **found
                | {"scripts": tuple(map(str, found["scripts"])), "weights": str(found["weights"])}
                | {"sprite": found["sprite"].tobytes(), "columns": int(found["columns"])}
                | {"mixing": float(found["mixing"])}
            )
            atlas._check()
        except (KeyError, TypeError, ValueError) as error:
            raise AtlasError(
                f"{path} is no map that this version reads ({error}); {again}"
            ) from None
        return atlas

    def _check(self) -> None:
        n, _ = self.codes.shape
        shapes = {"tsne": (n, 2), "umap": (n, 2), "agreement": (len(self.scripts),)}
        shapes |= {name: (n,) for name in ("script", "labels", "readings", "judged")}
        for name, shape in shapes.items():
            if getattr(self, name).shape != shape:
                raise ValueError(f"{name} is {getattr(self, name).shape}, not {shape}")
        if not np.isfinite(self.codes).all() or not n:
            raise ValueError("its codes are not finite, or there are none")
        if self.script.max() >= len(self.scripts) or self.labels.max() >= CLASSES:
            raise ValueError("it has digits of no script or class")


# --- making one -----------------------------------------------------------------------------------


def require_packages() -> None:
    """AtlasError, with the command that helps, if what only the making needs is missing."""
    packages = {"openTSNE": "openTSNE", "umap": "umap-learn"}
    missing = [name for module, name in packages.items() if not importlib.util.find_spec(module)]
    if missing:
        raise AtlasError(
            f"making a map needs {' and '.join(missing)}: pip install {' '.join(missing)} "
            "(or -r requirements-dev.txt)"
        )


def tsne(codes: np.ndarray, seed: int) -> np.ndarray:
    """t-SNE (van der Maaten and Hinton 2008) by openTSNE: (N, D) -> (N, 2)."""
    from openTSNE import TSNE
    from tqdm import tqdm

    early, late, every = 250, 500, 10
    with tqdm(total=early + late, desc="t-SNE", unit="step") as bar:
        perplexity = min(30, (len(codes) - 1) / 3)
        return np.asarray(
            TSNE(
                perplexity=perplexity,
                early_exaggeration_iter=early,
                n_iter=late,
                random_state=seed,
                callbacks=lambda *_: bar.update(every) and None,
                callbacks_every_iters=every,
            ).fit(codes)
        )


def umap(codes: np.ndarray, seed: int) -> np.ndarray:
    """UMAP (McInnes et al. 2018) by umap-learn: (N, D) -> (N, 2)."""
    from umap import UMAP

    print("UMAP", flush=True)
    neighbours = min(50, len(codes) - 1)
    # Spread out: the islands are far apart whatever one does, and the map is to be looked into.
    model = UMAP(
        n_neighbors=neighbours, min_dist=0.8, random_state=seed, n_jobs=1, verbose=True
    )  # a seed allows one thread only
    return np.asarray(model.fit_transform(codes))


EMBEDDINGS: dict[str, Embed] = {"tsne": tsne, "umap": umap}


def choose(
    names: Sequence[str], count: int, seed: int, data_dir: Path | None = None
) -> dict[str, "Digits"]:
    """`count` digits of each script, or as many as all of them have.

    DataError for data that cannot be had.
    """
    from unit_core.data import load_labelled

    parts = {name: load_labelled(name, data_dir) for name in names}
    share = min(count, *(len(own.validation) + len(own.train) for own in parts.values()))
    return {name: _some(own, share, seed) for name, own in parts.items()}


def _some(parts: "Parts", count: int, seed: int) -> "Digits":
    """`count` digits, validation digits first, in a shuffled order drawn by `seed`."""
    chosen, missing = parts.validation, count - len(parts.validation)
    random = torch.Generator().manual_seed(seed)
    if missing > 0:
        more = parts.train.subset(torch.randperm(len(parts.train), generator=random)[:missing])
        chosen = dataclasses.replace(
            chosen,
            images=torch.cat([chosen.images, more.images]),
            labels=torch.cat([chosen.labels, more.labels]),
            writers=None,
        )
    return chosen.subset(torch.randperm(len(chosen), generator=random)[:count])


def make(
    translator: Translator,
    digits: Mapping[str, "Digits"],
    judges: Mapping[str, "Judge"],
    seed: int = 0,
    weights: str = "",
    embeddings: Mapping[str, Embed] = EMBEDDINGS,
) -> Atlas:
    """The atlas of `digits`, a set for each script of the model; takes minutes for 10,000."""
    scripts = tuple(digits)
    parts, pictures = [], []
    for index, (name, own) in enumerate(digits.items()):
        codes, target = translator.encode(own.images, name), target_of(name, translator.domains)
        judged = np.full(len(own), UNJUDGED)
        if judge := judges.get(target):
            judged = judge.classify(translator.decode(codes, target)).argmax(1).numpy()
        parts.append(
            {
                "codes": codes.numpy().astype(np.float16),
                "script": np.full(len(own), index, np.uint8),
                "labels": own.labels.numpy().astype(np.uint8),
                "readings": translator.classify_codes(codes).argmax(1).numpy().astype(np.uint8),
                "judged": judged.astype(np.uint8),
            }
        )
        pictures.append(translator.decode(codes, name).numpy())
    # Shuffled, or else the last script would lie on top of the others wherever it is drawn.
    order = np.random.default_rng(seed).permutation(sum(map(len, pictures)))
    points = {key: np.concatenate([part[key] for part in parts])[order] for key in parts[0]}
    made = np.concatenate(pictures)[order]
    codes32 = points["codes"].astype(np.float32)
    columns = int(np.ceil(np.sqrt(len(made))))
    return Atlas(
        scripts=scripts,
        weights=weights,
        **{name: normalised(embeddings[name](codes32, seed)) for name in VIEWS},
        **points,
        sprite=sprite_sheet(made, columns),
        columns=columns,
        agreement=cross_agreement(codes32, points["script"], points["labels"]),
        mixing=_mixing(codes32, points["script"]),
    )


def normalised(positions: np.ndarray) -> np.ndarray:
    """(N, 2) into the unit square, centred, both axes by one scale; as uint16."""
    low, high = positions.min(0), positions.max(0)
    unit = (positions - (low + high) / 2) / max((high - low).max(), 1e-9) + 0.5
    return (unit.clip(0, 1) * STEPS).round().astype(np.uint16)


def sprite_sheet(pictures: np.ndarray, columns: int) -> bytes:
    """Pictures (N, 28, 28) in [0, 1] as one WebP, `columns` to a row."""
    from PIL import Image

    rows = -(-len(pictures) // columns)
    tiles = np.zeros((rows * columns, SIDE, SIDE), np.uint8)
    tiles[: len(pictures)] = (pictures * 255).round()
    sheet = tiles.reshape(rows, columns, SIDE, SIDE).swapaxes(1, 2)
    content = io.BytesIO()
    picture = Image.fromarray(sheet.reshape(rows * SIDE, columns * SIDE))
    picture.save(content, "WEBP", quality=QUALITY, method=6)
    return content.getvalue()


def cross_agreement(
    codes: np.ndarray, script: np.ndarray, labels: np.ndarray, k: int = NEIGHBOURS
) -> np.ndarray:
    """For each script, of its digits' k nearest codes in other scripts, the share of the same
    digit: (scripts,) in [0, 1]."""
    shares = []
    for index in range(script.max() + 1):
        own = script == index
        near, _ = _nearest(codes[own], codes[~own], k)
        shares.append((labels[~own][near] == labels[own][:, None]).mean())
    return np.array(shares)


# --- parts ----------------------------------------------------------------------------------------


def _nearest(queries: np.ndarray, among: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Indices and distances (M, k) of the nearest rows of `among` (N, D), nearest first."""
    k, rows = min(k, len(among)), torch.from_numpy(np.ascontiguousarray(among, np.float32))
    found = [
        torch.cdist(part, rows, compute_mode="donot_use_mm_for_euclid_dist").topk(k, largest=False)
        for part in torch.from_numpy(np.ascontiguousarray(queries, np.float32)).split(500)
    ]
    return (
        torch.cat([each.indices for each in found]).numpy(),
        torch.cat([each.values for each in found]).numpy(),
    )


def _shepard(distances: np.ndarray, close: float) -> np.ndarray:
    """Weights that fall with the squared distance and add up to 1; `close` is as good as there."""
    weights = 1 / np.maximum(distances, close) ** 2
    return weights / weights.sum()


def _median(points: np.ndarray, weights: np.ndarray, turns: int = 20) -> np.ndarray:
    """The weighted geometric median of points (k, 2), by Weiszfeld's iteration."""
    middle = weights @ points
    for _ in range(turns):
        pull = weights / np.maximum(np.linalg.norm(points - middle, axis=1), 1e-4)
        middle = pull @ points / pull.sum()
    return middle


def _mixing(codes: np.ndarray, script: np.ndarray) -> float:
    from unit_core import metrics

    rows = torch.from_numpy(codes)
    own = [torch.from_numpy(script == i) for i in range(script.max() + 1)]
    return float(np.mean([metrics.mixing(rows[each], rows[~each]) for each in own]))
