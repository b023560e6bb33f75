"""How often Translate says that a drawing is a digit of the other script, rightly and wrongly.

Validation digits as a pen draws them, unstretched, each once taken for its own script and once for
the other.

    python benchmarks/hints.py
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from here import ROOT

from demo import api
from unit_core.scale import inks_of
from unit_core.translator import Translator

HINT = api.OTHER_SCRIPT.partition("{")[0]


def hinted(translator: Translator, inks: list[np.ndarray], source: str, target: str) -> float:
    """Per cent of the pictures that are said to be of `target`, taken for `source`."""
    scripts = translator.scripts
    questions = [api.Question(translator, i, scripts[source], scripts[target], True) for i in inks]
    replies = api.answer_all(questions)
    return 100 * float(np.mean([reply.message.startswith(HINT) for reply in replies]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--checkpoint", type=Path, default=ROOT / "checkpoints" / "full")
    parser.add_argument("--data-dir", type=Path)
    given = parser.parse_args()
    torch.set_num_threads(1)
    translator = Translator.load(given.checkpoint)
    for name, script in translator.scripts.items():
        inks = inks_of(name, script.stretch, given.data_dir)
        others = [other for other in translator.domains if other != name]
        told = {
            "digits": len(inks),
            "wrongly": {o: round(hinted(translator, inks, name, o), 2) for o in others},
            "rightly": {o: round(hinted(translator, inks, o, name), 2) for o in others},
        }
        print(json.dumps({name: told}))


if __name__ == "__main__":
    main()
