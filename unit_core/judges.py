"""Independent classifiers of real digits: the report's baselines, and referees of translations.

A judge has seen the real digits of one script and nothing else: no translation, no other script.
"""

import copy
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from unit_core import augment, checkpoint, metrics
from unit_core.data import DataError, Digits, load_labelled, load_test
from unit_core.domains import CLASSES, DOMAINS, TEST_SETS
from unit_core.translator import as_images

FOLDER = Path(__file__).resolve().parents[1] / "checkpoints" / "judges"
BATCH = 128


@dataclass(frozen=True)
class Recipe:
    """How a judge is trained; a schedule of `epochs`, but of `least` steps however few the digits,
    shortened to fit `minutes` if given."""

    epochs: int = 8
    least: int = 600
    minutes: float | None = None
    seed: int = 0
    peak_rate: float = 4e-3
    weight_decay: float = 0.05
    label_smoothing: float = 0.05
    ranges: augment.Ranges = augment.Ranges(
        shear=0.3, scale=(0.8, 1.1), stretch=(0.8, 1.5), shift=2.0, bend=0.06
    )


class Network(nn.Module):
    """Convolutions 32-64-128-256, dropout, dense 512 x 10, as the original report's baseline."""

    def __init__(self) -> None:
        super().__init__()

        def finish(channels: int) -> list[nn.Module]:
            return [nn.BatchNorm2d(channels), nn.ReLU()]

        # Pooling comes first: the normalisation then has a quarter of the work.
        self.body = nn.Sequential(
            nn.Conv2d(1, 32, 3, padding=1), nn.MaxPool2d(2), *finish(32),  # (N, 32, 14, 14)
            nn.Conv2d(32, 64, 3, padding=1), nn.MaxPool2d(2), *finish(64),  # (N, 64, 7, 7)
            nn.Conv2d(64, 128, 3, padding=1), *finish(128),  # (N, 128, 7, 7)
            nn.Conv2d(128, 256, 3, stride=2), *finish(256),  # (N, 256, 3, 3)
            nn.Flatten(), nn.Dropout(0.4),
            nn.Linear(256 * 3 * 3, 512, bias=False), nn.BatchNorm1d(512), nn.ReLU(),
        )  # fmt: skip
        self.head = nn.Sequential(nn.Dropout(0.4), nn.Linear(512, CLASSES))

    def forward(self, images: Tensor) -> Tensor:
        """(N, 1, 28, 28) in [0, 1] -> class logits (N, 10)."""
        return self.head(self.body(images))


class Judge:
    """A trained classifier of one script's real digits."""

    def __init__(self, domain: str, network: Network) -> None:
        self.domain = domain
        self.network = network.eval()

    @classmethod
    def load(cls, domain: str, folder: Path = FOLDER) -> "Judge":
        """Load the judge of `domain` from the folder `folder`/`domain`.

        Raises FileNotFoundError if that script has no judge, CheckpointError for a damaged one.
        """
        path = Path(folder) / domain / checkpoint.WEIGHTS
        if not path.is_file():
            raise FileNotFoundError(
                f"no judge of {domain!r} in {path.parent}; "
                f"train one with `python -m unit_core judges --domain {domain}`"
            )
        network = Network()
        checkpoint.load_into(network, checkpoint.read_tensors(path), path)
        return cls(domain, network)

    def renamed(self, names: Tensor) -> "Judge":
        """The same judge, which calls class c `names[c]`, a permutation (10,)."""
        network = copy.deepcopy(self.network)
        last = cast(nn.Linear, network.head[-1])
        order = names.argsort()  # which class is called so
        last.weight.data, last.bias.data = last.weight.data[order], last.bias.data[order]
        return Judge(self.domain, network)

    @torch.inference_mode()
    def features(self, images: Any) -> Tensor:
        """Penultimate features (N, 512), >= 0, of `images` as `translator.as_images` takes them."""
        batches = as_images(images).contiguous(memory_format=torch.channels_last).split(500)
        return torch.cat([self.network.body(batch) for batch in batches])

    @torch.inference_mode()
    def classify(self, images: Any) -> Tensor:
        """Class probabilities (N, 10) of `images` as `translator.as_images` takes them."""
        return self.network.head(self.features(images)).softmax(1)


