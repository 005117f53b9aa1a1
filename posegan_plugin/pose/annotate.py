"""Key points of a folder of images from a pose estimator, in a run that can be interrupted."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from tqdm import tqdm

from posegan_plugin.errors import UserError
from posegan_plugin.image_files import decode_image
from posegan_plugin.pose.coverage import Coverage
from posegan_plugin.pose.estimation import PoseEstimator
from posegan_plugin.pose.files import check_writable
from posegan_plugin.pose.image_list import ImageList
from posegan_plugin.pose.inside import keep_inside
from posegan_plugin.pose.journal import Journal
from posegan_plugin.pose.keypoint_csv import write_keypoint_csv


def annotate_images(
    images: ImageList,
    out: str | Path,
    estimator: PoseEstimator,
    batch_size: int = 32,
    settings: Mapping[str, object] | None = None,
    restart: bool = False,
) -> Coverage:
    """Estimate the pose on each image and write a key point file.

    Finished batches are kept in the folder ``OUT.parts`` until the file is written. A run that was
    killed goes on where it was when it is started again, with the same batches, so that on the same
    machine and device the file comes out the same, byte for byte, as that of a run that was not.

    Args:
        images: The images.
        out: The PATN csv file to write.
        estimator: Finds the joints.
        batch_size: Images at a time.
        settings: What else the poses depend on, such as the estimator's threshold; goes with the
            finished batches.
        restart: Throw away the batches of an interrupted run.

    Returns:
        How many joints were found.

    Raises:
        UserError: ``batch_size`` is below 1, the file cannot be written, an interrupted run had other
            settings or other images, or an image has gone since it was listed.
    """
    if batch_size < 1:
        raise UserError(f"batch size {batch_size}: give at least 1")
    out = Path(out)
    journal = Journal(
        parts_folder(out),
        {
            **(settings or {}),
            "batch_size": batch_size,
            "estimator": estimator.name,
            "images": f"{len(images.paths)} with digest {images.digest}",
        },
        restart,
    )
    batches = [
        range(len(images.paths))[n : n + batch_size]
        for n in range(0, len(images.paths), batch_size)
    ]
    found = [journal.load(number, len(batch)) for number, batch in enumerate(batches)]
    done = sum(len(batch) for batch in found if batch is not None)
    with tqdm(total=len(images.paths), initial=done, desc="finding joints", unit="image") as bar:
        for number, batch in enumerate(batches):
            if found[number] is None:
                found[number] = _estimate(images, batch, estimator)
                journal.save(number, found[number])
                bar.update(len(batch))
    keypoints = np.concatenate(found)
    write_keypoint_csv(out, dict(zip(images.names, keypoints, strict=True)))
    journal.remove()
    return Coverage.of(keypoints)


def check_output(out: str | Path, restart: bool = False, goes_on: bool = True) -> None:
    """Find out before long work whether a key point file may and can be written.

    Args:
        out: The file.
        restart: Whether a file that is there may be replaced.
        goes_on: Whether the work goes on with what a run that was killed has left.

    Raises:
        UserError: It or what such a run has left is there and would be lost, or it cannot be written.
    """
    out = Path(out)
    check_writable(out)
    parts = parts_folder(out)
    if restart or (goes_on and parts.exists()):
        return
    for path in (out, parts):
        if path.exists():
            raise UserError(
                f"{path} is already there; choose another file, or replace it with --restart"
            )


def parts_folder(out: Path) -> Path:
    """Where the finished batches of a run lie until its file is written."""
    return out.with_name(f"{out.name}.parts")


def _estimate(images: ImageList, batch: range, estimator: PoseEstimator) -> np.ndarray:
    keypoints = estimator([decode_image(images.paths[row]) for row in batch])
    pairs = zip(keypoints, (images.sizes[row] for row in batch), strict=True)
    return np.stack([keep_inside(pose, size) for pose, size in pairs])
