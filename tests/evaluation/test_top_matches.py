import numpy as np
import pytest
import torch

from posegan_plugin.errors import UserError
from posegan_plugin.evaluation import (
    evaluate_features,
    first_matches,
    pairwise_distances,
    top_matches,
)


def line(*places):
    """Features on a line: distances can be seen."""
    return torch.tensor(places, dtype=torch.float32)[:, None]


def test_worked_by_hand():
    query, gallery = line(0, 10), line(1, 2, 3, 9, 12)
    q_pids, q_camids = [1, 2], [0, 0]
    g_pids, g_camids = [1, 2, 1, 2, 3], [0, 0, 1, 1, 0]
    indices, matches = top_matches(query, gallery, q_pids, g_pids, q_camids, g_camids, k=3)
    # Query 0: gallery 0 is its own person by its own camera. Query 1: gallery 1 is.
    assert indices.tolist() == [[1, 2, 3], [3, 4, 2]]
    assert matches.tolist() == [[False, True, False], [True, False, False]]
    assert (indices.dtype, matches.dtype) == (np.int64, bool)


def test_lists_shorter_than_k_end_in_minus_one():
    indices, matches = top_matches(line(0), line(1, 2, 3), [1], [1, 1, 2], [0], [0, 1, 0], k=10)
    assert indices.tolist() == [[1, 2, -1]]
    assert matches.tolist() == [[True, False, False]]


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
@pytest.mark.parametrize("chunk", [1, 3, 256])
def test_equals_naive_loop(metric, chunk):
    rng = np.random.default_rng(0)
    query, gallery = torch.randn(11, 4), torch.randn(40, 4)
    ids = [rng.integers(0, n, size) for n in (5, 3) for size in (11, 40)]
    q_pids, g_pids, q_camids, g_camids = ids
    indices, matches = top_matches(query, gallery, *ids, k=7, metric=metric, chunk=chunk)
    distances = pairwise_distances(query, gallery, metric).numpy()
    for q in range(11):
        junk = (g_pids == q_pids[q]) & (g_camids == q_camids[q])
        expected = [g for g in np.argsort(distances[q]) if not junk[g]][:7]
        assert indices[q].tolist() == expected
        assert matches[q].tolist() == (g_pids[expected] == q_pids[q]).tolist()


def test_first_places_are_those_of_the_scores():
    torch.manual_seed(0)
    query, gallery = torch.randn(30, 3), torch.randn(50, 3)
    # Every query has a match: the gallery's camera is another.
    ids = [np.arange(30) % 10, np.arange(50) % 10, np.zeros(30, int), np.ones(50, int)]
    _, matches = top_matches(query, gallery, *ids, k=5)
    scores = evaluate_features(query, gallery, *ids)
    assert matches[:, 0].mean() == pytest.approx(scores.rank(1))
    assert matches.any(axis=1).mean() == pytest.approx(scores.rank(5))


def test_no_query():
    indices, matches = top_matches(line(), line(1, 2), [], [1, 2], [], [0, 0])
    assert indices.shape == matches.shape == (0, 2)


@pytest.mark.parametrize(
    ("change", "error", "what"),
    [
        ({"k": 0}, UserError, "1 or more"),
        ({"chunk": 0}, UserError, "chunk"),
        ({"metric": "hamming"}, UserError, "hamming"),
        ({"query_features": line(float("nan"))}, UserError, "nan"),
        ({"q_pids": [1, 2]}, ValueError, "1 queries"),
        ({"g_camids": [1]}, ValueError, "2 gallery images"),
    ],
)
def test_what_cannot_be_ranked(change, error, what):
    arguments = {
        "query_features": line(0),
        "gallery_features": line(1, 2),
        "q_pids": [1],
        "g_pids": [1, 2],
        "q_camids": [0],
        "g_camids": [1, 1],
    }
    with pytest.raises(error, match=what):
        top_matches(**{**arguments, **change})


@pytest.mark.parametrize("chunk", [1, 4, 256])
def test_first_matches(chunk):
    query, gallery = line(0, 10, 5), line(1, 2, 3, 9, 12)
    g_pids, g_camids = [1, 2, 1, 2, 3], [0, 0, 1, 1, 0]
    ranks = first_matches(query, gallery, [1, 2, 7], g_pids, [0, 0, 0], g_camids, chunk=chunk)
    # Query 0: its own camera's image is dropped, 2 is before 3. Nobody is person 7.
    assert ranks.tolist() == [2, 1, 0]
    assert ranks.dtype == np.int64
