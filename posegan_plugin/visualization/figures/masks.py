"""Attention masks of PAAN over the condition image, and of PAGN over the synthesised one."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from posegan_plugin.datasets import PersonDataset
from posegan_plugin.errors import UserError
from posegan_plugin.evaluation.transfer_pairs import TransferPairs
from posegan_plugin.images import resize_images
from posegan_plugin.pose import resize_keypoints
from posegan_plugin.visualization.figures.cells import image_cells, images_of, pose_cells
from posegan_plugin.visualization.grid import image_grid
from posegan_plugin.visualization.legend import add_legend
from posegan_plugin.visualization.masks import colour_bar, mask_over_image, mean_mask


@torch.no_grad()
def mask_figure(generator: nn.Module, dataset: PersonDataset, pairs: TransferPairs) -> np.ndarray:
    """Condition, its pose, N masks of PAAN, target pose, synthesised image, N masks of PAGN.

    A generator with a part warp has one more column, what that shows it.

    Shown is the mean over the channels. Colours go from the lowest to the highest value that a
    module has over all rows, which stand above its column: the means of many channels lie close
    together.

    Args:
        generator: In evaluation mode.
        dataset: The people.
        pairs: One a row.

    Returns:
        RGB picture (H, W, 3), uint8.

    Raises:
        UserError: The generator has no such masks.
    """
    if not hasattr(generator, "generate_with_masks"):
        raise UserError(
            f"the checkpoint's generator is a {type(generator).__name__}, which has no attention "
            "masks of PAAN and PAGN: use one with a PoseTransferGenerator"
        )
    size = tuple(generator.image_size)
    poses = resize_keypoints(dataset.keypoints, dataset.image_size, size)
    conditions = resize_images(images_of(dataset, pairs.conditions), size)
    cameras = torch.from_numpy(dataset.camids[pairs.targets])
    inputs = (conditions, poses[pairs.conditions], poses[pairs.targets], cameras)
    device = next(generator.parameters()).device
    inputs = tuple(t.to(device) for t in inputs)
    image, paan, pagn = generator.generate_with_masks(*inputs)
    warp = getattr(generator, "part_warp", None)

    condition_cells, generated_cells = image_cells(conditions), image_cells(image.float())
    columns = {
        "condition": condition_cells,
        "its pose": pose_cells(poses[pairs.conditions], size),
        **_mask_columns("PAAN", condition_cells, paan),
        "target pose": pose_cells(poses[pairs.targets], size),
        **({"parts moved": image_cells(warp(*inputs[:3])[:, :3])} if warp is not None else {}),
        "synthesised": generated_cells,
        **_mask_columns("PAGN", generated_cells, pagn),
    }
    grid = image_grid(list(zip(*columns.values(), strict=True)), list(columns), scale=1)
    meaning = "attention, from the lowest to the highest mean over the channels that is given above"
    return add_legend(grid, [(colour_bar(), f"{meaning} each column")])


def _mask_columns(
    network: str, cells: list[np.ndarray], masks: list[Tensor]
) -> dict[str, list[np.ndarray]]:
    """Title -> cells, of each module."""
    columns = {}
    for number, batch in enumerate(masks, 1):
        means = [mean_mask(mask) for mask in batch.float().cpu().numpy()]
        low, high = float(np.min(means)), float(np.max(means))
        title = f"{network} {number}: {low:.2f} to {high:.2f}"
        columns[title] = [
            mask_over_image(cell, mean, (low, high))
            for cell, mean in zip(cells, means, strict=True)
        ]
    return columns
