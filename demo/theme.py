"""The colours and types of .streamlit/config.toml, for pages that Streamlit does not make."""

import tomllib
from typing import Any, Literal

from demo.model import ROOT


def variables(mode: Literal["light", "dark"]) -> str:
    """CSS declarations by the names that Streamlit gives them, such as --st-text-color."""
    config = tomllib.loads((ROOT / ".streamlit/config.toml").read_text("utf-8"))["theme"]
    values: dict[str, Any] = config | config[mode]
    named = {name: value for name, value in values.items() if isinstance(value, str)}
    return " ".join(f"--st-{_kebab(name)}: {value};" for name, value in named.items())


def _kebab(name: str) -> str:
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name)
