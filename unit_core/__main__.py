"""Command line: `python -m unit_core judges ...`."""

import argparse
import sys
from pathlib import Path


def judges(options: argparse.Namespace) -> None:
    from unit_core.judges import Recipe, train

    recipe = Recipe(minutes=options.minutes, seed=options.seed)
    for domain in options.domain or ("kannada", "mnist"):
        print(domain, train(domain, recipe, options.data_dir), flush=True)


parser = argparse.ArgumentParser()
sub = parser.add_subparsers(required=True)
j = sub.add_parser("judges")
j.add_argument("--domain", action="append")
j.add_argument("--minutes", type=float)
j.add_argument("--seed", type=int, default=0)
j.add_argument("--data-dir", type=Path)
j.set_defaults(run=judges)
o = parser.parse_args()
o.run(o)
