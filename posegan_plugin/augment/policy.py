"""How synthesised people count: how many, with which label, with which weight, which are dropped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from posegan_plugin.augment.person_batch import PersonBatch
from posegan_plugin.errors import UserError
from posegan_plugin.pose import POLICIES

LABELS = ("same", "hard", "smooth", "teacher")

Encoder = Callable[[Tensor], Tensor]
"""Images (B, 3, H, W) in [-1, 1] -> one vector each (B, D)."""


@dataclass(frozen=True)
class SynthesisPolicy:
    """Options of synthesised people in a batch.

    Attributes:
        ratio: Synthesised people per real one, >= 0; 1/4 adds 16 to a batch of 64.
        target: Whose pose a person takes: ``same_id`` (another image of the same person),
            ``cross_camera`` (seen by another camera than the condition image), ``any``.
        label: ``same`` (the condition's identity, smoothed as real people's are), ``hard`` (not
            smoothed), ``smooth`` (smoothed by ``smoothing``) or ``teacher`` (the probabilities that
            a teacher gives the synthesised image).
        smoothing: Label smoothing for ``smooth``, in [0, 1).
        weight: Weight in the re-ID losses once warmed up; a real person has 1.
        warmup: Share of the training over which the weight rises linearly from 0, in [0, 1].
        until: Share of the training after which nobody is synthesised, in [0, 1]: below 1 it ends
            on real people, as those are whom a test shows, and in less time.
        filter: Synthesised people whose embedding has a cosine similarity below this to their
            condition's are dropped; ``None`` keeps all.
        min_joints: Visible joints a person needs to be a condition or a target.

    Raises:
        UserError: A value outside its range.
    """

    ratio: float = 0.25
    target: str = "same_id"
    label: str = "same"
    smoothing: float = 0.1
    weight: float = 1.0
    warmup: float = 0.0
    until: float = 1.0
    filter: float | None = None
    min_joints: int = 10

    def __post_init__(self) -> None:
        for key, known in (("target", POLICIES), ("label", LABELS)):
            if getattr(self, key) not in known:
                raise UserError(
                    f"augment {key}={getattr(self, key)!r} is unknown; choose one of {', '.join(known)}"
                )
        for key, low, high in (
            ("ratio", 0.0, 16.0),
            ("smoothing", 0.0, 0.999),
            ("weight", 0.0, 100.0),
            ("warmup", 0.0, 1.0),
            ("until", 0.0, 1.0),
            ("filter", -1.0, 1.0),
            ("min_joints", 1, 18),
        ):
            value = getattr(self, key)
            if value is None and key == "filter":
                continue
            if not isinstance(value, int | float) or not low <= value <= high:
                raise UserError(f"augment {key}={value} must lie between {low:g} and {high:g}")

    def weight_at(self, progress: float) -> float:
        """Weight of a synthesised person at ``progress`` in [0, 1] of the training."""
        if progress >= self.until < 1:
            return 0.0
        ramp = 1.0 if self.warmup <= 0 else min(1.0, progress / self.warmup)
        return self.weight * ramp

    def count(self, real: int, progress: float) -> int:
        """Number of synthesised people for ``real`` real ones at ``progress`` of the training.

        None while their weight is 0: they would still move batch norm statistics.
        """
        return round(self.ratio * real) if self.weight_at(progress) > 0 else 0

    def label_people(
        self, people: PersonBatch, progress: float, teacher: Encoder | None = None
    ) -> PersonBatch:
        """Mark people as synthesised and give them their weight and label.

        Args:
            people: The synthesised people.
            progress: Share of the training that is done, in [0, 1].
            teacher: Logits of images; needed for ``label='teacher'``.

        Returns:
            The same batch, changed.
        """
        people.synthesised = torch.ones_like(people.synthesised)
        people.weights = torch.full_like(people.weights, self.weight_at(progress))
        smoothing = {"same": float("nan"), "smooth": self.smoothing}.get(self.label, 0.0)
        people.smoothing = torch.full_like(people.smoothing, smoothing)
        if self.label == "teacher":
            if teacher is None:
                raise UserError(
                    "augment label='teacher' needs a teacher: give teacher_checkpoint, or choose "
                    "another label"
                )
            with torch.no_grad():
                people.teacher = teacher(people.images).float().softmax(dim=1)
        return people

    def keep(self, conditions: Tensor, generated: Tensor, encoder: Encoder | None) -> Tensor:
        """Which synthesised people are still themselves.

        Args:
            conditions: Condition images (B, 3, H, W) in [-1, 1].
            generated: Their synthesised images, likewise.
            encoder: Embeds images; needed where ``filter`` is set.

        Returns:
            (B,) bool.
        """
        if self.filter is None:
            return torch.ones(len(generated), dtype=torch.bool, device=generated.device)
        if encoder is None:
            raise UserError("augment filter needs a re-ID network as encoder; set filter=None")
        with torch.no_grad():
            similarity = F.cosine_similarity(
                encoder(conditions).float(), encoder(generated).float(), dim=1
            )
        return similarity >= self.filter
