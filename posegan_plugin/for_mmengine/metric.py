"""CMC, mAP and mINP as an mmengine metric."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from mmengine.evaluator import BaseMetric, Evaluator

from posegan_plugin.errors import UserError
from posegan_plugin.evaluation import (
    MAX_RANK,
    METRICS,
    RankingScores,
    evaluate_features,
    top_matches,
)


class RankedQueries(NamedTuple):
    """The first places of some queries' ranked lists, as rows of the data set.

    Attributes:
        queries: (Q,).
        galleries: (Q, k), most alike first; -1 behind the end of a shorter list.
        matches: (Q, k) whether they show the query's person.
    """

    queries: np.ndarray
    galleries: np.ndarray
    matches: np.ndarray


class ReIDMetric(BaseMetric):
    """Retrieval of the right person in the gallery, under the Market-1501 protocol.

    Agrees with torchreid's ``evaluate_rank``. All values are percentages.

    Args:
        ranks: Ranks of the CMC that are reported, each from 1 to 50, which is as far as it goes.
        distance: ``euclidean`` or ``cosine``.
        collect_device: How the first process gets what the others found: ``gpu`` through the process
            group, also without a GPU; ``cpu`` through files in ``.dist_test`` of the current folder,
            which mmengine leaves behind and all machines would have to share.
        prefix: Prefix of the names; the metrics are ``reid/R1``, ``reid/mAP``, ``reid/mINP``, ...
        num_lists: Queries, spread evenly, whose ranked lists are kept for pictures. Those without a
            true match are left out.
        list_length: Length of these lists.

    Attributes:
        protocol: How the metrics are computed, one line.
        scores: Those of the last evaluation, with the whole CMC; None before, and in all processes
            but the main one.
        lists: Ranked lists of the last evaluation, likewise.

    Raises:
        UserError: An unknown distance, a rank that is not of the CMC, ``num_lists`` is negative, or
            ``list_length`` below 1.
    """

    default_prefix = "reid"

    def __init__(
        self,
        ranks: Sequence[int] = (1, 5, 10),
        distance: str = "euclidean",
        collect_device: str = "gpu",
        prefix: str | None = None,
        num_lists: int = 6,
        list_length: int = 10,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.ranks = tuple(ranks)
        self.distance = distance
        if distance not in METRICS:
            raise UserError(
                f"ReIDMetric distance={distance!r} is unknown; choose one of {', '.join(METRICS)}"
            )
        if not all(isinstance(k, int) and 1 <= k <= MAX_RANK for k in self.ranks):
            raise UserError(f"ReIDMetric ranks={self.ranks} must be whole numbers, 1 to {MAX_RANK}")
        if num_lists < 0 or list_length < 1:
            raise UserError(
                f"ReIDMetric num_lists={num_lists}, list_length={list_length}: the first must be at "
                "least 0, the second at least 1"
            )
        self.protocol = (
            f"percent; Market-1501 protocol, single query, {distance} distance: gallery images of the "
            "query's person by the query's own camera do not count"
        )
        self.num_lists = num_lists
        self.list_length = list_length
        self.scores: RankingScores | None = None
        self.lists: RankedQueries | None = None

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Keep the descriptors of a batch."""
        self.results.extend(data_samples)

    def compute_metrics(self, results: list[dict]) -> dict[str, float]:
        """Rank the gallery for every query.

        Raises:
            UserError: No query has a true match that another camera saw.
        """
        features = np.stack([r["feature"] for r in results])
        pids = np.array([r["pid"] for r in results])
        camids = np.array([r["camid"] for r in results])
        # Models of others may not say which row a descriptor is of; mmengine keeps their order.
        rows = np.array([r.get("index", place) for place, r in enumerate(results)])
        query = np.array([r["is_query"] for r in results])
        scores = evaluate_features(
            features[query],
            features[~query],
            pids[query],
            pids[~query],
            camids[query],
            camids[~query],
            metric=self.distance,
        )
        self.scores, self.lists = scores, self._lists(features, pids, camids, query, rows)
        metrics = {f"R{k}": 100 * scores.rank(k) for k in self.ranks}
        return {**metrics, "mAP": 100 * scores.mAP, "mINP": 100 * scores.mINP}

    def _lists(
        self,
        features: np.ndarray,
        pids: np.ndarray,
        camids: np.ndarray,
        query: np.ndarray,
        rows: np.ndarray,
    ) -> RankedQueries:
        queries, gallery = np.flatnonzero(query), np.flatnonzero(~query)
        places = np.linspace(0, len(queries) - 1, self.num_lists).round().astype(int)
        shown = queries[np.unique(places)]
        same_person = pids[shown, None] == pids[gallery]
        true_match = same_person & (camids[shown, None] != camids[gallery])
        shown = shown[true_match.any(axis=1)]
        found, matches = top_matches(
            features[shown],
            features[gallery],
            pids[shown],
            pids[gallery],
            camids[shown],
            camids[gallery],
            k=self.list_length,
            metric=self.distance,
        )
        return RankedQueries(rows[shown], np.where(found < 0, -1, rows[gallery[found]]), matches)


def find_metric(evaluator: Evaluator) -> ReIDMetric | None:
    """The retrieval metric of an evaluator; None where it has none.

    Args:
        evaluator: For example ``runner.val_loop.evaluator``.
    """
    return next((m for m in evaluator.metrics if isinstance(m, ReIDMetric)), None)
