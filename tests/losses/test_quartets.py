import pytest
import torch

from posegan_plugin.losses import hard_quartets, random_quartets


def random_batch(seed, size=24, people=7):
    generator = torch.Generator().manual_seed(seed)
    pids = torch.randint(0, people, (size,), generator=generator) * 11 - 3
    x = torch.randn(size, 4, generator=generator, dtype=torch.float64)
    return pids, torch.cdist(x, x), generator


def valid_anchors(pids):
    pids = pids.tolist()
    return [i for i, p in enumerate(pids) if pids.count(p) > 1 and len(set(pids)) > 2]


def naive_hard_quartets(distances, pids):
    d, pids = distances.tolist(), pids.tolist()
    everyone = range(len(pids))
    quartets = []
    for a in everyone:
        positives = [j for j in everyone if j != a and pids[j] == pids[a]]
        if not positives or len(set(pids)) < 3:
            continue
        i3 = min((j for j in everyone if pids[j] != pids[a]), key=lambda j: d[a][j])
        others = [j for j in everyone if pids[j] not in (pids[a], pids[i3])]
        i4 = min(others, key=lambda j: d[i3][j])
        quartets.append([a, max(positives, key=lambda j: d[a][j]), i3, i4])
    return quartets


def check_quartets(quartets, pids):
    i1, i2, i3, i4 = quartets.unbind(dim=1)
    assert (i1 != i2).all()
    assert (pids[i1] == pids[i2]).all()
    assert (pids[i1] != pids[i3]).all()
    assert (pids[i1] != pids[i4]).all()
    assert (pids[i3] != pids[i4]).all()


@pytest.mark.parametrize("seed", range(20))
def test_random_quartets_are_valid_and_complete(seed):
    # Three people in a batch of 5 leave some batches without a valid anchor.
    size, people = (24, 7) if seed % 2 else (5, 3)
    pids, _, generator = random_batch(seed, size, people)
    quartets = random_quartets(pids, generator)
    check_quartets(quartets, pids)
    assert quartets[:, 0].tolist() == valid_anchors(pids)
    assert quartets.dtype == torch.int64


def test_random_batches_cover_invalid_ones():
    counts = {len(valid_anchors(random_batch(seed, 5, 3)[0])) for seed in range(0, 20, 2)}
    assert 0 in counts
    assert len(counts) > 1


@pytest.mark.parametrize("seed", range(20))
def test_hard_quartets_equal_naive_loop(seed):
    size, people = (24, 7) if seed % 2 else (5, 3)
    pids, distances, _ = random_batch(seed, size, people)
    assert hard_quartets(distances, pids).tolist() == naive_hard_quartets(distances, pids)


def test_hard_quartet_worked_by_hand():
    x = torch.tensor([0.0, 1.0, 3.0, 2.0, 9.0, 4.5])
    pids = torch.tensor([1, 1, 1, 2, 2, 3])
    quartets = hard_quartets((x[:, None] - x[None]).abs(), pids)
    # Image 5 has no positive. For image 3 (at 2.0) the nearest third person is image 5.
    assert quartets.tolist() == [
        [0, 2, 3, 5],
        [1, 2, 3, 5],
        [2, 0, 3, 5],
        [3, 4, 1, 5],
        [4, 3, 5, 2],
    ]


def test_random_choices_are_uniform():
    pids = torch.tensor([0, 0, 0, 1, 1, 2])
    draws = 6000
    quartets = random_quartets(pids, torch.Generator().manual_seed(0), per_anchor=draws)
    of_first = quartets[quartets[:, 0] == 0]
    assert len(of_first) == draws
    frequency = torch.stack([(of_first[:, 1:] == j).float().mean(dim=0) for j in range(6)], dim=1)
    third = 1 / 3
    expected = torch.tensor(
        [
            [0, 0.5, 0.5, 0, 0, 0],
            [0, 0, 0, third, third, third],
            # Image 5 is left where image 3 was of person 1, and the other way round.
            [0, 0, 0, third / 2, third / 2, 2 * third],
        ]
    )
    # Five standard deviations of a share of 6000 draws.
    tolerance = 5 * (0.25 / draws) ** 0.5
    assert torch.allclose(frequency, expected, atol=tolerance)
    # Image 4 after image 5 is uniform over both images of person 1, whatever the positive.
    for positive in (1, 2):
        chosen = of_first[(of_first[:, 1] == positive) & (of_first[:, 2] == 5), 3]
        assert (chosen == 3).float().mean().item() == pytest.approx(0.5, abs=6**0.5 * tolerance)


def test_per_anchor_draws_differ():
    pids = torch.arange(5).repeat_interleave(4)
    quartets = random_quartets(pids, torch.Generator().manual_seed(0), per_anchor=4)
    check_quartets(quartets, pids)
    assert torch.bincount(quartets[:, 0]).tolist() == [4] * 20
    assert len({tuple(row) for row in quartets.tolist()}) > 60


def test_same_seed_same_quartets():
    pids = torch.arange(5).repeat_interleave(4)
    first, second, other = (
        random_quartets(pids, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)
    )
    assert torch.equal(first, second)
    assert not torch.equal(first, other)


@pytest.mark.parametrize("pids", [[], [1], [1, 1], [1, 1, 2, 2], [1, 2, 3]])
def test_no_valid_anchor(pids):
    pids = torch.tensor(pids, dtype=torch.int64)
    distances = torch.rand(len(pids), len(pids))
    assert random_quartets(pids).shape == (0, 4)
    assert hard_quartets(distances, pids).shape == (0, 4)
