"""The map: t-SNE and UMAP of all scripts' codes together, and where a new code falls on it.

Made once (`cartography`), it lies beside the weights as atlas.npz and holds no picture of the data
sets: its thumbnails are the model's own reconstructions.

Neither view has an inverse, and neither knows a code that it was not made of. What stands in for
both here is a weighted average of neighbours: `code_at` of the points nearest on the map, `place`
of those nearest in latent space.
"""

import dataclasses
import io
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from unit_core.domains import CLASSES
from unit_core.files import write_atomically

FORMAT = "unit-atlas/1"
VIEWS = ("tsne", "umap")
UNJUDGED = 255  # in `Atlas.judged`: no judge of the target script
STEPS = 65535  # positions are whole numbers of these to a map's side
NEIGHBOURS = 10
AVERAGED = 8  # points that a spot between them is the average of
TURNS = 20  # of an iteration


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
        return nearest_rows(codes, self.codes.astype(np.float32), k)

    def code_at(self, spot: Sequence[float], view: str) -> tuple[np.ndarray, list[int]]:
        """A code (D,) for a spot (x, y) of a view, and the points it is the average of.

        The nearest on the map, weighted by 1 / distance^2 (Shepard 1968): on a point, its own code
        nearly alone; between islands, a mixture that nobody wrote.
        """
        near, distances = nearest_rows(np.array([spot], np.float32), self.view(view), AVERAGED)
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
        except (OSError, TypeError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
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


def nearest_rows(queries: np.ndarray, among: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
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


def _median(points: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The weighted geometric median of points (k, 2), by Weiszfeld's iteration."""
    middle = weights @ points
    for _ in range(TURNS):
        pull = weights / np.maximum(np.linalg.norm(points - middle, axis=1), 1e-4)
        middle = pull @ points / pull.sum()
    return middle
