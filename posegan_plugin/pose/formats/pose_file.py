"""What a reader of another program's key points returns, and how it comes to one person an image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from posegan_plugin.errors import UserError
from posegan_plugin.pose.skeleton import NUM_JOINTS, to_openpose18
from posegan_plugin.pose.threshold import drop_unsure

_ENOUGH_JOINTS = 3


@dataclass
class PoseFile:
    """One pose an image.

    Attributes:
        with_suffix: Whether names of images end in ``.jpg`` and the like.
        poses: Key points float32 (18, 3) as x, y in pixels and score in [0, 1], by image name; all
            zero where nobody was found.
        several: On how many images several people were found.
        sizes: (height, width) of images of which the file says it.
    """

    with_suffix: bool
    poses: dict[str, np.ndarray] = field(default_factory=dict)
    several: int = 0
    sizes: dict[str, tuple[int, int]] = field(default_factory=dict)

    def add(self, name: str, people: Sequence[np.ndarray], where: str) -> None:
        """Add an image. Of several people it is the one with the highest sum of scores.

        Args:
            name: The image.
            people: Key points (18, 3) of those who were found.
            where: File and place, for messages.

        Raises:
            UserError: The image is there already, or coordinates are fractions of the image.
        """
        if name in self.poses:
            raise UserError(f"{where}: the image {name!r} is there twice; keep one of the two")
        found = [pose for pose in people if pose.any()]
        self.several += len(found) > 1
        none = np.zeros((NUM_JOINTS, 3), dtype=np.float32)
        best = max(found, key=lambda pose: float(pose[:, 2].sum()), default=none)
        there = best[:, 2] > 0
        if there.sum() >= _ENOUGH_JOINTS and (np.abs(best[there, :2]) <= 1).all():
            raise UserError(
                f"{where}: all coordinates are between -1 and 1, fractions of the image; write them "
                "in pixels (OpenPose: without --keypoint_scale)"
            )
        self.poses[name] = best


def to_pose(
    keypoints: np.ndarray, joints: Sequence[str], threshold: float, where: str
) -> np.ndarray:
    """Key points (K, 3) of the K named joints as a pose (18, 3).

    Args:
        keypoints: x, y in pixels and any score.
        joints: Their names.
        threshold: Joints with a lower score are missing.
        where: File and place, for messages.

    Raises:
        UserError: The number of joints is not that of the names, or a joint lacks.
    """
    try:
        return to_openpose18(drop_unsure(keypoints, threshold), joints)
    except UserError as error:
        raise UserError(f"{where}: {error}") from error


def joint_name(name: object, where: str) -> str:
    """A joint's name as this package writes it: ``Left Shoulder`` is ``left_shoulder``.

    Raises:
        UserError: It is no text.
    """
    if not isinstance(name, str):
        raise UserError(f"{where}: the joint name {name!r} is not text; write the file again")
    return name.strip().lower().replace(" ", "_").replace("-", "_")
