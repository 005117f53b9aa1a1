"""Who has key points, and how many joints."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from posegan_plugin.datasets.checks.finding import ERROR, WARNING, Finding, found
from posegan_plugin.datasets.checks.inventory import Inventory

_MAX_FEW = 0.2


def check_coverage(inventory: Inventory) -> Iterator[Finding]:
    """Key point files that do not fit the images, and people with few joints."""
    yield from found(
        ERROR, "broken key point files", inventory.broken_files, "correct or leave out the files"
    )
    yield from found(
        ERROR,
        "key points of two images",
        [f"{name}: {', '.join(paths[:2])}" for name, paths in inventory.shared_names.items()],
        "the name fits different pictures, so nobody knows whose pose it is: in the key point file, "
        "name them with their folder (FOLDER/NAME)",
    )
    if inventory.shared_names:
        return  # what is missing follows from it
    if not inventory.names:
        if inventory.needs_keypoints:
            yield from _no_key_points(inventory)
        return
    yield from found(
        WARNING,
        "images without key points",
        [path for path in inventory.images if path not in inventory.names],
        "they train the re-ID network but never get or give a pose: annotate them with "
        "tools/annotate_poses.py",
    )
    used = set(inventory.names.values())
    yield from found(
        WARNING,
        "key points without image",
        # Junk detections (pid -1) are annotated but left out of the lists on purpose.
        [n for n in inventory.poses if n not in used and not Path(n).name.startswith("-1_")],
        "nobody uses them: check whether images are missing or were renamed",
    )
    yield from _few_joints(inventory)


def _no_key_points(inventory: Inventory) -> Iterator[Finding]:
    advice = (
        "the names in the key point files are others than the images': check that they belong together"
        if inventory.poses
        else "poses are needed for all but model.mode='baseline': annotate the images with "
        "tools/annotate_poses.py, or name the files with --keypoints"
    )
    yield from found(ERROR, "no key points", list(inventory.images), advice)


def _few_joints(inventory: Inventory) -> Iterator[Finding]:
    splits = inventory.on_disk.splits
    people = [
        p for p in (*splits.train, *splits.query, *splits.gallery) if p.path in inventory.names
    ]
    counts = inventory.joint_counts(people)
    least = inventory.min_joints
    few = [p.path for p, n in zip(people, counts, strict=True) if 0 < n < least]
    yield from found(
        WARNING,
        "no joint found",
        [p.path for p, n in zip(people, counts, strict=True) if n == 0],
        "the estimator saw nobody in them: they train the re-ID network but never get or give a pose",
    )
    if splits.train and not (inventory.joint_counts(splits.train) >= least).any():
        yield from found(
            ERROR,
            "nobody can be posed",
            [p.path for p in splits.train],
            f"no training person has {least} joints: get better key points, or lower "
            "model.augment.min_joints (--min-joints)",
        )
    elif len(few) > _MAX_FEW * len(people):
        yield from found(
            WARNING,
            "few joints",
            few,
            f"more than {_MAX_FEW:.0%} of the people have fewer than {least} joints and are never "
            "posed: get better key points, or lower model.augment.min_joints (--min-joints)",
        )
