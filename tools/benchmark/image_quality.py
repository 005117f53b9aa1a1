"""How good are synthesised people, and what do they cost? One row for each way to make them.

    python tools/benchmark/image_quality.py --data market --data-root data --preset small --seeds 0 1 2

Every row trains on the same condition-target pairs in the same order, against the same frozen re-ID
network and with the same discriminators and schedule; a second re-ID network, which none of them has
met, looks for the people. Kill it and start it again: finished rows are kept, and the row that was
running goes on from its last checkpoint. See docs/generator.md.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict, replace
from datetime import timedelta
from pathlib import Path
from statistics import fmean

import torch
from harness import RESULTS, environment
from quality.configs import DATA, base_config, digest, encoder_config, judge_config, row_config
from quality.people import claim
from quality.plot import write_plot
from quality.recipes import PRESETS, RECIPES, TRIVIAL, Preset, rows_of
from quality.samples import SamplesHook, seen_by
from quality.scoring import Files, Scorer
from quality.table import write_table
from quality.training import train
from quality.trivial import TrivialGenerator

from posegan_plugin.errors import Interrupted, UserError
from posegan_plugin.for_mmengine.cli import run_command
from posegan_plugin.for_mmengine.pretrained import load_pretrained


def parse_args() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", choices=DATA, default="procedural")
    parser.add_argument("--data-root", default="data", help="folder of the data sets")
    parser.add_argument("--preset", choices=tuple(PRESETS), default="small")
    parser.add_argument("--rows", nargs="+", metavar="NAME", help="these rows, in this order")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument(
        "--finished", action="store_true", help="train no row: the table of those that are finished"
    )
    parser.add_argument("--samples", type=int, help="condition-target pairs a row trains on")
    parser.add_argument("--pairs", type=int, help="test pairs that are scored")
    parser.add_argument("--joints", type=Path, help="ONNX pose estimator, for PCK")
    parser.add_argument("--lpips", type=Path, help="state dict of torchvision's alexnet, for LPIPS")
    parser.add_argument("--work-dir", type=Path, default=Path("work_dirs/image_quality"))
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of table and plot")
    args = parser.parse_args()
    known = rows_of(args.preset)
    unknown = [name for name in args.rows or () if name not in known]
    if unknown:
        parser.error(f"--rows {unknown[0]}: choose from {', '.join(known)}")
    args.rows = list(dict.fromkeys(args.rows or known))
    args.seeds = list(dict.fromkeys(args.seeds))
    if min(args.seeds) < 0:
        parser.error("--seeds must not be negative")
    for name in ("samples", "pairs"):
        if getattr(args, name) is not None and getattr(args, name) < 1:
            parser.error(f"--{name} must be at least 1")
    return args


class Benchmark:
    """Trains and scores rows, each in a folder of its own.

    Args:
        args: The command line.
    """

    def __init__(self, args: argparse.Namespace) -> None:
        preset = PRESETS[args.preset]
        self.preset: Preset = replace(
            preset, samples=args.samples or preset.samples, pairs=args.pairs or preset.pairs
        )
        self.data = (args.data, args.data_root, self.preset)
        self._finished = args.finished
        self.folder = args.work_dir / f"{args.data}_{args.preset}"
        device = "cuda" if torch.cuda.is_available() else "cpu"
        config = base_config(*self.data, seed=0)
        files = Files(args.joints, args.lpips)
        self.scorer = Scorer(config, self.preset.pairs, files, device)
        claim(self.folder, config, self.scorer.dataset.splits)
        encoder = encoder_config(base_config(*self.data, seed=0), self.preset)
        self.encoder = train(encoder, self.folder / "encoder")
        # Another seed, so that the two are not twins.
        judge = judge_config(base_config(*self.data, seed=1), self.preset)
        self.scorer.use(load_pretrained(train(judge, self.folder / "judge"), device=device))

    def trivial(self, row: str) -> dict:
        """A row that needs no training."""
        folder = self.folder / row
        scorer = self.scorer
        facts = {"row": row, "label": TRIVIAL[row], "seed": None, "samples": 0, "parameters": 0}
        return scorer.kept(folder) or scorer.score(
            TrivialGenerator(row, scorer.means, scorer.num_cameras), folder, facts
        )

    def trained(self, row: str, seed: int) -> dict | None:
        """A row that is trained, for one seed; ``None`` if it is not and only finished ones count."""
        recipe = RECIPES[row]
        config = base_config(*self.data, seed)
        config = row_config(config, self.preset, recipe, self.encoder)
        folder = self.folder / f"{row}_{digest(config, self.encoder)}" / f"seed{seed}"
        kept = self.scorer.kept(folder)
        if kept or self._finished:
            return kept
        checkpoint = train(config, folder, [SamplesHook()])
        generator = load_pretrained(checkpoint).need_generator()
        facts = {
            "row": row,
            "label": recipe.label,
            "seed": seed,
            "channels": config.model.generator.channels,
            "parameters": sum(p.numel() for p in generator.parameters()),
            **asdict(seen_by(checkpoint)),
        }
        return self.scorer.score(generator, folder, facts)


def main() -> None:
    """Train, score, write the table after every row."""
    args = parse_args()
    title = f"Synthesised people, {args.data}, {args.preset}"
    path = args.out / f"image_quality_{args.data}_{args.preset}"
    benchmark = Benchmark(args)
    jobs = [(row, None) for row in args.rows if row in TRIVIAL]
    # A first seed of all rows says more than all seeds of the first row.
    jobs += [(row, seed) for seed in args.seeds for row in args.rows if row in RECIPES]
    found: dict[str, list[dict]] = {}
    for number, (row, seed) in enumerate(jobs, start=1):
        run = benchmark.trivial(row) if seed is None else benchmark.trained(row, seed)
        if run is None:
            continue
        found.setdefault(row, []).append(run)
        shown = {name: found[name] for name in args.rows if name in found}
        facts = {**environment(benchmark.scorer.device), "command": _command(args)}
        write_table(shown, title, facts, path)
        write_plot(shown, title, path.with_suffix(".svg"))
        ssim = run["scores"]["SSIM"]["value"]
        print(
            f"{number}/{len(jobs)} {row} seed {seed}: SSIM {ssim:.3f}{_left(found, jobs[number:])}",
            flush=True,
        )
    if not found:
        raise UserError(
            f"--finished: none of these rows is in {benchmark.folder}; train some first"
        )
    print(f"table  {path.with_suffix('.md')}\npictures  {benchmark.folder}/*/*/grid.png")


def _left(found: dict[str, list[dict]], jobs: list[tuple[str, int | None]]) -> str:
    """Time left, from what the rows so far have taken."""
    seconds = [run["seconds"] for runs in found.values() for run in runs if "seconds" in run]
    coming = sum(seed is not None for _, seed in jobs)
    if not seconds or not coming:
        return ""
    return f"; at most {timedelta(seconds=round(coming * fmean(seconds)))} of training left"


def _command(args: argparse.Namespace) -> str:
    """What makes this table, without the places of files."""
    parts = ["data", "preset", "samples", "pairs"]
    line = [f"--{name} {getattr(args, name)}" for name in parts if getattr(args, name) is not None]
    if args.rows != rows_of(args.preset):
        line.append(f"--rows {' '.join(args.rows)}")
    seeds = " ".join(map(str, args.seeds))
    finished = " --finished" if args.finished else ""
    return f"python tools/benchmark/image_quality.py {' '.join(line)} --seeds {seeds}{finished}"


def run() -> None:
    """Say how to go on where a signal has ended a training."""
    try:
        main()
    except Interrupted as stop:
        print(f"{stop}; go on with the same command", file=sys.stderr)
        sys.exit(stop.exit_code)


if __name__ == "__main__":
    run_command(run)
