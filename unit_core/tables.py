"""Results as Markdown: what the README and docs/results.md show, from the rows of `reports`."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from unit_core.choices import LABELS, fair
from unit_core.published import ORIGINAL_SOURCE
from unit_core.reports import READERS, WAYS, Report, Row, classifiers, is_number

LOOKED = ("100%", "1%")  # the models whose looks are told


def summary(table: Sequence[Row]) -> str:
    """A line for each choice of labels: latent head / independent judge, in per cent.

    Of the test sets whose labels were chosen; classes are matched first where there were none.
    """
    ways = [way for way in WAYS if way.test != "mnist"]
    heads = " | ".join(f"{way.words} | original" for way in ways)
    lines = [f"| labels used | {heads} |", "|---" * (1 + 2 * len(ways)) + "|"]
    for row in table:
        cells = []
        for way in ways:
            cells += [_figures(row, way.test), _original(row, way.test)]
        lines.append(f"| {row.words} | {' | '.join(cells)} |")
    return "\n".join(lines)


def accuracies(table: Sequence[Row]) -> str:
    """All accuracies: a table for each test set, by labels and reader, beside the published."""
    parts = []
    for way in WAYS:
        test = way.test
        lines = [
            f"| {way.words}, labels used | latent head | own discriminator | independent judge "
            f"| original ({ORIGINAL_SOURCE.citation}) |",
            "|---|---|---|---|---|",
        ]
        for row in table:
            lines.append(_line(row.words, row, test, "accuracy"))
            if fair(row.labels) != "accuracy" and row.report:
                lines.append(_line(f"{row.words}, classes matched", row, test, fair(row.labels)))
        if real := _of_real(table, test):
            lines += ["", real]
        named = ", ".join(f"{m.source.citation} {m.accuracy[test]}" for m in classifiers(test))
        if named:
            lines += ["", f"Classifiers with all labels: {named}."]
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def _of_real(table: Sequence[Row], test: str) -> str:
    """How the own script's discriminators read the digits of `test` as they are; "" if unknown."""
    said = []
    for row in table:
        figure = row.report.real(test) if row.report else None
        if figure and (test == "mnist" or row.labels != "0"):  # nameless classes have any order
            told = row.original if test == "mnist" else None
            about = "about " if told and told.about else ""
            beside = f" (original {about}{told.accuracy[test]})" if told else ""
            said.append(f"{row.words}: {figure.text()}{beside}")
    if not said:
        return ""
    return f"Real digits, by their own discriminator, by labels used: {'; '.join(said)}."


LOOKS: tuple[tuple[str, tuple[tuple[str, ...], ...], str], ...] = (
    ("slant kept (rank correlation within a class)", (("looks", "hand_kept", "slant"),), ".2f"),
    (
        "ink, width to height, thickness, height kept",
        tuple(("looks", "hand_kept", k) for k in ("ink", "width_to_height", "thickness", "height")),
        ".2f",
    ),
    ("spread within a class, translated / real", (("looks", "diversity"),), ".2f"),
    ("Fréchet distance", (("looks", "judged", "frechet", "distance"),), ".2f"),
    ("its floor, real against real", (("looks", "judged", "frechet", "floor"),), ".2f"),
    (
        "latent lines within a class that stay in it, %",
        (("looks", "judged", "smooth_within"),),
        ".1f",
    ),
    ("lines between classes that change once, %", (("looks", "judged", "smooth_between"),), ".1f"),
    ("all ten digits in one's hand, read right, %", (("looks", "judged", "any_digit"),), ".1f"),
    (
        "points lost when the source is shifted, turned, thickened, stretched",
        tuple(
            ("looks", "judged", "robust", k) for k in ("shift", "rotation", "thickness", "stretch")
        ),
        ".2f",
    ),
    ("share of the other script among 10 nearest codes", (("looks", "mixing"),), ".2f"),
    ("reconstruction, mean squared error", (("reading", "reconstruction_mse"),), ".4f"),
)


def looks(reports: Iterable[Report]) -> str:
    """How translations look, both ways, of the models LOOKED.

    "" where none of them has been looked at.
    """
    found = {report.labels: report.runs[0].get("validation") for report in reports}
    columns = [
        (f"{LABELS.get(spec, spec)}: {source} to {part['looks']['target']}", part)
        for spec in LOOKED
        for source, part in (found.get(spec) or {}).items()
    ]
    if not columns:
        return ""
    lines = [f"| looks, on validation digits | {' | '.join(title for title, _ in columns)} |"]
    lines.append("|---" * (len(columns) + 1) + "|")
    for words, paths, form in LOOKS:
        cells = [", ".join(_at(part, path, form) for path in paths) for _, part in columns]
        lines.append(f"| {words} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _at(value: Any, path: Sequence[str], form: str) -> str:
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return format(value, form) if is_number(value) else "-"


def _line(words: str, row: Row, test: str, measure: str) -> str:
    cells = ["not trained yet"] * len(READERS)
    if row.report:
        found = [row.report.figure(test, measure, reader) for reader in READERS]
        cells = ["-" if figure is None else figure.text() for figure in found]
    original = _original(row, test) if measure == "accuracy" else "-"
    return f"| {words} | {' | '.join(cells)} | {original} |"


def _figures(row: Row, test: str) -> str:
    if row.report is None:
        return "not trained yet"
    read = [row.report.figure(test, fair(row.labels), reader) for reader in ("latent", "judge")]
    return " / ".join("-" if figure is None else figure.text() for figure in read)


def _original(row: Row, test: str) -> str:
    """What the original reached by its own discriminator; "-" where it reported nothing."""
    if row.original is None or test == "mnist":  # it never wrote in Kannada
        return "-"
    about = "about " if row.original.about else ""
    return f"{about}{row.original.accuracy[test]}"
