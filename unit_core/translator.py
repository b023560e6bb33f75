"""The public face: a trained model that encodes, decodes, translates and classifies digits."""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from unit_core import checkpoint, hub
from unit_core.domains import CLASSES, SIDE, Domain, check_known, scripts_of
from unit_core.ink import eight_bits
from unit_core.networks import (
    Discriminator,
    Generator,
    ModelConfig,
    Posterior,
    class_means,
    picture,
)
from unit_core.provenance import Provenance


class _Networks(nn.Module):
    """What a checkpoint holds: the generator and each script's discriminator."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.generator = Generator(config)
        self.discriminators = nn.ModuleDict(
            {name: Discriminator(config) for name in config.domains}
        )


@dataclass(frozen=True)
class Opinion:
    """A discriminator's: `realness` (N,), above 0 for real; `probabilities` (N, 10)."""

    realness: Tensor
    probabilities: Tensor


def as_images(images: Any, device: torch.device | str = "cpu") -> Tensor:
    """Anything sensible -> float32 (N, 1, 28, 28) in [0, 1], ink = 1.

    Takes uint8 (0-255) or float (0-1) arrays and tensors of shape (28, 28), (N, 28, 28) or
    (N, 1, 28, 28), a PIL image, or a list of such. ValueError for other shapes and ranges.
    """
    if isinstance(images, str | Path):
        raise ValueError(
            f"{str(images)!r} is a path, not a picture: "
            f"unit_core.ink: to_digit(ink_of(PIL.Image.open({str(images)!r}))) makes a digit of it"
        )
    if hasattr(images, "convert"):  # a PIL image
        images = np.asarray(eight_bits(images).convert("L"))
    if isinstance(images, list | tuple):
        if not images:
            raise ValueError("no images: the list is empty")
        return torch.cat([as_images(image, device) for image in images])
    tensor = images if isinstance(images, Tensor) else torch.from_numpy(np.array(images))
    tensor = tensor.detach().to(device)
    shape = tuple(tensor.shape)
    if tensor.dim() == 2:
        tensor = tensor[None]
    if tensor.dim() == 3:
        tensor = tensor[:, None]
    if tensor.dim() != 4 or tensor.shape[1:] != (1, SIDE, SIDE):
        raise ValueError(
            f"images must be (28, 28), (N, 28, 28) or (N, 1, 28, 28), not {shape}; "
            "unit_core.ink: to_digit(ink_of(picture)) makes a 28 x 28 digit of any PIL picture"
        )
    if tensor.dtype == torch.uint8:
        return tensor.float() / 255
    kind, tensor = str(tensor.dtype).removeprefix("torch."), tensor.float()
    if tensor.numel() and not (tensor.min() >= 0 and tensor.max() <= 1):  # also refuses NaN
        raise ValueError(
            "images are uint8 (0 to 255) or values in [0, 1], ink the highest; "
            f"these are {kind} from {tensor.min():.3g} to {tensor.max():.3g}"
        )
    return tensor


