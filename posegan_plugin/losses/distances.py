"""Distances between embeddings, in full precision, and the number that shows a collapse."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from posegan_plugin.losses._numerics import autocast_off, full_precision


def unit_embeddings(embeddings: Tensor) -> Tensor:
    """Scale every embedding to length one.

    Args:
        embeddings: (B, D), any floating type.

    Returns:
        (B, D) in float32 (float64 stays); an all-zero row stays zero.
    """
    # The usual epsilon of 1e-12 would multiply the gradient of a zero embedding by 1e12.
    return F.normalize(full_precision(embeddings), dim=1, eps=1e-4)


def squared_distances(embeddings: Tensor) -> Tensor:
    """Squared Euclidean distances between all pairs of a batch, for choosing pairs.

    They are exact to about 1e-6 of the squared length of the embeddings, which is enough to rank
    pairs; losses take the difference of the pair they were given instead.

    Args:
        embeddings: (B, D), any floating type.

    Returns:
        (B, B) in float32 (float64 stays), at least 0, without gradient.
    """
    with torch.no_grad(), autocast_off(embeddings):
        x = full_precision(embeddings)
        squares = x.square().sum(dim=1)
        distances = squares[:, None] + squares[None, :] - 2 * x @ x.t()
        return distances.clamp_(min=0)


@torch.no_grad()
def mean_pairwise_distance(embeddings: Tensor, normalize: bool = True) -> Tensor:
    """Mean Euclidean distance over all pairs of a batch, to be logged.

    Where it falls towards 0, all people have become the same point: squared distances have no
    gradient there, so a metric loss cannot leave that state by itself.

    Args:
        embeddings: (B, D), any floating type.
        normalize: scale the embeddings to length one first. The result is then at most 2, and
            about 1.41 for unrelated directions, whatever the network's scale.

    Returns:
        A scalar without gradient; nan for fewer than two embeddings, which have no pair.
    """
    with autocast_off(embeddings):
        x = unit_embeddings(embeddings) if normalize else full_precision(embeddings)
        return torch.pdist(x).mean()
