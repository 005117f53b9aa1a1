"""Scores of re-ID rankings and of generated images.

``posegan_plugin.evaluation.image_scores`` is imported by name where images are scored, so that
ranking alone stays light.
"""

from posegan_plugin.evaluation.distances import METRICS, pairwise_distances
from posegan_plugin.evaluation.ranking import (
    MAX_RANK,
    RankingScores,
    evaluate_features,
    evaluate_ranking,
)
from posegan_plugin.evaluation.top_matches import first_matches, top_matches

__all__ = [
    "MAX_RANK",
    "METRICS",
    "RankingScores",
    "evaluate_features",
    "evaluate_ranking",
    "first_matches",
    "pairwise_distances",
    "top_matches",
]
