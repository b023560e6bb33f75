"""Results as Markdown: what the README and docs/results.md show, from the rows of `reports`."""

from collections.abc import Callable, Iterable, Sequence

from unit_core.choices import LABELS
from unit_core.published import ORIGINAL_SOURCE
from unit_core.reports import WAYS, Report, Row, Way, classifiers
from unit_core.results import READERS, Judged, Measure, Reader, Validation, fair

LOOKED = ("100%", "1%")  # the models whose looks are told


def summary(table: Sequence[Row], ways: Sequence[Way] = WAYS) -> str:
    """A line for each choice of labels: latent head / independent judge, in per cent.

    Of the test sets whose labels were chosen. Classes are matched first where there were none; the
    original, which did not, then has no figure beside ours.
    """
    chosen = [way for way in ways if way.source != ways[0].source]
    beside = _beside(table, "original")
    heads = [head for way in chosen for head in (way.words, *beside)]
    lines = [f"| labels used | {' | '.join(heads)} |", "|---" * (1 + len(heads)) + "|"]
    for row in table:
        matched = bool(row.report) and fair(row.labels) != "accuracy"
        cells = [f"{row.words}, classes matched" if matched else row.words]
        for way in chosen:
            original = ["-" if matched else _original(row, way.test)] if beside else []
            cells += [_figures(row, way.test), *original]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def accuracies(table: Sequence[Row], ways: Sequence[Way] = WAYS) -> str:
    """All accuracies: a table for each test set, by labels and reader, beside the published."""
    parts = []
    beside = _beside(table, f"original ({ORIGINAL_SOURCE.citation})")
    for way in ways:
        test = way.test
        heads = ["latent head", "own discriminator", "independent judge", *beside]
        lines = [
            f"| {way.words}, labels used | {' | '.join(heads)} |",
            "|---" * (1 + len(heads)) + "|",
        ]
        for row in table:
            found: list[tuple[str, Measure]] = [(row.words, "accuracy")]
            if fair(row.labels) != "accuracy" and row.report:
                found.append((f"{row.words}, classes matched", fair(row.labels)))
            for words, measure in found:
                cells = [words, *_read(row, test, measure)]
                if beside:
                    cells.append(_original(row, test) if measure == "accuracy" else "-")
                lines.append(f"| {' | '.join(cells)} |")
        if real := _of_real(table, test, chosen=way.source != ways[0].source):
            lines += ["", real]
        named = ", ".join(f"{m.source.citation} {m.accuracy[test]}" for m in classifiers(test))
        if named:
            lines += ["", f"Classifiers with all labels: {named}."]
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def _of_real(table: Sequence[Row], test: str, chosen: bool) -> str:
    """How the own script's discriminators read the digits of `test` as they are; "" if unknown.

    `chosen`: whether labels of that script were, and not all used.
    """
    said = []
    for row in table:
        figure = row.report.real(test) if row.report else None
        if figure and not (chosen and row.labels == "0"):  # nameless classes have any order
            told = None if chosen else row.original
            about = "about " if told and told.about else ""
            beside = f" (original {about}{told.accuracy[test]})" if told else ""
            said.append(f"{row.words}: {figure.text()}{beside}")
    if not said:
        return ""
    return f"Real digits, by their own discriminator, by labels used: {'; '.join(said)}."


def _kept(part: str) -> Callable[[Validation], float | None]:
    return lambda seen: seen.looks.hand_kept.get(part)


def _judged(figure: Callable[[Judged], float | None]) -> Callable[[Validation], float | None]:
    """None without a judge of the target."""
    return lambda seen: figure(seen.looks.judged) if seen.looks.judged else None


def _lost(push: str) -> Callable[[Validation], float | None]:
    return _judged(lambda judged: judged.robust.get(push))


# In words, how to find each figure, how to write it.
LOOKS: tuple[tuple[str, tuple[Callable[[Validation], float | None], ...], str], ...] = (
    ("slant kept (rank correlation within a class)", (_kept("slant"),), ".2f"),
    (
        "ink, width to height, thickness, height kept",
        tuple(map(_kept, ("ink", "width_to_height", "thickness", "height"))),
        ".2f",
    ),
    ("spread within a class, translated / real", (lambda seen: seen.looks.diversity,), ".2f"),
    ("Fréchet distance", (_judged(lambda judged: judged.frechet.distance),), ".2f"),
    ("its floor, real against real", (_judged(lambda judged: judged.frechet.floor),), ".2f"),
    (
        "latent lines within a class that stay in it, %",
        (_judged(lambda judged: judged.smooth_within),),
        ".1f",
    ),
    (
        "lines between classes that change once, %",
        (_judged(lambda judged: judged.smooth_between),),
        ".1f",
    ),
    (
        "all ten digits in one's hand, read right, %",
        (_judged(lambda judged: judged.any_digit),),
        ".1f",
    ),
    (
        "points lost when the source is shifted, turned, thickened, stretched",
        tuple(map(_lost, ("shift", "rotation", "thickness", "stretch"))),
        ".2f",
    ),
    ("share of the other script among 10 nearest codes", (lambda seen: seen.looks.mixing,), ".2f"),
    (
        "reconstruction, mean squared error",
        (lambda seen: seen.reading.reconstruction_mse,),
        ".4f",
    ),
)


def looks(reports: Iterable[Report]) -> str:
    """How translations look, both ways, of the models LOOKED; of all if those were not looked at.

    "" where none was.
    """
    found = {report.labels: report.runs[0].validation or {} for report in reports}
    columns = [
        (f"{LABELS.get(spec, spec)}: {source} to {part.looks.target}", part)
        for spec in [spec for spec in LOOKED if found.get(spec)] or found
        for source, part in found[spec].items()
    ]
    if not columns:
        return ""
    lines = [f"| looks, on validation digits | {' | '.join(title for title, _ in columns)} |"]
    lines.append("|---" * (len(columns) + 1) + "|")
    for words, figures, form in LOOKS:
        found_here = [[figure(part) for figure in figures] for _, part in columns]
        cells = [
            ", ".join("-" if value is None else format(value, form) for value in values)
            for values in found_here
        ]
        lines.append(f"| {words} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _beside(table: Sequence[Row], head: str) -> list[str]:
    """The `head` of a column for the original's figures, if it has any."""
    return [head] if any(row.original for row in table) else []


def _read(row: Row, test: str, measure: Measure, readers: Sequence[Reader] = READERS) -> list[str]:
    if row.report is None:
        return ["not trained yet"] * len(readers)
    found = [row.report.figure(test, measure, reader) for reader in readers]
    return ["-" if figure is None else figure.text() for figure in found]


def _figures(row: Row, test: str) -> str:
    read = _read(row, test, fair(row.labels), ("latent", "judge"))
    return " / ".join(read) if row.report else read[0]


def _original(row: Row, test: str) -> str:
    """What the original reached by its own discriminator; "-" where it reported nothing."""
    if row.original is None or test == "mnist":  # it never wrote in Kannada
        return "-"
    about = "about " if row.original.about else ""
    return f"{about}{row.original.accuracy[test]}"
