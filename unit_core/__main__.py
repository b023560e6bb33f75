"""Command line: `python -m unit_core COMMAND ...`; --help lists the commands."""

import argparse
import json
import math
import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
if not __package__:  # run by its path, as Fabric's launcher does
    sys.path[0] = str(ROOT)
SHOWN = 20  # pictures that failed; all are in the readings

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # spinning threads starve a busy machine

# Each command imports what it needs, so that --help and wrong options answer at once.


def options(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m unit_core", description="A handwriting translator between scripts."
    )
    commands = parser.add_subparsers(required=True, metavar="command")
    folder = "folder, such as checkpoints/full, or a run's, such as runs/full"
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--data-dir", type=Path, help="folder with the data (else: $UNIT_DATA_DIR, or downloaded)"
    )

    def command(
        run: Callable[[argparse.Namespace], int | None], text: str
    ) -> argparse.ArgumentParser:
        sub = commands.add_parser(run.__name__, help=text, description=text, parents=[common])
        sub.set_defaults(run=run, parser=sub)
        return sub

    sub = command(translate, "pictures of digits -> the same with the digits in another script")
    sub.add_argument("paths", type=Path, nargs="+", metavar="path", help="pictures and folders")
    sub.add_argument("--to", dest="target", required=True, metavar="NAME", help="script to write")
    sub.add_argument(
        "--out", type=Path, required=True, metavar="DIR",
        help="new folder for the pictures and readings.jsonl; the same again goes on with it",
    )  # fmt: skip
    sub.add_argument(
        "--from", dest="source", default="auto", metavar="NAME",
        help="script of the pictures (default: auto, decided line by line)",
    )  # fmt: skip
    sub.add_argument(
        "--checkpoint", default=str(ROOT / "checkpoints" / "full"), metavar="CP",
        help="folder, of a checkpoint or run, or user/name on the Hugging Face Hub (default: "
        "checkpoints/full)",
    )  # fmt: skip
    sub.add_argument("--accelerator", default="auto", help="cpu, cuda, mps (default: auto)")

    sub = command(evaluate, "the figures of a checkpoint on the test sets, as a table and JSON")
    sub.add_argument("checkpoint", type=Path, help=folder)
    sub.add_argument(
        "--json", type=Path, nargs="?", const=True, metavar="F",
        help="write the figures to this file (without F: the checkpoint's results.json, which the "
        "Results page shows)",
    )  # fmt: skip
    sub.add_argument("--looks", action="store_true", help="also how translations look (validation)")
    own = sub.add_argument_group("your own test set, instead of the official ones")
    own.add_argument("--domain", metavar="NAME", help="script of the images")
    own.add_argument("--images", type=Path, metavar="F", help="IDX, NPZ or folder <label>/*.png")
    own.add_argument("--labels", type=Path, metavar="F", help="IDX or NPZ, if not with the images")

    sub = command(atlas, "make the map of a checkpoint's latent space: CHECKPOINT/atlas.npz")
    sub.add_argument("checkpoint", type=Path, help=folder)
    sub.add_argument(
        "--points", type=int, default=10_000,
        help="digits at most, of every script as many (default: 10000)",
    )  # fmt: skip
    sub.add_argument("--seed", type=int, default=0)

    sub = command(lesson, "prepare what the Teach page asks, of a model that was given no labels")
    sub.add_argument("checkpoint", type=Path, help=f"{folder}; gets a lesson.safetensors")
    sub.add_argument(
        "--drawn-by", type=Path, metavar="CP",
        help="model that redraws the digits asked about: one that knows their labels draws rare "
        "shapes as what they are (default: the same)",
    )  # fmt: skip
    sub.add_argument("--points", type=int, default=5000, help="digits (default: 5000)")
    sub.add_argument("--seed", type=int, default=0)

    sub = command(mistakes, "what a checkpoint confuses on the test sets, for the Results page")
    sub.add_argument("checkpoint", type=Path, help=f"{folder}; gets a mistakes.json")

    sub = command(
        scale, "how a checkpoint weighs evidence when pages are read: for auto and doubts"
    )
    sub.add_argument("checkpoint", type=Path, help=f"{folder}; gets a scale.json")

    sub = command(film, "the contact sheets of a training as one file, for the Results page")
    sub.add_argument(
        "training", type=Path, nargs="+", metavar="run",
        help="folder, such as runs/full; before it those that it began with, or their checkpoints "
        "with a film, the first one first",
    )  # fmt: skip
    sub.add_argument("checkpoint", type=Path, help="folder; gets training.webp and film.json")

    sub = command(
        table, "accuracy by labels used, and looks, as Markdown, of a folder's checkpoints or runs"
    )
    sub.add_argument("folder", type=Path, nargs="?", default=Path("checkpoints"))

    sub = command(ask, "which digits to label next, as pictures in a folder: for train.py --labels")
    sub.add_argument("checkpoint", type=Path, help="folder, such as runs/labels-1pct")
    sub.add_argument(
        "folder", type=Path, help="where you label: move each picture to a folder 0 to 9, or skip"
    )
    sub.add_argument("--count", type=int, default=50, help="how many more (default: 50)")
    sub.add_argument("--domain", metavar="NAME", help="of which script (default: the last)")
    sub.add_argument(
        "--answered", action="store_true", help="with the labels that the data has, to try it out"
    )

    sub = command(judges, "train the independent classifiers of real digits")
    sub.add_argument("--domain", action="append", metavar="NAME", help="default: all built in")
    sub.add_argument("--minutes", type=float, help="at most so many a judge (default: 8 epochs)")
    sub.add_argument("--seed", type=int, default=0)

    sub = command(export, "a checkpoint as ONNX, checked against torch")
    sub.add_argument("checkpoint", type=Path, help=folder)
    sub.add_argument(
        "--onnx", type=Path, metavar="DIR", nargs="?", const=Path("build/onnx"), required=True,
        help="folder for the graphs (default: build/onnx)",
    )  # fmt: skip

    command(data, "the data there is, fetched and verified if need be")
    return parser.parse_args(arguments)


