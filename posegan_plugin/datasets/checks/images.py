"""Faults of image files: damaged, of another shape, too small."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from posegan_plugin.datasets.checks.finding import ERROR, WARNING, Finding, found
from posegan_plugin.datasets.checks.inventory import Inventory

_MIN_SIZE = (32, 16)
_ODD_FACTOR = 2.0


def check_images(inventory: Inventory) -> Iterator[Finding]:
    """Files that cannot be decoded, and images that are unlike the others."""
    sizes = {path: image.size for path, image in inventory.images.items() if image.size}
    yield from found(
        ERROR,
        "unreadable images",
        [path for path in inventory.images if path not in sizes],
        "the training stops at them: replace or remove them",
    )
    yield from found(
        WARNING,
        "tiny images",
        [
            p
            for p, (height, width) in sizes.items()
            if height < _MIN_SIZE[0] or width < _MIN_SIZE[1]
        ],
        f"below {_MIN_SIZE[0]}x{_MIN_SIZE[1]} pixels little of a person is left: check the crops",
    )
    if not sizes:
        return
    ratios = {path: height / width for path, (height, width) in sizes.items()}
    median = float(np.median(list(ratios.values())))
    landscape = [path for path, ratio in ratios.items() if ratio < 1 <= median]
    yield from found(
        WARNING,
        "landscape images",
        landscape,
        "people stand, the other images are higher than wide: check whether these are rotated or "
        "whole scenes",
    )
    known = set(landscape)
    yield from found(
        WARNING,
        "odd shapes",
        [
            path
            for path, ratio in ratios.items()
            if path not in known and not 1 / _ODD_FACTOR <= ratio / median <= _ODD_FACTOR
        ],
        f"height/width is not within a factor of {_ODD_FACTOR:.0f} of the median {median:.2f}, and "
        "all images are brought to one shape: check the crops",
    )
