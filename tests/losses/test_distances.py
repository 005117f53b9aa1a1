import math

import pytest
import torch

from posegan_plugin.losses import mean_pairwise_distance, squared_distances, unit_embeddings

DTYPES = [torch.float16, torch.bfloat16, torch.float32, torch.float64]


def random_embeddings(dtype):
    return torch.randn(7, 5, generator=torch.Generator().manual_seed(0)).to(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("autocast", [False, True])
def test_squared_distances_equal_naive_loop(dtype, autocast):
    embeddings = random_embeddings(dtype)
    rows = embeddings.double().tolist()
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=autocast):
        result = squared_distances(embeddings)
    for i, a in enumerate(rows):
        for j, b in enumerate(rows):
            expected = sum((x - y) ** 2 for x, y in zip(a, b, strict=True))
            assert result[i, j].item() == pytest.approx(expected, abs=2e-5)
    assert (result >= 0).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("normalize", [True, False])
def test_mean_pairwise_distance_equals_naive_loop(dtype, normalize):
    embeddings = random_embeddings(dtype)
    rows = embeddings.double()
    if normalize:
        rows = rows / rows.norm(dim=1, keepdim=True)
    distances = [math.dist(rows[i].tolist(), rows[j].tolist()) for i in range(7) for j in range(i)]
    expected = sum(distances) / len(distances)
    assert mean_pairwise_distance(embeddings, normalize).item() == pytest.approx(expected, rel=1e-5)


def test_mean_pairwise_distance_worked_by_hand():
    embeddings = torch.tensor([[2.0, 0.0], [0.0, 5.0], [3.0, 0.0]])
    # After scaling, two pairs are at right angles and one is equal.
    assert mean_pairwise_distance(embeddings).item() == pytest.approx(2 * math.sqrt(2) / 3)


@pytest.mark.parametrize("normalize", [True, False])
def test_collapse_shows_as_zero(normalize):
    embeddings = torch.ones(8, 4, requires_grad=True)
    distance = mean_pairwise_distance(embeddings, normalize)
    assert distance.item() == 0
    assert not distance.requires_grad


@pytest.mark.parametrize("size", [0, 1])
def test_no_pair_is_not_a_collapse(size):
    assert mean_pairwise_distance(torch.ones(size, 4)).isnan()


def test_unit_embeddings():
    embeddings = torch.tensor([[3.0, 4.0], [0.0, 0.0]], dtype=torch.float16, requires_grad=True)
    unit = unit_embeddings(embeddings)
    assert torch.allclose(unit, torch.tensor([[0.6, 0.8], [0.0, 0.0]]))
    unit.sum().backward()
    assert embeddings.grad.isfinite().all()
