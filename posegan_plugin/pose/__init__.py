"""What a pose is: joints, key point files, transforms, heatmaps and the pose bank."""

from posegan_plugin.pose.bank import POLICIES, PoseBank
from posegan_plugin.pose.files import write_atomic
from posegan_plugin.pose.heatmap import render_heatmaps
from posegan_plugin.pose.keypoint_csv import read_keypoint_csv, write_keypoint_csv
from posegan_plugin.pose.skeleton import (
    BODY25_JOINTS,
    COCO17_JOINTS,
    FLIP_ORDER,
    HALPE26_JOINTS,
    JOINTS,
    LIMBS,
    NUM_JOINTS,
    to_openpose18,
)
from posegan_plugin.pose.transforms import (
    count_joints,
    drop_outside,
    flip_keypoints,
    resize_keypoints,
    shift_keypoints,
    visible,
)

__all__ = [
    "BODY25_JOINTS",
    "COCO17_JOINTS",
    "FLIP_ORDER",
    "HALPE26_JOINTS",
    "JOINTS",
    "LIMBS",
    "NUM_JOINTS",
    "POLICIES",
    "PoseBank",
    "count_joints",
    "drop_outside",
    "flip_keypoints",
    "read_keypoint_csv",
    "render_heatmaps",
    "resize_keypoints",
    "shift_keypoints",
    "to_openpose18",
    "visible",
    "write_atomic",
    "write_keypoint_csv",
]
