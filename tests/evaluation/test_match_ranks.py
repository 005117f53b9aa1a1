"""How ranks are counted: equal distances, what is no number, memory."""

import tracemalloc

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from posegan_plugin.errors import UserError
from posegan_plugin.evaluation import _match_ranks, evaluate_features, evaluate_ranking
from posegan_plugin.evaluation._match_ranks import match_ranks

DEVICES = [
    "cpu",
    pytest.param(
        "cuda",
        marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU"),
    ),
]


def ranks(distances, q_pids, g_pids, q_camids, g_camids):
    found = match_ranks(distances, *map(np.array, (q_pids, g_pids, q_camids, g_camids)))
    return np.split(found.rank, np.cumsum(found.count)[:-1])


@pytest.fixture
def no_full_sort(monkeypatch):
    def refuse(*_):
        raise AssertionError("the whole row was ranked")

    monkeypatch.setattr(_match_ranks, "_others_before", refuse)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.usefixtures("no_full_sort")
def test_worked_by_hand(device):
    distances = torch.tensor(
        [
            # Matches at 5 and 2; 1 is junk. Others at 3 and 4, so that the ranks are 1 and 4.
            [5.0, 3.0, 2.0, 1.0, 4.0],
            # Person 2: matches at the equal distances of images 1 and 4.
            [0.0, 7.0, 1.0, 9.0, 7.0],
            # Nobody is person 8.
            [0.0, 0.0, 0.0, 0.0, 0.0],
        ],
        device=device,
    )
    found = ranks(distances, [1, 2, 8], [1, 2, 1, 1, 2], [0, 0, 0], [1, 1, 2, 0, 1])
    assert [part.tolist() for part in found] == [[1, 4], [3, 4], []]


@pytest.mark.usefixtures("no_full_sort")
def test_only_others_as_far_as_a_match_need_a_full_sort():
    # As far as a match: junk and another match. As far as junk, and as each other: others.
    distances = np.array([[1.0, 1.0, 1.0, 0.5, 0.5, 2.0, 2.0, 2.0]])
    found = ranks(distances, [1], [1, 1, 1, 2, 3, 2, 3, 1], [0], [0, 1, 2, 0, 0, 0, 0, 0])
    assert found[0].tolist() == [3, 4]


@pytest.mark.parametrize("far", [np.inf, -np.inf])
def test_infinite_distances_are_ranked(far):
    distances = np.array([[far, 0.0, far, 1.0]])
    place = np.argsort(distances[0]).argsort()
    found = ranks(distances, [1], [1, 2, 3, 3], [0], [1, 1, 1, 1])
    assert found[0].tolist() == [place[0] + 1]


@pytest.mark.parametrize(
    "distances",
    [
        np.array([[2, 1, 3, 0]]) + 2**60,
        np.array([[2, 1, 3, 0]]) * 1e-12 + 1,
        np.array([[2, 1, 3, 0]]) * 1e300,
    ],
)
@pytest.mark.parametrize("convert", [np.asarray, torch.from_numpy])
@pytest.mark.filterwarnings("error")
def test_what_single_precision_cannot_tell_apart(distances, convert):
    distances = convert(distances)
    assert ranks(distances, [1], [1, 2, 2, 1], [0], [1] * 4)[0].tolist() == [1, 3]


def test_everybody_is_the_same_person():
    distances = np.array([[0.3, 0.1, 0.2]])
    assert ranks(distances, [1], [1, 1, 1], [0], [0, 1, 1])[0].tolist() == [1, 2]


@pytest.mark.parametrize("column", range(5))
@pytest.mark.parametrize("convert", [np.asarray, torch.from_numpy])
def test_nan_is_reported_wherever_it_is(column, convert):
    # Match, junk, two others; and a query that has no match.
    for row in range(2):
        distances = np.arange(10.0).reshape(2, 5)
        distances[row, column] = np.nan
        with pytest.raises(UserError, match="nan"):
            evaluate_ranking(convert(distances), [1, 9], [1, 1, 2, 3, 1], [0, 0], [0, 1, 0, 1, 1])


@pytest.mark.parametrize("shape", [(0, 4), (3, 0), (0, 0)])
def test_nothing_to_rank(shape):
    ids = [np.zeros(n, dtype=int) for n in (*shape, *shape)]
    with pytest.raises(UserError, match="true match"):
        evaluate_ranking(np.zeros(shape), *ids)
    with pytest.raises(UserError, match="true match"):
        evaluate_features(torch.zeros(shape[0], 2), torch.zeros(shape[1], 2), *ids)


def test_distances_that_must_not_be_written(recwarn):
    distances = np.arange(6.0).reshape(2, 3)
    distances.flags.writeable = False
    assert evaluate_ranking(distances, [1, 1], [2, 1, 2], [0, 0], [1] * 3).mAP == 0.5
    assert not recwarn


class LargestTensor(TorchDispatchMode):
    """Notes how many numbers the largest tensor made has."""

    numel = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        made = function(*args, **(kwargs or {}))
        for value in made if isinstance(made, (tuple, list)) else (made,):
            if isinstance(value, torch.Tensor):
                self.numel = max(self.numel, value.numel())
        return made


@pytest.mark.parametrize("tied", [False, True])
def test_the_whole_matrix_is_never_made(tied):
    queries, gallery, chunk = 300, 2000, 4
    rng = np.random.default_rng(0)
    ids = [rng.integers(n, size=size) for n in (40, 3) for size in (queries, gallery)]
    features = [torch.from_numpy(rng.normal(size=(n, 2))).float() for n in (queries, gallery)]
    features = [f.round() for f in features] if tied else features
    distances = rng.integers(5 if tied else 2**40, size=(queries, gallery)).astype(np.float64)

    def largest(evaluate, *values):
        tracemalloc.start()
        try:
            with LargestTensor() as tensors:
                evaluate(*values, *ids, chunk=chunk)
            return tensors.numel, tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    for evaluate, values in ((evaluate_features, features), (evaluate_ranking, [distances])):
        tensor, arrays = largest(evaluate, *values)
        assert tensor == chunk * gallery
        assert arrays < queries * gallery  # even one byte for each pair would be more
