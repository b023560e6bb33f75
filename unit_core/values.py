"""What somebody's JSON holds, checked: to Python true and NaN are numbers, too."""

import functools
import json
import sys
from typing import Any, TypeGuard, TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

Kind = TypeVar("Kind")


def is_number(value: Any) -> TypeGuard[float]:
    """Whether `value` is a number that floats reach."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and abs(value) <= sys.float_info.max


def is_whole(value: Any) -> TypeGuard[int]:
    """Whether `value` is a whole number, written as one."""
    return isinstance(value, int) and not isinstance(value, bool)


def typed(kind: type[Kind], told: Any) -> Kind:
    """What JSON `told`, as a `kind`: a dataclass, say, by the types of its fields.

    What has no field is passed over. ValueError for what is missing, of another type or no finite
    number; it says where.
    """
    try:
        (value,) = _reader(kind).validate_json(json.dumps([told]))  # type: ignore[arg-type]
    except RecursionError:
        raise ValueError("it nests too deep") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        if first["type"] == "json_invalid":
            raise ValueError("it nests too deep, or holds broken text") from None
        place = ".".join(str(step) for step in first["loc"][1:]) or "it"
        if first["type"] == "missing":
            raise ValueError(f"{place} is missing") from None
        if first["type"] == "value_error":  # of a class's own check
            raise ValueError(f"{place}: {first['ctx']['error']}") from None
        words = first["msg"].replace("Input should be", "should be")
        raise ValueError(f"{place} {words}, not {_short(first['input'])}") from None
    return value


@functools.cache
def _reader(kind: Any) -> TypeAdapter[list[Any]]:
    # Of a list, since dataclasses take rules only from what they lie in.
    return TypeAdapter(list[kind], config=ConfigDict(strict=True, allow_inf_nan=False))


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 else f"{text[:37]}..."
