from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest

from posegan_plugin.datasets import IdentitySampler, PartnerSampler, QuartetSampler
from posegan_plugin.errors import UserError

UNEVEN = np.repeat(np.arange(12), [1, 2, 3, 4, 5, 6, 7, 8, 4, 4, 9, 1])
EVEN = np.repeat(np.arange(10), 4)
SHUFFLED = np.random.default_rng(0).permutation(UNEVEN) * 3 + 7  # numbers with gaps, any order


def batches(sampler):
    order = list(sampler)
    size = sampler.batch_size
    assert len(order) % size == 0
    return [order[start : start + size] for start in range(0, len(order), size)]


@pytest.mark.parametrize("pids", [UNEVEN, EVEN, SHUFFLED])
@pytest.mark.parametrize(("P", "K"), [(3, 4), (4, 2), (2, 1), (10, 4), (1, 3)])
@pytest.mark.parametrize("epoch", [0, 5])
def test_batches_are_p_identities_with_k_images_each(pids, P, K, epoch):
    sampler = IdentitySampler(pids, P, K, seed=1)
    sampler.set_epoch(epoch)
    found = batches(sampler)
    assert len(found) > 0
    assert len(sampler) == sum(map(len, found))
    for batch in found:
        groups = [batch[n : n + K] for n in range(0, P * K, K)]
        identities = [{pids[row] for row in group} for group in groups]
        assert all(len(group) == 1 for group in identities)
        assert len(set.union(*identities)) == P


@pytest.mark.parametrize(("pids", "P", "K"), [(EVEN, 2, 4), (EVEN, 5, 2), (EVEN, 10, 1)])
def test_even_identities_show_every_image_exactly_once(pids, P, K):
    assert sorted(IdentitySampler(pids, P, K)) == list(range(len(pids)))


def test_an_epoch_shows_nearly_every_image_about_once():
    pids = np.repeat(np.arange(60), np.random.default_rng(0).integers(2, 30, 60))
    sampler = IdentitySampler(pids, 8, 4)
    times = Counter(sampler)
    assert len(times) >= 0.97 * len(pids)
    # Only the last group of an identity is filled up, with images that are not in it twice.
    assert max(times.values()) <= 3
    assert sum(times.values()) <= len(pids) + 3 * 60


def test_identities_meet_whatever_their_number_of_images():
    # Ten people with 8 groups each and ten with one.
    pids = np.repeat(np.arange(20), [16] * 10 + [2] * 10)
    sampler = IdentitySampler(pids, 4, 2)
    partners = []
    for epoch in range(20):
        sampler.set_epoch(epoch)
        for batch in batches(sampler):
            identities = set(pids[batch])
            partners += [other for one in identities if one >= 10 for other in identities - {one}]
    assert set(partners) == set(range(20))
    # 80 of the 89 other groups are of the ten.
    assert np.mean(np.array(partners) < 10) == pytest.approx(80 / 89, abs=0.04)


def test_images_of_one_identity_differ_where_it_has_enough():
    sampler = IdentitySampler(EVEN, 5, 4)
    for batch in batches(sampler):
        assert len(set(batch)) == 20


def test_identity_with_one_image_repeats_it():
    pids = np.array([0, 1, 1, 1, 1])
    (batch,) = batches(IdentitySampler(pids, 2, 4))
    assert sorted(batch) == [0, 0, 0, 0, 1, 2, 3, 4]


def test_order_depends_on_seed_and_epoch_alone():
    def make(seed):
        return IdentitySampler(UNEVEN, 3, 4, seed)

    first, second = make(3), make(3)
    assert list(first) == list(first) == list(second)
    epoch_0 = list(first)
    first.set_epoch(1)
    assert list(first) != epoch_0
    second.set_epoch(1)
    assert list(first) == list(second)
    first.set_epoch(0)
    assert list(first) == epoch_0
    assert list(make(4)) != epoch_0


def test_no_seed_is_seed_0():
    assert list(IdentitySampler(UNEVEN, 3, 4)) == list(IdentitySampler(UNEVEN, 3, 4, 0))


def test_quartet_order_depends_on_seed_and_epoch_alone():
    first, second = QuartetSampler(UNEVEN, 4, seed=3), QuartetSampler(UNEVEN, 4, seed=3)
    epoch_0 = list(first)
    assert epoch_0 == list(second)
    first.set_epoch(1)
    assert list(first) != epoch_0
    assert list(QuartetSampler(UNEVEN, 4, seed=4)) != epoch_0


@pytest.mark.parametrize(
    "make",
    [
        lambda: IdentitySampler(UNEVEN, 3, 4),
        lambda: QuartetSampler(UNEVEN, 4),
        lambda: PartnerSampler(UNEVEN, 9, 3),
    ],
)
@pytest.mark.parametrize("world_size", [2, 3])
def test_processes_get_different_batches_and_equally_many(make, world_size):
    alone = batches(make())
    shards = []
    for rank in range(world_size):
        sampler = make()
        sampler.rank, sampler.world_size = rank, world_size
        shards.append(batches(sampler))
        assert len(sampler) == sum(map(len, shards[-1]))
    assert len({len(shard) for shard in shards}) == 1
    assert len(shards[0]) == len(alone) // world_size
    # Together they are the batches of a single process: batch n goes to process n % world_size.
    for rank, shard in enumerate(shards):
        assert shard == alone[rank::world_size][: len(shard)]


