"""A choice of labels: as train.py's --labels has it, as a checkpoint tells it, as people say it."""

import math

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


def amount(labels: str) -> float:
    """How much a choice of labels is, to order by: the share of all, counts a class first."""
    text = labels.strip()
    try:
        if text.endswith("%"):
            return float(text[:-1]) / 100
        return float(text.removesuffix("-per-class")) * 1e-5
    except ValueError:
        return math.inf


def matched(labels: str) -> bool:
    """Whether there were none, so that groups must be matched to digits before one can count."""
    return labels == "0"
