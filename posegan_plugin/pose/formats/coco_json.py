"""Key points in COCO's JSON: annotations, or the result list of an estimator."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from posegan_plugin.errors import UserError
from posegan_plugin.pose.formats.fields import entry, list_entry, read_json, triples
from posegan_plugin.pose.formats.pose_file import PoseFile, joint_name, to_pose
from posegan_plugin.pose.skeleton import COCO17_JOINTS


def read_coco_json(
    path: str | Path, annotations: str | Path | None = None, threshold: float = 0.3
) -> PoseFile:
    """Read an annotation file, or a result list.

    Joints go by the names in ``categories``; without categories they are COCO's 17. Annotations of
    categories without joints are passed over.

    Args:
        path: An annotation file (``images``, ``annotations`` and perhaps ``categories``), or a list
            of people. Lists that know images by number need ``annotations``; others, such as
            AlphaPose's, have the image's name as ``image_id``.
        annotations: The annotation file that a result list was made for.
        threshold: Joints with a lower score are missing: estimators give every joint a place. The
            flags of annotations (1 hidden, 2 visible) are above the default.

    Returns:
        The poses; names are the images' ``file_name``.

    Raises:
        UserError: A file cannot be used; the message starts with its path.
    """
    path = Path(path)
    people, key = read_json(path), "the list"
    if annotations is not None:
        index = _read_index(read_json(Path(annotations)), str(annotations))
    else:
        index = _Index() if isinstance(people, list) else _read_index(people, str(path))
    if not isinstance(people, list):
        people, key = list_entry(people, "annotations", str(path)), "annotations"
    found: defaultdict[str, list[np.ndarray]] = defaultdict(list)
    found.update({name: [] for name in (index.names or {}).values()})
    for number, person in enumerate(people):
        where = f"{path}: {key}[{number}]"
        joints = index.joints(person, where)
        if joints is not None:
            keypoints = triples(entry(person, "keypoints", where), f"{where}: keypoints")
            found[index.image(person, where)].append(to_pose(keypoints, joints, threshold, where))
    result = PoseFile(with_suffix=True, sizes=index.sizes)
    for name, poses in found.items():
        result.add(name, poses, f"{path}: image {name!r}")
    return result


@dataclass
class _Index:
    """What an annotation file says about images and categories.

    Attributes:
        names: File name by image id; ``None`` for result lists alone.
        sizes: (height, width) by file name, where the file says it.
        skeletons: Joint names by category id, none for categories without; ``None`` for files
            without categories.
    """

    names: dict[int | str, str] | None = None
    sizes: dict[str, tuple[int, int]] = field(default_factory=dict)
    skeletons: dict[int | str, list[str]] | None = None

    def joints(self, person: object, where: str) -> Sequence[str] | None:
        """The names of a person's joints; ``None`` for other things than people."""
        if self.skeletons is None:
            return COCO17_JOINTS
        category = _identifier(person, "category_id", where)
        if category not in self.skeletons:
            raise UserError(f"{where}: category_id {category!r} is not in categories")
        return self.skeletons[category] or None

    def image(self, person: object, where: str) -> str:
        """The image that a person is on."""
        image = _identifier(person, "image_id", where)
        if self.names is not None:
            if image not in self.names:
                raise UserError(f"{where}: image_id {image!r} is not in images")
            return self.names[image]
        if isinstance(image, str):
            return image
        raise UserError(
            f"{where}: the image is known by number ({image}); also give the annotation file that "
            "names the images"
        )


def _read_index(content: object, where: str) -> _Index:
    index = _Index(names={})
    file_names = set()
    for number, image in enumerate(list_entry(content, "images", where)):
        place = f"{where}: images[{number}]"
        identifier, name = _identifier(image, "id", place), entry(image, "file_name", place)
        if not isinstance(name, str):
            raise UserError(f"{place}: file_name {name!r} is not text; write the file again")
        if identifier in index.names or name in file_names:
            raise UserError(f"{place}: id {identifier!r} or file_name {name!r} is there twice")
        index.names[identifier] = name
        file_names.add(name)
        size = (image.get("height"), image.get("width"))
        if all(isinstance(length, int) for length in size):
            index.sizes[name] = size
    if "categories" in content:
        index.skeletons = {}
        for number, category in enumerate(list_entry(content, "categories", where)):
            place = f"{where}: categories[{number}]"
            identifier = _identifier(category, "id", place)
            joints = list_entry(category, "keypoints", place) if "keypoints" in category else []
            index.skeletons[identifier] = [joint_name(name, place) for name in joints]
    return index


def _identifier(record: object, key: str, where: str) -> int | str:
    value = entry(record, key, where)
    if type(value) not in (int, str):
        raise UserError(f"{where}: {key} {value!r} is neither a number nor a name")
    return value
