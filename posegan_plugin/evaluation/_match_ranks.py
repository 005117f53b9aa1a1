"""The ranks of true matches without ranked lists.

The rank of a match is one more than the number of images that are nearer. Those of other people are
counted in their sorted distances: values alone are sorted several times faster than ranked lists.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from posegan_plugin.evaluation._inputs import Array, refuse_nan, to_numpy
from posegan_plugin.evaluation._query_scores import MatchRanks


def match_ranks(
    distances: Array,
    q_pids: np.ndarray,
    g_pids: np.ndarray,
    q_camids: np.ndarray,
    g_camids: np.ndarray,
) -> MatchRanks:
    """Rank true matches; the query's person seen by its camera is dropped.

    Args:
        distances: (Q, G) on any device; only ranks leave it, and rows that need a full sort.
        q_pids: (Q,).
        g_pids: (G,).
        q_camids: (Q,).
        g_camids: (G,).

    Raises:
        UserError: if a distance is nan.
    """
    images, shown = _images_of_people(q_pids, g_pids)
    match = shown & (g_camids[images] != q_camids[:, None])
    before, not_behind = _count_others(distances, images)
    # Where others are as far as a match, or nearly so, the counts do not tell which comes first.
    for row in np.flatnonzero((match & (before < not_behind)).any(axis=1)):
        own = shown[row]
        before[row, own] = _others_before(to_numpy(distances[row]), images[row, own])
    count = match.sum(axis=1)
    # What is no match goes behind the last match.
    before = np.sort(np.where(match, before, len(g_pids)), axis=1)
    place = np.arange(images.shape[1])
    return MatchRanks(count, (before + place + 1)[place < count[:, None]])


def _images_of_people(q_pids: np.ndarray, g_pids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Gallery rows (Q, K) of each query's person, padded, and which of them are no padding."""
    by_person = np.argsort(g_pids)
    people = g_pids[by_person]
    start, end = (np.searchsorted(people, q_pids, side)[:, None] for side in ("left", "right"))
    place = start + np.arange((end - start).max(initial=0))
    # A person's padding repeats the last image; a stranger has only padding, of any image.
    return by_person[np.clip(place, 0, np.maximum(end - 1, 0))], place < end


def _count_others(distances: Array, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How many images of others are nearer, and how many not farther, than each of (Q, K) images."""
    work = _copy(distances)
    index = torch.from_numpy(images).to(work.device)
    values = work.gather(1, index)
    work.scatter_(1, index, torch.inf)
    if work.device.type == "cpu":
        work.numpy().sort(axis=1)  # torch.sort also moves places along, which takes much longer
    else:
        work = work.sort(dim=1).values
    refuse_nan(bool(values.isnan().any() or work[:, -1:].isnan().any()))  # nan is sorted last
    nearer, not_farther = (torch.searchsorted(work, values, side=s) for s in ("left", "right"))
    return to_numpy(nearer), to_numpy(not_farther)


def _others_before(distances: np.ndarray, images: np.ndarray) -> np.ndarray:
    """How many of the others of (G,) distances torchreid ranks before each of (K,) images."""
    place = np.empty(len(distances), dtype=np.int32)
    # Its sort is numpy's default; any other kind would order equal distances differently.
    place[np.argsort(distances)] = np.arange(len(distances), dtype=np.int32)
    places = place[images]
    return places - places.argsort().argsort()  # without those of the images themselves


def _copy(distances: Array) -> Tensor:
    """A copy in single precision, which may make distances equal but never swaps them."""
    if isinstance(distances, Tensor):
        form = torch.contiguous_format
        return distances.detach().to(torch.float32, copy=True, memory_format=form)
    with np.errstate(over="ignore"):
        return torch.from_numpy(distances.astype(np.float32, order="C"))
