"""The colours and types of .streamlit/config.toml, for pages that Streamlit does not make."""

import tomllib
from collections.abc import Iterable
from typing import Any, Literal

from demo.component import colours
from demo.model import ROOT


def values(mode: Literal["light", "dark"]) -> dict[str, str]:
    """By the names that Streamlit gives them, such as --st-text-color."""
    config = tomllib.loads((ROOT / ".streamlit/config.toml").read_text("utf-8"))["theme"]
    named: dict[str, Any] = config | config[mode]
    return {f"--st-{_kebab(name)}": each for name, each in named.items() if isinstance(each, str)}


def variables(mode: Literal["light", "dark"]) -> str:
    """The `values` as CSS declarations."""
    return " ".join(f"{name}: {value};" for name, value in values(mode).items())


def sheet() -> str:
    """The `values` as a style sheet, light or dark as the browser is."""
    dark = f"@media (prefers-color-scheme: dark) {{ :root {{ {variables('dark')} }} }}"
    return f":root {{ {variables('light')} }}\n{dark}\n"


def inks(scripts: Iterable[str]) -> dict[str, str]:
    """The colour of each of the `scripts` of a model on light paper, as #rrggbb."""
    known = values("light")
    return {script: known[colour] for script, colour in colours(scripts).items()}


def _kebab(name: str) -> str:
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name)
