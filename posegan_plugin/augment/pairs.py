"""Condition-target pairs of one person inside a batch."""

from __future__ import annotations

import torch
from torch import Tensor

from posegan_plugin.pose import count_joints
from posegan_plugin.transfer import send


def sample_pairs(
    pids: Tensor,
    camids: Tensor,
    keypoints: Tensor,
    min_joints: int = 10,
    target: str = "same_id",
) -> tuple[Tensor, Tensor]:
    """For every person of a batch a random other image of the same person.

    A batch of P identities with K images each holds the condition image and the true target at
    once, so nothing is loaded twice.

    Args:
        pids: (B,).
        camids: (B,).
        keypoints: (B, 18, 3).
        min_joints: People with fewer visible joints are neither condition nor target.
        target: ``cross_camera`` takes a target from another camera where the batch has one;
            anything else takes any.

    Returns:
        Rows of the conditions and of their targets, each (K,) int64 with K <= B, on the batch's
        device. Random numbers come from the CPU's default generator.
    """
    usable = count_joints(keypoints) >= min_joints
    allowed = (pids[:, None] == pids[None]) & usable[:, None] & usable[None]
    allowed.fill_diagonal_(False)
    score = send(torch.rand(allowed.shape), pids.device)
    if target == "cross_camera":
        score = score + (camids[:, None] != camids[None])
    best, chosen = score.masked_fill(~allowed, -1.0).max(dim=1)
    rows = (best >= 0).nonzero().squeeze(1)
    return rows, chosen[rows]
