"""A folder of training images whose names say who is on them."""

from __future__ import annotations

from pathlib import Path

from posegan_plugin.datasets.file_names import keypoint_files, read_folder
from posegan_plugin.datasets.people import PeopleOnDisk, ReIDSplits
from posegan_plugin.errors import UserError
from posegan_plugin.folders import is_folder


def read_image_folder(root: Path | str, name: str = "image_folder") -> ReIDSplits:
    """Read a folder of images named ``PID_cCAMERA...``, with all folders in it.

    Everybody is a training person, renumbered 0 .. N-1 in order; query and gallery are empty. People
    with pid -1 are left out.

    Args:
        root: The folder.
        name: Name given to the data set.

    Returns:
        The people, sorted by path, and the ``*annotation*.csv`` files in the folder.

    Raises:
        UserError: The folder is missing or holds no image, or a file name cannot be read.
    """
    return find_image_folder(root, name).checked()


def find_image_folder(root: Path | str, name: str = "image_folder") -> PeopleOnDisk:
    """What such a folder holds, with all files whose name is wrong.

    Args:
        root: The folder.
        name: Name given to the data set.

    Raises:
        UserError: The folder is missing or holds no image.
    """
    root = Path(root)
    if not is_folder(root):
        raise UserError(f"{root} is not a folder: name the one that holds the images")
    people, wrong = read_folder(root, recursive=True)
    if not people and not wrong:
        raise UserError(
            f"{root} holds no .jpg or .png image of a person: put the images there, or name another "
            "folder"
        )
    return PeopleOnDisk(ReIDSplits(name, people, [], [], keypoint_files(root)), wrong)
