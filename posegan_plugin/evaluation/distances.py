"""Distances between the features of queries and of the gallery."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from posegan_plugin.errors import UserError


def pairwise_distances(query: Tensor, gallery: Tensor, metric: str = "euclidean") -> Tensor:
    """Distances between two sets of features, as torchreid computes them.

    Args:
        query: (Q, D), any floating type.
        gallery: (G, D) on the same device.
        metric: "euclidean" gives squared Euclidean distances, "cosine" 1 - cosine.

    Returns:
        (Q, G) float32, also under autocast. A squared distance near 0 can be slightly negative.

    Raises:
        UserError: for an unknown metric.
    """
    if metric not in ("euclidean", "cosine"):
        raise UserError(f"The distance is {metric!r}; choose 'euclidean' or 'cosine'.")
    with torch.autocast(query.device.type, enabled=False):
        query, gallery = query.float(), gallery.float()
        if metric == "cosine":
            return 1 - F.normalize(query, dim=1) @ F.normalize(gallery, dim=1).t()
        squares = query.square().sum(dim=1)[:, None] + gallery.square().sum(dim=1)[None, :]
        return torch.addmm(squares, query, gallery.t(), alpha=-2)