def test_more_processes_than_batches():
    sampler = IdentitySampler(UNEVEN, 3, 4)
    sampler.world_size = len(batches(IdentitySampler(UNEVEN, 3, 4))) + 1
    with pytest.raises(UserError, match=rf"batches an epoch for {sampler.world_size} processes"):
        len(sampler)


def test_a_dataset_with_pids_will_do():
    dataset = SimpleNamespace(pids=UNEVEN)
    assert list(IdentitySampler(dataset, 3, 4)) == list(IdentitySampler(UNEVEN, 3, 4))
    assert list(QuartetSampler(dataset, 4)) == list(QuartetSampler(UNEVEN, 4))


@pytest.mark.parametrize("pids", [UNEVEN, SHUFFLED])
@pytest.mark.parametrize("num_quartets", [1, 4, 7])
def test_quartets_are_anchor_positive_and_two_further_identities(pids, num_quartets):
    sampler = QuartetSampler(pids, num_quartets, seed=2)
    order = list(sampler)
    assert sampler.batch_size == 4 * num_quartets
    assert len(order) == len(sampler)
    anchors = []
    for start in range(0, len(order), 4):
        anchor, positive, third, fourth = order[start : start + 4]
        assert anchor != positive
        assert pids[anchor] == pids[positive]
        assert len({pids[anchor], pids[third], pids[fourth]}) == 3
        anchors.append(anchor)
    # Each image with a second one of its identity is an anchor once; 52 of 54 images have one.
    able = [row for row in range(len(pids)) if (pids == pids[row]).sum() > 1]
    assert len(able) == 52
    assert len(set(anchors)) == len(anchors) == 52 // num_quartets * num_quartets
    assert set(anchors) <= set(able)


def test_every_other_identity_can_be_a_negative():
    sampler = QuartetSampler(EVEN, 10)
    partners = {pid: set() for pid in range(10)}
    for epoch in range(10):
        sampler.set_epoch(epoch)
        order = np.array(list(sampler)).reshape(-1, 4)
        for anchor, _, third, fourth in EVEN[order]:
            partners[anchor] |= {third, fourth}
    assert all(partners[pid] == set(range(10)) - {pid} for pid in range(10))


@pytest.mark.parametrize(("num_images", "num_partners"), [(9, 3), (9, 9), (5, 1), (54, 20), (7, 0)])
def test_random_images_and_partners_of_the_first(num_images, num_partners):
    sampler = PartnerSampler(SHUFFLED, num_images, num_partners, seed=1)
    shown = []
    for batch in batches(sampler):
        images, partners = batch[:num_images], batch[num_images:]
        shown += images
        able = [row for row in images if (SHUFFLED[row] == SHUFFLED).sum() > 1]
        for number, partner in enumerate(partners):
            image = able[number % len(able)]
            assert SHUFFLED[partner] == SHUFFLED[image]
            assert partner != image
    assert len(set(shown)) == len(shown) == 54 // num_images * num_images
    sampler.set_epoch(1)
    assert list(sampler)[:num_images] != shown[:num_images]


def test_a_batch_of_people_with_one_image_each_has_partners_of_others():
    pids = np.array([*range(20), 20, 20])
    sampler = PartnerSampler(pids, 4, 2)
    found = [batch for batch in batches(sampler) if not set(batch[:4]) & {20, 21}]
    assert found
    assert all(set(batch[4:]) <= {20, 21} for batch in found)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: PartnerSampler(EVEN, 41, 4), r"num_images=41 is more than the 40 images"),
        (lambda: PartnerSampler(EVEN, 4, 5), r"num_partners=5 from 0 to num_images"),
        (lambda: PartnerSampler(EVEN, 0, 0), r"num_images=0 must be at least 1"),
        (lambda: PartnerSampler([1, 2, 3], 2, 1), r"no identity .* has two images"),
        (lambda: IdentitySampler(EVEN, 11, 4), r"num_identities=11 is more than the 10"),
        (lambda: IdentitySampler(EVEN, 0, 4), r"num_identities=0"),
        (lambda: IdentitySampler(EVEN, 2, 0), r"num_images=0"),
        (lambda: QuartetSampler([0, 0, 1, 1], 1), r"three identities \(the training set has 2\)"),
        (lambda: QuartetSampler([0, 1, 2], 1), r"second image \(it has 0\)"),
        (lambda: QuartetSampler([0, 0, 1, 2], 3), r"3 quartets.*\(it has 2\)"),
        (lambda: QuartetSampler(EVEN, 0), r"batch of 0 quartets"),
    ],
)
def test_impossible_batches_are_explained(make, message):
    with pytest.raises(UserError, match=message):
        make()
