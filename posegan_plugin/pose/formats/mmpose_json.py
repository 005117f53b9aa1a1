"""Predictions of MMPose 1.x, and of ViTPose in it: a file an image.

``MMPoseInferencer(...)(..., pred_out_dir=...)`` writes ``NAME.json``, a list of people; the demos'
``--save-predictions`` writes ``results_NAME.json``, which also names the joints.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from posegan_plugin.errors import UserError
from posegan_plugin.folders import is_folder
from posegan_plugin.pose.formats.fields import entry, floats, json_files, list_entry, read_json
from posegan_plugin.pose.formats.pose_file import PoseFile, joint_name, to_pose
from posegan_plugin.pose.skeleton import COCO17_JOINTS, HALPE26_JOINTS

_SKELETONS = {len(joints): joints for joints in (COCO17_JOINTS, HALPE26_JOINTS)}
_DEMO_PREFIX = "results_"


def read_mmpose_json(path: str | Path, threshold: float = 0.3) -> PoseFile:
    """Read a prediction file, or a folder of them.

    Args:
        path: The file or the folder; files in sub-folders are read too.
        threshold: Joints with a lower score are missing: MMPose gives every joint a place. Its demos
            draw joints from 0.3; models of the RTMW series score up to about 6.

    Returns:
        The poses; names are the images' paths below the folder without suffix.

    Raises:
        UserError: There is no such file, or one cannot be used; the message starts with its path.
    """
    path = Path(path)
    folder, files = (path, json_files(path, ".json")) if is_folder(path) else (path.parent, [path])
    result = PoseFile(with_suffix=False)
    for file in files:
        content = read_json(file)
        name, joints, key = file.stem, None, "the list"
        if isinstance(content, dict):
            name, key = name.removeprefix(_DEMO_PREFIX), "instance_info"
            joints = _joint_names(content, str(file))
            content = list_entry(content, key, str(file))
        if not isinstance(content, list):
            raise UserError(f"{file}: is not a list of people; is it a prediction of MMPose?")
        people = [
            _pose(person, joints, threshold, f"{file}: {key}[{n}]")
            for n, person in enumerate(content)
        ]
        result.add((file.parent.relative_to(folder) / name).as_posix(), people, str(file))
    return result


def _joint_names(content: dict, where: str) -> list[str]:
    """The names in ``meta_info.keypoint_id2name``, by joint number."""
    where = f"{where}: meta_info"
    names = entry(entry(content, "meta_info", where), "keypoint_id2name", where)
    if not isinstance(names, dict) or set(names) != {str(n) for n in range(len(names))}:
        raise UserError(f"{where}: keypoint_id2name does not name the joints 0, 1, 2 and so on")
    return [joint_name(names[str(n)], where) for n in range(len(names))]


def _pose(person: object, joints: Sequence[str] | None, threshold: float, where: str) -> np.ndarray:
    if isinstance(person, dict) and "instances" in person:
        raise UserError(f"{where}: is a frame of a video; write a prediction file for each image")
    places = list_entry(person, "keypoints", where)
    scores = floats(entry(person, "keypoint_scores", where), f"{where}: keypoint_scores")
    xy = [floats(place, f"{where}: keypoints[{n}]") for n, place in enumerate(places)]
    if len(xy) != len(scores) or any(len(place) != 2 for place in xy):
        raise UserError(f"{where}: keypoints is not a list of x, y for each of keypoint_scores")
    joints = joints or _SKELETONS.get(len(xy))
    if joints is None:
        raise UserError(
            f"{where}: {len(xy)} joints without names in meta_info; use a model of 17 (COCO) or 26 "
            "(Halpe) joints"
        )
    keypoints = np.column_stack([np.reshape(xy, (-1, 2)), scores])
    return to_pose(keypoints, joints, threshold, where)