class Translator:
    """Digits of one script in another, through the shared latent space; posterior means.

    All results are float32 tensors without gradients on `device`.
    """

    def __init__(
        self, config: ModelConfig, provenance: Provenance | None = None, device: str = "cpu"
    ) -> None:
        self.config = config
        self.provenance = provenance or Provenance()
        self.folder: Path | None = None  # that it was loaded from
        self.device = torch.device(device)
        networks = _Networks(config).to(self.device).eval().requires_grad_(False)
        # In this layout of pixels a CPU's convolutions and pooling take less than half the time.
        self.networks = networks.to(memory_format=torch.channels_last)

    @classmethod
    def load(cls, folder: str | Path, device: str = "cpu") -> "Translator":
        """Read a checkpoint folder, or that of a finished run; of text such as user/name, where
        there is no such folder, from the Hugging Face Hub. CheckpointError says what is wrong."""
        if isinstance(folder, str) and not Path(folder).exists() and hub.is_id(folder):
            folder = hub.fetch(folder)
        folder = checkpoint.finished(Path(folder))
        config, provenance = checkpoint.read_config(folder)
        translator = cls(config, provenance, device)
        translator.folder = folder
        weights = folder / checkpoint.WEIGHTS
        checkpoint.load_into(translator.networks, checkpoint.read_tensors(weights), weights)
        return translator

    def save(self, folder: str | Path) -> None:
        """Write a checkpoint folder."""
        checkpoint.save(Path(folder), self.networks, self.config, self.provenance)

    def push_to_hub(
        self, repository: str, *, private: bool = False, token: str | None = None
    ) -> str:
        """Upload to `user/name` on the Hugging Face Hub, with a card; the commit's address.

        With the results, the scale and the labels that were chosen, if it was loaded from a folder
        that has them.
        """
        with tempfile.TemporaryDirectory() as parent:
            folder = Path(parent) / repository.rpartition("/")[2]
            self.save(folder)
            for name in hub.BESIDE:
                if self.folder is not None and (self.folder / name).exists():
                    shutil.copy(self.folder / name, folder)
            return hub.push(folder, repository, private=private, token=token)

    @property
    def domains(self) -> tuple[str, ...]:
        """The scripts it knows, by name."""
        return self.config.domains

    @property
    def scripts(self) -> dict[str, Domain]:
        """What its scripts are, by name."""
        return scripts_of(self.domains, self.provenance.scripts)

    @torch.inference_mode()
    def posterior(self, images: Any, domain: str) -> Posterior:
        """q(z|x): mean and std, (N, latent_dim) each."""
        generator, pictures = self.networks.generator, as_images(images, self.device)
        check_known(domain, self.domains)
        parts = [generator.encode(batch, domain) for batch in pictures.split(512)]
        return Posterior(
            torch.cat([part.mean for part in parts]), torch.cat([part.std for part in parts])
        )

    def encode(self, images: Any, domain: str) -> Tensor:
        """Posterior means, (N, latent_dim)."""
        return self.posterior(images, domain).mean

    @torch.inference_mode()
    def features(self, images: Any, domain: str) -> Tensor:
        """What posteriors are read from, (N, hidden): digits that the encoder finds alike lie in
        the same direction."""
        check_known(domain, self.domains)
        parts = as_images(images, self.device).split(512)
        return torch.cat([self.networks.generator.features(part, domain) for part in parts])

    @torch.inference_mode()
    def decode(self, z: Tensor, domain: str) -> Tensor:
        """Codes (N, latent_dim) -> pictures (N, 28, 28) in [0, 1]."""
        check_known(domain, self.domains)
        generator = self.networks.generator
        return torch.cat(
            [picture(generator.decode(part, domain))[:, 0] for part in self._codes(z).split(512)]
        )

    def all_digits(self, z: Tensor) -> Tensor:
        """Codes (N, latent_dim) -> all ten digits in each one's hand, (N, 10, latent_dim)."""
        codes = self._codes(z)
        digits = class_means(self.config)[:, :CLASSES].to(codes).expand(len(codes), -1, -1)
        return torch.cat([digits, codes[:, None, CLASSES:].expand(-1, CLASSES, -1)], dim=2)

    def translate(self, images: Any, source: str, target: str) -> Tensor:
        """Digits of `source` as `target` writes them: (N, 28, 28) in [0, 1]."""
        check_known(target, self.domains)
        return self.decode(self.encode(images, source), target)

    def reconstruct(self, images: Any, domain: str) -> Tensor:
        """Digits through their own script's encoder and decoder: (N, 28, 28) in [0, 1]."""
        return self.translate(images, domain, domain)

    @torch.inference_mode()
    def classify(self, images: Any, domain: str) -> Tensor:
        """p(y|z) at the posterior mean, the latent class head: (N, 10)."""
        return self.classify_codes(self.encode(images, domain))

    @torch.inference_mode()
    def classify_codes(self, z: Tensor) -> Tensor:
        """p(y|z) of codes (N, latent_dim): (N, 10)."""
        return self.networks.generator.class_logits(self._codes(z)).softmax(1)

    @torch.inference_mode()
    def discriminate(self, images: Any, domain: str) -> Opinion:
        """What the script's own discriminator says of pictures: real or made, which digit."""
        check_known(domain, self.domains)
        discriminator = self.networks.discriminators[domain]
        verdicts = [discriminator(part) for part in as_images(images, self.device).split(512)]
        return Opinion(
            torch.cat([verdict.realness for verdict in verdicts]),
            torch.cat([verdict.logits for verdict in verdicts]).softmax(1),
        )

    def _codes(self, z: Any) -> Tensor:
        """`z` on the device; ValueError unless it is (N, latent_dim)."""
        codes = torch.as_tensor(z, dtype=torch.float32, device=self.device)
        shape, width = tuple(codes.shape), self.config.latent_dim
        if len(shape) != 2 or shape[1] != width:
            raise ValueError(f"codes must be (N, {width}), not {shape}")
        return codes
