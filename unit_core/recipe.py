"""The recipe of a training: what each loss weighs, how long, how fast, how digits are changed."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from unit_core import augment

LARGEST_SEED = 2**32  # that with any step makes a generator's seed
SPREADING = 2.0  # minutes of reading from which on it is worth a core's half minute


@dataclass(frozen=True)
class LossWeights:
    """Weights against one nat of reconstruction."""

    kl: float = 0.5  # of the codes of a digit, of its warped twin and of its rough one
    classes: float = 20.0  # of the same
    centre: float = 5.0
    confusion: float = 20.0
    gan: float = 1.4
    made_classes: float = 7.0  # of a translation, by discriminator and by re-encoding
    cycle: float = 5.0
    equivariance: float = 27.0
    passage: float = 7.0  # that what nobody wrote is read as the nearer digit
    style: float = 10.0
    hand: float = 1.0  # while only reading is learnt: to see a clean digit's in a soiled one
    realness: float = 0.1  # the same: to find a picture as real as before, while classes are learnt


@dataclass(frozen=True)
class TrainConfig:
    """All that decides the weights, besides the architecture and the data."""

    labels: Mapping[str, str] = field(default_factory=lambda: {"mnist": "100%", "kannada": "100%"})
    seed: int = 0
    steps: int | None = 20_000  # ends and schedules the run; or else:
    max_minutes: float | None = None  # progress is then the share of the time that has gone
    batch: int = 32  # digits a script and step, over all processes; seen clean, warped, rough
    learning_rate: float = 2e-3
    critic_pace: float = 0.25  # the critics' learning rate, in the generator's, while they play
    ema: float = 0.999
    warmup: float = 0.25  # share of the run before the scripts meet: autoencoders and classes only
    reading: float = 0.25  # share of the run, its last, in which only reading is learnt
    reading_rate: float = 5e-4  # the encoders' peak learning rate there
    critic_reading_rate: float = 2e-3  # the discriminators', which no game restrains there
    confident: float = 0.9  # belief at which the teacher's label counts
    ranges: augment.Ranges = augment.Ranges(
        scale=(0.75, 1.1), stretch=(0.75, 1.8), shift=2.0, bend=0.05
    )
    rough: augment.Ranges = augment.Ranges(  # scale and shift: against dirt, before it is cut out
        rotate=0.25,
        shear=0.4,
        scale=(0.6, 1.1),
        stretch=(0.7, 1.9),
        shift=2.5,
        weight=0.7,
        bend=0.07,
    )
    gentle: augment.Ranges = augment.Ranges(
        rotate=0.1, shear=0.1, scale=(0.95, 1.05), stretch=(0.95, 1.1), shift=1.0, weight=0.0
    )
    weights: LossWeights = LossWeights()

    @property
    def spreads(self) -> bool:
        """Whether there is time, before the reading, to spread labels to all digits on a CPU."""
        minutes = self.max_minutes
        return self.reading > 0 and (minutes is None or self.reading * minutes >= SPREADING)

    def __post_init__(self) -> None:
        if (self.steps is None) == (self.max_minutes is None):
            raise ValueError("give a number of steps or of minutes, one of the two")
        for name, value in (("steps", self.steps), ("max_minutes", self.max_minutes)):
            if value is not None and not 0 < value < math.inf:
                raise ValueError(f"{name} must be above 0, and have an end, not {value}")
        if not 0 <= self.seed < LARGEST_SEED:
            raise ValueError(f"seed must lie between 0 and {LARGEST_SEED - 1}, not {self.seed}")
        if self.batch < 4:
            raise ValueError(f"batch must be 4 or more, not {self.batch}")
        if not 0 < self.learning_rate < 1:
            raise ValueError(f"learning_rate must lie between 0 and 1, not {self.learning_rate}")
        if not 0 <= self.reading <= 1:
            raise ValueError(f"reading is a share of the run, from 0 to 1, not {self.reading}")
        if self.warmup and self.reading and self.warmup + self.reading >= 1:
            raise ValueError(
                f"with {self.reading} of the run for reading alone and {self.warmup} before the "
                "scripts meet, no time is left in which they do: begin with another run, or take "
                "less"
            )

    def check_shares(self, processes: int) -> None:
        """ValueError unless a batch goes to so many processes in equal shares of pairs."""
        if processes > 1 and self.batch % (2 * processes):
            raise ValueError(
                f"a batch of {self.batch} does not go to {processes} processes in equal shares of "
                f"pairs: make it a multiple of {2 * processes}"
            )


def learning_rate_factor(progress: float) -> float:
    """Linear over the first 2 %, then a half cosine down to 2 % of the peak."""
    return min(progress / 0.02 + 1e-3, 0.51 + 0.49 * math.cos(math.pi * min(progress, 1.0)))
