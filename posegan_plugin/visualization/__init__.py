"""Pictures for people: skeletons, grids with captions, masks, ranked lists, walks.

``posegan_plugin.visualization.figures``, which runs networks, is imported by name.
"""

from posegan_plugin.visualization.gif import save_gif
from posegan_plugin.visualization.grid import image_grid, save_image, to_uint8
from posegan_plugin.visualization.legend import add_legend, swatch
from posegan_plugin.visualization.masks import colour_bar, mask_over_image, mean_mask
from posegan_plugin.visualization.ranked_list import ranked_list_picture
from posegan_plugin.visualization.skeleton import draw_skeleton, pose_picture, skeleton_colours
from posegan_plugin.visualization.walk import walk_between, walk_order

__all__ = [
    "add_legend",
    "colour_bar",
    "draw_skeleton",
    "image_grid",
    "mask_over_image",
    "mean_mask",
    "pose_picture",
    "ranked_list_picture",
    "save_gif",
    "save_image",
    "skeleton_colours",
    "swatch",
    "to_uint8",
    "walk_between",
    "walk_order",
]
