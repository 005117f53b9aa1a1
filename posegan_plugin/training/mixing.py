"""What joint training takes from a batch of real people, and what it puts back into it."""

from __future__ import annotations

import torch
from torch import Tensor

from posegan_plugin.augment import PersonBatch, SynthesisPolicy, sample_pairs
from posegan_plugin.augment.policy import Encoder
from posegan_plugin.images import resize_images
from posegan_plugin.pose import resize_keypoints
from posegan_plugin.training.generation import PosePairs
from posegan_plugin.transfer import send


def pairs_of_batch(
    batch: PersonBatch,
    size: tuple[int, int],
    policy: SynthesisPolicy,
    max_pairs: int | None = None,
) -> tuple[PosePairs, Tensor]:
    """Condition-target pairs of a batch, at the generator's size.

    Args:
        batch: Real people, several images of each.
        size: The generator's (height, width).
        policy: Says who can be posed and which targets are preferred.
        max_pairs: At most so many, taken at random; ``None`` for all. :func:`add_generated` has no
            others to choose from.

    Returns:
        K pairs, and the rows of their conditions in the batch (K,); K can be 0.
    """
    rows, targets = sample_pairs(
        batch.pids, batch.camids, batch.keypoints, policy.min_joints, policy.target
    )
    if max_pairs is not None and len(rows) > max_pairs:
        taken = send(torch.randperm(len(rows))[:max_pairs], rows.device)
        rows, targets = rows[taken], targets[taken]
    images = resize_images(batch.images, size)
    poses = resize_keypoints(batch.keypoints, tuple(batch.images.shape[-2:]), size)
    pairs = PosePairs(
        images[rows], poses[rows], images[targets], poses[targets], batch.camids[targets]
    )
    return pairs, rows


def add_generated(
    batch: PersonBatch,
    rows: Tensor,
    pairs: PosePairs,
    generated: Tensor,
    policy: SynthesisPolicy,
    progress: float,
    moves_camera: bool,
    encoder: Encoder | None = None,
    teacher: Encoder | None = None,
) -> PersonBatch:
    """The batch with generated people behind the real ones, as the policy wants them.

    Args:
        batch: Real people.
        rows: Rows of the conditions (K,).
        pairs: The pairs.
        generated: I_g of the pairs (K, 3, h, w); its gradient path is kept.
        policy: How many, as far as there are pairs, with which label and weight, which are dropped.
        progress: Share of the training that is done, in [0, 1].
        moves_camera: Whether a generated person counts as seen by the target's camera.
        encoder: For the policy's filter.
        teacher: For its label ``teacher``.
    """
    wanted = policy.count(len(batch), progress)
    if not wanted:
        return batch
    chosen = send(torch.randperm(len(rows))[:wanted], rows.device)
    size = tuple(batch.images.shape[-2:])
    people = batch[rows[chosen]]
    images = resize_images(generated[chosen].float(), size)
    kept = None if policy.filter is None else policy.keep(people.images, images, encoder)
    people.images = images
    people.keypoints = resize_keypoints(
        pairs.target_pose[chosen], tuple(pairs.target.shape[-2:]), size
    )
    if moves_camera:
        people.camids = pairs.target_camera[chosen]
    if kept is not None:  # a GPU has to be asked how many these are
        people = people[kept]
    return (
        batch.extended_by(policy.label_people(people, progress, teacher)) if len(people) else batch
    )