def look_up(scripts: Iterable[str], data_dir: Path | None) -> None:
    """ValueError for a script whose data nobody has named: before the data of others are fetched,
    or anything else that takes time."""
    from unit_core.domains import domain

    for name in scripts:
        domain(name, data_dir)


def translate(given: argparse.Namespace) -> int:
    from unit_core import bulk
    from unit_core.share import Share
    from unit_core.translator import Translator

    share = Share.launched()
    translator = Translator.load(given.checkpoint, share.device(given.accelerator))
    source = None if given.source == "auto" else given.source
    try:
        tally = bulk.translate(translator, given.paths, given.out, given.target, source, share)
    except KeyboardInterrupt:
        print("stopped; the same command goes on from here", file=sys.stderr)
        raise
    if tally is None:  # the first of the processes has it
        return 0
    print(f"{tally}: see {given.out / bulk.READINGS}")
    for name, why in list(tally.failed.items())[:SHOWN]:
        print(f"unit_core: {name}: {why}", file=sys.stderr)
    if len(tally.failed) > SHOWN:
        print(f"unit_core: and {len(tally.failed) - SHOWN:,} more", file=sys.stderr)
    return 1 if tally.failed else 0


def evaluate(given: argparse.Namespace) -> None:
    from unit_core import evaluation
    from unit_core.checkpoint import RESULTS, write_json
    from unit_core.data import read_digits
    from unit_core.domains import TEST_SETS, check_known
    from unit_core.translator import Translator

    if (given.domain is None) != (given.images is None) or (given.labels and not given.images):
        given.parser.error("your own test set needs --domain and --images (and --labels)")
    if given.json is True:
        given.json = given.checkpoint / RESULTS
    elif given.json and given.json.is_dir():
        given.parser.error(f"--json {given.json}: a file, not a folder")
    elif given.json:
        given.json.parent.mkdir(parents=True, exist_ok=True)  # if it cannot be, one is told now
    translator = Translator.load(given.checkpoint)
    tests = None
    if given.images:
        script = TEST_SETS[given.domain].domain if given.domain in TEST_SETS else given.domain
        check_known(script, translator.domains)  # at once
        digits = read_digits(given.images, given.labels)
        tests = {given.domain: evaluation.Sample(script, digits)}
    if tests is None or given.looks:
        look_up(translator.domains, given.data_dir)
    results = evaluation.evaluate(
        translator,
        evaluation.load_judges(translator.domains),
        given.data_dir,
        checkpoint=given.checkpoint.resolve().name,
        tests=tests,
        looks=given.looks,
    )
    print(results.table())
    if given.json:
        write_json(given.json, results.to_json())


