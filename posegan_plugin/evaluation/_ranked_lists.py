"""What the ranked gallery lists of some queries say, without a loop over the queries."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from posegan_plugin.errors import UserError


class QueryScores(NamedTuple):
    """Scores of the V queries that have a true match, in the order of the queries.

    Attributes:
        first_ranks: (V,) rank of the first true match, from 1, junk not counted.
        precisions: (V,) average precision.
        inverse_penalties: (V,) number of true matches divided by the rank of the last one.
    """

    first_ranks: np.ndarray
    precisions: np.ndarray
    inverse_penalties: np.ndarray


def rank_queries(
    distances: np.ndarray,
    q_pids: np.ndarray,
    g_pids: np.ndarray,
    q_camids: np.ndarray,
    g_camids: np.ndarray,
) -> QueryScores:
    """Rank the gallery for every query and score the lists.

    Args:
        distances: (Q, G).
        q_pids: (Q,).
        g_pids: (G,).
        q_camids: (Q,).
        g_camids: (G,).

    Returns:
        The scores of the queries that have a true match.

    Raises:
        UserError: if a distance is nan, which has no place in a ranking.
    """
    if np.isnan(distances).any():
        raise UserError(
            "Some distances to the gallery are nan: the network's features are no longer numbers; "
            "the training has probably diverged, so try a smaller learning rate."
        )
    # The default kind, since another one would order equal distances differently than torchreid.
    order = np.argsort(distances, axis=1)
    match = g_pids[order] == q_pids[:, None]
    kept = ~(match & (g_camids[order] == q_camids[:, None]))

    # One entry per true match; the entries of a query are consecutive and sorted by rank.
    query, place = np.nonzero(match & kept)
    rank = np.cumsum(kept, axis=1, dtype=np.int32)[query, place]
    count = np.bincount(query, minlength=len(distances))
    end = np.cumsum(count)
    start = end - count
    precision = (np.arange(len(query)) - start[query] + 1) / rank

    valid = count > 0
    count, start, end = count[valid], start[valid], end[valid]
    total_precision = np.bincount(query, weights=precision, minlength=len(distances))[valid]
    return QueryScores(rank[start], total_precision / count, count / rank[end - 1])
