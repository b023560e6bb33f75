"""A checkpoint with a map, made in a second: an untrained model and scribbles for digits."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw

from unit_core import Translator, cartography
from unit_core.atlas import Atlas
from unit_core.checkpoint import ATLAS, fingerprint
from unit_core.data import Digits
from unit_core.networks import ModelConfig

COUNT = 150  # scribbles a script


class Guess:
    """A judge that reads every picture as a 3."""

    def classify(self, images):
        return torch.eye(10)[torch.full((len(images),), 3)]


def scribbles(count: int = COUNT, seed: int = 0) -> Digits:
    """Random strokes, labelled in turn 0 to 9."""
    random = np.random.default_rng(seed)
    images = []
    for _ in range(count):
        picture = Image.new("L", (28, 28))
        points = [tuple(point) for point in random.integers(4, 24, (4, 2)).tolist()]
        ImageDraw.Draw(picture).line(points, fill=255, width=int(random.integers(1, 5)))
        images.append(np.asarray(picture))
    return Digits(torch.from_numpy(np.stack(images)), torch.arange(count) % 10)


def flat(first: int) -> cartography.Embed:
    """Two principal components in the place of t-SNE and UMAP, which take their time."""

    def embed(codes: np.ndarray, seed: int) -> np.ndarray:
        centred = codes - codes.mean(0)
        axes = np.linalg.svd(centred, full_matrices=False)[2]
        return centred @ axes[first : first + 2].T

    return embed


EMBEDDINGS = {"tsne": flat(0), "umap": flat(1)}


def tiny_model() -> Translator:
    torch.manual_seed(0)
    return Translator(ModelConfig(latent_dim=12, width=8, hidden=32))


def tiny_atlas(translator: Translator, weights: str = "") -> Atlas:
    digits = {name: scribbles(seed=i) for i, name in enumerate(translator.domains)}
    return cartography.make(translator, digits, {"kannada": Guess()}, 0, weights, EMBEDDINGS)  # type: ignore[dict-item]


def tiny_checkpoint(folder: Path) -> Atlas:
    """Save the model and its map into `folder`; the map."""
    translator = tiny_model()
    translator.save(folder)
    made = tiny_atlas(Translator.load(folder), fingerprint(folder))
    made.save(folder / ATLAS)
    return made
