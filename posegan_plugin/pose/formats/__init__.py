"""Key points that other programs found, brought to this package's 18 joints."""

from posegan_plugin.pose.formats.coco_json import read_coco_json
from posegan_plugin.pose.formats.mmpose_json import read_mmpose_json
from posegan_plugin.pose.formats.openpose_json import read_openpose_json
from posegan_plugin.pose.formats.pose_file import PoseFile

__all__ = ["PoseFile", "read_coco_json", "read_mmpose_json", "read_openpose_json"]
