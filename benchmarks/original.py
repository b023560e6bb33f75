"""The student project this one comes from (semit, 2020), written plainly to measure its cost.

Layers and constants after its report: 32 x 32 pictures in [-1, 1], five stride-2 layers of 4 x 4, a
512-dimensional latent, batch 64. One step is the least it can be: encode both scripts, decode each
code to both, one update of the discriminators, one of the generator; no latent cycle.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

BATCH = 64
CHANNELS = (1, 32, 64, 128, 256, 512)


class Encoder(nn.Module):
    """(N, 1, 32, 32) -> mean and deviation, (N, 512, 1, 1) each."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for before, after in zip(CHANNELS, CHANNELS[1:], strict=False):
            layers += [nn.Conv2d(before, after, 4, 2, 1), nn.BatchNorm2d(after), nn.LeakyReLU(0.2)]
        self.body = nn.Sequential(*layers)
        self.mean, self.deviation = nn.Conv2d(512, 512, 1), nn.Conv2d(512, 512, 1)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        h = self.body(images)
        return self.mean(h), F.softplus(self.deviation(h))


class Decoder(nn.Sequential):
    """(N, 512, 1, 1) -> (N, 1, 32, 32)."""

    def __init__(self) -> None:
        sizes = (512, 256, 128, 64, 32)
        layers: list[nn.Module] = []
        for before, after in zip(sizes, sizes[1:], strict=False):
            layers += [
                nn.ConvTranspose2d(before, after, 4, 2, 1),
                nn.BatchNorm2d(after),
                nn.LeakyReLU(0.2),
            ]
        super().__init__(*layers, nn.ConvTranspose2d(32, 1, 4, 2, 1), nn.Tanh())


class Discriminator(nn.Module):
    """(N, 1, 32, 32) -> real or fake (N, 1), class logits (N, 10)."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for before, after in zip(CHANNELS, CHANNELS[1:], strict=False):
            layers += [nn.Conv2d(before, after, 4, 2, 1), nn.LeakyReLU(0.2), nn.Dropout(0.5)]
        self.body = nn.Sequential(*layers, nn.Flatten())
        self.realness, self.classes = nn.Linear(512, 1), nn.Linear(512, 10)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        h = self.body(images)
        return self.realness(h), self.classes(h)


class Original:
    """Its networks and optimisers for two scripts, and `step()`."""

    def __init__(self) -> None:
        self.encoders = nn.ModuleList([Encoder(), Encoder()])
        self.decoders = nn.ModuleList([Decoder(), Decoder()])
        self.discriminators = nn.ModuleList([Discriminator(), Discriminator()])
        generator = [*self.encoders.parameters(), *self.decoders.parameters()]
        self.generator = torch.optim.Adam(generator, 2e-4, (0.5, 0.999))
        self.discriminator = torch.optim.Adam(self.discriminators.parameters(), 2e-4, (0.5, 0.999))

    def step(self, images: list[Tensor], labels: list[Tensor]) -> None:
        """One update of all networks on a pair of batches (N, 1, 32, 32), (N,)."""
        posteriors = [encode(x) for encode, x in zip(self.encoders, images, strict=True)]
        codes = [mean + deviation * torch.randn_like(mean) for mean, deviation in posteriors]
        own = [self.decoders[i](codes[i]) for i in range(2)]
        made = [self.decoders[i](codes[1 - i]) for i in range(2)]  # of script i, from the other

        self.discriminator.zero_grad()
        loss = torch.zeros(())
        for i in range(2):
            real, classes = self.discriminators[i](images[i])
            fake, _ = self.discriminators[i](made[i].detach())
            loss = loss + F.binary_cross_entropy_with_logits(real, torch.ones_like(real))
            loss = loss + F.binary_cross_entropy_with_logits(fake, torch.zeros_like(fake))
            loss = loss + F.cross_entropy(classes, labels[i])
        loss.backward()
        self.discriminator.step()

        self.generator.zero_grad()
        loss = torch.zeros(())
        for i in range(2):
            mean, deviation = posteriors[i]
            kl = 0.5 * (mean**2 + deviation**2 - 1 - 2 * (deviation + 1e-6).log())
            fake, classes = self.discriminators[i](made[i])
            loss = loss + F.binary_cross_entropy_with_logits(fake, torch.ones_like(fake))
            loss = loss + F.cross_entropy(classes, labels[1 - i])
            loss = loss + 0.001 * kl.sum() / len(mean)
            loss = loss + 0.01 * (own[i] - images[i]).square().sum() / len(mean)
        loss.backward()
        self.generator.step()
