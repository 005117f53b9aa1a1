"""A batch of people on the training device, real and synthesised."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor


@dataclass
class PersonBatch:
    """B people.

    Attributes:
        images: Float (B, 3, H, W) in [-1, 1].
        keypoints: (B, 18, 3): x, y in pixels of ``images``, score.
        pids: Identity labels (B,) int64.
        camids: Cameras (B,) int64, from 0.
        indices: Rows in the data set (B,) int64; for a synthesised person, of its condition image.
        synthesised: (B,) bool.
        weights: Weight of each person in the re-ID losses (B,).
        smoothing: Label smoothing of each synthesised person (B,), NaN: that of real people; not used
            for real ones.
        teacher: Soft labels (B, K) of synthesised people, NaN rows for real ones; ``None``: no teacher.
    """

    images: Tensor
    keypoints: Tensor
    pids: Tensor
    camids: Tensor
    indices: Tensor
    synthesised: Tensor
    weights: Tensor
    smoothing: Tensor
    teacher: Tensor | None = None

    @classmethod
    def of_real(
        cls, images: Tensor, keypoints: Tensor, pids: Tensor, camids: Tensor, indices: Tensor
    ) -> PersonBatch:
        """A batch of real people, each of weight 1."""
        count, device = len(images), images.device
        return cls(
            images=images,
            keypoints=keypoints,
            pids=pids,
            camids=camids,
            indices=indices,
            synthesised=torch.zeros(count, dtype=torch.bool, device=device),
            weights=torch.ones(count, device=device),
            smoothing=torch.zeros(count, device=device),
        )

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, rows: Tensor | slice) -> PersonBatch:
        """The people of the given rows (indices, a boolean mask or a slice)."""
        taken = {f.name: getattr(self, f.name) for f in fields(self)}
        return replace(self, **{k: None if v is None else v[rows] for k, v in taken.items()})

    def extended_by(self, other: PersonBatch) -> PersonBatch:
        """This batch with the people of ``other`` behind its own."""
        joined = {
            f.name: torch.cat((getattr(self, f.name), getattr(other, f.name)))
            for f in fields(self)
            if f.name != "teacher"
        }
        return PersonBatch(**joined, teacher=_join_teachers(self, other))


def _join_teachers(first: PersonBatch, second: PersonBatch) -> Tensor | None:
    known = next((b.teacher for b in (first, second) if b.teacher is not None), None)
    if known is None:
        return None
    parts = [
        b.teacher
        if b.teacher is not None
        else known.new_full((len(b), known.shape[1]), float("nan"))
        for b in (first, second)
    ]
    return torch.cat(parts)
