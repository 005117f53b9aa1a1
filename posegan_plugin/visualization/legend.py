"""What the colours of a picture mean, in a line below it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from posegan_plugin.visualization.caption import LINE_HEIGHT, draw_caption, text_width

_MARGIN = 8
_TO_TEXT = 6
_TO_NEXT = 20


def swatch(colour: tuple[int, int, int], size: tuple[int, int] = (12, 18)) -> np.ndarray:
    """A piece of one colour.

    Args:
        colour: RGB, 0 to 255.
        size: Height and width in pixels.

    Returns:
        RGB picture (*size, 3), uint8.
    """
    return np.full((*size, 3), colour, dtype=np.uint8)


def add_legend(picture: np.ndarray, entries: Sequence[tuple[np.ndarray, str]]) -> np.ndarray:
    """Put a legend below a picture, in as many lines as it takes.

    Args:
        picture: RGB picture (H, W, 3), uint8.
        entries: Small RGB pictures (uint8), each with what it stands for. A picture without text
            is only shown.

    Returns:
        RGB picture (H', W', 3), uint8, on white; wider than before where one entry alone is wider.
    """
    lengths = [
        sample.shape[1] + (_TO_TEXT + text_width(text) if text else 0) for sample, text in entries
    ]
    width = max(picture.shape[1], 2 * _MARGIN + max(lengths, default=0))
    places, bottom = _places(entries, lengths, width - _MARGIN)
    canvas = np.full((picture.shape[0] + bottom, width, 3), 255, dtype=np.uint8)
    canvas[: picture.shape[0], : picture.shape[1]] = picture
    below = canvas[picture.shape[0] :]
    for (sample, text), (left, top, height) in zip(entries, places, strict=True):
        middle = top + (height - sample.shape[0]) // 2
        below[middle : middle + sample.shape[0], left : left + sample.shape[1]] = sample
        box = (left + sample.shape[1] + _TO_TEXT, top, text_width(text), height)
        draw_caption(below, text, box)
    return canvas


def _places(
    entries: Sequence[tuple[np.ndarray, str]], lengths: Sequence[int], right: int
) -> tuple[list[tuple[int, int, int]], int]:
    """Left, top and line height of each entry, and where the legend ends."""
    height = max([LINE_HEIGHT, *(sample.shape[0] for sample, _ in entries)])
    places: list[tuple[int, int, int]] = []
    left, top = _MARGIN, 0
    for length in lengths:
        if left > _MARGIN and left + length > right:
            left, top = _MARGIN, top + height + _TO_TEXT
        places.append((left, top, height))
        left += length + _TO_NEXT
    return places, top + height + _MARGIN if places else 0
