"""The identity classification loss, equation 13."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from posegan_plugin.errors import UserError
from posegan_plugin.losses._numerics import full_precision


def _check_smoothing(name: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise UserError(f"{name} is {value}; it is a share of the label and must be in [0, 1].")


def identity_loss(
    logits: Tensor,
    targets: Tensor,
    label_smoothing: float | Tensor = 0.0,
    weights: Tensor | None = None,
) -> Tensor:
    """Softmax cross-entropy -log p(identity) (equation 13), with smoothed or soft labels.

    With label smoothing e over K identities the label is (1 - e) times the target plus e / K
    everywhere, as in ``torch.nn.functional.cross_entropy``.

    Args:
        logits: (B, K), any floating type.
        targets: (B,) int64 identities in [0, K), or (B, K) label distributions, for instance a
            teacher's probabilities.
        label_smoothing: e in [0, 1], one number or one per image, (B,).
        weights: (B,) weight of each image, at least 0. None: all equal.

    Returns:
        A scalar, at least 0, in float32 (float64 stays): sum(w * loss) / sum(w), the plain mean
        without weights; zero with a gradient path where the weights sum to 0.

    Raises:
        UserError: for a label smoothing (given as a number) outside [0, 1].
    """
    if not isinstance(label_smoothing, Tensor):
        _check_smoothing("label_smoothing", label_smoothing)
    log_p = F.log_softmax(full_precision(logits), dim=1)
    if targets.dim() == 1:
        to_target = -log_p.gather(1, targets[:, None]).squeeze(1)
    else:
        to_target = -(targets.to(log_p.dtype) * log_p).sum(dim=1)
    to_uniform = -log_p.mean(dim=1)
    losses = to_target + label_smoothing * (to_uniform - to_target)
    weights = torch.ones_like(losses) if weights is None else weights.to(losses.dtype)
    total = weights.sum()
    return (weights * losses).sum() / torch.where(total > 0, total, 1)


class IdentityLoss(nn.Module):
    """Identity loss with separate label smoothing for real and synthesised people (equation 13).

    Args:
        label_smoothing: for real images, in [0, 1]. Defaults to 0.0, the paper.
        synthesised_smoothing: for synthesised images, whose identity is less certain, in [0, 1].
            Defaults to 0.0, the paper.

    Raises:
        UserError: for a label smoothing outside [0, 1].
    """

    def __init__(self, label_smoothing: float = 0.0, synthesised_smoothing: float = 0.0) -> None:
        super().__init__()
        _check_smoothing("IdentityLoss: label_smoothing", label_smoothing)
        _check_smoothing("IdentityLoss: synthesised_smoothing", synthesised_smoothing)
        self.label_smoothing = label_smoothing
        self.synthesised_smoothing = synthesised_smoothing

    def forward(
        self,
        logits: Tensor,
        pids: Tensor,
        synthesised: Tensor | None = None,
        weights: Tensor | None = None,
    ) -> Tensor:
        """Return the loss of a batch that may mix real and synthesised people.

        Args:
            logits: (B, K), any floating type.
            pids: (B,) int64 identities, or (B, K) label distributions.
            synthesised: (B,) bool, true for synthesised people. None: all are real.
            weights: (B,) weight of each image. None: all equal.

        Returns:
            A scalar, see ``identity_loss``.
        """
        smoothing: float | Tensor = self.label_smoothing
        if synthesised is not None:
            smoothing = torch.where(synthesised, self.synthesised_smoothing, self.label_smoothing)
        return identity_loss(logits, pids, smoothing, weights)

    def extra_repr(self) -> str:
        """Show the settings where the model is printed."""
        return (
            f"label_smoothing={self.label_smoothing}, "
            f"synthesised_smoothing={self.synthesised_smoothing}"
        )
