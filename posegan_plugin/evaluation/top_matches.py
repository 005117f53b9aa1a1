"""The first places of a ranking, for pictures of ranked lists."""

from __future__ import annotations

import numpy as np
import torch

from posegan_plugin.errors import UserError
from posegan_plugin.evaluation._inputs import Array, Ids, checked_ids, to_numpy
from posegan_plugin.evaluation._match_ranks import match_ranks
from posegan_plugin.evaluation._query_scores import score_ranks
from posegan_plugin.evaluation._ranked_lists import sort_lists
from posegan_plugin.evaluation.distances import chunked_distances


@torch.no_grad()
def top_matches(
    query_features: Array,
    gallery_features: Array,
    q_pids: Ids,
    g_pids: Ids,
    q_camids: Ids,
    g_camids: Ids,
    k: int = 10,
    metric: str = "euclidean",
    chunk: int = 128,
) -> tuple[np.ndarray, np.ndarray]:
    """The k gallery images most alike to each query, under the Market-1501 protocol.

    Gallery images of the query's own person taken by the query's own camera are dropped, as in
    :func:`posegan_plugin.evaluation.evaluate_features`, whose order this is.

    Args:
        query_features: (Q, D).
        gallery_features: (G, D).
        q_pids: (Q,) identities of the queries.
        g_pids: (G,) identities of the gallery.
        q_camids: (Q,) cameras of the queries.
        g_camids: (G,) cameras of the gallery.
        k: Length of the lists; no more than G are given.
        metric: "euclidean" or "cosine", see ``pairwise_distances``.
        chunk: queries compared and ranked at a time.

    Returns:
        Rows of the gallery (Q, k) int64, -1 behind the end of a shorter list, and whether they show
        the query's person (Q, k) bool.

    Raises:
        UserError: for an unknown metric, k below 1, or if a distance is nan.
        ValueError: if the shapes do not belong together.
    """
    if k < 1:
        raise UserError(f"Ranked lists of {k} images show nothing; choose 1 or more.")
    query, gallery = torch.as_tensor(query_features), torch.as_tensor(gallery_features)
    ids = checked_ids((len(query), len(gallery)), (q_pids, g_pids, q_camids, g_camids))
    q_pids, g_pids, q_camids, g_camids = ids
    k = min(k, len(gallery))
    indices = np.full((len(query), k), -1, dtype=np.int64)
    matches = np.zeros((len(query), k), dtype=bool)
    for rows, distances in chunked_distances(query, gallery, metric, chunk):
        match = q_pids[rows, None] == g_pids
        kept = ~(match & (q_camids[rows, None] == g_camids))
        lists = sort_lists(to_numpy(distances), match, kept)
        # A stable sort brings what is kept to the front without changing its order.
        front = np.argsort(~lists.kept, axis=1, kind="stable")[:, :k]
        order, match, kept = (np.take_along_axis(values, front, axis=1) for values in lists)
        indices[rows] = np.where(kept, order, -1)
        matches[rows] = match & kept
    return indices, matches


@torch.no_grad()
def first_matches(
    query_features: Array,
    gallery_features: Array,
    q_pids: Ids,
    g_pids: Ids,
    q_camids: Ids,
    g_camids: Ids,
    metric: str = "euclidean",
    chunk: int = 128,
) -> np.ndarray:
    """The rank of each query's first true match.

    Args:
        query_features: As in :func:`top_matches`, and so are the others.
        gallery_features: (G, D).
        q_pids: (Q,).
        g_pids: (G,).
        q_camids: (Q,).
        g_camids: (G,).
        metric: "euclidean" or "cosine".
        chunk: queries compared and ranked at a time.

    Returns:
        Ranks (Q,) int64 from 1; 0 for queries that have no true match.

    Raises:
        UserError: for an unknown metric, or if a distance is nan.
        ValueError: if the shapes do not belong together.
    """
    query, gallery = torch.as_tensor(query_features), torch.as_tensor(gallery_features)
    ids = checked_ids((len(query), len(gallery)), (q_pids, g_pids, q_camids, g_camids))
    q_pids, g_pids, q_camids, g_camids = ids
    ranks = np.zeros(len(query), dtype=np.int64)
    for rows, distances in chunked_distances(query, gallery, metric, chunk):
        found = match_ranks(distances, q_pids[rows], g_pids, q_camids[rows], g_camids)
        scores = score_ranks(found)
        ranks[rows.start + scores.queries] = scores.first_ranks
    return ranks