def atlas(given: argparse.Namespace) -> None:
    from unit_core import cartography
    from unit_core.checkpoint import ATLAS, fingerprint
    from unit_core.evaluation import load_judges
    from unit_core.translator import Translator

    translator = Translator.load(given.checkpoint)
    share = given.points // len(translator.domains)
    if share < 50:
        given.parser.error("--points must be at least 50 a script")
    look_up(translator.domains, given.data_dir)
    cartography.require_packages()
    made = cartography.make(
        translator,
        cartography.choose(translator.domains, share, given.seed, given.data_dir),
        load_judges(translator.domains),
        given.seed,
        fingerprint(given.checkpoint),
    )
    path = given.checkpoint / ATLAS
    made.save(path)
    share = len(made) // len(made.scripts)
    size = path.stat().st_size / 1e6
    print(f"{path}: {len(made):,} digits, {share:,} of each script, {size:.1f} MB")


def lesson(given: argparse.Namespace) -> None:
    import torch

    from unit_core import cartography
    from unit_core import lesson as module
    from unit_core.checkpoint import LESSON
    from unit_core.data import load_labelled
    from unit_core.translator import Translator

    if not 50 <= given.points <= module.MOST:
        given.parser.error(f"--points must be 50 to {module.MOST}")
    translator = Translator.load(given.checkpoint)
    artist = Translator.load(given.drawn_by) if given.drawn_by else translator
    domain = translator.config.scarce
    if translator.provenance.labels.get(domain) != "0":
        raise ValueError(
            f"{given.checkpoint} was given labels of {domain}: there is nothing to teach it; "
            "train one with --labels 0"
        )
    look_up([domain], given.data_dir)
    cartography.require_packages()
    digits = load_labelled(domain, given.data_dir).train
    random = torch.Generator().manual_seed(given.seed)
    chosen = digits.subset(torch.randperm(len(digits), generator=random)[: given.points])
    made = module.prepare(translator, artist, chosen, domain, given.seed)
    path = given.checkpoint / LESSON
    made.save(path)
    print(f"{path}: {len(made):,} digits, {path.stat().st_size / 1e6:.1f} MB")


def scale(given: argparse.Namespace) -> None:
    from unit_core import scale as module
    from unit_core.translator import Translator

    translator = Translator.load(given.checkpoint)
    look_up(translator.domains, given.data_dir)
    found = module.fit(translator, given.data_dir)
    module.write(translator, found)
    print(f"picture {found.picture}, code {found.code}, no digit below {found.unlike}")


def mistakes(given: argparse.Namespace) -> None:
    from unit_core import evaluation
    from unit_core import mistakes as module
    from unit_core.checkpoint import MISTAKES, write_json
    from unit_core.translator import Translator

    translator = Translator.load(given.checkpoint)
    look_up(translator.domains, given.data_dir)
    tests, notes = evaluation.test_sets(translator.domains, given.data_dir)
    names = {
        name: evaluation.group_names(translator, name, given.data_dir)
        for name in translator.domains
    }
    found = module.mistakes(translator, evaluation.load_judges(translator.domains), tests, names)
    write_json(given.checkpoint / MISTAKES, {name: asdict(each) for name, each in found.items()})
    for name, each in found.items():
        wrong = {reader: each.wrong(reader) for reader in each.confusion}
        print(f"{name} -> {each.target}, read wrong: {json.dumps(wrong)}")
    for note in notes:
        print(f"note: {note}")


