"""The whole gallery ranked for some queries: for pictures and other protocols."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from posegan_plugin.evaluation._inputs import refuse_nan
from posegan_plugin.evaluation._query_scores import MatchRanks


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

    def match_ranks(self) -> MatchRanks:
        """The ranks of the matches that are kept."""
        found = self.match & self.kept
        rank = np.cumsum(self.kept, axis=1, dtype=np.int32)[found]
        return MatchRanks(found.sum(axis=1), rank)


def sort_lists(distances: np.ndarray, match: np.ndarray, kept: np.ndarray) -> RankedLists:
    """Rank the gallery for every query, under any protocol.

    Args:
        distances: (Q, G).
        match: (Q, G) whether an image shows the query's person.
        kept: (Q, G) false for images that the protocol drops.

    Raises:
        UserError: if a distance is nan.
    """
    refuse_nan(np.isnan(distances).any())
    # The default kind, since another one would order equal distances differently than torchreid.
    order = np.argsort(distances, axis=1)
    match, kept = (np.take_along_axis(values, order, axis=1) for values in (match, kept))
    return RankedLists(order, match, kept)
