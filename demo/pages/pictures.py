"""A picture of numbers: every digit found, read, and rewritten where it stands."""

from demo import board, component, page, page_api
from unit_core.pictures import MAX_PIXELS
from unit_core.reading import DOUBTFUL

if loaded := page.model_or_help():
    component.mount(
        "pictures/reader",
        {
            "scripts": board.scripts(loaded),
            "types": list(page_api.TYPES),
            "megabytes": page_api.MAX_FILE // 2**20,
            "megapixels": MAX_PIXELS // 1_000_000,
            "doubtful": DOUBTFUL,
        },
        key="pictures",
        js=[
            *("canvas/stage.js", "canvas/pad.js", "canvas/server.js", "canvas/take.js"),
            *("pictures/samples.js", "pictures/reading.js", "pictures/bringing.js"),
            *("pictures/boxes.js", "pictures/lines.js", "pictures/editor.js", "pictures/view.js"),
        ],
        css=["paper.css"],
    )
