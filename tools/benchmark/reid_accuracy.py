"""Do synthesised people help re-identification? One row for each way to train, tuned alike.

    python tools/benchmark/reid_accuracy.py --data market --data-root data --generator CHECKPOINT

Learning rate, epochs or an option of its own, and erasing are tuned for each family of rows, with the
same number of trials, on training people that are held out; then every row trains with every seed.
Kill it and start it again: finished trainings are kept, and the one that was running goes on from its
last checkpoint. See docs/reid_benchmark.md.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

from harness import RESULTS
from reid.benchmark import Benchmark
from reid.presets import PRESETS
from reid.rows import GROUPS, ROWS, has_generator, named_rows, needs_generator
from reid.scoring import Views
from tables import fill_page

from posegan_plugin.errors import Interrupted
from posegan_plugin.for_mmengine.cli import run_command

_ROOT = Path(__file__).parents[2]
PAGES = (*(_ROOT / "docs" / f"reid_{name}.md" for name in ("accuracy", "log")), _ROOT / "README.md")


def parse_args() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", choices=("market", "procedural"), default="procedural")
    parser.add_argument(
        "--data-root", type=Path, default=Path("data"), help="a folder in Market-1501's layout"
    )
    parser.add_argument("--preset", choices=tuple(PRESETS), default="small")
    parser.add_argument("--backbone", help="torchreid's name; default: the preset's")
    parser.add_argument(
        "--epochs",
        type=int,
        nargs=3,
        metavar="N",
        help="tried in the search; default: the preset's",
    )
    parser.add_argument(
        "--rows",
        nargs="+",
        metavar="NAME",
        default=["main"],
        help=f"rows or groups of rows ({', '.join(GROUPS)}), in this order",
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--generator", metavar="CHECKPOINT", help="for online and offline rows")
    parser.add_argument(
        "--poses",
        type=_views,
        nargs="+",
        default=[],
        metavar="K",
        help="what a test descriptor is averaged over: K standard poses, mirror or K+mirror",
    )
    parser.add_argument(
        "--tune",
        choices=("all", "baseline", "none"),
        default="all",
        help="each family, or the toolbox's softmax alone, whose setting all rows then take, or none",
    )
    parser.add_argument(
        "--equal-time", metavar="ROW", help="a second table: all rows train as long as this one"
    )
    parser.add_argument(
        "--kept",
        action="store_true",
        help="train nothing: tables of those rows and seeds whose results there are",
    )
    parser.add_argument(
        "--table", metavar="NAME", help="ends the names of table and plot, to stand beside others"
    )
    parser.add_argument("--work-dir", type=Path, default=Path("work_dirs/reid_accuracy"))
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of table and plot")
    parser.add_argument(
        "--docs",
        action="store_true",
        help=f"write the tables of --out into {', '.join(page.name for page in PAGES)}",
    )
    args = parser.parse_args()
    try:
        args.rows = named_rows(args.rows)
    except KeyError as error:
        parser.error(f"--rows {error.args[0]}: choose from {', '.join([*GROUPS, *ROWS])}")
    _check_generator(parser, args)
    args.seeds = list(dict.fromkeys(args.seeds))
    if min(args.seeds) < 0:
        parser.error("--seeds must not be negative")
    if args.epochs and not 0 < args.epochs[0] < args.epochs[1] < args.epochs[2]:
        parser.error("--epochs takes three rising numbers")
    if args.table and (args.table == "runs" or not re.fullmatch(r"[\w-]+", args.table)):
        parser.error(
            "--table takes letters, digits, _ and -, and is not runs: results are kept there"
        )
    if args.equal_time not in (None, *args.rows):
        parser.error(f"--equal-time {args.equal_time} is not among --rows")
    return args


def _views(text: str) -> Views:
    try:
        return Views.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _check_generator(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    """Hours may pass before one is used."""
    if args.generator:
        return
    for row in args.rows:
        if needs_generator(row):
            parser.error(
                f"--rows {row} needs --generator, the checkpoint of a trained generator (for example "
                "of tools/benchmark/image_quality.py)"
            )
        if any(views.poses for views in args.poses) and not has_generator(row):
            parser.error(f"--poses: {row} has no generator of its own; give --generator")


def main() -> None:
    """Say how to go on where a signal has ended a training."""
    args = parse_args()
    try:
        Benchmark(args).run()
        for page in PAGES if args.docs else ():
            fill_page(page, args.out)
    except Interrupted as stop:
        print(f"{stop}; go on with the same command", file=sys.stderr)
        sys.exit(stop.exit_code)


if __name__ == "__main__":
    run_command(main)
