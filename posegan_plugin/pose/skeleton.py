"""The 18 joints of OpenPose, in whose order all key points of this package are kept."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from posegan_plugin.errors import UserError

JOINTS: tuple[str, ...] = (
    "nose",
    "neck",
    "right_shoulder",
    "right_elbow",
    "right_wrist",
    "left_shoulder",
    "left_elbow",
    "left_wrist",
    "right_hip",
    "right_knee",
    "right_ankle",
    "left_hip",
    "left_knee",
    "left_ankle",
    "right_eye",
    "left_eye",
    "right_ear",
    "left_ear",
)
"""Names of the joints; "right" is the person's own right."""

NUM_JOINTS: int = len(JOINTS)
"""How many joints a pose has: 18."""

COCO17_JOINTS: tuple[str, ...] = (
    "nose",
    "left_eye",
    "right_eye",
    "left_ear",
    "right_ear",
    "left_shoulder",
    "right_shoulder",
    "left_elbow",
    "right_elbow",
    "left_wrist",
    "right_wrist",
    "left_hip",
    "right_hip",
    "left_knee",
    "right_knee",
    "left_ankle",
    "right_ankle",
)
"""Joint names of COCO key points, in the order that RTMPose, ViTPose and Keypoint R-CNN write."""

HALPE26_JOINTS: tuple[str, ...] = (
    *COCO17_JOINTS,
    "head",
    "neck",
    "mid_hip",
    "left_big_toe",
    "right_big_toe",
    "left_small_toe",
    "right_small_toe",
    "left_heel",
    "right_heel",
)
"""Joint names of Halpe-26, COCO's joints with neck and feet, which some RTMPose models write."""

BODY25_JOINTS: tuple[str, ...] = (
    "nose",
    "neck",
    "right_shoulder",
    "right_elbow",
    "right_wrist",
    "left_shoulder",
    "left_elbow",
    "left_wrist",
    "mid_hip",
    "right_hip",
    "right_knee",
    "right_ankle",
    "left_hip",
    "left_knee",
    "left_ankle",
    "right_eye",
    "left_eye",
    "right_ear",
    "left_ear",
    "left_big_toe",
    "left_small_toe",
    "left_heel",
    "right_big_toe",
    "right_small_toe",
    "right_heel",
)
"""Joint names of BODY_25, the default model of OpenPose."""

_LIMB_NAMES: tuple[tuple[str, str], ...] = (
    ("neck", "right_shoulder"),
    ("right_shoulder", "right_elbow"),
    ("right_elbow", "right_wrist"),
    ("neck", "left_shoulder"),
    ("left_shoulder", "left_elbow"),
    ("left_elbow", "left_wrist"),
    ("neck", "right_hip"),
    ("right_hip", "right_knee"),
    ("right_knee", "right_ankle"),
    ("neck", "left_hip"),
    ("left_hip", "left_knee"),
    ("left_knee", "left_ankle"),
    ("neck", "nose"),
    ("nose", "right_eye"),
    ("right_eye", "right_ear"),
    ("nose", "left_eye"),
    ("left_eye", "left_ear"),
)

LIMBS: tuple[tuple[int, int], ...] = tuple(
    (JOINTS.index(start), JOINTS.index(end)) for start, end in _LIMB_NAMES
)
"""Pairs of joint numbers that a drawing connects with a line."""


def _other_side(name: str) -> str:
    """The name of the joint that a mirror image shows in place of `name`."""
    if name.startswith("left_"):
        return "right_" + name.removeprefix("left_")
    if name.startswith("right_"):
        return "left_" + name.removeprefix("right_")
    return name


FLIP_ORDER: tuple[int, ...] = tuple(JOINTS.index(_other_side(name)) for name in JOINTS)
"""`flipped[..., i, :] = keypoints[..., FLIP_ORDER[i], :]` gives each joint its mirror partner."""


def to_openpose18(keypoints: np.ndarray, joints: Sequence[str]) -> np.ndarray:
    """Bring key points of another skeleton into the order of `JOINTS`, joint by joint name.

    Joints that `JOINTS` does not have are left out. Without a neck in the source, the neck is the
    middle of the shoulders with the smaller of their two scores, and is missing if either is.

    Args:
        keypoints: Key points (..., K, 3) as x, y in pixels and score (0 = missing).
        joints: The K names of the source's joints, such as `COCO17_JOINTS`.

    Returns:
        Key points (..., 18, 3), float32. Missing joints have x = y = score = 0.

    Raises:
        UserError: The number of joints is not K, a name is given twice, or a joint is not there.
    """
    keypoints = np.asarray(keypoints, dtype=np.float32)
    if keypoints.ndim < 2 or keypoints.shape[-2:] != (len(joints), 3):
        raise UserError(
            f"Key points of shape {keypoints.shape} do not fit a skeleton of {len(joints)} joints; "
            f"give an array (..., {len(joints)}, 3) of x, y, score."
        )
    row_of = {name: row for row, name in enumerate(joints)}
    if len(row_of) != len(joints):
        raise UserError("The list of joint names has a name twice; give every joint its own name.")
    lacking = [name for name in JOINTS if name not in row_of and name != "neck"]
    if lacking:
        raise UserError(
            f"The source skeleton has no joint named {', '.join(lacking)}; "
            "use one that has eyes, ears, shoulders, elbows, wrists, hips, knees and ankles."
        )
    result = np.empty((*keypoints.shape[:-2], NUM_JOINTS, 3), dtype=np.float32)
    for row, name in enumerate(JOINTS):
        result[..., row, :] = (
            keypoints[..., row_of[name], :] if name in row_of else _neck(keypoints, row_of)
        )
    # A missing joint has no place; estimators leave anything there, NaN included.
    return np.where(result[..., 2:] > 0, result, np.float32(0))


def _neck(keypoints: np.ndarray, row_of: dict[str, int]) -> np.ndarray:
    """Middle of the shoulders (..., 3), with the smaller of their scores."""
    right = keypoints[..., row_of["right_shoulder"], :]
    left = keypoints[..., row_of["left_shoulder"], :]
    neck = (right + left) / 2
    neck[..., 2] = np.minimum(right[..., 2], left[..., 2])
    return neck
