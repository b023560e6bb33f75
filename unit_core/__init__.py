"""A handwriting translator between scripts: UNIT, one shared latent space, few labels."""

from unit_core.translator import Translator

__all__ = ["Translator"]
