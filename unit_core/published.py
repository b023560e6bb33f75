"""What others have published on these data sets: the figures to stand beside ours.

Accuracies are in per cent, Fowlkes-Mallows scores in [0, 1]; test sets are "mnist", "kannada" and
"dig", as in `unit_core.domains.TEST_SETS`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Source:
    """Who published a figure: as one cites it, and where it can be read, if anywhere."""

    citation: str
    url: str | None = None


@dataclass(frozen=True)
class Original:
    """What the student project that this one follows reached with its own `labels` of Kannada.

    Read by the discriminator that had trained the generator, from sampled codes; "kannada" and
    "dig" once translated into MNIST, "mnist" as it is: the other way was never measured. `about`
    marks figures that are known roughly; the Fowlkes-Mallows scores all are.
    """

    labels: str
    accuracy: Mapping[str, float]
    fowlkes_mallows: Mapping[str, float]
    about: bool = False


@dataclass(frozen=True)
class Published:
    """Accuracies of other methods, by test set; `how` says in a phrase what they learnt from."""

    method: str
    how: str
    accuracy: Mapping[str, float]
    source: Source
    best: Mapping[str, float] = field(default_factory=dict)  # of several runs, where published


ORIGINAL_SOURCE = Source("semit, 2020")
ORIGINAL = {
    row.labels: row
    for row in (
        Original(
            "0",
            {"mnist": 99, "kannada": 3, "dig": 3},
            {"kannada": 0.49, "dig": 0.31},
            about=True,
        ),
        Original(
            "1%",
            {"mnist": 98.95, "kannada": 88.16, "dig": 59.49},
            {"kannada": 0.78, "dig": 0.42},
        ),
        Original(
            "5%",
            {"mnist": 99.03, "kannada": 91.64, "dig": 67.71},
            {"kannada": 0.84, "dig": 0.50},
        ),
        Original(
            "10%",
            {"mnist": 99.19, "kannada": 94.37, "dig": 70.49},
            {"kannada": 0.89, "dig": 0.52},
        ),
        Original(
            "100%",
            {"mnist": 99.09, "kannada": 96.45, "dig": 76.12},
            {"kannada": 0.93, "dig": 0.59},
        ),
    )
}

# Classifiers only: they read digits and translate nothing.
CLASSIFIERS = (
    Published(
        "convolutional network",
        "all labels",
        {"kannada": 96.8, "dig": 76.1},
        Source("Prabhu 2019", "https://arxiv.org/abs/1908.01242"),
    ),
    Published(
        "EffKannadaRes-NeXt",
        "all labels",
        {"kannada": 97.8, "dig": 82.1},
        Source("EffKannadaRes-NeXt 2021", "https://doi.org/10.1007/s11042-021-10797-0"),
    ),
    Published(
        "capsule networks",
        "all labels, augmented",
        {"kannada": 98.52, "dig": 91.09},
        Source("Utkarsh87, README on GitHub"),
    ),
)

# Clusterings without a label, matched to the classes afterwards.
CLUSTERINGS = (
    Published(
        "IIC",
        "no labels",
        {"mnist": 98.4},
        Source("Ji et al. 2019", "https://arxiv.org/abs/1807.06653"),
        best={"mnist": 99.2},
    ),
    Published(
        "VaDE",
        "no labels",
        {"mnist": 94.5},
        Source("Jiang et al. 2017", "https://arxiv.org/abs/1611.05148"),
    ),
)

# UNIT itself, between data sets of the same ten digits, without labels of the second: the class
# is read by its target's discriminator. Keys say from where to where.
UNIT = Published(
    "UNIT",
    "labels of the first data set only",
    {"MNIST -> USPS": 95.97, "USPS -> MNIST": 93.58, "SVHN -> MNIST": 90.53},
    Source("Liu et al. 2017", "https://arxiv.org/abs/1703.00848"),
)
