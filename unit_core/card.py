"""A checkpoint's model card, written from its own files: nothing in it is typed in."""

from pathlib import Path
from typing import Any

from unit_core import reports
from unit_core.checkpoint import RESULTS, read_config
from unit_core.choices import fair, words_of
from unit_core.domains import DOMAINS

FRONT = """---
library_name: unit-translator
tags: [handwriting, image-to-image, vae, gan, mnist, kannada-mnist]
datasets: [mnist]
---
"""


def card(folder: Path) -> str:
    """The card of the checkpoint in `folder`, as Markdown with the Hub's front matter.

    Raises CheckpointError if `folder` holds no checkpoint, or results that are none; without any
    the card says so.
    """
    config, provenance = read_config(folder)
    titles = [DOMAINS[n].title if n in DOMAINS else n for n in config.domains]
    parts = [
        f"{FRONT}\n# Digits in another hand: {' and '.join(titles)}",
        "Writes a handwritten digit in another script, in the same hand: as slanted, bold and "
        "round. A variational autoencoder a script around one latent space (UNIT, Liu et al. "
        "2017), with a class-mixture prior and a discriminator a script; pictures of 28 x 28.",
        f"## Use\n\n```python\nfrom unit_core import Translator\n\n"
        f'translator = Translator.load("USER/{folder.name}")  # this repository\n'
        f'out = translator.translate(images, source="{config.domains[0]}", '
        f'target="{config.domains[1]}")\n```',
        "## Data and training\n\n" + _training(provenance),
        "## Figures\n\n" + _figures(folder),
        "## Intended use and limits\n\nFor teaching, demonstrations and research on generative "
        "models. It reads one digit at a time, cut and centred as the data sets' are; of anything "
        "else it makes a digit too. Other writers on other paper are read less well, as "
        "Dig-MNIST shows. Not for reading what matters: cheques, ballots, records.",
        "## Licence\n\nThe weights: as the code that made them. Trained on MNIST "
        "(LeCun, Cortes, Burges; CC BY-SA 3.0) and Kannada-MNIST (Prabhu 2019, arXiv:1908.01242); "
        "no data is in this repository.",
    ]
    return "\n\n".join(parts) + "\n"


def _training(provenance: dict[str, Any]) -> str:
    rows = []
    for name, labels in provenance.get("labels", {}).items():
        images = provenance.get("labelled_images", {}).get(name)
        words = words_of(labels)
        rows.append(f"- {name}: labels used: {words}" + (f" ({images:,} images)" if images else ""))
    told = [f"steps {steps:,}"] if (steps := _steps(provenance)) else []
    told += [f"{key} {provenance[key]}" for key in ("minutes", "seed") if key in provenance]
    if devices := devices_of(provenance):
        told.append(f"on {' and '.join(devices)}")
    if "commit" in provenance:
        told.append(f"commit {provenance['commit']}")
    if begun := provenance.get("begun_with"):
        labels = list(begun["labels"].values())[-1]
        words = words_of(labels)
        told.append(f"begun with the weights of an earlier run (labels used: {words})")
    return "\n".join(rows) + ("\n\n" + ", ".join(told) + "." if told else "")


def _steps(provenance: dict[str, Any]) -> int:
    """Of the run and of all that it began with, as its minutes are."""
    before = provenance.get("begun_with")
    return provenance.get("steps", 0) + (_steps(before) if before else 0)


def devices_of(provenance: dict[str, Any]) -> list[str]:
    """Where the run was, and before it all that it began with; each once."""
    begun = provenance.get("begun_with")
    before = devices_of(begun) if begun else []
    own = [provenance["device"]] if "device" in provenance else []
    return list(dict.fromkeys([*before, *own]))


def _figures(folder: Path) -> str:
    if not (folder / RESULTS).exists():
        return "Not evaluated yet: `python -m unit_core evaluate` measures them."
    report = reports.read(folder)
    measure = fair(report.labels)
    lines = [
        "Per cent of test digits read right: by the latent head from the code of the original, by "
        "the model's own discriminator and by an independent classifier from the translation.",
        "",
        "| test set | n | latent head | own discriminator | independent judge |",
        "|---|---|---|---|---|",
    ]
    for way in report.ways:
        read = [report.figure(way.test, measure, reader) for reader in reports.READERS]
        cells = " | ".join("-" if figure is None else figure.text() for figure in read)
        n = report.tests[way.test]["n"]
        lines.append(f"| {way.test} ({way.source} -> {way.target}) | {n:,} | {cells} |")
    if measure == "matched_accuracy":
        lines += ["", "Without labels nobody can know which group is which digit: groups are "
                  "matched to digits first."]  # fmt: skip
    return "\n".join(lines)
