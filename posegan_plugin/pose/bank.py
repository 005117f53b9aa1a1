"""The poses that people can be moved to, and how one is chosen for each person of a batch."""

from __future__ import annotations

import torch
from torch import Tensor

from posegan_plugin.errors import UserError
from posegan_plugin.pose.skeleton import NUM_JOINTS
from posegan_plugin.pose.transforms import count_joints

POLICIES = ("same_id", "cross_camera", "any")
"""Ways to choose a pose: of the same person; seen by another camera; any one."""


class PoseBank:
    """All complete enough poses of a data set, with the person and camera each was seen with.

    Args:
        keypoints: Key points (M, 18, 3) as x, y in pixels and score.
        pids: Person of each pose (M,), integers.
        camids: Camera of each pose (M,), integers.
        min_joints: Poses with fewer joints that are there are left out. Defaults to 10.

    Attributes:
        keypoints: Key points of the N poses that are kept (N, 18, 3).
        pids: Person of each kept pose (N,), int64.
        camids: Camera of each kept pose (N,), int64.
        indices: Row of each kept pose in the `keypoints` given, (N,), int64, ascending.

    Raises:
        UserError: No pose has `min_joints` joints.
        ValueError: The shapes of the three tensors do not fit together.
    """

    def __init__(
        self, keypoints: Tensor, pids: Tensor, camids: Tensor, min_joints: int = 10
    ) -> None:
        people = len(keypoints)
        if keypoints.shape[1:] != (NUM_JOINTS, 3):
            raise ValueError(f"keypoints has shape {tuple(keypoints.shape)}, not (M, 18, 3).")
        if pids.shape != (people,) or camids.shape != (people,):
            raise ValueError(
                f"pids {tuple(pids.shape)} and camids {tuple(camids.shape)} do not have "
                f"one entry for each of the {people} poses."
            )
        counts = count_joints(keypoints)
        self.indices = (counts >= min_joints).nonzero().squeeze(1)
        if len(self.indices) == 0:
            raise UserError(_empty_message(counts, min_joints))
        self.keypoints = keypoints[self.indices]
        self.pids = pids.to(self.indices)[self.indices]
        self.camids = camids.to(self.indices)[self.indices]

    def __len__(self) -> int:
        return len(self.keypoints)

    def to(self, device: torch.device | str) -> PoseBank:
        """Move the bank to a device, in place.

        Args:
            device: Where the tensors go.

        Returns:
            The bank itself.
        """
        self.keypoints = self.keypoints.to(device)
        self.pids = self.pids.to(device)
        self.camids = self.camids.to(device)
        self.indices = self.indices.to(device)
        return self

    def sample(
        self,
        policy: str,
        pids: Tensor,
        camids: Tensor,
        generator: torch.Generator | None = None,
        exclude: Tensor | None = None,
    ) -> Tensor:
        """Choose a pose for each person of a batch, all candidates with the same chance.

        Args:
            policy: "same_id" (a pose of the same person), "cross_camera" (a pose of anyone that
                another camera than the person's saw) or "any".
            pids: Persons of the batch (B,), integers.
            camids: Cameras of the batch (B,), integers.
            generator: A generator on the CPU. Random numbers come from the CPU wherever the bank
                is, so that a seed gives the same poses on every device. Defaults to None, the
                global generator.
            exclude: For each person one pose (B,) or several (B, E) not to choose, such as the
                person's present one, as rows of the `keypoints` that the bank was made of
                (compare `indices`); -1 excludes nothing. Defaults to None.

        Returns:
            Rows of the bank (B,), int64, on its device; -1 where there is no candidate.

        Raises:
            UserError: The policy is not one of the three.
        """
        candidates = self._candidates(policy, pids.to(self.pids), camids.to(self.camids))
        if exclude is not None:
            exclude = exclude.to(self.indices)
            for one in (exclude if exclude.ndim == 2 else exclude[:, None]).unbind(1):
                candidates &= self.indices != one[:, None]
        nth = candidates.cumsum(dim=1)
        count = nth[:, -1:]
        # The remainder of a 62-bit number is as good as uniform and, unlike a product of floats,
        # the same on every device.
        draw = torch.randint(2**62, (len(candidates), 1), generator=generator).to(count.device)
        rank = draw % count.clamp(min=1)
        # The candidate number `rank` (from 0) is the first row at which rank + 1 have been seen.
        rows = torch.searchsorted(nth, rank + 1)
        return rows.where(count > 0, -torch.ones_like(rows)).squeeze(1)

    def _candidates(self, policy: str, pids: Tensor, camids: Tensor) -> Tensor:
        """Booleans (B, N): may person b of the batch get pose n of the bank?"""
        if policy == "same_id":
            return self.pids == pids[:, None]
        if policy == "cross_camera":
            return self.camids != camids[:, None]
        if policy == "any":
            return torch.ones(len(pids), len(self), dtype=torch.bool, device=self.keypoints.device)
        raise UserError(f"The pose policy {policy!r} is not known; use one of {_listed(POLICIES)}.")


def _listed(names: tuple[str, ...]) -> str:
    """Names as 'a', 'b', 'c'."""
    return ", ".join(repr(name) for name in names)


def _empty_message(counts: Tensor, min_joints: int) -> str:
    """Why a bank of people with these numbers of joints (M,) has no pose."""
    if len(counts) == 0:
        return "The pose bank was given no people; check that the key point file fits the images."
    people = torch.bincount(counts, minlength=NUM_JOINTS + 1).tolist()
    histogram = ", ".join(
        f"{number} with {joints} joints" for joints, number in enumerate(people) if number
    )
    return (
        f"None of the {len(counts)} people has min_joints={min_joints} joints "
        f"({histogram}); lower min_joints or get better key points."
    )
