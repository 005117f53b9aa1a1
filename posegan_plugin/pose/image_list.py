"""The images of a folder that are to be annotated, and what key point files call them."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

from posegan_plugin.errors import UserError
from posegan_plugin.folders import files_in, is_folder
from posegan_plugin.image_files import decode_image
from posegan_plugin.pose.keypoint_csv import check_image_names
from posegan_plugin.pose.keypoint_names import keypoint_names

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp"})


class ImageList(NamedTuple):
    """Images of a folder and its sub-folders, sorted by path.

    Attributes:
        folder: The folder.
        paths: The images that can be decoded.
        names: Their names in a key point file: the file name where no other image of the folder has
            it, else the path below the folder.
        sizes: Their (height, width).
        skipped: The images that cannot be decoded.
        digest: Changes with the names and pixels of the images that can be.
    """

    folder: Path
    paths: list[Path]
    names: list[str]
    sizes: list[tuple[int, int]]
    skipped: list[Path]
    digest: str


def list_images(folder: str | Path, skip_damaged: bool = False) -> ImageList:
    """Find the images of a folder and decode each once, so that long work meets no damaged one.

    Hidden files and folders are passed over.

    Args:
        folder: The folder.
        skip_damaged: Leave out images that cannot be decoded, rather than raise an error.

    Raises:
        UserError: There is no such folder or no image in it, an image cannot be decoded, or its name
            cannot stand in a key point file.
    """
    folder = Path(folder)
    if not is_folder(folder):
        raise UserError(f"{folder} is not a folder; name the folder that holds the images")
    found = _image_files(folder)
    if not found:
        raise UserError(f"{folder} holds no image ({', '.join(sorted(SUFFIXES))}); check the path")
    # Damaged images take part in the naming: none may be given the pose of another.
    names = keypoint_names(found, folder)
    check_image_names(names, folder)
    readable, skipped = [], []
    digest = hashlib.sha256()
    for path, name in zip(tqdm(found, "checking images", unit="image"), names, strict=True):
        try:
            image = decode_image(path)
        except UserError as error:
            if not skip_damaged:
                message = f"{error}, or leave out such images with --on-error skip"
                raise UserError(message) from error
            skipped.append(path)
            continue
        readable.append((path, name, image.shape[:2]))
        digest.update(repr((path.relative_to(folder).as_posix(), image.shape)).encode())
        digest.update(image)
    if not readable:
        raise UserError(f"none of the {len(found)} images in {folder} can be decoded; replace them")
    paths, names, sizes = (list(column) for column in zip(*readable, strict=True))
    return ImageList(folder, paths, names, sizes, skipped, digest.hexdigest()[:16])


def _image_files(folder: Path) -> list[Path]:
    """Sorted in the same way on every system."""
    found = [
        path
        for path in files_in(folder)
        if path.suffix.lower() in SUFFIXES
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]
    return sorted(found, key=lambda path: path.relative_to(folder).as_posix())
