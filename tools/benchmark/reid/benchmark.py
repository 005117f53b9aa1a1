"""All rows and seeds of the re-ID benchmark: what is tuned, trained and scored, and its tables."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from statistics import fmean

import torch
from harness import environment

from posegan_plugin.errors import UserError
from posegan_plugin.for_mmengine.pretrained import load_pretrained
from reid.families import FAMILIES
from reid.people import find_people, held_out_people
from reid.plot import write_plot
from reid.presets import PRESETS, Setting
from reid.rows import ROWS
from reid.runs import Runs
from reid.search import Search, search, untuned
from reid.store import Store
from reid.summary import write_summaries
from reid.table import write_tables

_SEARCH_SEED = 1000  # none of the table's, so that no row meets a network that was tuned on
_BASELINE = next(iter(FAMILIES))


class Benchmark:
    """Tunes, trains and scores; writes the tables after every training.

    Args:
        args: The command line.
    """

    def __init__(self, args: argparse.Namespace) -> None:
        preset = PRESETS[args.preset]
        self._preset = replace(
            preset,
            backbone=args.backbone or preset.backbone,
            epochs=tuple(args.epochs or preset.epochs),
        )
        self._args = args
        name = "_".join((args.data, args.preset, *filter(None, [args.backbone])))
        folder = args.work_dir / name
        path = args.out / f"reid_accuracy_{name}"
        self._path = path.with_name("_".join((path.name, *filter(None, [args.table]))))
        about = (args.data, args.preset, self._preset.backbone, *filter(None, [args.table]))
        self._title = f"Re-identification, {', '.join(about)}"
        people = find_people(args.data, args.data_root, self._preset, folder)
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        generator = None
        if args.generator:
            generator = load_pretrained(args.generator, device=self._device)
            generator.need_generator()
        networks = (generator, self._device)
        store = Store(path.with_name(f"{path.name}_runs.json"))
        parts = (*networks, store, not args.kept)
        self._runs = Runs(people, self._preset, folder, *parts)
        if args.tune != "none":
            held_out = held_out_people(people, folder / "held_out")
            self._trials = Runs(held_out, self._preset, folder / "trials", *parts)
        self._searches: dict[str, Search] = {}
        self._found: dict[str, list[dict]] = {}
        self._equal_time: dict[str, list[dict]] = {}

    def run(self) -> None:
        """Everything."""
        families = dict.fromkeys([_BASELINE, *(ROWS[name].family for name in self._args.rows)])
        settings = self._settings(families)
        # A first seed of all rows says more than all seeds of the first row.
        jobs = [(row, seed) for seed in self._args.seeds for row in self._args.rows]
        if self._args.kept:
            kept = [job for job in jobs if self._runs.kept(*job, settings)]
            for row, seed in [job for job in jobs if job not in kept]:
                print(f"{row} seed {seed}: no result is kept", flush=True)
            jobs = kept
        for row, seed in self._counted(jobs):
            self._add(self._found, self._runs.result(row, seed, settings, self._args.poses))
        for row, seed in self._counted(jobs if self._args.equal_time else []):
            changed = {**settings, ROWS[row].family: self._shortened(row, settings)}
            if not self._args.kept or self._runs.kept(row, seed, changed):
                found = self._runs.result(row, seed, changed, self._args.poses)
                self._add(self._equal_time, found)
        print(f"table  {self._path.with_suffix('.md')}")

    def _settings(self, families: Iterable[str]) -> dict[str, Setting]:
        """Of each family; nobody trains longer than the baseline likes best."""
        tune = self._args.tune
        settings = {name: untuned(FAMILIES[name], self._preset) for name in families}
        if tune == "none":
            return settings
        settings |= {n: self._tuned(n) for n in (families if tune == "all" else [_BASELINE])}
        first = settings[_BASELINE]
        shared = {"epochs": first.epochs}
        if tune == "baseline":
            shared |= {"lr": first.lr, "erase": first.erase}
        return {name: replace(found, **shared) for name, found in settings.items()}

    def _tuned(self, family: str) -> Setting:
        def trial(setting: Setting) -> dict:
            run = self._trials.result(FAMILIES[family].row, _SEARCH_SEED, {family: setting})
            print(f"trial of {family}: {setting}: mAP {run['scores']['mAP']:.1f}", flush=True)
            return run

        self._searches[family] = search(family, self._preset, trial)
        return self._searches[family].best

    def _shortened(self, row: str, settings: Mapping[str, Setting]) -> Setting:
        """As many epochs as fit into the mean time of the row that was named."""
        setting = settings[ROWS[row].family]
        if self._args.equal_time not in self._found:
            raise UserError(
                f"--kept --equal-time {self._args.equal_time}: that row has no result of these seeds; "
                "leave --kept out to train it"
            )
        both = [self._found[r] for r in (self._args.equal_time, row)]
        machines = dict.fromkeys(run["hardware"] for runs in both for run in runs)
        if len(machines) > 1:
            raise UserError(
                f"--equal-time: {row} and {self._args.equal_time} were trained on "
                f"{' and '.join(machines)}, whose seconds cannot be compared: train both on one machine"
            )
        wanted, taken = (fmean(run["seconds"] for run in runs) for runs in both)
        return replace(setting, epochs=max(1, round(setting.epochs * wanted / taken)))

    @staticmethod
    def _counted(jobs: list[tuple[str, int]]) -> Iterator[tuple[str, int]]:
        """The jobs; after each it says how many are done, and for how long the others will take."""
        begun = time.monotonic()
        for number, job in enumerate(jobs, start=1):
            yield job
            left = (time.monotonic() - begun) / number * (len(jobs) - number)
            print(f"{number}/{len(jobs)}; about {timedelta(seconds=round(left))} left", flush=True)

    def _add(self, table: dict[str, list[dict]], run: dict) -> None:
        table.setdefault(run["row"], []).append(run)
        facts = {**environment(self._device), "command": _command(self._args)}
        shown = (self._found, self._equal_time, self._title)
        write_tables(self._searches, *shown, facts, self._path)
        write_summaries(self._found, self._equal_time, self._path)
        write_plot(*shown, self._path.with_suffix(".svg"))
        scores = run["scores"]
        print(f"{run['row']} seed {run['seed']}: R1 {scores['R1']:.1f} mAP {scores['mAP']:.1f}")


def _command(args: argparse.Namespace) -> str:
    """What makes these tables, without the places of files."""
    line = [f"--data {args.data} --preset {args.preset}"]
    line += [f"--backbone {args.backbone}"] if args.backbone else []
    line += [f"--epochs {' '.join(map(str, args.epochs))}"] if args.epochs else []
    line += [f"--rows {' '.join(args.rows)}", f"--seeds {' '.join(map(str, args.seeds))}"]
    line += ["--generator CHECKPOINT"] if args.generator else []
    line += [f"--poses {' '.join(map(str, args.poses))}"] if args.poses else []
    line += [f"--tune {args.tune}"] if args.tune != "all" else []
    line += [f"--equal-time {args.equal_time}"] if args.equal_time else []
    line += ["--kept"] if args.kept else []
    line += [f"--table {args.table}"] if args.table else []
    return f"python tools/benchmark/reid_accuracy.py {' '.join(line)}"
