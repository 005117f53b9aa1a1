"""A weight that rises during the training."""

from __future__ import annotations

from dataclasses import dataclass

from posegan_plugin.errors import UserError


@dataclass(frozen=True)
class WeightRamp:
    """Factor on a term's weight as a function of training progress.

    Some terms do harm before others have done their work: adversarial losses before the
    reconstruction has a shape, a metric loss before identities are spread, semantic consistency
    before the encoder knows what a person is.

    Args:
        start: progress, in [0, 1], up to which the factor is 0.
        end: progress from which the factor is 1; linear in between. The default (0, 0) is full
            weight from the first step, as in the paper.

    Raises:
        UserError: unless 0 <= start <= end <= 1.
    """

    start: float = 0.0
    end: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end <= 1:
            raise UserError(
                f"WeightRamp: start={self.start} and end={self.end} are parts of the "
                "training; they need 0 <= start <= end <= 1."
            )

    def __call__(self, progress: float) -> float:
        """Return the factor, in [0, 1].

        Args:
            progress: part of the training that is done: 0 at the first step, 1 at the end.
        """
        if progress >= self.end:
            return 1.0
        if progress <= self.start:
            return 0.0
        return (progress - self.start) / (self.end - self.start)
