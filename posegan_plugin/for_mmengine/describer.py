"""A re-ID network, and a generator where there is one, as mmengine tests them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmengine.model import BaseModel
from torch import Tensor

from posegan_plugin.augment import PersonBatch, ReIDInput, SynthesisPolicy
from posegan_plugin.errors import UserError
from posegan_plugin.evaluation.mirror import mirrored
from posegan_plugin.evaluation.standard_poses import describe_in_poses, standard_poses
from posegan_plugin.for_mmengine.networks import build_networks
from posegan_plugin.pose import NUM_JOINTS
from posegan_plugin.registry import MODELS
from posegan_plugin.training import unwrap


class PersonDescriber(BaseModel):
    """Describes people, by their image alone or in standard poses too.

    Args:
        architecture: How generator and re-ID network are built, see
            :func:`posegan_plugin.for_mmengine.networks.architecture_of_model`; checkpoints carry it.
        reid_input: Options of :class:`posegan_plugin.augment.ReIDInput`.
        test_poses: Standard poses that people are also described in when they are searched for, see
            :func:`posegan_plugin.evaluation.standard_poses.describe_in_poses`; 0, and always where
            there is no generator: by their own image alone.
        test_mirror: Whether mirror images describe them too, see
            :func:`posegan_plugin.evaluation.mirror.mirrored`.
        data_preprocessor: Config of the data preprocessor.
        min_joints: Joints that a person needs to be described in standard poses.
        channels_last: Memory layout of the convolutions.

    Attributes:
        trained_networks: Names of the networks that have an optimiser: none.

    Raises:
        UserError: A value that a network refuses, or ``test_poses`` is no number of poses.
    """

    trained_networks: Sequence[str] = ()

    def __init__(
        self,
        architecture: dict,
        reid_input: dict | None = None,
        test_poses: int = 0,
        test_mirror: bool = False,
        data_preprocessor: dict | None = None,
        min_joints: int = SynthesisPolicy.min_joints,
        channels_last: bool = False,
    ) -> None:
        if not isinstance(test_poses, int) or test_poses < 0:
            raise UserError(f"model test_poses={test_poses!r} is not a number of poses, 0 or more")
        # Built here: BaseModel would look the type up in mmengine's scope.
        default = {"type": "posegan_plugin.ReIDDataPreprocessor"}
        super().__init__(MODELS.build(data_preprocessor or default))
        self.architecture = architecture
        networks = build_networks(architecture)
        self.reid, self.generator = networks["reid"], networks.get("generator")
        self.reid_input = ReIDInput(**(reid_input or {"size": (256, 128)}))
        self.test_poses = test_poses if self.generator is not None else 0
        self.test_mirror = test_mirror
        self.standard_poses = torch.zeros(0, NUM_JOINTS, 3)
        self.min_joints = min_joints
        if channels_last:
            self.to(memory_format=torch.channels_last)

    def use_standard_poses(self, keypoints: Tensor) -> None:
        """Choose the ``test_poses`` that people are described in.

        Args:
            keypoints: Poses of the training people (M, 18, 3) in pixels of the test images.

        Raises:
            UserError: There are too few different ones.
        """
        try:
            self.standard_poses = standard_poses(keypoints, self.test_poses)
        except UserError as error:
            raise UserError(
                f"model test_poses={self.test_poses}: {error}; lower it, 0 tests without"
            ) from error

    def forward(self, images: Tensor) -> Tensor:
        """Retrieval descriptors (B, D) of images (B, 3, H, W) in [-1, 1]."""
        return unwrap(self.reid).describe(self.reid_input(images, augment=False))

    def val_step(self, data: dict[str, Tensor]) -> list[dict]:
        """Descriptors of a batch, with identity, camera and role, for the metric."""
        batch = self.data_preprocessor(data, training=False)
        features = self._describe_test_people(batch).float().cpu().numpy()
        return [
            {"feature": f, "pid": int(p), "camid": int(c), "is_query": bool(q), "index": int(i)}
            for f, p, c, q, i in zip(
                features, *(data[k] for k in ("pid", "camid", "is_query", "index")), strict=True
            )
        ]

    test_step = val_step

    def _describe_test_people(self, batch: PersonBatch) -> Tensor:
        describe = mirrored(self) if self.test_mirror else self
        if not self.test_poses:
            return describe(batch.images)
        return describe_in_poses(
            describe,
            unwrap(self.generator),
            batch.images,
            batch.keypoints,
            self.standard_poses,
            min_joints=self.min_joints,
        )
