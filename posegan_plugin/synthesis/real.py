"""The real images beside the synthesised ones, in Market-1501's layout."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from posegan_plugin.datasets import ReIDSplits
from posegan_plugin.datasets.market_layout import FOLDERS
from posegan_plugin.errors import UserError
from posegan_plugin.image_files import decode_image
from posegan_plugin.synthesis.identities import REAL, IdentityNumbers, image_name
from posegan_plugin.synthesis.options import SynthesisOptions
from posegan_plugin.synthesis.render import encode_image

TRAIN, QUERY, GALLERY = FOLDERS


class RealImage(NamedTuple):
    """A real image and its place in the output.

    Attributes:
        file: Path below the output folder.
        path: The image.
        origin: Its path for the record.
    """

    file: str
    path: str
    origin: str


def real_images(
    splits: ReIDSplits, origins: Sequence[str], numbers: IdentityNumbers, options: SynthesisOptions
) -> list[RealImage]:
    """Name all real images; junk (a negative pid) is left out.

    One running number goes through all three lists, so that a name is there once only: key point
    files know no folders.

    Args:
        splits: The people.
        origins: A path for each of train, query and gallery, for the record.
        numbers: Identities in file names.
        options: What the user chose.
    """
    places = [
        (folder, known, person)
        for folder, known, people in (
            (TRAIN, numbers.train, splits.train),
            (QUERY, numbers.test, splits.query),
            (GALLERY, numbers.test, splits.gallery),
        )
        for person in people
    ]
    images = []
    for index, ((folder, known, person), origin) in enumerate(zip(places, origins, strict=True)):
        if person.pid in known:
            suffix = ".jpg" if _is_jpeg(person.path) else f".{options.format}"
            name = image_name(known[person.pid], person.camid, REAL, index, 0, suffix)
            images.append(RealImage(f"{folder}/{name}", person.path, origin))
    return images


def copy_of(image: RealImage, options: SynthesisOptions) -> bytes:
    """The content of a real image in the output.

    JPEG files, and those of the output's format, are copied byte for byte; others are written anew in
    the output's format, because readers of the layout look for one kind of file.

    Raises:
        UserError: The image cannot be read.
    """
    if Path(image.file).suffix == Path(image.path).suffix.lower() or _is_jpeg(image.path):
        try:
            return Path(image.path).read_bytes()
        except OSError as error:
            raise UserError(
                f"{image.path} cannot be read ({error.strerror}): put it back and start again"
            ) from error
    return encode_image(decode_image(image.path), options)


def _is_jpeg(path: str) -> bool:
    return Path(path).suffix.lower() in (".jpg", ".jpeg")
