"""From finished runs to tables: Markdown for readers, numbers as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from quality.table import Value

from posegan_plugin.pose import write_atomic
from reid.scoring import SCORES
from reid.search import Search

Runs = Mapping[str, Sequence[Mapping]]
"""Name of each row -> the results of its seeds."""
_GAINS = ("R1", "mAP")
TOOLBOX = ("softmax", "triplet")
"""The real-only rows of the toolbox itself; the better one is what gains are measured against."""


def scores_of(runs: Sequence[Mapping], score: str) -> Value:
    """A score of one row."""
    return Value.of([run["scores"][score] for run in runs])


def posed_value(runs: Sequence[Mapping], count: str, score: str) -> Value:
    """A score of one row with descriptors averaged over so many standard poses."""
    return Value.of([run["poses"][count][score] for run in runs if count in run["poses"]])


def baseline(rows: Runs) -> str | None:
    """The better row of the toolbox itself, by mAP; ``None`` where there is none."""
    known = [name for name in TOOLBOX if name in rows]
    return max(known, key=lambda name: scores_of(rows[name], "mAP").mean, default=None)


def rows_table(rows: Runs) -> list[str]:
    """One line a row: setting, time, scores, gain over the toolbox's better real-only row."""
    about = ("row", "seeds", "lr", "epochs", "erasing", "own option", "steps", "seconds")
    lines = table_head([*about, *SCORES, *(f"{s} gain" for s in _GAINS)])
    for runs in rows.values():
        setting = runs[0]["setting"]
        knob = setting["knob"]
        cells = [runs[0]["label"], len(runs), f"{setting['lr']:g}", setting["epochs"]]
        cells += ["yes" if setting["erase"] else "no", "" if knob is None else knob]
        cells += [runs[0]["steps"], Value.of([r["seconds"] for r in runs]).text(0)]
        cells += [scores_of(runs, score).text(1) for score in SCORES]
        gained = {s: scores_of(runs, s).mean for s in _GAINS}
        lines.append(table_line(cells + _gains(gained, rows)))
    return lines


def search_table(searches: Mapping[str, Search]) -> list[str]:
    """One line a trial."""
    lines = table_head(["family", "lr", "epochs", "erasing", "own option", "R1", "mAP", ""])
    for family, found in searches.items():
        for setting, result in found.trials:
            knob = "" if setting.knob is None else setting.knob
            cells = [family, f"{setting.lr:g}", setting.epochs, "yes" if setting.erase else "no"]
            cells += [knob, *(f"{result['scores'][s]:.1f}" for s in ("R1", "mAP"))]
            lines.append(table_line([*cells, "best" if setting == found.best else ""]))
    return lines


def poses_table(rows: Runs) -> list[str]:
    """One line a row and what its descriptors are averaged over; gains over the toolbox's likewise."""
    names = ("row", "seeds", "standard poses", *SCORES)
    lines = table_head([*names, *(f"{s} gain" for s in _GAINS)])
    for runs in rows.values():
        for count in runs[0]["poses"]:
            seeds = sum(count in run["poses"] for run in runs)
            values = {score: posed_value(runs, count, score) for score in SCORES}
            cells = [runs[0]["label"], seeds, count, *(v.text(1) for v in values.values())]
            lines.append(
                table_line(cells + _gains({s: values[s].mean for s in _GAINS}, rows, count))
            )
    return lines


def write_tables(
    searches: Mapping[str, Search],
    rows: Runs,
    equal_time: Runs,
    title: str,
    facts: Mapping[str, object],
    path: Path,
) -> None:
    """Write ``path.md`` and ``path.json``.

    Args:
        searches: What was tuned, by family.
        rows: Runs of equal length.
        equal_time: Runs that took equally long.
        title: Above everything.
        facts: Of this table: command, and hardware, versions and date of its making.
        path: Without its ending.
    """
    text = [f"### {title}", "", "Equal number of epochs:", "", *rows_table(rows), ""]
    if equal_time:
        text += ["Equal time of training:", "", *rows_table(equal_time), ""]
    for kind, table in (("", rows), (", equal time", equal_time)):
        if any(run["poses"] for runs in table.values() for run in runs):
            text += [f"Averaged over standard poses{kind}:", "", *poses_table(table), ""]
    if searches:
        text += ["Trials, on held-out training people:", "", *search_table(searches), ""]
    known = [run for table in (rows, equal_time) for runs in table.values() for run in runs]
    text += [
        f"± is the standard deviation over seeds. `{facts['command']}`, {_made(known)}.",
        "",
    ]
    content = {
        **facts,
        "search": {
            name: {
                "best": asdict(found.best),
                "trials": [dict(result) for _, result in found.trials],
            }
            for name, found in searches.items()
        },
        "rows": [run for runs in rows.values() for run in runs],
        "equal_time": [run for runs in equal_time.values() for run in runs],
    }
    write_atomic(path.with_suffix(".md"), "\n".join(text).encode())
    write_atomic(path.with_suffix(".json"), (json.dumps(content, indent=1) + "\n").encode())


def table_head(names: Sequence[str]) -> list[str]:
    """The first two lines of a table in Markdown."""
    return [table_line(names), "|" + "---|" * len(names)]


def table_line(cells: Sequence[object]) -> str:
    """One line of it."""
    return f"| {' | '.join(map(str, cells))} |"


def _gains(scores: Mapping[str, float], rows: Runs, count: str | None = None) -> list[str]:
    """Over the toolbox's better row, tested likewise."""
    best = baseline(rows)
    runs = rows[best] if best is not None else []
    if count is not None:
        runs = [{"scores": run["poses"][count]} for run in runs if count in run["poses"]]
    return [
        f"{value - scores_of(runs, score).mean:+.1f}" if runs else ""
        for score, value in scores.items()
    ]


def _made(runs: Sequence[Mapping]) -> str:
    """On what, with which versions and when all of these were trained."""
    versions: dict[str, dict[str, None]] = {}
    for run in runs:
        for package in filter(None, run.get("versions", "").split(", ")):
            name, version = package.split(" ")
            versions.setdefault(name, {})[version] = None
    dates = sorted({run["date"] for run in runs if "date" in run})
    parts = [
        " and ".join(dict.fromkeys(run["hardware"] for run in runs)),
        *(f"{name} {' and '.join(found)}" for name, found in versions.items()),
        " to ".join(dict.fromkeys([*dates[:1], *dates[-1:]])),
    ]
    return ", ".join(filter(None, parts))
