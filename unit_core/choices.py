"""A choice of labels: as train.py's --labels has it, as a checkpoint tells it, as people say it."""

import math
import re
from decimal import Decimal

CHOSEN = "chosen"  # in place of a share, such as "1%": those that a folder holds
# As train.py's --labels has them, fewest first, and in words.
LABELS = {
    "0": "none",
    "1-per-class": "ten, one a class",
    "1%": "1 %",
    "5%": "5 %",
    "10%": "10 %",
    "100%": "all",
}


def asked_for(labels: str) -> bool:
    """Whether they are those that a model with fewer was unsure of, not drawn by chance."""
    return labels.endswith(CHOSEN)


def words_of(labels: str) -> str:
    """A choice of labels for people."""
    if asked_for(labels):
        count = labels.removesuffix(CHOSEN).strip()
        return f"{int(count):,} asked for" if count else "asked for"
    return LABELS.get(labels, labels.replace("%", " %"))


def canonical(spec: str) -> str:
    """A choice of labels as everything else spells it: "5.0 %" -> "5%", "0%" -> "0".

    ValueError as `parse_share`.
    """
    share, count = parse_share(spec)
    if count or not share:
        return f"{count}-per-class" if count else "0"
    return f"{Decimal(spec.strip(' %')).normalize():f}%"


def parse_share(spec: str) -> tuple[float, int]:
    """ "5%" -> (0.05, 0); "3-per-class" -> (0, 3); "0" -> (0, 0). ValueError for another text."""
    text = spec.strip()
    if text == "0":
        return 0.0, 0
    if match := re.fullmatch(r"(\d+(?:\.\d+)?) ?%", text):
        if (percent := float(match[1])) <= 100:
            return percent / 100, 0
    elif match := re.fullmatch(r"([1-9]\d*)-per-class", text):
        return 0.0, int(match[1])
    hint = f" (did you mean '{text}%' or '{text}-per-class'?)" if text.isdecimal() else ""
    raise ValueError(
        f"labels {spec!r} not understood{hint}: say 0, a percentage from 0% to 100%, such as 1%, "
        "or a count such as 3-per-class"
    )


def amount(labels: str) -> float:
    """How much a choice of labels is, to order by: the share of all, counts a class first."""
    try:
        share, count = parse_share(labels)
    except ValueError:
        return math.inf
    return share or count * 1e-5


def matched(labels: str) -> bool:
    """Whether there were none, so that groups must be matched to digits before one can count."""
    return labels == "0"
