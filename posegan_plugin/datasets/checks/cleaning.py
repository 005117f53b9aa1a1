"""What is usable of a data set with faults."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np

from posegan_plugin.datasets.checks.coordinates import (
    joints_outside,
    of_larger_images,
    with_right_axes,
)
from posegan_plugin.datasets.checks.duplicates import contradict, identical_rows
from posegan_plugin.datasets.checks.identities import unmatched_queries
from posegan_plugin.datasets.checks.inventory import Inventory
from posegan_plugin.datasets.checks.joint_order import order_is_foreign, sides_swapped
from posegan_plugin.datasets.people import PeopleOnDisk, Person
from posegan_plugin.errors import UserError
from posegan_plugin.pose import FLIP_ORDER
from posegan_plugin.pose.inside import keep_inside
from posegan_plugin.pose.keypoint_names import keypoint_names

_KEEP_FIRST = ("query", "gallery", "train")


def clean(inventory: Inventory) -> tuple[Inventory, Counter[str]]:
    """Leave out what cannot be used, and exchange what is swapped.

    Left out are images that cannot be decoded or have a wrong name, all but one of identical files
    (test lists keep theirs; of contradicting ones none is kept), queries that no gallery image
    answers, joints outside their image, and all poses if their joint order is not known or they are
    those of larger images.

    Args:
        inventory: The data set; it is not changed.

    Returns:
        The data set without its faults, as far as they can be mended, as a person list; and what
        was done -> how often.

    Raises:
        UserError: Nothing is left to train on.
    """
    log: Counter[str] = Counter()
    lists = _clean_people(inventory, log)
    if not lists["train"]:
        raise UserError("no training image of the data set is usable, so there is nothing to write")
    paths = sorted({p.path for people in lists.values() for p in people})
    absolute = [Path(p).absolute() for p in paths]  # a list may have paths of both kinds
    # One folder more, so that the name of an image is never the end of another's.
    root = Path(os.path.commonpath([p.parent for p in absolute])).parent
    known = dict(zip(paths, keypoint_names(absolute, root), strict=True))
    poses = _clean_poses(inventory, known.keys(), log)
    splits = replace(inventory.on_disk.splits, name="person_list", keypoints=[], **lists)
    result = replace(
        inventory,
        on_disk=PeopleOnDisk(splits),
        images={path: inventory.images[path] for path in paths},
        poses={known[path]: pose for path, pose in poses.items()},
        names={path: known[path] for path in poses},
        shared_names={},
        broken_files=[],
    )
    return result, +log


def _clean_people(inventory: Inventory, log: Counter[str]) -> dict[str, list[Person]]:
    log["wrongly named files left out"] = len(inventory.on_disk.wrong)
    contradicting = {
        person.path for rows in identical_rows(inventory) if contradict(rows) for _, person in rows
    }
    lists: dict[str, list[Person]] = {}
    seen = set()
    for split in _KEEP_FIRST:
        lists[split] = []
        for person in inventory.lists[split]:
            image = inventory.images[person.path]
            if not image.size:
                log["unreadable images left out"] += 1
            elif person.path in contradicting:
                log["contradicting duplicates left out"] += 1
            elif image.digest in seen:
                log["duplicates left out"] += 1
            else:
                seen.add(image.digest)
                lists[split].append(person)
    unmatched = set(unmatched_queries(lists["query"], lists["gallery"]))
    log["queries without an answer left out"] = len(unmatched)
    lists["query"] = [p for p in lists["query"] if p not in unmatched]
    if not lists["query"]:
        log["gallery images left out, as no query is left"] = len(lists["gallery"])
        lists["gallery"] = []
    if not inventory.on_disk.same_numbers:
        # In one list, equal numbers would be the same person.
        offset = 1 + max((p.pid for s in ("query", "gallery") for p in lists[s]), default=-1)
        lists["train"] = [p._replace(pid=p.pid + offset) for p in lists["train"]]
    return lists


def _clean_poses(inventory: Inventory, kept: set[str], log: Counter[str]) -> dict[str, np.ndarray]:
    """Image path -> key points, of the images that are kept."""
    posed = with_right_axes(inventory.posed)
    rows = [row for row, path in enumerate(posed.paths) if path in kept]
    if posed is not inventory.posed:
        log["poses whose x and y were exchanged"] = len(rows)
    if order_is_foreign(posed):
        log["poses left out, as their joint order is not known"] = len(rows)
        return {}
    if of_larger_images(posed):
        log["poses left out, as they are those of larger images"] = len(rows)
        return {}
    if sides_swapped(posed):
        posed = posed._replace(keypoints=posed.keypoints[:, FLIP_ORDER])
        log["poses whose left and right were exchanged"] = len(rows)
    log["joints outside the image left out"] = int(joints_outside(posed)[rows].sum())
    log["broken key point files left out"] = len(inventory.broken_files)
    log["poses left out that fit several pictures"] = len(inventory.shared_names)
    return {
        path: keep_inside(posed.keypoints[row], inventory.images[path].size)
        for row, path in enumerate(posed.paths)
        if path in kept
    }
