"""A handwriting translator between scripts: UNIT, one shared latent space, few labels."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from unit_core.translator import Translator

__all__ = ["Translator"]


def __getattr__(name: str) -> Any:
    """Import torch only once a translator is asked for: `--help` need not wait for it."""
    if name == "Translator":
        from unit_core.translator import Translator

        return Translator
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
