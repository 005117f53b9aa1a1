"""The quartet loss, equation 12."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from posegan_plugin.errors import UserError
from posegan_plugin.losses._numerics import autocast_off, full_precision, zero_with_gradient
from posegan_plugin.losses.distances import squared_distances, unit_embeddings
from posegan_plugin.losses.quartets import hard_choices, random_choices

DEFAULT_TAU1 = -1.0
DEFAULT_TAU2 = 0.1


def quartet_loss(
    embeddings: Tensor,
    pids: Tensor,
    quartets: Tensor | None = None,
    tau1: float = DEFAULT_TAU1,
    tau2: float = DEFAULT_TAU2,
    normalize: bool = True,
    generator: torch.Generator | None = None,
    weights: Tensor | None = None,
    valid: Tensor | None = None,
) -> Tensor:
    """Pull a person's images together, and apart from two other people's (equation 12).

    With the squared Euclidean distance d(a, b) between the embeddings of images a and b, the loss
    is the mean over all quartets of

        max(2 d(1,2) - d(1,3) - d(4,3), tau1) + max(d(1,2), tau2)

    The paper sums over the quartets; the mean keeps the loss's weight independent of the batch
    size. The paper's text names (2,3) as the second negative pair, its equation (4,3); the
    equation is followed, so the loss also separates two people of whom neither is the anchor.

    Args:
        embeddings: (B, D), any floating type. All arithmetic is in float32 (float64 stays), also
            under autocast.
        pids: (B,) identities; used to draw quartets where none are given.
        quartets: (Q, 4) indices into the batch, see ``losses/quartets.py``. None draws one random
            quartet per anchor.
        tau1: the lowest value of the first term; -tau1 is its margin. See ``QuartetLoss``.
        tau2: the squared distance below which a positive pair is close enough.
        normalize: scale the embeddings to length one first; distances are then 0 to 4.
        generator: CPU generator for drawing quartets.
        weights: (B,) weight of each image, at least 0. A quartet counts with the product of its
            four images' weights and the mean is a weighted one. None: all equal.
        valid: (Q,) bool, which of the ``quartets`` count. None: all.

    Returns:
        A scalar, at least tau1 + tau2; zero with a gradient path if the batch has no quartet, or
        none with a weight above 0. The
        value is often negative, since a satisfied first term is worth tau1.
    """
    if quartets is None:
        quartets, valid = random_choices(pids, generator)
    if len(quartets) == 0:
        return zero_with_gradient(embeddings)
    with autocast_off(embeddings):
        x = unit_embeddings(embeddings) if normalize else full_precision(embeddings)
        # Not x[quartets]: its backward adds up with atomics, in another order at every run.
        x1, x2, x3, x4 = x.index_select(0, quartets.flatten()).unflatten(0, (-1, 4)).unbind(dim=1)
        # Differences, not norms: their gradient is finite for identical images.
        d12 = (x1 - x2).square().sum(dim=1)
        d13 = (x1 - x3).square().sum(dim=1)
        d43 = (x4 - x3).square().sum(dim=1)
        relative = (2 * d12 - d13 - d43).clamp(min=tau1)
        absolute = d12.clamp(min=tau2)
        if weights is None and valid is None:
            return (relative + absolute).mean()
        shares = torch.ones_like(d12) if valid is None else valid.to(x.dtype)
        if weights is not None:
            shares = shares * weights.to(x.dtype)[quartets].prod(dim=1)
        total = shares.sum()
        return (shares * (relative + absolute)).sum() / torch.where(total > 0, total, 1)


class QuartetLoss(nn.Module):
    """The quartet loss with its margins and its way of choosing quartets (equation 12).

    **The margins are ours.** The paper gives no value for tau1 and tau2, and its remark that tau2
    is less than tau1 cannot give a margin when read literally: ``max(x, tau1)`` stops pushing once
    x is below tau1, so negatives end up farther away than positives only for a negative tau1, and
    a tau2 below that would be below every squared distance and do nothing. We read it as
    tau2 < -tau1. For embeddings of length one, whose squared distance d is 2 - 2 cos:

    - ``tau1 = -1``: two negative pairs must together be 1 farther than twice the positive pair, so
      0.5 in squared distance, or 0.25 in cosine, for each comparison.
    - ``tau2 = 0.1``: a positive pair is left alone once its cosine is above 0.95.

    Both are worth tuning. For embeddings that are not normalised they have no natural size.

    A metric loss at full weight on a network that has not yet separated identities tends to
    collapse all embeddings into one point; ramp its weight in and log
    ``losses.mean_pairwise_distance``.

    Args:
        tau1: lowest value of the first term, at most 0. Defaults to -1.0.
        tau2: squared distance at which a positive pair is close enough, at least 0. Defaults to
            0.1.
        mining: "random" (the paper) or "hard", see ``losses/quartets.py``. Defaults to "random".
        normalize: scale the embeddings to length one. Defaults to True.
        quartets_per_anchor: random quartets per anchor; more of them make the loss less noisy
            at almost no cost. Hard mining has one. Defaults to 1.

    Raises:
        UserError: for a margin of the wrong sign, an unknown mining, or a number of quartets that
            the mining cannot give.
    """

    def __init__(
        self,
        tau1: float = DEFAULT_TAU1,
        tau2: float = DEFAULT_TAU2,
        mining: str = "random",
        normalize: bool = True,
        quartets_per_anchor: int = 1,
    ) -> None:
        super().__init__()
        if not tau1 <= 0:
            raise UserError(
                f"QuartetLoss: tau1 is {tau1}, but a margin needs a negative tau1; "
                f"for a margin of {abs(tau1)} set tau1={-abs(tau1)}."
            )
        if not tau2 >= 0:
            raise UserError(
                f"QuartetLoss: tau2 is {tau2}, but it is compared with a squared distance; "
                "set it to 0 or more."
            )
        if mining not in ("random", "hard"):
            raise UserError(f"QuartetLoss: mining is {mining!r}; choose 'random' or 'hard'.")
        if quartets_per_anchor < 1 or (mining == "hard" and quartets_per_anchor != 1):
            raise UserError(
                f"QuartetLoss: quartets_per_anchor is {quartets_per_anchor}; set it to 1 for hard "
                "mining and to 1 or more for random mining."
            )
        self.tau1 = tau1
        self.tau2 = tau2
        self.mining = mining
        self.normalize = normalize
        self.quartets_per_anchor = quartets_per_anchor

    def forward(
        self,
        embeddings: Tensor,
        pids: Tensor,
        generator: torch.Generator | None = None,
        weights: Tensor | None = None,
    ) -> Tensor:
        """Choose quartets in the batch and return their loss.

        Args:
            embeddings: (B, D), any floating type.
            pids: (B,) identities.
            generator: CPU generator for random mining; hard mining ignores it.
            weights: (B,) weight of each image, see ``quartet_loss``; images of weight 0 are not
                chosen.

        Returns:
            A scalar, see ``quartet_loss``.
        """
        counted = None if weights is None else weights > 0
        quartets, valid = self._choose_quartets(embeddings, pids, generator, counted)
        return quartet_loss(
            embeddings,
            pids,
            quartets,
            self.tau1,
            self.tau2,
            self.normalize,
            weights=weights,
            valid=valid,
        )

    def _choose_quartets(
        self,
        embeddings: Tensor,
        pids: Tensor,
        generator: torch.Generator | None,
        counted: Tensor | None,
    ) -> tuple[Tensor, Tensor]:
        if self.mining == "random":
            return random_choices(pids, generator, self.quartets_per_anchor, counted)
        x = embeddings.detach()
        distances = squared_distances(unit_embeddings(x) if self.normalize else x)
        return hard_choices(distances, pids, counted)

    def extra_repr(self) -> str:
        """Show the settings where the model is printed."""
        return f"tau1={self.tau1}, tau2={self.tau2}, mining={self.mining!r}"
