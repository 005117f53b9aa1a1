import numpy as np
import pytest

from posegan_plugin.errors import UserError
from posegan_plugin.evaluation.transfer_pairs import fixed_pairs


def test_pairs_are_all_ordered_pairs_of_one_person(make_people):
    people = make_people([0, 0, 0, 1, 1, 2, 3, 3], [0, 1, 2, 0, 1, 0, 0, 1])
    people.keypoints[2, 9:, 2] = 0  # nine joints
    pairs = fixed_pairs(people, 100)
    found = sorted(zip(pairs.conditions.tolist(), pairs.targets.tolist(), strict=True))
    assert found == [(0, 1), (1, 0), (3, 4), (4, 3), (6, 7), (7, 6)]
    assert len(fixed_pairs(people, 100, min_joints=9)) == 10
    assert len(pairs) == 6


def test_pairs_are_fixed_by_the_seed(make_people):
    people = make_people(np.repeat(range(10), 4), [0] * 40)

    def draw(seed):
        pairs = fixed_pairs(people, 30, seed=seed)
        return list(zip(pairs.conditions.tolist(), pairs.targets.tolist(), strict=True))

    assert draw(0) == draw(0) != draw(1)
    assert len(set(draw(0))) == 30


@pytest.mark.parametrize(("pids", "joints"), [([0, 1, 2], 18), ([0, 0, 0], 9)])
def test_no_pairs(make_people, pids, joints):
    with pytest.raises(UserError, match=r"at least 10 joints.*key points"):
        fixed_pairs(make_people(pids, [0, 1, 2], joints=joints), 5)
