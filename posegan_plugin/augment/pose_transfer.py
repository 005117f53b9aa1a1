"""A batch of people in, the same batch with synthesised people behind it out."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from posegan_plugin.augment.person_batch import PersonBatch
from posegan_plugin.augment.policy import Encoder, SynthesisPolicy
from posegan_plugin.images import resize_images
from posegan_plugin.pose import PoseBank, count_joints, resize_keypoints
from posegan_plugin.transfer import send


class PoseTransferAugment:
    """Mixes people in new poses into a batch, on the batch's device, with a frozen generator.

    A synthesised person keeps the identity of its condition image. Its camera is the target's where
    the generator is told the target camera, else the condition's.

    Args:
        generator: A trained generator; it is frozen and put into evaluation mode.
        pose_bank: The poses to choose from, in pixels of the batch's images.
        policy: How many, whose poses, which labels and weights, which are dropped; its defaults
            where ``None``.
        teacher: Logits of images (B, 3, H, W) in [-1, 1]; for ``label='teacher'``.
    """

    def __init__(
        self,
        generator: nn.Module,
        pose_bank: PoseBank,
        policy: SynthesisPolicy | None = None,
        teacher: Encoder | None = None,
    ) -> None:
        self.policy = policy or SynthesisPolicy()
        self.generator = generator.requires_grad_(False)
        self.pose_bank = pose_bank
        self.teacher = teacher

    @torch.no_grad()
    def __call__(
        self, batch: PersonBatch, progress: float = 1.0, encoder: Encoder | None = None
    ) -> PersonBatch:
        """Append synthesised people.

        Args:
            batch: Real people.
            progress: Share of the training that is done, in [0, 1] (for ``warmup``).
            encoder: Embeds images (B, 3, H, W) in [-1, 1]; needed where ``filter`` is set.

        Returns:
            The batch with ``round(ratio * B)`` people more; fewer where too few people of the batch
            have a pose or pass the filter, and none while their weight is 0.
        """
        wanted = self.policy.count(len(batch), progress)
        if not wanted:
            return batch
        self.generator.eval()  # the model around it may have switched it to training
        rows, chosen = self._choose(batch, wanted)
        if not len(rows):
            return batch
        device = batch.images.device
        people = batch[send(rows, device)]
        poses = send(self.pose_bank.keypoints[chosen], device).to(batch.keypoints.dtype)
        cameras = send(self.pose_bank.camids[chosen], device)
        conditions = people.images
        people.images = transfer(self.generator, conditions, people.keypoints, poses, cameras).to(
            batch.images.dtype
        )
        people.keypoints = poses
        if getattr(self.generator, "num_cameras", 0):
            people.camids = cameras
        if self.policy.filter is not None:
            people = people[self.policy.keep(conditions, people.images, encoder)]
        return batch.extended_by(self.policy.label_people(people, progress, self.teacher))

    def _choose(self, batch: PersonBatch, wanted: int) -> tuple[Tensor, Tensor]:
        """Rows of at most ``wanted`` condition images, on the CPU, and of their poses in the bank.

        Conditions are random, none twice before all were taken once.
        """
        usable = count_joints(batch.keypoints) >= self.policy.min_joints
        facts = torch.stack((usable.to(batch.pids), batch.pids, batch.camids, batch.indices))
        usable, pids, camids, indices = facts.cpu()  # all that is asked of the device, at once
        rows = usable.nonzero().squeeze(1)
        if not len(rows):
            return rows[:0], rows[:0]
        rounds = -(-wanted // len(rows))
        order = torch.cat([torch.randperm(len(rows)) for _ in range(rounds)])[:wanted]
        rows = rows[order]
        chosen = self.pose_bank.sample(
            self.policy.target, pids[rows], camids[rows], exclude=indices[rows]
        )
        found = chosen >= 0
        return rows[found.cpu()], chosen[found]


def transfer(
    generator: nn.Module,
    conditions: Tensor,
    condition_poses: Tensor,
    target_poses: Tensor,
    target_cameras: Tensor | None = None,
) -> Tensor:
    """Run a generator on images of any size.

    Args:
        generator: With the attributes ``image_size`` and ``num_cameras``.
        conditions: (B, 3, H, W) in [-1, 1].
        condition_poses: (B, 18, 3) in pixels of ``conditions``.
        target_poses: (B, 18, 3), likewise.
        target_cameras: (B,); left out where the generator does not take it.

    Returns:
        (B, 3, H, W), at the conditions' size.
    """
    size = tuple(conditions.shape[-2:])
    inner = tuple(generator.image_size)
    camera = target_cameras if generator.num_cameras else None
    generated = generator(
        resize_images(conditions, inner),
        resize_keypoints(condition_poses, size, inner),
        resize_keypoints(target_poses, size, inner),
        camera,
    )
    return resize_images(generated, size)
