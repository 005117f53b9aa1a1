"""Where a network looks: attention masks in colours over the image they belong to."""

from __future__ import annotations

import cv2
import numpy as np

_COLOUR_MAP = cv2.COLORMAP_VIRIDIS  # grows evenly brighter, also for the colour-blind
_OPACITY = 0.65


def mean_mask(mask: np.ndarray) -> np.ndarray:
    """Mean over the channels of an attention mask.

    Args:
        mask: (C, h, w) in [0, 1].

    Returns:
        (h, w) float32 in [0, 1].
    """
    return np.asarray(mask, dtype=np.float32).mean(axis=0)


def mask_over_image(
    image: np.ndarray, mask: np.ndarray, limits: tuple[float, float] = (0.0, 1.0)
) -> np.ndarray:
    """Lay an attention mask over an image, dark blue (low) to yellow (high).

    Args:
        image: RGB picture (H, W, 3), uint8; it shows through in grey.
        mask: (h, w) values, brought to the size of the image.
        limits: The values that get the first and the last colour. Defaults to 0 and 1; values
            outside are clipped. Equal limits give the first colour everywhere.

    Returns:
        RGB picture (H, W, 3), uint8.
    """
    low, high = limits
    smooth = cv2.resize(np.float32(mask), image.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    share = np.clip((smooth - low) / max(high - low, 1e-12), 0, 1)
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None]
    mixed = _OPACITY * _colours(share).astype(np.float32) + (1 - _OPACITY) * grey
    return np.rint(mixed).astype(np.uint8)


def colour_bar(size: tuple[int, int] = (12, 120)) -> np.ndarray:
    """The colours of :func:`mask_over_image` from the lower limit to the upper.

    Args:
        size: Height and width in pixels.

    Returns:
        RGB picture (*size, 3), uint8.
    """
    return _colours(np.tile(np.linspace(0, 1, size[1], dtype=np.float32), (size[0], 1)))


def _colours(share: np.ndarray) -> np.ndarray:
    """RGB (h, w, 3) uint8 of values (h, w) in [0, 1]."""
    bgr = cv2.applyColorMap(np.rint(255 * share).astype(np.uint8), _COLOUR_MAP)
    return np.ascontiguousarray(bgr[..., ::-1])
