"""Text that fits its box."""

from __future__ import annotations

import cv2
import numpy as np

_FONT = cv2.FONT_HERSHEY_SIMPLEX
# From the size that reads best down to the smallest that can be read.
_SIZES = (0.5, 0.45, 0.4, 0.36)
_COLOUR = (30, 30, 30)
LINE_HEIGHT = 17
"""Pixels from one line of text to the next."""


def text_width(text: str, size: float = _SIZES[0]) -> int:
    """Width of a line of text in pixels.

    Args:
        text: The line.
        size: Font size, 1 for letters about 22 pixels high. Defaults to that of a caption with
            enough room.

    Returns:
        The width in pixels, 0 for an empty line.
    """
    return cv2.getTextSize(text, _FONT, size, 1)[0][0] if text else 0


def fit_caption(text: str, width: int) -> tuple[list[str], float]:
    """Set a caption in one or two lines that fit a width.

    A second line is preferred to smaller letters. What does not fit two lines of the smallest
    letters is cut and ends in "..".

    Args:
        text: The caption. Characters outside ASCII, which cv2 cannot draw, become "?".
        width: Width of the box in pixels.

    Returns:
        One or two lines, and their font size.
    """
    text = " ".join(text.encode("ascii", "replace").decode("ascii").split())
    words = text.split(" ")
    breaks = [(" ".join(words[:n]), " ".join(words[n:])) for n in range(1, len(words))]
    for size in _SIZES:
        if text_width(text, size) <= width:
            return [text], size
        widths = [max(text_width(line, size) for line in lines) for lines in breaks]
        # The break with the shortest longer line: two lines of about the same length.
        if widths and min(widths) <= width:
            return list(breaks[widths.index(min(widths))]), size
    return _cut(text, width), _SIZES[-1]


def draw_caption(canvas: np.ndarray, text: str, box: tuple[int, int, int, int]) -> None:
    """Write a caption into the middle of a box, in place.

    Args:
        canvas: RGB picture (H, W, 3), uint8, contiguous.
        text: The caption.
        box: Left, top, width and height of the box in pixels.
    """
    left, top, width, height = box
    lines, size = fit_caption(text, width)
    first = top + (height - LINE_HEIGHT * len(lines)) // 2
    for number, line in enumerate(lines):
        x = left + (width - text_width(line, size)) // 2
        # cv2 places the base line; 5 pixels below it are for letters such as g.
        y = first + LINE_HEIGHT * (number + 1) - 5
        cv2.putText(canvas, line, (x, y), _FONT, size, _COLOUR, 1, cv2.LINE_AA)


def captioned(picture: np.ndarray, text: str) -> np.ndarray:
    """Put a caption below one picture.

    Args:
        picture: RGB picture (H, W, 3), uint8.
        text: The caption.

    Returns:
        RGB picture (H', W, 3), uint8: two lines higher, the caption on white.
    """
    width = picture.shape[1]
    below = np.full((2 * LINE_HEIGHT, width, 3), 255, dtype=np.uint8)
    draw_caption(below, text, (0, 0, width, 2 * LINE_HEIGHT))
    return np.vstack((picture, below))


def _cut(text: str, width: int) -> list[str]:
    """Two lines of the smallest letters, broken anywhere; the second ends in ".."."""
    size = _SIZES[-1]
    first = _longest_start(text, width)
    rest = text[len(first) :]
    if text_width(rest, size) <= width:
        return [first, rest]
    return [first, _longest_start(rest, width - text_width("..", size)) + ".."]


def _longest_start(text: str, width: int) -> str:
    """As many of the first characters as fit, at least one."""
    fitting = [n for n in range(1, len(text) + 1) if text_width(text[:n], _SIZES[-1]) <= width]
    return text[: max(fitting, default=1)]
