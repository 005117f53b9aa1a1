"""Ranked lists of re-ID networks: what queries find in the gallery."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor

from posegan_plugin.datasets import PersonDataset
from posegan_plugin.errors import UserError
from posegan_plugin.evaluation import first_matches, top_matches
from posegan_plugin.evaluation.transfer_samples import in_batches, read_images
from posegan_plugin.visualization.figures.cells import caption_of, images_of
from posegan_plugin.visualization.grid import to_uint8
from posegan_plugin.visualization.ranked_list import ranked_list_picture


def ranked_figure(
    describers: Mapping[str, Callable[[Tensor], Tensor]],
    dataset: PersonDataset,
    num_query: int,
    queries: int = 10,
    top: int = 10,
    wrong_first: bool = False,
    seed: int = 0,
) -> np.ndarray:
    """Ranked lists under the Market-1501 protocol; queries without a true match are left out.

    Args:
        describers: By name, images (B, 3, H, W) in [-1, 1] -> descriptors (B, D). Where there are
            several, each query has a row of each.
        dataset: Queries, then gallery.
        num_query: How many are queries.
        queries: Queries shown.
        top: Gallery images shown for each.
        wrong_first: Show the queries whose first right image of the first network comes latest,
            instead of random ones.
        seed: Seed of the random choice.

    Returns:
        RGB picture (H, W, 3), uint8; captions give the rank of each query's first right image.

    Raises:
        UserError: No query has a true match, or descriptors are no numbers.
    """
    ids = (*_split(dataset.pids, num_query), *_split(dataset.camids, num_query))
    ranks, lists = {}, {}
    for name, describe in describers.items():
        features = _split(_describe_all(describe, dataset, f"Describing {name}"), num_query)
        ranks[name] = first_matches(*features, *ids)
        lists[name] = top_matches(*features, *ids, k=top)
    chosen = _choose(next(iter(ranks.values())), queries, wrong_first, seed)

    galleries, matches, captions = [], [], []
    rows = [(query, name) for query in chosen for name in describers]
    for query, name in rows:
        indices, match = (values[query] for values in lists[name])
        galleries.append(_pictures(dataset, num_query + indices[indices >= 0]))
        matches.append(match[indices >= 0])
        first = f"first right: {ranks[name][query]}"
        caption = (first,) if len(describers) == 1 else (name, first)
        captions.append(caption_of(dataset, query, *caption))
    pictures = _pictures(dataset, np.array([query for query, _ in rows]))
    return ranked_list_picture(pictures, galleries, matches, captions)


def _choose(ranks: np.ndarray, count: int, wrong_first: bool, seed: int) -> list[int]:
    """Queries to show, by the ranks of their first true matches."""
    answerable = np.flatnonzero(ranks)
    if not len(answerable):
        raise UserError(
            "no query has a true match in the gallery: the gallery needs the same people seen by "
            "other cameras"
        )
    if wrong_first:
        # Stable: queries that are equally bad stay in their order.
        return answerable[np.argsort(-ranks[answerable], kind="stable")][:count].tolist()
    return sorted(np.random.default_rng(seed).permutation(answerable)[:count].tolist())


def _split(values: np.ndarray | Tensor, num_query: int) -> tuple:
    return values[:num_query], values[num_query:]


def _describe_all(
    describe: Callable[[Tensor], Tensor], dataset: PersonDataset, label: str
) -> Tensor:
    return in_batches(
        lambda rows: describe(read_images(dataset, rows)),
        torch.arange(len(dataset)),
        size=64,
        device=torch.device("cpu"),
        label=label,
    )


def _pictures(dataset: PersonDataset, rows: np.ndarray) -> list[np.ndarray]:
    return list(to_uint8(images_of(dataset, rows))) if len(rows) else []