def film(given: argparse.Namespace) -> None:
    from unit_core import film as module

    made = module.assemble_joined(given.training, given.checkpoint)
    size = module.save(made, given.checkpoint)
    print(f"{given.checkpoint / module.FILM}: {len(made.frames)} frames, {size / 1000:.0f} KB")


def table(given: argparse.Namespace) -> None:
    from unit_core import reports, tables
    from unit_core.checkpoint import RESULTS

    places = (f"*/{RESULTS}", f"*/checkpoint/{RESULTS}")  # of checkpoints, of runs
    found = sorted(path.parent for place in places for path in given.folder.glob(place))
    if not found:
        raise ValueError(
            f"{given.folder} has no checkpoint or run with a {RESULTS}: "
            "python -m unit_core evaluate CP --json writes it"
        )
    parts = []
    for ways, known in reports.by_ways(map(reports.read, found)).items():
        rows = reports.rows(known)
        parts += [tables.summary(rows, ways), tables.accuracies(rows, ways), tables.looks(known)]
    print("\n\n".join(part for part in parts if part))


def ask(given: argparse.Namespace) -> None:
    from unit_core import asking, labelling
    from unit_core.checkpoint import read_config
    from unit_core.data import load_train, split
    from unit_core.formats import UNLABELLED

    if given.count < 1:
        given.parser.error("--count must be 1 or more")
    domain = given.domain or read_config(given.checkpoint)[0].scarce
    digits = split(load_train(domain, given.data_dir)).train
    asked = asking.ask(given.checkpoint, digits, domain, given.folder, given.count, given.answered)
    if not asked:
        print(f"nothing is left to ask about {domain}; {given.folder / UNLABELLED} may hold some")
    elif given.answered:
        print(f"{given.folder} has {asked} more labels of {domain}")
    else:
        where = f" --data-dir {given.data_dir}" if given.data_dir else ""
        print(
            f"{asked} more in {given.folder / UNLABELLED}: move each to the folder of its digit, "
            f"{given.folder}/0 to 9, or to {labelling.SKIPPED}; or press a key for each: "
            f"python -m demo.label {given.folder} --domain {domain}{where}"
        )


def judges(given: argparse.Namespace) -> None:
    from unit_core import judges as module
    from unit_core.domains import DOMAINS

    if given.minutes is not None and not 0 < given.minutes < math.inf:
        given.parser.error(f"--minutes must be more than 0, not {given.minutes}")
    recipe, names = module.Recipe(minutes=given.minutes, seed=given.seed), given.domain or DOMAINS
    look_up(names, given.data_dir)
    for name in names:
        accuracies = module.train(name, recipe, given.data_dir, module.FOLDER)
        told = json.dumps(accuracies)
        print(f"{module.FOLDER / name}: accuracy in per cent {told}", flush=True)


def export(given: argparse.Namespace) -> None:
    from unit_core import export as onnx
    from unit_core.translator import Translator

    made = onnx.export(Translator.load(given.checkpoint), given.onnx)
    for name, difference in made.differences.items():
        size = (made.folder / name).stat().st_size / 1e6
        print(f"{made.folder / name}: {size:.1f} MB, off by at most {difference:.1g} from torch")


def data(given: argparse.Namespace) -> None:
    from unit_core.data import summary

    print(summary(given.data_dir))


def main(arguments: list[str] | None = None) -> int:
    """Run a command; 0 if all went well, 2 and one line on stderr for an error of use or data.

    `translate` gives 1 if some of its pictures could not be read.
    """
    given = options(arguments)
    try:
        from unit_core.checkpoint import finished

        if isinstance(folder := getattr(given, "checkpoint", None), Path):
            given.checkpoint = finished(folder)  # a run stands for what it has made
        return given.run(given) or 0
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # who reads has seen enough, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        from unit_core.data import DataError

        if not isinstance(error, ValueError | OSError | DataError):
            raise
        print(f"unit_core: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
