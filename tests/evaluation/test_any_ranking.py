"""Any distances, above all equal ones, are ranked as torchreid and a plain loop rank them."""

import warnings

import numpy as np
import pytest
import torch

pytest.importorskip("hypothesis")
pytest.importorskip("torchreid")

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from posegan_plugin.evaluation import evaluate_features, evaluate_ranking
from posegan_plugin.for_torchreid.resolver import torchreid_module

metrics = torchreid_module("metrics")
MAX_RANK = 5
LAYOUTS = {
    "C": np.ascontiguousarray,
    "Fortran": np.asfortranarray,
    "every second column": lambda d: np.repeat(d, 2, axis=1)[:, ::2],
    "backwards": lambda d: d[::-1, ::-1].copy()[::-1, ::-1],
    "tensor": torch.from_numpy,
    "transposed tensor": lambda d: torch.from_numpy(d.T.copy()).T,
}
TYPES = ["float16", "float32", "float64", "int8", "int64", "uint8"]


@st.composite
def people(draw):
    """Ids of queries and gallery, and a generator for their distances."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    # numpy sorts by another method from some hundreds of values on.
    queries, gallery = draw(st.integers(1, 12)), draw(st.sampled_from([6, 20, 90, 300, 1500]))
    persons, cameras = draw(st.integers(1, 12)), draw(st.integers(1, 4))
    ids = [rng.integers(n, size=size) for n in (persons, cameras) for size in (queries, gallery)]
    return ids, rng


def theirs(distances, ids):
    """torchreid's scores; cases that it refuses are not looked at."""
    q_pids, g_pids, q_camids, g_camids = ids
    kept = (g_pids != q_pids[:, None]) | (g_camids != q_camids[:, None])
    match = (g_pids == q_pids[:, None]) & kept
    # torchreid cannot average curves of which some are shorter than the longest rank.
    assume(match.any() and (kept.sum(1)[match.any(1)] >= MAX_RANK).all())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return metrics.evaluate_rank(distances, *ids, max_rank=MAX_RANK, use_cython=False)


def assert_same(scores, expected):
    cmc, mean_precision = expected
    assert scores.cmc.dtype == cmc.dtype
    assert np.array_equal(scores.cmc, cmc)
    assert abs(scores.mAP - mean_precision) <= 1e-12


@settings(max_examples=200, deadline=None)
@given(
    people(),
    st.sampled_from([1, 2, 5, 30, 120]),
    st.sampled_from(TYPES),
    st.sampled_from(sorted(LAYOUTS)),
    st.sampled_from([1, 3, 128]),
)
def test_distances(naive_scores, case, values, dtype, layout, chunk):
    ids, rng = case
    shape = len(ids[0]), len(ids[1])
    distances = rng.integers(values, size=shape).astype(dtype)
    expected = theirs(distances, ids)
    laid_out = LAYOUTS[layout](distances.copy())
    scores = evaluate_ranking(laid_out, *ids, max_rank=MAX_RANK, chunk=chunk)
    assert np.array_equal(laid_out, distances)  # the caller's are not written to
    assert_same(scores, expected)
    _, mean_precision, mean_penalty, valid = naive_scores(distances, *ids, max_rank=MAX_RANK)
    assert scores.mAP == pytest.approx(mean_precision, abs=1e-12)
    assert scores.mINP == pytest.approx(mean_penalty, abs=1e-12)
    assert scores.num_valid_queries == valid


@settings(max_examples=100, deadline=None)
@given(
    people(),
    st.sampled_from([2, 4, 40]),
    st.sampled_from([torch.float16, torch.bfloat16, torch.float32, torch.float64]),
    st.sampled_from([1, 3, 128]),
)
def test_features(case, values, dtype, chunk):
    ids, rng = case
    # Whole numbers: every product is exact, whichever its size and order.
    query, gallery = (
        torch.from_numpy(rng.integers(values, size=(len(pids), 3))).to(dtype) for pids in ids[:2]
    )
    distances = metrics.compute_distance_matrix(query.float(), gallery.float()).numpy()
    expected = theirs(distances, ids)
    assert_same(evaluate_features(query, gallery, *ids, max_rank=MAX_RANK, chunk=chunk), expected)