def train(
    domain: str, recipe: Recipe, data_dir: Path | None = None, folder: Path = FOLDER
) -> dict[str, float]:
    """Train and save the judge of `domain`; return its accuracies in per cent, by set.

    It learns from the training part alone; the recipe was chosen on held-out writers of the
    training set, and each test set is looked at once, at the end.
    """
    # All data first: what is missing should fail now, not after the training.
    names = TEST_SETS if domain in DOMAINS else [domain]
    try:
        tests = {name: load_test(name, data_dir) for name in names}
    except DataError:
        if domain in DOMAINS:
            raise
        tests = {}  # a script of one's own may have no test set
    parts = load_labelled(domain, data_dir)
    start = time.monotonic()
    # Shipped in half precision: round first, so that the accuracies are of what is shipped.
    judge = Judge(domain, fit(parts.train, recipe).half().float())
    minutes = (time.monotonic() - start) / 60
    accuracies = {
        name: accuracy(judge, digits)
        for name, digits in {"validation": parts.validation, **tests}.items()
    }
    save(
        judge,
        {
            "domain": domain,
            "accuracy": accuracies,
            "recipe": asdict(recipe),
            "minutes": round(minutes, 1),
            "trained_on": len(parts.train),
            "digests": parts.train.digests,
            "torch": torch.__version__,
        },
        folder,
    )
    return accuracies


def fit(digits: Digits, recipe: Recipe) -> Network:
    """Train a network on `digits` (uint8 in memory); deterministic unless cut by minutes."""
    torch.set_flush_denormal(True)  # vanishing numbers cost a CPU much time
    torch.manual_seed(recipe.seed)
    network = Network().to(memory_format=torch.channels_last).train()
    optimiser = torch.optim.AdamW(
        network.parameters(), betas=(0.9, 0.99), weight_decay=recipe.weight_decay, fused=True
    )
    steps = max(recipe.least, recipe.epochs * (len(digits) // BATCH))
    start = time.monotonic()
    for step, (images, labels) in enumerate(_shuffled(digits)):
        elapsed = time.monotonic() - start
        progress = max(step / steps, elapsed / (60 * recipe.minutes) if recipe.minutes else 0)
        if progress >= 1:
            break
        optimiser.param_groups[0]["lr"] = recipe.peak_rate * one_cycle(progress)
        changed = augment.warp(images, augment.sample(recipe.ranges, len(images)))
        logits = network(changed.contiguous(memory_format=torch.channels_last))
        loss = F.cross_entropy(logits, labels, label_smoothing=recipe.label_smoothing)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if step % 100 == 0:
            print(f"step {step}/{steps}  {elapsed:.0f} s  loss {loss.item():.3f}", flush=True)
    return network


def one_cycle(progress: float) -> float:
    """Share of the peak learning rate at `progress` in [0, 1]: up for a fifth, then down to 0."""
    return min(progress / 0.2, (1 - progress) / 0.8)


def accuracy(judge: Judge, digits: Digits) -> float:
    """Per cent of `digits` that the judge reads right."""
    return round(metrics.accuracy(judge.classify(digits.images).argmax(1), digits.labels), 2)


def save(judge: Judge, config: dict[str, Any], folder: Path = FOLDER) -> None:
    """Write a judge's weights (half precision) and config into the folder `folder`/`domain`."""
    place = Path(folder) / judge.domain
    place.mkdir(parents=True, exist_ok=True)
    state = judge.network.state_dict()
    halves = {name: t.half() if t.is_floating_point() else t for name, t in state.items()}
    checkpoint.write_tensors(place / checkpoint.WEIGHTS, halves, {"format": "unit-judge/1"})
    checkpoint.write_json(place / checkpoint.CONFIG, config)


def _shuffled(digits: Digits) -> Iterator[tuple[Tensor, Tensor]]:
    """Endless batches of floats (B, 1, 28, 28) and labels (B,), reshuffled each epoch."""
    size = min(BATCH, len(digits))
    while True:
        for batch in torch.randperm(len(digits)).split(size):
            if len(batch) == size:
                yield digits.images[batch, None].float() / 255, digits.labels[batch]
