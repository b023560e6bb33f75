"""Draw a digit, see it in the other script while the pen still moves."""

from demo import board, component, page

if loaded := page.model_or_help():
    component.mount(
        board.NAME,
        board.data(loaded),
        key="translate",
        js=[*board.JS, "numbers/split.js"],
        css=board.CSS,
    )
