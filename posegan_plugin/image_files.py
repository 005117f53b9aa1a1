"""Images as they lie on disk."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError
from tqdm import tqdm

from posegan_plugin.errors import UserError

# Whatever a file is called. Pillow knows others, and would start Ghostscript for one of them.
_FORMATS = ("JPEG", "PNG", "BMP", "WEBP", "GIF", "TIFF", "PPM")


def image_size(path: str | Path) -> tuple[int, int]:
    """(height, width) of an image file, from its header.

    Raises:
        UserError: The file is missing or no image.
    """
    with _opened(path, "read") as image:
        return image.height, image.width


def decode_image(path: str | Path) -> np.ndarray:
    """An image file as uint8 RGB (H, W, 3), in its stored size.

    Transparency is dropped, of 16 bits the upper eight are kept, of a film the first picture.

    Raises:
        UserError: The file is missing, cannot be decoded, or has pixels of more than 16 bits.
    """
    # As torchreid does. Key points refer to the stored pixels: no EXIF rotation.
    with _opened(path, "decoded") as image:
        if image.mode.startswith("I"):  # 16 bits, which convert() would clip
            pixels = np.asarray(image)
            if pixels.min() < 0 or pixels.max() >= 1 << 16:
                raise ValueError("pixels of more than 16 bits")
            image = Image.fromarray((pixels >> 8).astype(np.uint8))
        elif image.mode == "F":
            raise ValueError("pixels that are no whole numbers")
        return np.array(image.convert("RGB"))


def find_damaged(paths: Iterable[str], progress: bool = True) -> dict[str, str]:
    """Decode images whole, in threads; a header says nothing about a file that is cut off.

    Args:
        paths: The images.
        progress: Whether to show a progress bar, if there is a terminal to show it on.

    Returns:
        Path -> why it cannot be decoded, one sentence, of those that cannot.
    """
    paths = list(dict.fromkeys(paths))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        faults = pool.map(_fault, paths)
        bar = tqdm(
            faults, "checking images", len(paths), disable=None if progress else True, unit="img"
        )
        return {path: fault for path, fault in zip(paths, bar, strict=True) if fault}


def _fault(path: str) -> str:
    try:
        decode_image(path)
    except UserError as error:
        return str(error)
    return ""


@contextmanager
def _opened(path: str | Path, done: str) -> Iterator[Image.Image]:
    try:
        # Opening a pipe would wait for ever.
        if Path(path).exists() and not Path(path).is_file():
            raise ValueError("it is no file")
        with Image.open(path, formats=_FORMATS) as image:
            yield image
    except Exception as error:  # Pillow raises nearly anything for a damaged file
        raise UserError(
            f"{path} cannot be {done} as an image ({_reason(error)}): remove or replace it"
        ) from error


def _reason(error: Exception) -> str:
    """Why, without the path, which the sentence names already."""
    if isinstance(error, UnidentifiedImageError):
        return f"no {', '.join(_FORMATS[:-1])} or {_FORMATS[-1]} file"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
