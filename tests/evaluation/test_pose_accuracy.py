import math

import pytest
import torch

from posegan_plugin.evaluation.pose_accuracy import mean_pck, pck


def people(count):
    """Everyone stands on the same spot, all 18 joints seen."""
    return torch.tensor([20.0, 50.0, 1.0]).repeat(count, 18, 1)


def naive(predicted, target, tolerance):
    """One joint at a time, in plain Python."""
    hits, seen = [0] * 18, [0] * 18
    for found, true in zip(predicted.tolist(), target.tolist(), strict=True):
        for j, ((x, y, score), (u, v, there)) in enumerate(zip(found, true, strict=True)):
            if there > 0:
                seen[j] += 1
                hits[j] += score > 0 and math.hypot(x - u, y - v) <= tolerance
    return hits, seen


def test_joints_within_a_tenth_of_the_height_are_correct():
    target, predicted = people(2), people(2)
    predicted[0, 0, :2] += torch.tensor([6.0, 8.0])  # 10 px off at a height of 100: just correct
    predicted[0, 1, :2] += torch.tensor([6.0, 8.1])
    predicted[1, 1, 1] -= 9.0
    predicted[:, 2, 0] -= 11.0
    shares = pck(predicted, target, image_height=100)
    assert shares[:3].tolist() == [1.0, 0.5, 0.0]
    assert shares[3:].tolist() == [1.0] * 15
    assert mean_pck(predicted, target, 100) == pytest.approx(33 / 36)


def test_fraction_and_height_scale_the_tolerance():
    target, predicted = people(1), people(1)
    predicted[..., 0] += 3.0
    assert mean_pck(predicted, target, 64, fraction=0.05) == 1.0  # 3.2 px
    assert mean_pck(predicted, target, 64, fraction=0.04) == 0.0  # 2.56 px
    assert mean_pck(predicted, target, 32, fraction=0.05) == 0.0  # 1.6 px


def test_a_joint_that_is_missed_is_wrong():
    target, predicted = people(1), people(1)
    predicted[0, 4, 2] = 0.0
    shares = pck(predicted, target, 100)
    assert shares[4] == 0.0
    assert mean_pck(predicted, target, 100) == pytest.approx(17 / 18)


def test_joints_that_the_target_lacks_do_not_count():
    target, predicted = people(2), people(2)
    target[:, 7, 2] = 0.0
    target[0, 8, 2] = 0.0
    predicted[0, 8, :2] = float("nan")
    predicted[1, 8, 0] += 50.0
    shares = pck(predicted, target, 100)
    assert shares[7].isnan()
    assert shares[8] == 0.0
    assert mean_pck(predicted, target, 100) == pytest.approx(32 / 33)


def test_a_joint_found_nowhere_is_wrong():
    target, predicted = people(1), people(1)
    predicted[0, 3, 0] = float("nan")
    assert pck(predicted, target, 100)[3] == 0.0


def test_agrees_with_a_loop():
    draw = torch.Generator().manual_seed(3)
    target = torch.rand(40, 18, 3, generator=draw) * torch.tensor([64.0, 128.0, 1.0])
    predicted = target + 12 * torch.randn(40, 18, 3, generator=draw)
    target[..., 2] = (target[..., 2] > 0.3).float()
    hits, seen = naive(predicted, target, 12.8)
    expected = torch.tensor(hits) / torch.tensor(seen)
    torch.testing.assert_close(pck(predicted, target, 128), expected)
    assert mean_pck(predicted, target, 128) == pytest.approx(sum(hits) / sum(seen))


def test_nobody_and_nothing_seen():
    nobody = torch.zeros(0, 18, 3)
    assert pck(nobody, nobody, 128).isnan().all()
    assert math.isnan(mean_pck(nobody, nobody, 128))
    assert math.isnan(mean_pck(people(3), torch.zeros(3, 18, 3), 128))


def test_other_shapes_are_refused():
    with pytest.raises(ValueError, match=r"\(2, 18, 3\) and \(1, 18, 3\)"):
        pck(people(2), people(1), 128)
