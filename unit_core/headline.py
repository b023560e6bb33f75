"""What results say, in sentences: computed from the rows of `reports`, never claimed."""

from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal

from unit_core.choices import asked_for, words_of
from unit_core.reports import Figure, Report, Row
from unit_core.results import fair

MANY = 1.5  # times as many labels are many more


def sentences(table: Sequence[Row]) -> list[str]:
    """What the figures say, a sentence each, by the independent judge; computed, never claimed."""
    known = {row.labels: row.report for row in table if row.report}
    if not known:
        return []
    said = []
    best = max(known.values(), key=lambda report: (_judged(report, "kannada") or Figure(0)).mean)
    there, back = _judged(best, "mnist"), _judged(best, "kannada")
    with_labels = {"100%": "With all Kannada labels", "0": "Without one Kannada label"}.get(
        best.labels, f"With {words_of(best.labels)} of the Kannada labels"
    )
    if asked_for(best.labels):
        with_labels = f"With {best.labelled:,} Kannada labels that a model asked for"
    if best.labels == "1-per-class":
        with_labels = "With ten Kannada labels, one a class"
    if there and back:
        told = ", once it is told which is which" if best.labels == "0" else ""
        said.append(
            f"{with_labels}, {_said(there.mean)} % of Arabic digits are read right once they are "
            f"written in Kannada, and {_said(back.mean)} % of Kannada digits once written in Arabic"
            f"{told}."
        )
    few = known.get("1-per-class")
    if few and few is not best and (back := _judged(few, "kannada")):
        ways = [_judged(few, "mnist"), back]
        both = " and ".join(f"{_said(each.mean)} %" for each in ways if each)
        said.append(f"Ten labels, one a class, reach {both}.")
    none = known.get("0")
    if none and none is not best and (back := _judged(none, "kannada")):
        said.append(
            f"Without any, {_said(back.mean)} % of Kannada digits, once it is told which is which."
        )
    said += _worth_asking(known.values())
    row = next((row for row in table if row.labels == best.labels), None)
    own = best.figure("kannada", "accuracy", "discriminator")
    if row and row.original and own and best.labels != "0":  # which the original did not match
        said.append(
            f"By its own discriminator, as the original of 2020 was judged, {_said(own.mean)} % "
            f"where that had {_said(row.original.accuracy['kannada'])} %."
        )
    return said


def _worth_asking(reports: Iterable[Report]) -> list[str]:
    """A sentence if labels that a model asked for teach more than many more drawn by chance; and
    of Dig-MNIST if they teach less there."""
    judged = [(each, _judged(each, "kannada")) for each in reports]
    pairs = [
        (asked, drawn, figure, other)
        for asked, figure in judged
        for drawn, other in judged
        if asked_for(asked.labels) and not asked_for(drawn.labels)
        if figure and other and figure.mean > other.mean and drawn.labelled > MANY * asked.labelled
    ]
    if not pairs:
        return []
    asked, drawn, figure, other = max(pairs, key=lambda pair: pair[2].mean - pair[3].mean)
    said = [
        f"{asked.labelled:,} labels that a model asked for teach it more than {drawn.labelled:,} "
        f"drawn by chance: {_said(figure.mean)} % of Kannada digits, not {_said(other.mean)} %."
    ]
    there, chance = _judged(asked, "dig"), _judged(drawn, "dig")
    if there and chance and there.mean < chance.mean:
        said.append(
            "Of strangers' digits, Dig-MNIST, less: "
            f"{_said(there.mean)} %, not {_said(chance.mean)} %."
        )
    return said


def caution(table: Sequence[Row]) -> str:
    """Which models were shown far fewer digits than others: it is not labels alone that differ."""
    seen = {row.words: row.report.seen for row in table if row.report and row.report.seen}
    most = max(seen.values(), default=0)
    fewer = [words for words, count in seen.items() if 2 * count < most]
    if not fewer:
        return ""
    own = [seen[words] / 1e6 for words in fewer]
    low, high = (f"{bound:.1f}" for bound in (min(own), max(own)))
    span = low if low == high else f"{low} to {high}"
    *most_of_them, last = (f"“{words}”" for words in fewer)
    named = " and ".join(filter(None, (", ".join(most_of_them), last)))
    return (
        f"Labels are not all that differs: {named} saw {span} million digits of each script in "
        f"training, over all epochs and besides those that groups were looked for in, others up to "
        f"{most / 1e6:.1f} million."
    )


def _said(value: float) -> str:
    """With one place; a five goes up, as people do it who see two places in a table below."""
    return str(Decimal(f"{value:.2f}").quantize(Decimal("0.1"), ROUND_HALF_UP))


def _judged(report: Report, test: str) -> Figure | None:
    return report.figure(test, fair(report.labels), "judge")
