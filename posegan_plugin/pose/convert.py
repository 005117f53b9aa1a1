"""Key points of a folder of images from the files of another program."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from posegan_plugin.errors import UserError
from posegan_plugin.pose.coverage import Coverage
from posegan_plugin.pose.formats import PoseFile
from posegan_plugin.pose.image_list import ImageList
from posegan_plugin.pose.inside import keep_inside
from posegan_plugin.pose.keypoint_csv import write_keypoint_csv
from posegan_plugin.pose.keypoint_names import match_keypoints
from posegan_plugin.pose.skeleton import NUM_JOINTS


@dataclass(frozen=True)
class Conversion:
    """What came of it.

    Attributes:
        coverage: How many joints the images have.
        unnamed: Images that the files do not name; they have no joint.
        unused: Entries of the files that fit no image.
        several: Entries with several people, of which one was taken.
        outside: Joints that lay outside their image and are missing now.
    """

    coverage: Coverage
    unnamed: int
    unused: int
    several: int
    outside: int

    def lines(self) -> list[str]:
        """What a user should know, a sentence each."""
        said = (
            (self.unnamed, "images are not in the key points; they have no joint"),
            (self.unused, "entries of the key points fit no image"),
            (self.several, "entries had several people; the one with the highest scores was taken"),
            (self.outside, "joints lay outside their image and were left out"),
        )
        return [f"{count} {text}" for count, text in said if count]


def convert_poses(images: ImageList, out: str | Path, source: PoseFile) -> Conversion:
    """Write a key point file of the images with the poses of another program's files.

    An image is looked up as data sets look up key points: by as much of its path as the files name.

    Args:
        images: The images.
        out: The PATN csv file to write.
        source: The poses.

    Raises:
        UserError: No entry fits an image, an entry fits several, the entries belong to images of
            another size, or the file cannot be written.
    """
    absolute = [str(path.absolute()) for path in images.paths]
    names = match_keypoints(absolute, source.poses, source.with_suffix)
    if not names:
        example = next(iter(source.poses), "none at all")
        raise UserError(
            f"none of the {len(images.paths)} images in {images.folder} is named in the key points, "
            f"which name, for example, {example!r}; check that they belong to these images"
        )
    keypoints = np.zeros((len(images.paths), NUM_JOINTS, 3), dtype=np.float32)
    given = 0
    for row, (path, size) in enumerate(zip(images.paths, images.sizes, strict=True)):
        name = names.get(absolute[row])
        if name is not None:
            said = source.sizes.get(name, size)
            if tuple(said) != tuple(size):
                raise UserError(
                    f"{path} is {size[1]}x{size[0]}, but the key points say {said[1]}x{said[0]}; use "
                    "the images that they were made for"
                )
            given += int((source.poses[name][:, 2] > 0).sum())
            keypoints[row] = keep_inside(source.poses[name], size)
    outside = given - int((keypoints[..., 2] > 0).sum())
    if 2 * outside > given:
        raise UserError(
            f"{outside} of {given} joints lie outside their images: the key points were made for "
            "images of another size; use those"
        )
    write_keypoint_csv(out, dict(zip(images.names, keypoints, strict=True)))
    return Conversion(
        coverage=Coverage.of(keypoints),
        unnamed=len(images.paths) - len(names),
        unused=len(source.poses) - len(set(names.values())),
        several=source.several,
        outside=outside,
    )
