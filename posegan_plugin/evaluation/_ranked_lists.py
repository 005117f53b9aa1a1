"""What the ranked gallery lists of some queries say, without a loop over the queries."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from posegan_plugin.errors import UserError


class RankedLists(NamedTuple):
    """The whole gallery, most alike first, for every query.

    Attributes:
        order: (Q, G) rows of the gallery.
        match: (Q, G) whether they show the query's person.
        kept: (Q, G) false for images that the protocol drops from the query's list.
    """

    order: np.ndarray
    match: np.ndarray
    kept: np.ndarray


class QueryScores(NamedTuple):
    """Scores of the V queries that have a true match, in the order of the queries.

    Attributes:
        queries: (V,) which queries these are.
        first_ranks: (V,) rank of the first true match, from 1, what is dropped not counted.
        precisions: (V,) average precision.
        inverse_penalties: (V,) number of true matches divided by the rank of the last one.
    """

    queries: np.ndarray
    first_ranks: np.ndarray
    precisions: np.ndarray
    inverse_penalties: np.ndarray


def sort_lists(distances: np.ndarray, match: np.ndarray, kept: np.ndarray) -> RankedLists:
    """Rank the gallery for every query, under any protocol.

    Args:
        distances: (Q, G).
        match: (Q, G) whether an image shows the query's person.
        kept: (Q, G) false for images that the protocol drops.

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
    match, kept = (np.take_along_axis(values, order, axis=1) for values in (match, kept))
    return RankedLists(order, match, kept)


def rank_gallery(
    distances: np.ndarray,
    q_pids: np.ndarray,
    g_pids: np.ndarray,
    q_camids: np.ndarray,
    g_camids: np.ndarray,
) -> RankedLists:
    """Rank the gallery for every query; the query's person seen by its camera is dropped.

    Args:
        distances: (Q, G).
        q_pids: (Q,).
        g_pids: (G,).
        q_camids: (Q,).
        g_camids: (G,).

    Raises:
        UserError: if a distance is nan.
    """
    match = g_pids == q_pids[:, None]
    return sort_lists(distances, match, ~(match & (g_camids == q_camids[:, None])))


def score_lists(lists: RankedLists) -> QueryScores:
    """Score the ranked lists of the queries that have a true match."""
    _, match, kept = lists
    # One entry per true match; the entries of a query are consecutive and sorted by rank.
    query, place = np.nonzero(match & kept)
    rank = np.cumsum(kept, axis=1, dtype=np.int32)[query, place]
    count = np.bincount(query, minlength=len(match))
    end = np.cumsum(count)
    start = end - count
    precision = (np.arange(len(query)) - start[query] + 1) / rank

    valid = count > 0
    count, start, end = count[valid], start[valid], end[valid]
    total_precision = np.bincount(query, weights=precision, minlength=len(match))[valid]
    return QueryScores(
        np.flatnonzero(valid), rank[start], total_precision / count, count / rank[end - 1]
    )
