"""Identical files: where they leak test people into the training, or contradict each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from posegan_plugin.datasets.checks.finding import ERROR, WARNING, Finding, found
from posegan_plugin.datasets.checks.inventory import Inventory
from posegan_plugin.datasets.people import Person

Row = tuple[str, Person]
"""(split, person)."""


def identical_rows(inventory: Inventory) -> list[list[Row]]:
    """Groups of two or more rows whose images have the same bytes (or are the same file)."""
    groups = defaultdict(list)
    for split, person in inventory.rows():
        image = inventory.images[person.path]
        if image.size:
            groups[image.digest].append((split, person))
    return [rows for rows in groups.values() if len(rows) > 1]


def contradict(rows: list[Row]) -> bool:
    """Whether training rows, or test rows, name several identities or cameras for one picture."""
    train = {person[1:] for split, person in rows if split == "train"}
    test = {person[1:] for split, person in rows if split != "train"}
    return len(train) > 1 or len(test) > 1


def check_duplicates(inventory: Inventory) -> Iterator[Finding]:
    """Identical files, across splits and within."""
    leaks, contradictions, others = [], [], []
    for rows in identical_rows(inventory):
        splits = {split for split, _ in rows}
        if "train" in splits and len(splits) > 1:
            kind = leaks
        else:
            kind = contradictions if contradict(rows) else others
        kind.append(" = ".join(person.path for _, person in rows[:2]))
    yield from found(
        ERROR,
        "test images in training",
        leaks,
        "identical files stand in the training and the test lists, so that results are too good: "
        "remove them from the training",
    )
    yield from found(
        ERROR,
        "contradicting duplicates",
        contradictions,
        "identical files have different identities or cameras: find out which is right and remove "
        "the others",
    )
    yield from found(
        WARNING,
        "duplicates",
        others,
        "identical files of one person and camera teach nothing new: remove all but one",
    )
