"""Re-ID ranking scores: CMC, mAP and mINP under the Market-1501 protocol.

A gallery image of the query's own person taken by the query's own camera is junk and is dropped
from that query's list. CMC and mAP agree with torchreid's ``evaluate_rank``: CMC to the last bit,
mAP to the rounding of a float64 sum. Memory is bounded by the chunk, not by the query set.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch

from posegan_plugin.errors import UserError
from posegan_plugin.evaluation._inputs import Array, Ids, checked_ids, slices
from posegan_plugin.evaluation._match_ranks import match_ranks
from posegan_plugin.evaluation._query_scores import score_ranks
from posegan_plugin.evaluation.distances import chunked_distances

MAX_RANK = 50
"""Length of the CMC, unless another is asked for; torchreid's is as long."""


@dataclass(frozen=True, eq=False)  # arrays have no single truth value to compare by
class RankingScores:
    """Scores of a query set against a gallery.

    Attributes:
        cmc: (max_rank,) float32. ``cmc[k - 1]`` is the share of queries that have a true match
            among their first k; 1 beyond the end of a small gallery.
        mAP: mean average precision, in [0, 1].
        mINP: mean inverse negative penalty, in [0, 1]: the number of true matches divided by the
            rank of the last of them. It shows the hardest match, which mAP hides.
        num_valid_queries: queries with a true match, over which the scores are averaged.
        num_queries: all queries.
    """

    cmc: np.ndarray
    mAP: float  # noqa: N815 - the name of the field
    mINP: float  # noqa: N815
    num_valid_queries: int
    num_queries: int

    def rank(self, k: int) -> float:
        """Return the rank-k accuracy, in [0, 1].

        Raises:
            UserError: if k is not between 1 and the ``max_rank`` of the evaluation.
        """
        if not 1 <= k <= len(self.cmc):
            raise UserError(f"Rank {k} was not evaluated; choose 1 to {len(self.cmc)}.")
        return float(self.cmc[k - 1])


def evaluate_ranking(
    distances: Array,
    q_pids: Ids,
    g_pids: Ids,
    q_camids: Ids,
    g_camids: Ids,
    max_rank: int = MAX_RANK,
    chunk: int = 128,
) -> RankingScores:
    """Score a distance matrix.

    Equal distances are ranked in the order of numpy's default sort, as in torchreid.

    Args:
        distances: (Q, G), smaller is more alike.
        q_pids: (Q,) identities of the queries.
        g_pids: (G,) identities of the gallery.
        q_camids: (Q,) cameras of the queries.
        g_camids: (G,) cameras of the gallery.
        max_rank: length of the CMC curve.
        chunk: queries ranked at a time.

    Returns:
        The scores, averaged over the queries that have a true match.

    Raises:
        UserError: if no query has a true match, or a distance is nan.
        ValueError: if the shapes do not belong together.
    """
    shape = (distances.shape[0], distances.shape[1])
    rows = ((part, distances[part]) for part in slices(len(distances), chunk))
    return _evaluate(shape, rows, q_pids, g_pids, q_camids, g_camids, max_rank=max_rank)


@torch.no_grad()
def evaluate_features(
    query_features: Array,
    gallery_features: Array,
    q_pids: Ids,
    g_pids: Ids,
    q_camids: Ids,
    g_camids: Ids,
    metric: str = "euclidean",
    max_rank: int = MAX_RANK,
    chunk: int = 128,
) -> RankingScores:
    """Score features without ever holding the whole (Q, G) distance matrix.

    Distances are computed and sorted on the device of the features, ``chunk`` queries at a time;
    only the ranks of true matches, and rows with equal distances, come to the host. A matrix
    product of another size can differ in a distance's last bit, so two nearly equal distances may
    swap places against a ranking of the whole matrix.

    Args:
        query_features: (Q, D).
        gallery_features: (G, D).
        q_pids: (Q,) identities of the queries.
        g_pids: (G,) identities of the gallery.
        q_camids: (Q,) cameras of the queries.
        g_camids: (G,) cameras of the gallery.
        metric: "euclidean" or "cosine", see ``pairwise_distances``.
        max_rank: length of the CMC curve.
        chunk: queries compared and ranked at a time.

    Returns:
        The scores, averaged over the queries that have a true match.

    Raises:
        UserError: for an unknown metric, if no query has a true match, or a distance is nan.
        ValueError: if the shapes do not belong together.
    """
    query, gallery = torch.as_tensor(query_features), torch.as_tensor(gallery_features)
    shape = (len(query), len(gallery))
    rows = chunked_distances(query, gallery, metric, chunk)
    return _evaluate(shape, rows, q_pids, g_pids, q_camids, g_camids, max_rank=max_rank)


def _evaluate(
    shape: tuple[int, int], rows: Iterable[tuple[slice, Array]], *ids: Ids, max_rank: int
) -> RankingScores:
    """Rank chunk by chunk; ``rows`` yields the (Q, G) distances in order, some rows at a time."""
    q_pids, g_pids, q_camids, g_camids = checked_ids(shape, ids)
    if max_rank < 1:
        raise UserError(f"The evaluation's max_rank is {max_rank}; set it to 1 or more.")

    parts = [
        score_ranks(match_ranks(distances, q_pids[part], g_pids, q_camids[part], g_camids))
        for part, distances in rows
    ]
    num_valid = sum(len(part.first_ranks) for part in parts)
    if num_valid == 0:
        raise UserError(
            f"None of the {shape[0]} queries has a true match in the gallery: gallery images of "
            "the query's person taken by the query's own camera do not count, so the gallery needs "
            "the same people seen by other cameras."
        )

    first_ranks = np.concatenate([part.first_ranks for part in parts])
    found = np.bincount(first_ranks[first_ranks <= max_rank] - 1, minlength=max_rank)
    # Single precision, as in torchreid; the counts are exact in it.
    cmc = found.cumsum().astype(np.float32) / num_valid
    return RankingScores(
        cmc=cmc,
        mAP=float(np.mean(np.concatenate([part.precisions for part in parts]))),
        mINP=float(np.mean(np.concatenate([part.inverse_penalties for part in parts]))),
        num_valid_queries=num_valid,
        num_queries=shape[0],
    )
