"""Whole figures of data sets and trained networks; each takes people and networks, gives a picture."""

from posegan_plugin.visualization.figures.masks import mask_figure
from posegan_plugin.visualization.figures.poses import keypoint_figure
from posegan_plugin.visualization.figures.ranked import ranked_figure
from posegan_plugin.visualization.figures.transfer import (
    pair_grid,
    pose_matrix_figure,
    transfer_figure,
)
from posegan_plugin.visualization.figures.walk import choose_walk, walk_figure, walk_frames

__all__ = [
    "choose_walk",
    "keypoint_figure",
    "mask_figure",
    "pair_grid",
    "pose_matrix_figure",
    "ranked_figure",
    "transfer_figure",
    "walk_figure",
    "walk_frames",
]
