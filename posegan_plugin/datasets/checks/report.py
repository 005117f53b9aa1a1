"""What the checks found, for people and for machines."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

from posegan_plugin.datasets.checks.finding import ERROR, WARNING, Finding
from posegan_plugin.datasets.checks.inventory import Inventory
from posegan_plugin.errors import printable
from posegan_plugin.pose import write_atomic


def statistics(inventory: Inventory) -> dict[str, dict[str, int]]:
    """Numbers of every list that has people.

    Returns:
        Split -> ``images``, ``identities``, ``cameras``, and how many images have no joints, too few
        and enough to be posed.
    """
    result = {}
    least = inventory.min_joints
    for split, people in inventory.lists.items():
        if not people:
            continue
        counts = inventory.joint_counts(people)
        result[split] = {
            "images": len(people),
            "identities": len({p.pid for p in people}),
            "cameras": len({p.camid for p in people}),
            "no joints": int((counts == 0).sum()),
            f"below {least} joints": int(((counts > 0) & (counts < least)).sum()),
            f"{least} or more": int((counts >= least).sum()),
        }
    return result


def render_report(inventory: Inventory, findings: Sequence[Finding]) -> str:
    """The numbers of the data set and one table of what was found.

    Args:
        inventory: The data set.
        findings: What is wrong with it.
    """
    numbers = statistics(inventory)
    lines = [inventory.on_disk.splits.name]
    if numbers:
        keys = list(next(iter(numbers.values())))
        lines += _aligned(
            [["", *keys], *([split, *map(str, row.values())] for split, row in numbers.items())]
        )
    if findings:
        rows = [["severity", "check", "count", "example"]]
        rows += [[f.severity, f.check, str(f.count), printable(f.examples[0])] for f in findings]
        header, *table = _aligned(rows)
        lines += ["", header, "-" * len(header)]
        for row, finding in zip(table, findings, strict=True):
            lines += [row, f"{'':10}{finding.advice}"]
    errors = sum(f.severity == ERROR for f in findings)
    lines += ["", f"errors: {errors}, warnings: {len(findings) - errors}"]
    return "\n".join(lines)


def write_json(
    path: str | os.PathLike[str], inventory: Inventory, findings: Sequence[Finding]
) -> None:
    """The same as a JSON file: ``dataset``, ``statistics``, ``errors``, ``warnings``, ``findings``.

    Args:
        path: Where the file goes; an existing file is replaced.
        inventory: The data set.
        findings: What is wrong with it.

    Raises:
        UserError: The file cannot be written.
    """
    content = {
        "dataset": inventory.on_disk.splits.name,
        "statistics": statistics(inventory),
        "errors": sum(f.severity == ERROR for f in findings),
        "warnings": sum(f.severity == WARNING for f in findings),
        "findings": [f._asdict() for f in findings],
    }
    text = json.dumps(content, indent=2) + "\n"
    write_atomic(Path(path), text.encode("ascii"))


def _aligned(rows: list[list[str]]) -> list[str]:
    """Columns of equal width; numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    numeric = [all(row[i].isdigit() for row in rows[1:]) for i in range(len(widths))]
    return [
        "  ".join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, numeric, strict=True)
        ).rstrip()
        for row in rows
    ]
