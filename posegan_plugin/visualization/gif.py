"""Moving pictures that any browser shows."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from posegan_plugin.errors import UserError
from posegan_plugin.pose.files import check_writable, write_atomic


def check_gif_path(path: str | os.PathLike[str]) -> None:
    """Find out, before the frames are made, whether :func:`save_gif` can write them there.

    Raises:
        UserError: The ending is not .gif, or the place cannot be written to.
    """
    if Path(path).suffix.lower() != ".gif":
        raise UserError(f"{path}: a moving picture is a GIF file; end the name in .gif.")
    check_writable(path)


def save_gif(
    path: str | os.PathLike[str], frames: Sequence[np.ndarray], milliseconds: int = 100
) -> None:
    """Write a GIF file that plays without end, whole or not at all.

    Args:
        path: Where it goes; ends in ``.gif``. Folders that do not exist are made.
        frames: RGB pictures (H, W, 3), uint8, of one size.
        milliseconds: How long each is shown; GIF files count hundredths of a second.

    Raises:
        UserError: The ending is another, or the file cannot be written.
        ValueError: There is no frame, or their sizes differ.
    """
    check_gif_path(path)
    if not frames or any(frame.shape != frames[0].shape for frame in frames):
        raise ValueError(f"A GIF takes frames of one size, not {[f.shape for f in frames]}.")
    # One palette for all frames: with one each, still areas flicker. The octree keeps colours that
    # few pixels have, as those of a skeleton.
    palette = Image.fromarray(np.hstack(frames)).quantize(method=Image.Quantize.FASTOCTREE)
    first, *others = (
        Image.fromarray(frame).quantize(palette=palette, dither=Image.Dither.NONE)
        for frame in frames
    )
    data = io.BytesIO()
    first.save(
        data,
        "GIF",
        save_all=True,
        append_images=others,
        duration=milliseconds,
        loop=0,
        optimize=False,
    )
    write_atomic(path, data.getvalue())
