"""Distances between the features of queries and of the gallery."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

from posegan_plugin.errors import UserError
from posegan_plugin.evaluation._inputs import slices

METRICS = ("euclidean", "cosine")


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
    return _distances_to(gallery, metric)(query)


def chunked_distances(
    query: Tensor, gallery: Tensor, metric: str, chunk: int
) -> Iterator[tuple[slice, Tensor]]:
    """The rows of :func:`pairwise_distances`, some at a time.

    Args:
        query: (Q, D).
        gallery: (G, D).
        metric: As above.
        chunk: Number of queries at a time.

    Yields:
        Which queries, and their distances (chunk, G) on the device of the features.

    Raises:
        UserError: for an unknown metric or a chunk that is not positive.
    """
    distances = _distances_to(gallery, metric)
    for rows in slices(len(query), chunk):
        yield rows, distances(query[rows])


def _distances_to(gallery: Tensor, metric: str) -> Callable[[Tensor], Tensor]:
    """Distances of any queries to a gallery, of which lengths or squares are computed once."""
    if metric not in METRICS:
        raise UserError(f"The distance is {metric!r}; choose 'euclidean' or 'cosine'.")
    full_precision = torch.autocast(gallery.device.type, enabled=False)
    with full_precision:
        gallery = gallery.float()
        if metric == "cosine":
            gallery = F.normalize(gallery, dim=1)
        else:
            squares = _squares(gallery)

    def distances(query: Tensor) -> Tensor:
        with full_precision:
            query = query.float()
            if metric == "cosine":
                return 1 - F.normalize(query, dim=1) @ gallery.t()
            sums = _squares(query)[:, None] + squares
            return sums.addmm_(query, gallery.t(), alpha=-2)

    return distances


def _squares(features: Tensor) -> Tensor:
    """Squared lengths (N,), without a second copy of all the features."""
    return torch.cat([part.square().sum(dim=1) for part in features.split(4096)])
