"""Procedural people on disk, laid out as Market-1501 is."""

from __future__ import annotations

import json
import os
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from posegan_plugin.datasets.procedural.renderer import render_person
from posegan_plugin.datasets.procedural.spec import ProceduralPeopleSpec
from posegan_plugin.errors import UserError
from posegan_plugin.pose.keypoint_csv import write_keypoint_csv

TRAIN, QUERY, GALLERY = "bounding_box_train", "query", "bounding_box_test"
_SPEC_FILE = "spec.json"
# Raise it when the pictures of an unchanged spec change, so that old folders are not mistaken.
_RENDERER_VERSION = 1
_JPEG_QUALITY = 95


def write_procedural_people(root: Path, spec: ProceduralPeopleSpec, progress: bool = True) -> Path:
    """Renders a data set and writes it in the layout of Market-1501.

    The folder gets `bounding_box_train`, `query` and `bounding_box_test` with JPEG files named as
    Market-1501's (`0001_c1s1_000001_00.jpg`: identity and camera, both from 1), the key points of
    each in `market-annotation-train.csv` and `market-annotation-test.csv` (PATN's format), and
    `spec.json`. Each test identity has one query picture per camera in which it appears; its other
    pictures are in the gallery. The same spec gives the same bytes. The folder appears only when
    everything is in it.

    Args:
        root: The folder to make; parents are made too. If it already holds this very data set,
            nothing is done.
        spec: What to render.
        progress: Whether to show a progress bar.

    Returns:
        `root`.

    Raises:
        UserError: If `root` exists with something else in it, or cannot be written.
    """
    root = Path(root)
    if _is_finished(root, spec):
        return root
    part = root.parent / f".{root.name}.part-{uuid.uuid4().hex[:8]}"
    try:
        part.mkdir(parents=True)
        _fill(part, spec, progress)
        if root.is_dir():
            root.rmdir()  # Known to be empty; a rename onto it would fail on Windows.
        part.replace(root)
    except OSError as error:
        # Another process may have finished the same data set in the meantime.
        if _is_finished(root, spec):
            return root
        raise UserError(
            f"{root}: the procedural people cannot be written there ({error.strerror or error}); "
            "choose another folder or make room."
        ) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return root


def cameras_of(spec: ProceduralPeopleSpec, pid: int) -> list[int]:
    """The cameras in which an identity appears, rising, numbered from 1."""
    rng = np.random.default_rng([spec.seed, 6, pid])
    chosen = rng.choice(spec.num_cameras, spec.cameras_per_id, replace=False)
    return sorted(int(camera) + 1 for camera in chosen)


def _pictures(spec: ProceduralPeopleSpec) -> Iterator[tuple[str, int, int, int]]:
    """Every picture as (split folder, identity, camera, number in that camera)."""
    for pid in range(1, spec.num_train_ids + spec.num_test_ids + 1):
        for camid in cameras_of(spec, pid):
            for index in range(spec.images_per_camera):
                if pid <= spec.num_train_ids:
                    yield TRAIN, pid, camid, index
                else:
                    yield QUERY if index == 0 else GALLERY, pid, camid, index


def _fill(folder: Path, spec: ProceduralPeopleSpec, progress: bool) -> None:
    for split in (TRAIN, QUERY, GALLERY):
        (folder / split).mkdir()
    keypoints: dict[str, dict[str, np.ndarray]] = {"train": {}, "test": {}}
    total = (spec.num_train_ids + spec.num_test_ids) * spec.cameras_per_id * spec.images_per_camera
    bar = tqdm(
        _pictures(spec), total=total, disable=not progress, desc="procedural people", unit="img"
    )
    for split, pid, camid, index in bar:
        picture, points = render_person(spec, pid, camid, index)
        name = f"{pid:04d}_c{camid}s1_{25 * index + 1:06d}_00.jpg"
        done, data = cv2.imencode(
            ".jpg",
            cv2.cvtColor(picture, cv2.COLOR_RGB2BGR),
            [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY],
        )
        if not done:
            raise RuntimeError(f"OpenCV could not encode {name} as JPEG.")
        (folder / split / name).write_bytes(data.tobytes())
        keypoints["train" if split == TRAIN else "test"][name] = points
    for part, mapping in keypoints.items():
        write_keypoint_csv(folder / f"market-annotation-{part}.csv", mapping)
    text = json.dumps(_description(spec), indent=2) + "\n"
    (folder / _SPEC_FILE).write_text(text, encoding="utf-8", newline="\n")


def _description(spec: ProceduralPeopleSpec) -> dict[str, int]:
    return {"renderer_version": _RENDERER_VERSION, **asdict(spec)}


def _is_finished(root: Path, spec: ProceduralPeopleSpec) -> bool:
    """Whether `root` holds this data set; False if it is free.

    Raises:
        UserError: If it holds something else.
    """
    if not root.exists() or (root.is_dir() and not os.listdir(root)):  # noqa: PTH208 (any order)
        return False
    try:
        found = json.loads((root / _SPEC_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        found = None
    if found == _description(spec):
        return True
    reason = (
        "holds procedural people of another spec (see its spec.json)"
        if isinstance(found, dict)
        else "exists and holds something else"
    )
    raise UserError(
        f"{root} {reason}; choose another folder, or delete this one to have it rendered anew."
    )
