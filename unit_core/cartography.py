"""How a map is made: `python -m unit_core atlas CHECKPOINT`, minutes for 10,000 digits.

Needs openTSNE and umap-learn, which a map that is made does without.
"""

import dataclasses
import importlib.util
import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from tqdm import tqdm

from unit_core import metrics
from unit_core.atlas import NEIGHBOURS, STEPS, UNJUDGED, VIEWS, Atlas, AtlasError, nearest_rows
from unit_core.data import Digits, Parts, load_labelled
from unit_core.domains import SIDE, target_of
from unit_core.judges import Judge
from unit_core.translator import Translator

QUALITY = 50  # of the WebP: 1 MB for 10,000 digits, and no difference to be seen

Embed = Callable[[np.ndarray, int], np.ndarray]  # codes (N, D), seed -> (N, 2)


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
) -> dict[str, Digits]:
    """`count` digits of each script, or as many as all of them have.

    DataError for data that cannot be had.
    """
    parts = {name: load_labelled(name, data_dir) for name in names}
    share = min(count, *(len(own.validation) + len(own.train) for own in parts.values()))
    return {name: _some(own, share, seed) for name, own in parts.items()}


def _some(parts: Parts, count: int, seed: int) -> Digits:
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
    digits: Mapping[str, Digits],
    judges: Mapping[str, Judge],
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
        near, _ = nearest_rows(codes[own], codes[~own], k)
        shares.append((labels[~own][near] == labels[own][:, None]).mean())
    return np.array(shares)


def _mixing(codes: np.ndarray, script: np.ndarray) -> float:
    rows = torch.from_numpy(codes)
    own = [torch.from_numpy(script == i) for i in range(script.max() + 1)]
    return float(np.mean([metrics.mixing(rows[each], rows[~each]) for each in own]))
