"""A checkpoint's model card, written from its own files: no figure and no source is typed in."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from unit_core import reports
from unit_core.checkpoint import RESULTS, read_config
from unit_core.choices import words_of
from unit_core.domains import DOMAINS, TEST_SETS, Domain, Source, scripts_of
from unit_core.provenance import Provenance
from unit_core.results import READERS, fair

TAGS = ["handwriting", "image-to-image", "vae", "gan"]


def card(folder: Path) -> str:
    """The card of the checkpoint in `folder`, as Markdown with the Hub's front matter.

    Raises CheckpointError if `folder` holds no checkpoint, or results that are none; without any
    the card says so.
    """
    config, provenance = read_config(folder)
    report = reports.read(folder) if (folder / RESULTS).exists() else None
    scripts = scripts_of(config.domains, provenance.scripts).values()
    titles = [script.title for script in scripts]
    parts = [
        f"{_front(scripts)}\n\n# Digits in another hand: {_listed(titles)}",
        "Writes a handwritten digit in another script, in the same hand: as slanted, bold and "
        "round. A variational autoencoder a script around one latent space (UNIT, Liu et al. "
        "2017), with a class-mixture prior and a discriminator a script; pictures of 28 x 28.",
        f"## Use\n\n```python\nfrom unit_core import Translator\n\n"
        f'translator = Translator.load("USER/{folder.name}")  # this repository\n'
        f'out = translator.translate(images, source="{config.domains[0]}", '
        f'target="{config.domains[1]}")\n```',
        "## Data and training\n\n" + _training(provenance),
        "## Figures\n\n" + _figures(report),
        "## Intended use and limits\n\nFor teaching, demonstrations and research on generative "
        "models. It reads one digit at a time, cut and centred as the data sets' are; of anything "
        "else it makes a digit too. Other writers on other paper are read less well"
        f"{_shown(report)}. Not for reading what matters: cheques, ballots, records.",
        "## Licence\n\nThe weights: as the code that made them. Trained on "
        f"{_listed([_cited(script) for script in scripts])}; no data is in this repository.",
    ]
    return "\n\n".join(parts) + "\n"


def _front(scripts: Iterable[Domain]) -> str:
    """What the Hub files the model under."""
    sources: list[Source] = [script.source for script in scripts if script.source]
    tags = [*TAGS, *(source.tag for source in sources)]
    lines = ["library_name: unit-translator", f"tags: [{', '.join(tags)}]"]
    if data := [source.hub for source in sources if source.hub]:
        lines.append(f"datasets: [{', '.join(data)}]")
    return "\n".join(["---", *lines, "---"])


def _cited(script: Domain) -> str:
    return script.source.cited if script.source else f"{script.title} (its maker's own data)"


def _shown(report: reports.Report | None) -> str:
    """By which test sets, of those read, that come from elsewhere than what was trained on."""
    tests = report.tests if report else {}
    others = [name for name in tests if name in TEST_SETS and TEST_SETS[name].domain != name]
    return f", as {_listed([reports.DATA_SETS[each] for each in others])} shows" if others else ""


def _listed(words: Sequence[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def _training(provenance: Provenance) -> str:
    rows = []
    for name, labels in provenance.labels.items():
        images = provenance.labelled_images.get(name)
        words = words_of(labels)
        rows.append(f"- {name}: labels used: {words}" + (f" ({images:,} images)" if images else ""))
    told = [f"steps {steps:,}"] if (steps := provenance.all_steps) else []
    known = {"minutes": provenance.minutes, "seed": provenance.seed}
    told += [f"{key} {value}" for key, value in known.items() if value is not None]
    if provenance.devices:
        told.append(f"on {' and '.join(provenance.devices)}")
    if provenance.commit:
        told.append(f"commit {provenance.commit}")
    if begun := provenance.begun_with:
        words = words_of(begun.choice)
        told.append(f"begun with the weights of an earlier run (labels used: {words})")
    parts = ["\n".join(rows), ", ".join(told) + "." if told else "", _copies(provenance)]
    return "\n\n".join(part for part in parts if part)


def _copies(provenance: Provenance) -> str:
    """Which of the files trained on were not the official ones, by their digests."""
    sets = [each.train for each in DOMAINS.values() if each.train]
    official = {file.path: file.digest for data in sets for file in (data.images, data.labels)}
    others = [
        f"`{path}` was another copy of the file than the official."
        for path, digest in provenance.digests.items()
        if digest != official.get(path, digest)
    ]
    return "\n".join(others)


def _figures(report: reports.Report | None) -> str:
    if report is None:
        return "Not evaluated yet: `python -m unit_core evaluate` measures them."
    measure = fair(report.labels)
    lines = [
        "Per cent of test digits read right: by the latent head from the code of the original, by "
        "the model's own discriminator and by an independent classifier from the translation.",
        "",
        "| test set | n | latent head | own discriminator | independent judge |",
        "|---|---|---|---|---|",
    ]
    for way in report.ways:
        read = [report.figure(way.test, measure, reader) for reader in READERS]
        cells = " | ".join("-" if figure is None else figure.text() for figure in read)
        n = report.tests[way.test].n
        lines.append(f"| {way.test} ({way.source} -> {way.target}) | {n:,} | {cells} |")
    if measure == "matched_accuracy":
        lines += ["", "Without labels nobody can know which group is which digit: groups are "
                  "matched to digits first."]  # fmt: skip
    return "\n".join(lines)
