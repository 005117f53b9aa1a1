"""The re-ID losses of a batch of real and synthesised people (equations 12 and 13)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from posegan_plugin.augment import PersonBatch
from posegan_plugin.errors import UserError
from posegan_plugin.losses import (
    ObjectiveWeights,
    QuartetLoss,
    WeightRamp,
    identity_loss,
    mean_pairwise_distance,
)
from posegan_plugin.models import ReIDOutput

QUARTET_PEOPLE = ("all", "real")


class ReIDObjective(nn.Module):
    """Identity and quartet loss with the weights of equation 14.

    Args:
        weights: Weights of all terms; ``quartet`` and ``identity`` are used here.
        quartet: The quartet loss; its default where ``None``.
        quartet_ramp: Factor on the quartet weight over the training: a metric loss at full weight on
            a network trained from scratch tends to collapse, so it can wait for the identity loss.
        label_smoothing: Of real people, in [0, 1]; synthesised people may bring their own with the
            batch.
        quartet_people: ``all``: quartets of real and synthesised people together (the paper);
            ``real``: of real people alone. A synthesised person and the image that it was drawn from
            are a pair that is easily pulled together, in place of two images that were taken apart.

    Raises:
        UserError: ``label_smoothing`` is outside its range, or ``quartet_people`` is neither.
    """

    def __init__(
        self,
        weights: ObjectiveWeights | None = None,
        quartet: QuartetLoss | None = None,
        quartet_ramp: WeightRamp | None = None,
        label_smoothing: float = 0.0,
        quartet_people: str = "all",
    ) -> None:
        super().__init__()
        if quartet_people not in QUARTET_PEOPLE:
            raise UserError(
                f"model objective: quartet_people={quartet_people!r} is unknown; choose one of "
                f"{', '.join(QUARTET_PEOPLE)}"
            )
        if not 0 <= label_smoothing <= 1:
            raise UserError(
                f"model objective: label_smoothing={label_smoothing} must be from 0 to 1"
            )
        self.weights = weights or ObjectiveWeights()
        self.quartet = quartet or QuartetLoss()
        self.quartet_ramp = quartet_ramp or WeightRamp()
        self.label_smoothing = label_smoothing
        self.quartet_people = quartet_people

    def forward(
        self, output: ReIDOutput, batch: PersonBatch, progress: float
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Losses of the network's output for a batch.

        Args:
            output: For all B people of the batch.
            batch: The people.
            progress: Share of the training that is done, in [0, 1].

        Returns:
            The weighted sum, and the unweighted terms and statistics to log.
        """
        smoothing = torch.where(
            batch.synthesised & ~batch.smoothing.isnan(),
            batch.smoothing,
            torch.full_like(batch.smoothing, self.label_smoothing),
        )
        targets = _targets(batch, output.logits.shape[1])
        loss_id = identity_loss(output.logits, targets, smoothing, batch.weights)
        real = ~batch.synthesised
        counted = batch.weights if self.quartet_people == "all" else batch.weights * real
        loss_quartet = self.quartet(output.embedding, batch.pids, weights=counted)
        weight = self.weights.quartet * self.quartet_ramp(progress)
        with torch.no_grad():
            correct = output.logits.argmax(dim=1) == batch.pids
            log = {
                "loss_id": loss_id,
                "loss_quartet": loss_quartet,
                "train_accuracy": (correct & real).sum() / real.sum(),
                "embedding_spread": mean_pairwise_distance(output.embedding),
            }
        return self.weights.identity * loss_id + weight * loss_quartet, log


def _targets(batch: PersonBatch, num_identities: int) -> Tensor:
    """Identities (B,), or distributions (B, K) where a teacher gave any."""
    if batch.teacher is None:
        return batch.pids
    hard = nn.functional.one_hot(batch.pids, num_identities).to(batch.teacher)
    return torch.where(batch.teacher.isnan(), hard, batch.teacher)
