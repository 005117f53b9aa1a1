"""Images as they lie on disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from posegan_plugin.errors import UserError

# What Pillow raises for files that are damaged, or that claim billions of pixels.
_DAMAGED = (OSError, SyntaxError, ValueError, Image.DecompressionBombError)


def image_size(path: str | Path) -> tuple[int, int]:
    """(height, width) of an image file, from its header.

    Raises:
        UserError: The file is missing or no image.
    """
    try:
        with Image.open(path) as image:
            return image.height, image.width
    except _DAMAGED as error:
        raise UserError(f"{path} cannot be read as an image: remove or replace it") from error


def decode_image(path: str | Path) -> np.ndarray:
    """An image file as uint8 RGB (H, W, 3), in its stored size.

    Raises:
        UserError: The file is missing or cannot be decoded.
    """
    try:
        # As torchreid does. Key points refer to the stored pixels: no EXIF rotation.
        with Image.open(path) as image:
            if image.mode.startswith("I"):  # 16 bits, which convert() would clip
                image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
            return np.array(image.convert("RGB"))
    except _DAMAGED as error:
        raise UserError(
            f"{path} cannot be decoded as an image ({error}): remove or replace it"
        ) from error
