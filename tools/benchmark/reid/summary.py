"""Small tables out of the large one: what rows reach, what synthesis adds in training and in test."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean

from quality.table import Value

from posegan_plugin.pose import write_atomic
from reid.rows import ROWS
from reid.scoring import Views
from reid.table import Runs, baseline, posed_value, table_head, table_line

_SCORES = ("R1", "mAP", "mINP")
_TRIPLE = " / ".join(_SCORES)
_HEAD = len(table_head([]))


def overview(rows: Runs) -> list[str]:
    """One line a row: its scores by the single image and as the toolbox's own row is tested best.

    It has the number of epochs where rows differ in it.
    """
    best = baseline(rows)
    known = dict.fromkeys(view for run in rows.get(best, ()) for view in run["poses"])
    view = max(known, key=lambda v: posed_value(rows[best], v, "mAP").mean, default=None)
    tests = [_TRIPLE, *([f"the same, {Views.parse(view).label}"] if view else [])]
    epochs = {name: runs[0]["setting"]["epochs"] for name, runs in rows.items()}
    differ = len(set(epochs.values())) > 1
    lines = table_head(["row", "seeds", *(["epochs"] if differ else []), "seconds", *tests])
    for name, runs in rows.items():
        posed = [run["poses"][view] for run in runs if view in run["poses"]]
        seeds = f"{len(runs)}" if len(posed) in (0, len(runs)) else f"{len(runs)} ({len(posed)})"
        cells = [runs[0]["label"], seeds, *([epochs[name]] if differ else [])]
        cells += [f"{fmean(run['seconds'] for run in runs):,.0f}"]
        cells += [_mean([run["scores"] for run in runs])]
        lines.append(table_line(cells + ([_mean(posed)] if view else [])))
    return lines


def synthesised_people(rows: Runs) -> list[str]:
    """One line a row with synthesised people: the same training without them, and what they add.

    Of all seeds of both rows: equal seeds give equal first weights, but draws that part ways with the
    first step, so that pairs of them differ as much as others do.
    """
    gains = (f"{score} gain" for score in _SCORES)
    sides = (f"{_TRIPLE} with them", "seeds", "without", "seeds")
    lines = table_head(["row", *sides, *gains, "seconds"])
    for name, runs in rows.items():
        others = rows.get(ROWS[name].without)
        if others:
            cells = [runs[0]["label"]]
            for side in (runs, others):
                cells += [_mean([run["scores"] for run in side]), len(side)]
            cells += [_gain(score, runs, others) for score in _SCORES]
            taken, before = (fmean(run["seconds"] for run in side) for side in (runs, others))
            lines.append(table_line([*cells, f"x {taken / before:.1f}"]))
    return lines


def views(rows: Runs) -> list[str]:
    """One line a row: what each test adds to descriptors of the same length by the image alone.

    Where it has drawn images and mirror images, also what it adds to the mirror image alone. In
    brackets, where it is not all that have any of these tests, how many seeds have this one.
    """
    runs = [run for found in rows.values() for run in found]
    names = dict.fromkeys(view for run in runs for view in run["poses"])
    pairs = [(view, base) for view in names for base in _compared_with(Views.parse(view))]
    heads = (", over ".join(Views.parse(view).label for view in pair) for pair in pairs)
    lines = table_head(["row", "seeds", *heads])
    for found in rows.values():
        posed = [run["poses"] for run in found]
        tested = {pair: [p for p in posed if p.keys() >= {*pair}] for pair in pairs}
        seeds = max(map(len, tested.values()), default=0)
        if seeds:
            cells = [
                _added(both, *pair) + f" ({len(both)})" * (0 < len(both) < seeds)
                for pair, both in tested.items()
            ]
            lines.append(table_line([found[0]["label"], seeds, *cells]))
    return lines


def write_summaries(rows: Runs, equal_time: Runs, path: Path) -> None:
    """Write ``path`` with ``_overview.md`` and the like, those that have a line.

    Of the others nothing stays that a former call with more rows left there.

    Args:
        rows: Runs of equal length: ``_overview``, ``_people``, ``_views``.
        equal_time: Runs that took equally long: ``_equal_time``.
        path: What the names begin with.
    """
    tables = {
        "overview": overview(rows),
        "people": synthesised_people(rows),
        "views": views(rows),
        "equal_time": overview(equal_time),
    }
    for name, lines in tables.items():
        file = path.with_name(f"{path.name}_{name}.md")
        if len(lines) > _HEAD:
            write_atomic(file, "\n".join([*lines, ""]).encode())
        else:
            file.unlink(missing_ok=True)


def _compared_with(view: Views) -> list[str]:
    if not view.poses:
        return ["0"] if view.mirror else []
    return ["0", "mirror"] if view.mirror else ["0"]


def _added(poses: Sequence[Mapping], view: str, base: str) -> str:
    """The mean over the seeds; nothing where there are none."""
    gains = (fmean(p[view][s] - p[base][s] for p in poses) for s in _SCORES if poses)
    return " / ".join(f"{gain:+.1f}" for gain in gains)


def _mean(scores: Sequence[Mapping[str, float]]) -> str:
    """Over the seeds; nothing where there are none."""
    return " / ".join(f"{fmean(s[name] for s in scores):.1f}" for name in _SCORES if scores)


def _gain(score: str, runs: Sequence[Mapping], others: Sequence[Mapping]) -> str:
    """The difference of the means; its standard error where both have several seeds."""
    here, there = (Value.of([run["scores"][score] for run in side]) for side in (runs, others))
    gain = f"{here.mean - there.mean:+.1f}"
    if here.spread is None or there.spread is None:
        return gain
    error = math.hypot(here.spread / len(runs) ** 0.5, there.spread / len(others) ** 0.5)
    return f"{gain} ± {error:.1f}"
