"""Key points as OpenPose's ``--write_json`` leaves them: a folder with a file an image."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from posegan_plugin.errors import UserError
from posegan_plugin.pose.formats.fields import json_files, list_entry, read_json, triples
from posegan_plugin.pose.formats.pose_file import PoseFile, to_pose
from posegan_plugin.pose.skeleton import BODY25_JOINTS, JOINTS

ENDING = "_keypoints.json"
_KEYS = ("pose_keypoints_2d", "pose_keypoints")  # the second until OpenPose 1.2
_SKELETONS = {len(joints): joints for joints in (JOINTS, BODY25_JOINTS)}


def read_openpose_json(folder: str | Path, threshold: float = 0.0) -> PoseFile:
    """Read a folder of files ``NAME_keypoints.json``, of OpenPose's COCO or BODY_25 model.

    Args:
        folder: The folder; files in sub-folders are read too.
        threshold: Joints with a lower score are missing. OpenPose itself writes unsure joints as
            missing.

    Returns:
        The poses; names are the images' paths below the folder without suffix.

    Raises:
        UserError: There is no such file, or one cannot be used; the message starts with its path.
    """
    folder = Path(folder)
    result = PoseFile(with_suffix=False)
    for path in json_files(folder, ENDING):
        name = path.relative_to(folder).as_posix().removesuffix(ENDING)
        people = list_entry(read_json(path), "people", str(path))
        poses = [
            _pose(person, threshold, f"{path}: people[{n}]") for n, person in enumerate(people)
        ]
        result.add(name, poses, str(path))
    return result


def _pose(person: object, threshold: float, where: str) -> np.ndarray:
    key = next((k for k in _KEYS if isinstance(person, dict) and k in person), None)
    if key is None:
        raise UserError(f"{where}: there is no {_KEYS[0]!r} here; is it a file of OpenPose?")
    keypoints = triples(person[key], f"{where}: {key}")
    joints = _SKELETONS.get(len(keypoints))
    if joints is None:
        raise UserError(
            f"{where}: {key} has {len(keypoints)} joints; use OpenPose's COCO model (18) or BODY_25"
        )
    return to_pose(keypoints, joints, threshold, where)
