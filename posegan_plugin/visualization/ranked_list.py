"""What a re-ID network finds: queries, and the gallery images it holds most alike."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from posegan_plugin.visualization.grid import enlarge, image_grid
from posegan_plugin.visualization.legend import add_legend

RIGHT = (20, 150, 70)
"""RGB colour of the frame around an image of the query's person."""
WRONG = (215, 40, 40)
"""RGB colour of the frame around an image of somebody else."""
QUERY = (90, 90, 90)
"""RGB colour of the frame around a query."""

_EDGE = 5
_BAR = 18
# In the bar below a picture, which hides nothing of it; seen without telling red from green.
_MARKS = {
    RIGHT: [((-6, 0), (-2, 5)), ((-2, 5), (7, -5))],
    WRONG: [((-5, -5), (5, 5)), ((-5, 5), (5, -5))],
    QUERY: [],
}


def ranked_list_picture(
    queries: Sequence[np.ndarray],
    galleries: Sequence[Sequence[np.ndarray]],
    matches: Sequence[Sequence[bool]],
    captions: Sequence[str] | None = None,
) -> np.ndarray:
    """Show each query with its ranked gallery images, the right ones marked.

    An image of the query's person has a green frame with a tick, another a red frame with a cross.

    Args:
        queries: Q RGB pictures (H, W, 3), uint8.
        galleries: For each query its gallery pictures, most alike first; their sizes and their
            number may differ.
        matches: For each query which of them show the query's person.
        captions: A caption for each query. Defaults to None, no captions.

    Returns:
        RGB picture (H', W', 3), uint8: a row for each query, rank numbers above, a legend below.

    Raises:
        ValueError: There is no query, or the numbers of queries, pictures and captions do not fit.
    """
    if not len(queries) == len(galleries) == len(matches):
        raise ValueError(
            f"{len(queries)} queries do not fit {len(galleries)} galleries, {len(matches)} matches."
        )
    rows = [
        [_framed(query, QUERY)]
        + [
            _framed(picture, RIGHT if match else WRONG)
            for picture, match in zip(found, right, strict=True)
        ]
        for query, found, right in zip(queries, galleries, matches, strict=True)
    ]
    longest = max(map(len, galleries), default=0)
    grid = image_grid(rows, ["query", *(str(n + 1) for n in range(longest))], captions, scale=1)
    meanings = ((RIGHT, "the query's person"), (WRONG, "somebody else"))
    return add_legend(grid, [(_bar(colour, 24), text) for colour, text in meanings])


def _framed(picture: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    """The enlarged picture in a frame, whose lower bar carries the mark."""
    inner = enlarge(picture)
    width = inner.shape[1] + 2 * _EDGE
    top = np.full((_EDGE, width, 3), colour, dtype=np.uint8)
    side = np.full((inner.shape[0], _EDGE, 3), colour, dtype=np.uint8)
    return np.vstack((top, np.hstack((side, inner, side)), _bar(colour, width)))


def _bar(colour: tuple[int, int, int], width: int) -> np.ndarray:
    bar = np.full((_BAR, width, 3), colour, dtype=np.uint8)
    middle = np.array((width // 2, _BAR // 2))
    for start, end in _MARKS[colour]:
        ends = (middle + start).tolist(), (middle + end).tolist()
        cv2.line(bar, *ends, (255, 255, 255), 2, cv2.LINE_AA)
    return bar
