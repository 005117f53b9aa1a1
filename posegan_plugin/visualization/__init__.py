"""Pictures for people: skeletons, and grids with captions."""

from posegan_plugin.visualization.grid import image_grid, save_image, to_uint8
from posegan_plugin.visualization.skeleton import draw_skeleton, pose_picture

__all__ = ["draw_skeleton", "image_grid", "pose_picture", "save_image", "to_uint8"]
