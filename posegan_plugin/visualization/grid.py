"""Pictures side by side with captions, from tensors and to files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from torch import Tensor

from posegan_plugin.errors import UserError
from posegan_plugin.pose.files import check_writable, write_atomic
from posegan_plugin.visualization.caption import LINE_HEIGHT, draw_caption, text_width

_CELL_HEIGHT = 192
_PADDING = 6
_LONGEST_ROW_TITLE = 170
_FORMATS = (".png", ".jpg", ".jpeg")


def image_grid(
    rows: Sequence[Sequence[np.ndarray]],
    column_titles: Sequence[str],
    row_titles: Sequence[str] | None = None,
    scale: int | None = None,
) -> np.ndarray:
    """Set pictures in rows and columns on white, with captions.

    Args:
        rows: Rows of RGB pictures (H, W, 3), uint8. Their sizes may differ, and a row may have
            fewer pictures than there are columns; the rest of it stays white.
        column_titles: A caption for each column.
        row_titles: A caption for each row. Defaults to None, no captions.
        scale: How many pixels wide and high each pixel becomes. Defaults to None: for each
            picture the factor that brings its height near 192.

    Returns:
        RGB picture (H, W, 3), uint8.

    Raises:
        ValueError: There is no picture, one is not (H, W, 3) uint8, or the numbers of pictures
            and captions do not fit.
    """
    _check(rows, column_titles, row_titles)
    cells = [[enlarge(picture, scale) for picture in row] for row in rows]
    columns = range(len(column_titles))
    widths = [max([row[c].shape[1] for row in cells if c < len(row)], default=0) for c in columns]
    heights = [max([cell.shape[0] for cell in row], default=0) for row in cells]

    title_height = 2 * LINE_HEIGHT if any(column_titles) else 0
    title_width = min(max(map(text_width, row_titles or [""])), _LONGEST_ROW_TITLE)
    lefts = _starts(widths, title_width + _PADDING if title_width else 0)
    tops = _starts(heights, title_height)
    canvas = np.full((tops[-1], lefts[-1], 3), 255, dtype=np.uint8)

    for column, title in enumerate(column_titles):
        draw_caption(canvas, title, (lefts[column], _PADDING // 2, widths[column], title_height))
    for row, title in enumerate(row_titles or []):
        draw_caption(canvas, title, (_PADDING, tops[row], title_width, heights[row]))
    for row, pictures in enumerate(cells):
        for column, picture in enumerate(pictures):
            height, width = picture.shape[:2]
            top = tops[row] + (heights[row] - height) // 2
            left = lefts[column] + (widths[column] - width) // 2
            canvas[top : top + height, left : left + width] = picture
    return canvas


def check_picture_path(path: str | os.PathLike[str]) -> None:
    """Find out, before a picture is made, whether :func:`save_image` can write it there.

    Raises:
        UserError: The ending is not .png, .jpg or .jpeg, or the place cannot be written to.
    """
    if Path(path).suffix.lower() not in _FORMATS:
        raise UserError(f"{path}: the picture format is not known; end the name in .png or .jpg.")
    check_writable(path)


def save_image(path: str | os.PathLike[str], rgb: np.ndarray) -> None:
    """Write a picture to a PNG or JPEG file, whole or not at all.

    Args:
        path: Where it goes; the ending tells the format. Folders that do not exist are made.
        rgb: RGB picture (H, W, 3), uint8.

    Raises:
        UserError: The ending is not .png, .jpg or .jpeg, the picture is too large for the format, or
            the file cannot be written.
    """
    check_picture_path(path)
    try:
        # imencode and not imwrite, which cannot open paths outside ASCII on every system.
        done, data = cv2.imencode(Path(path).suffix.lower(), cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))
    except cv2.error:  # OpenCV 4; OpenCV 5 returns false
        done = False
    if not done:
        raise UserError(
            f"{path}: {rgb.shape[1]} x {rgb.shape[0]} pixels are too many for this format; show less."
        )
    write_atomic(path, data.tobytes())


def to_uint8(images: Tensor) -> np.ndarray:
    """Turn images of the generator into pictures.

    Args:
        images: RGB images (B, 3, H, W) in [-1, 1], of any floating dtype, on any device. Values
            outside are clipped; NaN becomes black.

    Returns:
        RGB pictures (B, H, W, 3), uint8: -1 becomes 0 and 1 becomes 255.
    """
    values = images.detach().float().nan_to_num(nan=-1.0).clamp(-1, 1)
    return ((values + 1) * 127.5).round().byte().permute(0, 2, 3, 1).contiguous().cpu().numpy()


def enlarge(picture: np.ndarray, scale: int | None = None) -> np.ndarray:
    """Repeat each pixel both ways: what the network made, with nothing smoothed.

    Args:
        picture: RGB picture (H, W, 3), uint8.
        scale: How many pixels wide and high each pixel becomes. Defaults to None: the factor that
            brings the height near 192.

    Returns:
        RGB picture (scale * H, scale * W, 3), uint8.
    """
    if scale is None:
        scale = max(1, round(_CELL_HEIGHT / picture.shape[0]))
    return picture.repeat(scale, axis=0).repeat(scale, axis=1)


def _check(
    rows: Sequence[Sequence[np.ndarray]],
    column_titles: Sequence[str],
    row_titles: Sequence[str] | None,
) -> None:
    """Raise ValueError for what cannot become a grid."""
    if not any(len(row) for row in rows):
        raise ValueError("A grid needs at least one picture.")
    longest = max(len(row) for row in rows)
    if longest > len(column_titles):
        raise ValueError(f"{len(column_titles)} column titles do not fit rows of {longest}.")
    if row_titles is not None and len(row_titles) != len(rows):
        raise ValueError(f"{len(row_titles)} row titles do not fit {len(rows)} rows.")
    for picture in (picture for row in rows for picture in row):
        if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8:
            raise ValueError(
                f"A picture is {picture.dtype} {picture.shape}; it has to be uint8 (H, W, 3)."
            )


def _starts(lengths: Sequence[int], offset: int) -> list[int]:
    """Where each of the cells begins after `offset`, and where the last padding ends."""
    ends = np.cumsum([offset + _PADDING] + [length + _PADDING for length in lengths])
    return ends.tolist()
