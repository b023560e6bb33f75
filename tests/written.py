"""Numbers as the page's own examples are written, on paper: pictures whose digits are known."""

import json

from PIL import Image, ImageDraw

from demo import board

EXAMPLES = json.loads(board.EXAMPLES.read_text(encoding="utf-8"))


def paper(*lines: tuple[str, str], size: int = 90) -> Image.Image:
    """A sheet with lines of (script, number), digits `size` pixels tall."""
    across, down = round(1.25 * size), 2 * size
    longest = max((len(number) for _, number in lines), default=1)
    sheet = Image.new("RGB", (across * (longest + 1), down * len(lines)), "#f4f1e8")
    pen = ImageDraw.Draw(sheet)
    for row, (script, number) in enumerate(lines):
        for column, digit in enumerate(number):
            for stroke in EXAMPLES[script][int(digit)] if digit.isdigit() else ():
                points = [
                    (across * (0.6 + column) + x * size / 100, down * (0.25 + row) + y * size / 100)
                    for x, y in stroke
                ]
                pen.line(points, "#222a55", max(3, size // 11), joint="curve")
    return sheet
