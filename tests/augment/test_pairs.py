import pytest
import torch

from posegan_plugin.augment import sample_pairs

PIDS = torch.tensor([0, 0, 0, 1, 1, 2, 3, 3])
CAMIDS = torch.tensor([0, 0, 1, 0, 1, 0, 2, 2])
JOINTS = [18, 10, 12, 18, 9, 18, 18, 18]


def keypoints(counts=JOINTS):
    points = torch.zeros(len(counts), 18, 3)
    for row, count in enumerate(counts):
        points[row, :count, 2] = 1
    return points


def all_pairs(target="same_id", min_joints=10, draws=200):
    torch.manual_seed(0)
    found = set()
    for _ in range(draws):
        rows, targets = sample_pairs(PIDS, CAMIDS, keypoints(), min_joints, target)
        assert rows.tolist() == sorted(set(rows.tolist()))  # each person at most once
        found |= set(zip(rows.tolist(), targets.tolist(), strict=True))
    return found


def expected(min_joints):
    return {
        (a, b)
        for a in range(8)
        for b in range(8)
        if a != b and PIDS[a] == PIDS[b] and min(JOINTS[a], JOINTS[b]) >= min_joints
    }


@pytest.mark.parametrize("min_joints", [1, 10, 11, 18])
def test_every_allowed_pair_and_nothing_else(min_joints):
    assert all_pairs(min_joints=min_joints) == expected(min_joints)


def test_any_is_the_same_person_too():
    assert all_pairs("any") == expected(10)


def test_cross_camera_prefers_another_camera_where_there_is_one():
    found = all_pairs("cross_camera")
    # Persons 0 and 1 have only 2 in another camera, 2 has both; 6 and 7 have no other camera.
    assert found == {(0, 2), (1, 2), (2, 0), (2, 1), (6, 7), (7, 6)}


def test_everyone_with_a_partner_is_a_condition():
    rows, targets = sample_pairs(PIDS, CAMIDS, keypoints())
    assert rows.tolist() == [0, 1, 2, 6, 7]
    assert rows.dtype == targets.dtype == torch.int64


def test_no_pairs():
    rows, targets = sample_pairs(torch.arange(8), CAMIDS, keypoints())
    assert rows.shape == targets.shape == (0,)


def test_a_seed_decides():
    pids = torch.zeros(40, dtype=torch.int64)

    def draw(seed):
        torch.manual_seed(seed)
        return sample_pairs(pids, pids, keypoints([18] * 40))[1].tolist()

    assert draw(0) == draw(0) != draw(1)
