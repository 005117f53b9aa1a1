import pytest
import torch

from posegan_plugin.errors import UserError
from posegan_plugin.evaluation import pairwise_distances
from posegan_plugin.evaluation.distances import chunked_distances


def random_features(dtype=torch.float32):
    generator = torch.Generator().manual_seed(0)
    return (torch.randn(n, 64, generator=generator).to(dtype) for n in (9, 31))


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_equals_torchreid(metric):
    metrics = pytest.importorskip("torchreid.reid.metrics")
    query, gallery = random_features()
    expected = metrics.compute_distance_matrix(query, gallery, metric)
    assert torch.equal(pairwise_distances(query, gallery, metric), expected)


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("autocast", [False, True])
def test_equals_definition(metric, dtype, autocast):
    query, gallery = random_features(dtype)
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=autocast):
        distances = pairwise_distances(query, gallery, metric)
    query, gallery = query.double()[:, None], gallery.double()[None]
    if metric == "euclidean":
        expected = ((query - gallery) ** 2).sum(dim=2)
    else:
        lengths = query.norm(dim=2) * gallery.norm(dim=2)
        expected = 1 - (query * gallery).sum(dim=2) / lengths
    assert distances.dtype == torch.float32
    assert torch.allclose(distances.double(), expected, rtol=1e-5, atol=1e-5)


def test_unknown_metric():
    with pytest.raises(UserError, match="manhattan"):
        pairwise_distances(torch.ones(1, 2), torch.ones(1, 2), "manhattan")


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
@pytest.mark.parametrize("chunk", [1, 4, 9, 10])
def test_chunks_are_the_rows(metric, chunk):
    query, gallery = random_features()
    whole = pairwise_distances(query, gallery, metric)
    covered = []
    for rows, distances in chunked_distances(query, gallery, metric, chunk):
        covered += range(9)[rows]
        assert len(distances) <= chunk
        assert torch.allclose(distances, whole[rows], atol=1e-5)
    assert covered == list(range(9))
