"""Where boxes on a page stand to each other: beside, above, in lines."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

import numpy as np


class Standing(Protocol):
    """What has its place in the straightened page."""

    @property
    def left(self) -> int: ...
    @property
    def top(self) -> int: ...
    @property
    def right(self) -> int: ...
    @property
    def bottom(self) -> int: ...


T = TypeVar("T", bound=Standing)


def across(one: Standing, other: Standing) -> float:
    """How much of the narrower stands above or below the other; negative for a gap."""
    shared = min(one.right, other.right) - max(one.left, other.left)
    return shared / min(one.right - one.left, other.right - other.left)


def along(one: Standing, other: Standing) -> float:
    """How much of the lower stands beside the other."""
    shared = min(one.bottom, other.bottom) - max(one.top, other.top)
    return shared / min(one.bottom - one.top, other.bottom - other.top)


def gap_between(one: Standing, other: Standing) -> int:
    """Pixels of paper between two boxes; 0 or less where they meet."""
    return max(
        max(one.left, other.left) - min(one.right, other.right),
        max(one.top, other.top) - min(one.bottom, other.bottom),
    )


def tall_around(line: Sequence[Standing]) -> list[float]:
    """How tall digits are about each of a line: numbers of any size may share one."""
    heights = np.array([each.bottom - each.top for each in line])
    middles = np.array([(each.left + each.right) / 2 for each in line])
    found = []
    for each, middle in zip(line, middles, strict=True):
        about = np.abs(middles - middle) < 5 * max(each.bottom - each.top, each.right - each.left)
        found.append(float(np.percentile(heights[about], 80)))
    return found


def in_lines(standing: Sequence[T]) -> list[list[T]]:
    """What stands side by side is a line, however far apart: a table's rows are."""
    lines: list[list[T]] = []
    for each in sorted(standing, key=lambda each: each.left):
        near = [(_apart(line, each), line) for line in lines]
        apart, line = min(near, key=lambda pair: pair[0], default=(1.0, []))
        if apart < 0.5:
            line.append(each)
        else:
            lines.append([each])
    lines.sort(key=lambda line: sum(_middle(each) for each in line) / len(line))
    return lines


def _middle(each: Standing) -> float:
    return (each.top + each.bottom) / 2


def _apart(line: Sequence[Standing], piece: Standing) -> float:
    """How far a piece is above or below the end of a line, in heights of the taller."""
    last = line[-4:]
    height = max(each.bottom - each.top for each in [piece, *last])
    return abs(_middle(piece) - sum(map(_middle, last)) / len(last)) / height
