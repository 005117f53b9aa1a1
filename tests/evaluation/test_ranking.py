import math

import numpy as np
import pytest
import torch

from posegan_plugin.errors import UserError
from posegan_plugin.evaluation import (
    RankingScores,
    evaluate_features,
    evaluate_ranking,
    pairwise_distances,
)


def random_case(seed):
    """Random distances and ids with many equal distances, pids and cameras."""
    rng = np.random.default_rng(seed)
    queries, gallery = rng.integers(1, 40), rng.integers(20, 120)
    people, cameras = rng.integers(1, 15), rng.integers(2, 5)
    distances = rng.random((queries, gallery), dtype=np.float32)
    if seed % 2:
        distances = np.round(distances, 1)
    pids = rng.integers(0, people, queries), rng.integers(0, people, gallery)
    camids = rng.integers(0, cameras, queries), rng.integers(0, cameras, gallery)
    return distances, *pids, *camids


@pytest.mark.parametrize("seed", range(200))
def test_equals_torchreid(seed):
    metrics = pytest.importorskip("torchreid.reid.metrics")
    distances, *ids = random_case(seed)
    max_rank = 5  # torchreid raises where junk leaves a list shorter than max_rank
    try:
        cmc, mean_ap = metrics.evaluate_rank(distances, *ids, max_rank=max_rank, use_cython=False)
    except AssertionError:  # no query with a true match
        with pytest.raises(UserError, match="true match"):
            evaluate_ranking(distances, *ids, max_rank=max_rank)
        return
    for chunk in (1, 7, 256):
        scores = evaluate_ranking(distances, *ids, max_rank=max_rank, chunk=chunk)
        assert scores.cmc.dtype == cmc.dtype
        assert np.array_equal(scores.cmc, cmc)
        assert abs(scores.mAP - mean_ap) <= 1e-12


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("chunk", [1, 7, 256])
def test_equals_naive_loop(seed, chunk, naive_scores):
    distances, *ids = random_case(seed)
    cmc, mean_ap, mean_inp, num_valid = naive_scores(distances, *ids, max_rank=50)
    scores = evaluate_ranking(distances, *ids, chunk=chunk)
    assert scores.cmc == pytest.approx(cmc, abs=1e-6)
    assert scores.mAP == pytest.approx(mean_ap, abs=1e-12)
    assert scores.mINP == pytest.approx(mean_inp, abs=1e-12)
    assert (scores.num_valid_queries, scores.num_queries) == (num_valid, len(distances))


def test_worked_by_hand():
    #                      junk      match     match
    distances = np.array([[0.1, 0.2, 0.3, 0.4, 0.5]])
    scores = evaluate_ranking(distances, [1], [1, 2, 1, 3, 1], [0], [0, 0, 1, 1, 2], max_rank=4)
    # Without the junk image the matches are at rank 2 and 4.
    assert scores.cmc.tolist() == [0, 1, 1, 1]
    assert scores.mAP == (1 / 2 + 2 / 4) / 2
    assert scores.mINP == 2 / 4
    assert scores.rank(1) == 0
    assert scores.rank(2) == 1


def test_other_people_of_the_same_camera_stay():
    distances = np.array([[0.1, 0.2]])
    scores = evaluate_ranking(distances, [1], [2, 1], [0], [0, 1], max_rank=2)
    assert scores.cmc.tolist() == [0, 1]


def test_queries_without_true_match_are_counted_and_skipped():
    distances = np.array([[0.1, 0.2], [0.1, 0.2], [0.1, 0.2]])
    # Person 9 is not in the gallery; person 2 only as junk.
    scores = evaluate_ranking(distances, [1, 9, 2], [1, 2], [0, 0, 5], [1, 5])
    assert (scores.num_valid_queries, scores.num_queries) == (1, 3)
    assert scores.mAP == scores.mINP == scores.rank(1) == 1


def test_gallery_smaller_than_max_rank():
    scores = evaluate_ranking(np.array([[0.2, 0.1]]), [1], [1, 2], [0], [1, 1], max_rank=20)
    assert scores.cmc.tolist() == [0] + [1] * 19
    assert scores.rank(20) == 1


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("ids", [list, np.array, torch.tensor])
def test_accepts_tensors_and_lists(dtype, ids):
    distances = torch.arange(12).flip(0).reshape(2, 6).to(dtype).requires_grad_()
    g_pids = ids([0, 1, 0, 1, 2, 2])
    scores = evaluate_ranking(distances, ids([0, 1]), g_pids, ids([0, 0]), ids([1] * 6))
    # The last image is the nearest: the matches are at ranks 4, 6 and 3, 5.
    assert scores.mAP == pytest.approx(((1 / 4 + 2 / 6) / 2 + (1 / 3 + 2 / 5) / 2) / 2)


def test_no_valid_query_explains_the_junk_rule():
    with pytest.raises(UserError, match="own camera do not count"):
        evaluate_ranking(np.array([[0.1]]), [1], [1], [0], [0])


def test_nan_is_reported():
    with pytest.raises(UserError, match="nan"):
        evaluate_ranking(np.array([[0.1, math.nan]]), [1], [1, 2], [0], [1, 1])


@pytest.mark.parametrize("settings", [{"max_rank": 0}, {"chunk": 0}])
def test_impossible_settings(settings):
    with pytest.raises(UserError, match="set it to 1 or more"):
        evaluate_ranking(np.array([[0.1]]), [1], [1], [0], [1], **settings)


@pytest.mark.parametrize("short", range(4))
def test_ids_must_fit_the_distances(short):
    ids = [[1, 1], [1, 1, 1], [0, 0], [1, 1, 1]]
    ids[short].pop()
    with pytest.raises(ValueError, match="as many pids and camids"):
        evaluate_ranking(np.zeros((2, 3)), *ids)


@pytest.mark.parametrize("k", [0, -1, 4])
def test_rank_outside_the_curve(k):
    scores = RankingScores(np.ones(3, np.float32), 1.0, 1.0, 1, 1)
    with pytest.raises(UserError, match="choose 1 to 3"):
        scores.rank(k)


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
@pytest.mark.parametrize("chunk", [1, 5, 256])
def test_features_equal_distances(metric, chunk):
    generator = torch.Generator().manual_seed(0)
    # No two distances are so close that a rounding could swap them.
    query, gallery = (torch.randn(n, 6, generator=generator) for n in (17, 60))
    rng = np.random.default_rng(0)
    ids = [rng.integers(0, high, n) for high, n in ((5, 17), (5, 60), (3, 17), (3, 60))]
    whole = evaluate_ranking(pairwise_distances(query, gallery, metric), *ids)
    for convert in (torch.Tensor.requires_grad_, lambda t: t.detach().numpy()):
        scores = evaluate_features(
            convert(query), convert(gallery), *ids, metric=metric, chunk=chunk
        )
        assert np.array_equal(scores.cmc, whole.cmc)
        assert scores.mAP == pytest.approx(whole.mAP, abs=1e-12)
        assert scores.mINP == pytest.approx(whole.mINP, abs=1e-12)
