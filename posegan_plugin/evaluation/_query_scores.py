"""What the ranks of its true matches say about a query, without a loop over the queries."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class MatchRanks(NamedTuple):
    """At which ranks the true matches of Q queries are.

    Attributes:
        count: (Q,) number of true matches.
        rank: (M,) ranks from 1, what is dropped not counted; ascending for a query, the queries
            one after the other.
    """

    count: np.ndarray
    rank: np.ndarray


class QueryScores(NamedTuple):
    """Scores of the V queries that have a true match, in the order of the queries.

    Attributes:
        queries: (V,) which queries these are.
        first_ranks: (V,) rank of the first true match, from 1.
        precisions: (V,) average precision.
        inverse_penalties: (V,) number of true matches divided by the rank of the last one.
    """

    queries: np.ndarray
    first_ranks: np.ndarray
    precisions: np.ndarray
    inverse_penalties: np.ndarray


def score_ranks(ranks: MatchRanks) -> QueryScores:
    """Score the queries that have a true match."""
    count, rank = ranks
    query = np.repeat(np.arange(len(count)), count)
    end = np.cumsum(count)
    start = end - count
    precision = (np.arange(len(rank)) - start[query] + 1) / rank

    valid = count > 0
    total_precision = np.bincount(query, weights=precision, minlength=len(count))[valid]
    count, start, end = count[valid], start[valid], end[valid]
    return QueryScores(
        np.flatnonzero(valid), rank[start], total_precision / count, count / rank[end - 1]
    )
