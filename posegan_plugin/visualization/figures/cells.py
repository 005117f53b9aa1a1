"""The cells of the figures, all enlarged alike, so that a grid sets them with ``scale=1``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from posegan_plugin.augment import transfer
from posegan_plugin.datasets import PersonDataset
from posegan_plugin.evaluation.transfer_samples import in_batches, read_images
from posegan_plugin.pose import resize_keypoints
from posegan_plugin.visualization.grid import enlarge, to_uint8
from posegan_plugin.visualization.skeleton import pose_picture


def images_of(dataset: PersonDataset, rows: Sequence[int] | np.ndarray) -> Tensor:
    """Images of some people, float (N, 3, H, W) in [-1, 1]."""
    return read_images(dataset, torch.as_tensor(np.asarray(rows)))


def caption_of(dataset: PersonDataset, row: int, *more: str) -> str:
    """Name of a person's image without its ending, and what else there is to say."""
    return " ".join((Path(dataset.people[row].path).stem, *more))


def image_cells(images: Tensor) -> list[np.ndarray]:
    """Images (N, 3, H, W) in [-1, 1] as cells."""
    return [enlarge(picture) for picture in to_uint8(images)]


def pose_cells(keypoints: Tensor, size: tuple[int, int]) -> list[np.ndarray]:
    """Skeletons on black, drawn at the size of a cell.

    Args:
        keypoints: (N, 18, 3) in pixels of images of the given size.
        size: (height, width) of these images.
    """
    shown = blank_cell(size).shape[:2]
    return [pose_picture(k.numpy(), shown) for k in resize_keypoints(keypoints, size, shown)]


def blank_cell(size: tuple[int, int]) -> np.ndarray:
    """A white cell for images of a (height, width)."""
    return enlarge(np.full((*size, 3), 255, dtype=np.uint8))


@torch.no_grad()
def synthesise(
    generator: nn.Module,
    dataset: PersonDataset,
    rows: Sequence[int],
    poses: Tensor,
    cameras: Tensor,
    batch_size: int = 16,
) -> Tensor:
    """Draw people of a data set in poses.

    Args:
        generator: In evaluation mode.
        dataset: The people.
        rows: N rows of it, the conditions.
        poses: Target poses (N, 18, 3) in pixels of the data set's images.
        cameras: Target cameras (N,), for generators that take them.
        batch_size: People at a time.

    Returns:
        (N, 3, H, W) in [-1, 1], at the size of the data set's images.
    """
    device = next(generator.parameters()).device

    def draw(part: Tensor, wanted: Tensor, camera: Tensor) -> Tensor:
        known = dataset.keypoints[part.cpu()].to(device)
        return transfer(generator, read_images(dataset, part), known, wanted, camera)

    arguments = (torch.as_tensor(np.asarray(rows)), poses, cameras)
    return in_batches(draw, *arguments, size=batch_size, device=device, label="Synthesising")
