"""From the scores of all rows and seeds to a table, as Markdown and as numbers."""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from posegan_plugin.pose.files import write_atomic


class Column(NamedTuple):
    """A score in the table.

    Attributes:
        score: Its name among the scores.
        heading: What stands above it.
        digits: Behind the point.
        real: The score that the true target gets.
    """

    score: str
    heading: str
    digits: int
    real: str | float | None = None


COLUMNS = (
    Column("SSIM", "SSIM", 3),
    Column("SSIM_patn", "SSIM_patn", 3),
    Column("mask_SSIM", "mask SSIM", 3),
    Column("PSNR", "PSNR", 2),
    Column("LPIPS", "LPIPS", 3),
    Column("PCK_generated", "PCK", 1, "PCK_real"),
    Column("pose_gap", "pose gap", 3),
    Column("R1_generated", "R1", 1, "R1_real"),
    Column("mAP_generated", "mAP", 1, "mAP_real"),
    Column("R1_generated_elsewhere", "R1 elsewhere", 1, "R1_real_elsewhere"),
    Column("mAP_generated_elsewhere", "mAP elsewhere", 1, "mAP_real_elsewhere"),
    Column("diversity", "diversity", 2, 1.0),
    Column("sharpness", "sharpness", 2, 1.0),
)
# Their protocols stand under the table: they name the networks that judge.
_NAMED = ("PCK_generated", "R1_generated", "R1_generated_elsewhere", "LPIPS")


class Value(NamedTuple):
    """A score over seeds.

    Attributes:
        mean: The mean.
        spread: Standard deviation over seeds; ``None`` with one seed.
    """

    mean: float
    spread: float | None

    @classmethod
    def of(cls, values: Sequence[float]) -> Value:
        """Of what the seeds gave, at least one."""
        return cls(statistics.fmean(values), statistics.stdev(values) if len(values) > 1 else None)

    def text(self, digits: int) -> str:
        """For the table."""
        shown = f"{self.mean:.{digits}f}"
        return shown if self.spread is None else f"{shown} ± {self.spread:.{digits}f}"


def value_of(runs: Sequence[Mapping], score: str) -> Value | None:
    """A score of one row.

    Args:
        runs: What its seeds' ``scores.json`` hold.
        score: The name of the score.

    Returns:
        ``None`` where it was not measured.
    """
    values = [run["scores"][score]["value"] for run in runs if score in run["scores"]]
    if not values or None in values:
        return None
    return Value.of(values)


def markdown(rows: Mapping[str, Sequence[Mapping]]) -> str:
    """The table.

    Args:
        rows: Name of each row -> what its seeds' ``scores.json`` hold; at least one row.
    """
    head = [
        "row",
        "seeds",
        "width",
        "GMAC",
        "M parameters",
        "samples",
        *(c.heading for c in COLUMNS),
    ]
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    for runs in rows.values():
        first = runs[0]
        about = [first["label"], str(len(runs)), str(first.get("channels") or "")]
        about += [f"{first['gmac']:.3f}", f"{first['parameters'] / 1e6:.2f}"]
        about += [f"{first['samples']:,}"]
        lines.append(f"| {' | '.join(about + [_cell(runs, c.score, c.digits) for c in COLUMNS])} |")
    last = next(reversed(rows.values()))[:1]  # the same images for every row and seed
    real = [_real(last, column) for column in COLUMNS]
    lines.append(f"| {' | '.join(['true target', *[''] * 5, *real])} |")
    return "\n".join(lines)


def real_value(runs: Sequence[Mapping], column: Column) -> float | None:
    """What the true target gets in a column; ``None`` where that was not measured or says nothing.

    Args:
        runs: What ``scores.json`` of any row holds.
        column: One of :data:`COLUMNS`.
    """
    if not isinstance(column.real, str):
        return column.real
    value = value_of(runs, column.real)
    return None if value is None else value.mean


def _real(runs: Sequence[Mapping], column: Column) -> str:
    value = real_value(runs, column)
    missing = "not measured" if column.real else ""
    return missing if value is None else f"{value:.{column.digits}f}"


def _cell(runs: Sequence[Mapping], score: str, digits: int) -> str:
    value = value_of(runs, score)
    return "not measured" if value is None else value.text(digits)


def write_table(
    rows: Mapping[str, Sequence[Mapping]], title: str, facts: Mapping[str, object], path: Path
) -> None:
    """Write the numbers as JSON and the table as Markdown beside it.

    Args:
        rows: As for :func:`markdown`.
        title: Above the table.
        facts: What holds for all rows: command, hardware, versions, date.
        path: Without its ending.
    """
    runs = [run for seeds in rows.values() for run in seeds]
    fingerprints = {run["seed"]: set() for run in runs if run["seed"] is not None}
    for run in runs:
        if run["seed"] is not None:
            fingerprints[run["seed"]].add(run["fingerprint"])
    same = all(len(found) == 1 for found in fingerprints.values())
    note = (
        "All rows of a seed trained on the same pairs in the same order"
        if same
        else ("**The rows did not train on the same pairs**")
    )
    scored, known = runs[0]["scored_by"], runs[-1]["protocols"]
    text = [
        f"### {title}",
        "",
        markdown(rows),
        "",
        f"{scored['pairs']} pairs of {scored['people']} people; ± is the standard deviation over "
        f"seeds. {note}. `{facts['command']}`, {facts['hardware']}, {facts['versions']}, "
        f"{facts['date']}.",
        "",
        *(f"- {name}: {known[name]}" for name in _NAMED if name in known),
        "",
    ]
    content = {**facts, "same_samples": same, "rows": [_numbers(run) for run in runs]}
    content["protocols"] = known
    write_atomic(path.with_suffix(".md"), "\n".join(text).encode())
    write_atomic(path.with_suffix(".json"), (json.dumps(content, indent=1) + "\n").encode())


def _numbers(run: Mapping) -> dict:
    return {k: v for k, v in run.items() if k != "protocols"}
