"""Ten colours for ten digits, told apart with any kind of colour vision, in both themes.

Found by a search for the largest least distance in OKLab, over normal vision and simulated protan-,
deuteran- and tritanopia (Machado et al. 2009), among colours with a contrast of 3 or more against
the page's sheets. tests/test_atlas.py holds them to it.
"""

LIGHT = (
    "#3c96ff", "#c3871e", "#785ad2", "#008769", "#870000",
    "#a587b4", "#002d96", "#c33c0f", "#694b78", "#5a0f5a",
)  # fmt: skip
DARK = (
    "#5a69c3", "#c3780f", "#a596ff", "#1ed2a5", "#b44b5a",
    "#b4d2ff", "#0096a5", "#ffe169", "#87ffd2", "#c3b42d",
)  # fmt: skip
