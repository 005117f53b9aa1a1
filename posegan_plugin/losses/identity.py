"""The identity classification loss, equation 13."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from posegan_plugin.errors import UserError
from posegan_plugin.losses._numerics import full_precision


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
    if not isinstance(label_smoothing, Tensor) and not 0 <= label_smoothing <= 1:
        raise UserError(
            f"label_smoothing is {label_smoothing}; it is a share of the label and must be in [0, 1]."
        )
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
