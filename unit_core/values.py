"""Which values in somebody's JSON are numbers: to Python true and NaN are, too."""

import sys
from typing import Any, TypeGuard


def is_number(value: Any) -> TypeGuard[float]:
    """Whether `value` is a number that floats reach."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and abs(value) <= sys.float_info.max


def is_whole(value: Any) -> TypeGuard[int]:
    """Whether `value` is a whole number, written as one."""
    return isinstance(value, int) and not isinstance(value, bool)
