import pytest
import torch

from posegan_plugin.augment import PersonBatch, random_flip
from posegan_plugin.pose import JOINTS

WRIST = {side: JOINTS.index(f"{side}_wrist") for side in ("left", "right")}
NOSE = JOINTS.index("nose")


def people(count=1):
    images = torch.rand(count, 3, 4, 5, generator=torch.Generator().manual_seed(0))
    keypoints = torch.zeros(count, 18, 3)
    keypoints[:, WRIST["right"]] = torch.tensor([1.0, 3.0, 0.9])
    keypoints[:, WRIST["left"]] = torch.tensor([4.0, 2.0, 0.5])
    keypoints[:, NOSE] = torch.tensor([2.5, 0.0, 1.0])
    rows = torch.arange(count)
    return PersonBatch.of_real(images, keypoints, rows + 7, rows % 3, rows)


def test_flip_mirrors_the_image_and_left_and_right_change_places():
    batch = people()
    flipped = random_flip(batch, 1.0)
    assert not torch.equal(flipped.images, batch.images)
    for x in range(5):
        assert torch.equal(flipped.images[..., x], batch.images[..., 4 - x])
    points = flipped.keypoints[0]
    assert points[WRIST["left"]].tolist() == pytest.approx([3.0, 3.0, 0.9])
    assert points[WRIST["right"]].tolist() == pytest.approx([0.0, 2.0, 0.5])
    assert points[NOSE].tolist() == [1.5, 0.0, 1.0]
    assert (points[:, 2] > 0).sum() == 3  # missing joints stay missing


def test_a_joint_stays_on_its_pixel():
    batch = people()
    x, y, _ = batch.keypoints[0, WRIST["right"]].int().tolist()
    flipped = random_flip(batch, 1.0)
    new_x, new_y, _ = flipped.keypoints[0, WRIST["left"]].int().tolist()
    assert torch.equal(flipped.images[0, :, new_y, new_x], batch.images[0, :, y, x])


def test_never_at_probability_0():
    batch = people(20)
    same = random_flip(batch, 0.0)
    assert torch.equal(same.images, batch.images)
    assert torch.equal(same.keypoints, batch.keypoints)


def test_each_person_has_its_own_coin_and_image_and_joints_agree():
    torch.manual_seed(0)
    batch = people(200)
    given = batch.images.clone(), batch.keypoints.clone()
    result = random_flip(batch, 0.5)
    flipped = (result.images == batch.images.flip(-1)).all(dim=(1, 2, 3))
    kept = (result.images == batch.images).all(dim=(1, 2, 3))
    assert torch.equal(flipped, ~kept)
    assert 70 < flipped.sum() < 130
    moved = (result.keypoints != batch.keypoints).flatten(1).any(dim=1)
    assert torch.equal(moved, flipped)
    assert result.pids.tolist() == batch.pids.tolist()
    assert torch.equal(batch.images, given[0])
    assert torch.equal(batch.keypoints, given[1])


def test_twice_is_the_beginning():
    batch = people(3)
    twice = random_flip(random_flip(batch, 1.0), 1.0)
    assert torch.equal(twice.images, batch.images)
    there = batch.keypoints[..., 2] > 0
    assert torch.equal(twice.keypoints[there], batch.keypoints[there])
