"""CMC, mAP and mINP as an mmengine metric."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from mmengine.evaluator import BaseMetric

from posegan_plugin.evaluation import evaluate_features


class ReIDMetric(BaseMetric):
    """Retrieval of the right person in the gallery, under the Market-1501 protocol.

    Agrees with torchreid's ``evaluate_rank``. All values are percentages.

    Args:
        ranks: Ranks of the CMC that are reported.
        distance: ``euclidean`` or ``cosine``.
        collect_device: See mmengine's ``BaseMetric``.
        prefix: Prefix of the names; the metrics are ``reid/R1``, ``reid/mAP``, ``reid/mINP``, ...
    """

    default_prefix = "reid"

    def __init__(
        self,
        ranks: Sequence[int] = (1, 5, 10),
        distance: str = "euclidean",
        collect_device: str = "cpu",
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.ranks = tuple(ranks)
        self.distance = distance

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
        metrics = {f"R{k}": 100 * scores.rank(k) for k in self.ranks if k <= len(scores.cmc)}
        return {**metrics, "mAP": 100 * scores.mAP, "mINP": 100 * scores.mINP}
