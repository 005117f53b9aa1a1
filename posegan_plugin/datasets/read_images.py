"""Images of one size: a single one, or all of a data set at once."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import torch
from torch import Tensor
from tqdm import tqdm

from posegan_plugin.available_memory import available_memory
from posegan_plugin.errors import UserError
from posegan_plugin.image_files import decode_image


def read_image(path: str | Path, size: tuple[int, int]) -> Tensor:
    """An image file as uint8 RGB (3, H, W) of the given (height, width).

    Raises:
        UserError: The file is missing or cannot be decoded.
    """
    decoded = decode_image(path)
    if decoded.shape[:2] != size:
        shrinking = decoded.shape[0] > size[0]
        decoded = cv2.resize(
            decoded, size[::-1], interpolation=cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR
        )
    return torch.from_numpy(decoded).permute(2, 0, 1).contiguous()


def read_all_images(
    paths: Sequence[str | Path], size: tuple[int, int], device: torch.device | str = "cpu"
) -> Tensor:
    """Image files as one block, decoded in threads, with a progress bar if that takes long.

    Args:
        paths: The files.
        size: (height, width) of all.
        device: Where the block lies in the end.

    Returns:
        uint8 RGB (N, 3, H, W), row n as :func:`read_image` gives it for ``paths[n]``.

    Raises:
        UserError: A file is missing or cannot be decoded, or the block does not fit into what is free
            of the memory.
    """
    needed, free = len(paths) * 3 * size[0] * size[1], available_memory()
    if free is not None and needed > free:
        raise _does_not_fit(needed, f"only {_megabytes(free)} are free")
    try:
        block = torch.empty(len(paths), 3, *size, dtype=torch.uint8)
    except RuntimeError as error:
        raise _does_not_fit(needed, "the system does not give them") from error

    def read(row: int) -> None:
        block[row] = read_image(paths[row], size)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        done = pool.map(read, range(len(paths)))
        for _ in tqdm(done, "reading images", len(paths), disable=None, delay=1, unit="img"):
            pass
    try:
        return block.to(device)
    except torch.OutOfMemoryError as error:
        raise _does_not_fit(needed, "the device has less") from error


def _does_not_fit(needed: int, reason: str) -> UserError:
    return UserError(
        f"dataset cache: the decoded images take {_megabytes(needed)}, {reason}: set cache=False "
        "(with num_workers=4, say), or a smaller image_size"
    )


def _megabytes(count: int) -> str:
    return f"{count / 1e6:,.0f} MB"
