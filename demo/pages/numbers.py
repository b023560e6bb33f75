"""Write a whole number, see it in the other script, digit by digit in its place."""

from demo import board, component, page

if loaded := page.model_or_help():
    component.mount(
        "numbers/number",
        {
            "scripts": board.scripts(loaded),
        },
        key="numbers",
        js=[
            *("canvas/stage.js", "canvas/pad.js", "canvas/tools.js", "canvas/take.js"),
            *("canvas/digit.js", "canvas/server.js", "numbers/split.js"),
        ],
        css=["paper.css", "canvas/tools.css"],
    )
