"""The name ``pose_transfer`` in torchreid's list of transforms."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from difflib import get_close_matches

from posegan_plugin.errors import UserError

NAME = "pose_transfer"


class NotWrappedError(UserError):
    """The transform was asked for, but nothing does it.

    Takes any arguments and has one message: a loader's worker process raises an error again with its
    whole traceback as the message.
    """

    def __init__(self, *_: object) -> None:
        super().__init__(
            f"the transform {NAME!r} needs PoseTransferDataManager around the data manager, since it "
            "works on whole batches: datamanager = PoseTransferDataManager(datamanager, generator, "
            f"keypoints); or take {NAME!r} out of transforms"
        )


class PoseTransferRequest:
    """Holds the place of ``pose_transfer`` in a training pipeline until a manager takes it out."""

    def __call__(self, image: object) -> object:
        """Not for single images.

        Raises:
            NotWrappedError: Always.
        """
        raise NotWrappedError


def accept_pose_transfer(build_transforms: Callable) -> Callable:
    """A ``build_transforms`` that also knows the name ``pose_transfer``.

    Args:
        build_transforms: The function of torchreid.
    """

    def build(
        height: int,
        width: int,
        transforms: object = "random_flip",
        *args: object,
        **options: object,
    ) -> tuple:
        names = [transforms] if isinstance(transforms, str) else transforms
        asked = False
        if isinstance(names, list):
            _check_spelling(names)
            asked = any(name.lower() == NAME for name in names)
            transforms = [name for name in names if name.lower() != NAME]
        train, test = build_transforms(height, width, transforms, *args, **options)
        if asked:
            print("+ pose transfer (on whole batches, by PoseTransferDataManager)")
            train.transforms.insert(0, PoseTransferRequest())
        return train, test

    return build


def steps_of(transform: object) -> Iterator[object]:
    """The single steps of a transform that may hold others, in their order."""
    if hasattr(transform, "transforms"):
        for step in transform.transforms:
            yield from steps_of(step)
    else:
        yield transform


def remove_request(datamanager: object) -> bool:
    """Take ``pose_transfer`` out of a data manager's training pipeline.

    Args:
        datamanager: A torchreid data manager.

    Returns:
        Whether it was there.
    """
    steps = getattr(datamanager.transform_tr, "transforms", [])
    kept = [step for step in steps if not isinstance(step, PoseTransferRequest)]
    found = len(kept) < len(steps)
    steps[:] = kept  # the data sets share the list
    return found


def _check_spelling(names: list[str]) -> None:
    # torchreid ignores names that it does not know, so a slip would train without poses.
    for name in names:
        if name.lower() != NAME and get_close_matches(name.lower(), [NAME], cutoff=0.75):
            raise UserError(f"transform {name!r} is unknown; did you mean {NAME!r}?")
