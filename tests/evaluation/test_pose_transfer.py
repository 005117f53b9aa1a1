import math

import numpy as np
import pytest
import torch
from torch import nn

from posegan_plugin.errors import UserError
from posegan_plugin.evaluation.image_scores import ssim
from posegan_plugin.evaluation.pose_transfer import (
    MeanImages,
    TransferPairs,
    evaluate_transfer,
    fixed_pairs,
)
from posegan_plugin.images import from_uint8

SIZE = (16, 12)


class People:
    """A PersonDataset without files: random pictures, each with a pose of its own."""

    def __init__(self, pids, camids, size=SIZE, joints=18, images=None):
        count = len(pids)
        generator = torch.Generator().manual_seed(0)
        self.image_size = size
        self.pids, self.camids = np.array(pids), np.array(camids)
        self.images = images
        if images is None:
            self.images = torch.randint(
                0, 256, (count, 3, *size), dtype=torch.uint8, generator=generator
            )
        self.keypoints = torch.rand(count, 18, 3, generator=generator) * size[1]
        self.keypoints[..., 2] = (torch.arange(18) < joints).float()

    @property
    def joint_counts(self):
        return (self.keypoints[..., 2] > 0).sum(1)

    def __len__(self):
        return len(self.pids)

    def __getitem__(self, index):
        return {"image": self.images[index]}


class Generator(nn.Module):
    """Answers with the image whose pose it is asked for ("oracle"), or with the condition."""

    def __init__(self, dataset, oracle, num_cameras=0):
        super().__init__()
        self.image_size, self.num_cameras = dataset.image_size, num_cameras
        self.unused = nn.Parameter(torch.zeros(1))
        self.dataset, self.oracle = dataset, oracle
        self.cameras = []

    def forward(self, condition, condition_pose, target_pose, camera=None):
        self.cameras.append(camera)
        if not self.oracle:
            return condition
        distance = (target_pose[:, None] - self.dataset.keypoints[None]).abs().flatten(2).sum(2)
        assert distance.min(dim=1).values.max() < 1e-3
        return from_uint8(self.dataset.images[distance.argmin(dim=1)])


def dataset():
    return People([0, 0, 0, 1, 1, 2, 3, 3], [0, 1, 2, 0, 1, 0, 0, 1])


def colour(images):
    return images.flatten(1)


def test_pairs_are_all_ordered_pairs_of_one_person():
    people = dataset()
    people.keypoints[2, 9:, 2] = 0  # nine joints
    pairs = fixed_pairs(people, 100)
    found = sorted(zip(pairs.conditions.tolist(), pairs.targets.tolist(), strict=True))
    assert found == [(0, 1), (1, 0), (3, 4), (4, 3), (6, 7), (7, 6)]
    assert len(fixed_pairs(people, 100, min_joints=9)) == 10
    assert len(pairs) == 6


def test_pairs_are_fixed_by_the_seed():
    people = People(np.repeat(range(10), 4), [0] * 40)

    def draw(seed):
        pairs = fixed_pairs(people, 30, seed=seed)
        return list(zip(pairs.conditions.tolist(), pairs.targets.tolist(), strict=True))

    assert draw(0) == draw(0) != draw(1)
    assert len(set(draw(0))) == 30


@pytest.mark.parametrize(("pids", "joints"), [([0, 1, 2], 18), ([0, 0, 0], 9)])
def test_no_pairs(pids, joints):
    with pytest.raises(UserError, match=r"at least 10 joints.*key points"):
        fixed_pairs(People(pids, [0, 1, 2], joints=joints), 5)


@pytest.mark.parametrize("batch_size", [64, 3])
def test_oracle(batch_size):
    people = dataset()
    pairs = fixed_pairs(people, 100)
    result = evaluate_transfer(
        Generator(people, oracle=True), people, pairs, colour, batch_size=batch_size
    )
    assert torch.equal(result.generated, result.targets)
    assert torch.equal(result.targets, from_uint8(people.images[pairs.targets]))
    assert torch.equal(result.conditions, from_uint8(people.images[pairs.conditions]))
    assert torch.allclose(result.condition_poses, people.keypoints[pairs.conditions], atol=1e-5)
    assert torch.allclose(result.target_poses, people.keypoints[pairs.targets], atol=1e-5)
    scores = result.scores
    assert scores["SSIM"] == pytest.approx(1)
    # The shuffled answer is the next pair's target.
    expected = ssim(result.targets.roll(1, 0), result.targets).mean().item()
    assert expected < 0.9
    assert scores["SSIM_shuffled"] == pytest.approx(expected, abs=1e-6)
    assert scores["pose_gap"] == pytest.approx(1 - expected, abs=1e-6)
    assert scores["R1_generated"] == scores["R1_real"]


def test_copying_the_condition_has_no_pose_gap_and_does_not_beat_the_trivial_answer():
    people = dataset()
    result = evaluate_transfer(
        Generator(people, oracle=False), people, fixed_pairs(people, 100), colour
    )
    copy = ssim(result.conditions, result.targets).mean().item()
    assert result.scores["SSIM"] == pytest.approx(copy, abs=1e-6)
    assert result.scores["pose_gap"] == 0
    assert result.scores["SSIM_trivial"] >= copy - 1e-6


def test_cameras_of_the_targets_are_given_to_a_generator_that_wants_them():
    people, pairs = dataset(), TransferPairs(np.array([0, 3]), np.array([2, 4]))
    generator = Generator(people, oracle=False, num_cameras=3)
    evaluate_transfer(generator, people, pairs, colour)
    assert [c.tolist() for c in generator.cameras] == [[2, 1], [2, 1]]


def test_poses_are_scaled_to_the_generators_size():
    people = dataset()
    generator = Generator(people, oracle=False)
    generator.image_size = (32, 36)
    result = evaluate_transfer(generator, people, fixed_pairs(people, 4), colour)
    assert result.generated.shape == (4, 3, 32, 36)
    pairs = fixed_pairs(people, 4)
    x = (people.keypoints[pairs.targets][..., 0] + 0.5) * 3 - 0.5
    y = (people.keypoints[pairs.targets][..., 1] + 0.5) * 2 - 0.5
    assert torch.allclose(result.target_poses[..., 0], x, atol=1e-4)
    assert torch.allclose(result.target_poses[..., 1], y, atol=1e-4)


def rank_one(greys, pids, camids, condition, target):
    """R1_real with images of one grey each: the feature is the grey value."""
    images = torch.tensor(greys, dtype=torch.uint8)[:, None, None, None].expand(-1, 3, *SIZE)
    people = People(pids, camids, images=images)
    pairs = TransferPairs(np.array([condition]), np.array([target]))
    generator = Generator(people, oracle=False)
    result = evaluate_transfer(generator, people, pairs, lambda x: x.mean((2, 3)))
    return result.scores["R1_generated"], result.scores["R1_real"]


def test_rank_one_by_hand():
    # Target 1 (grey 100). Nearest of all: itself, then 4 (101, its camera), then the condition 0.
    # Admitted are 2 (same person, 120) and 3 (another, 70).
    greys, pids, camids = [103, 100, 120, 70, 101], [5, 5, 5, 6, 6], [0, 1, 2, 2, 1]
    assert rank_one(greys, pids, camids, 0, 1) == (100, 100)
    # The condition is grey 93: 2 and 3 are as they were to the target, 27 and 23 away from 93.
    greys[0] = 93
    assert rank_one(greys, pids, camids, 0, 1) == (0, 100)


def test_the_condition_and_the_targets_camera_are_no_answers():
    # All of the target's person that remains is farther than another person.
    assert rank_one([101, 100, 150, 99], [5, 5, 5, 6], [0, 1, 2, 2], 0, 1) == (0, 0)
    # In the target's camera another person does not count.
    assert rank_one([101, 100, 150, 99], [5, 5, 5, 6], [0, 1, 2, 1], 0, 1) == (100, 100)


def test_people_whom_nobody_could_find_are_not_counted():
    scores = rank_one([101, 100, 99], [5, 5, 6], [0, 1, 2], 0, 1)
    assert all(math.isnan(score) for score in scores)


def test_mean_images_by_hand():
    greys = torch.tensor([0, 51, 255, 255], dtype=torch.uint8)
    images = greys[:, None, None, None].expand(-1, 3, *SIZE)
    means = MeanImages.of(People([0, 0, 1, 1], [0, 0, 0, 2], images=images), (32, 24))
    assert means.overall.shape == (3, 32, 24)
    assert means.overall.mean().item() == pytest.approx((-1 - 0.6 + 1 + 1) / 4, abs=1e-5)
    assert {c: round(m.mean().item(), 4) for c, m in means.by_camera.items()} == {0: -0.2, 2: 1}
    few = MeanImages.of(People([0, 0, 1, 1], [0, 0, 0, 2], images=images), SIZE, at_most=2)
    assert few.overall.mean().item() == pytest.approx(0, abs=1e-6)  # the first and the last


@pytest.mark.parametrize("known", [True, False])
def test_mean_images_are_trivial_answers(known):
    # Targets are all alike: their camera's mean is perfect, and the mean of all is not.
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (4, 3, *SIZE), dtype=torch.uint8, generator=generator)
    images[1], images[3] = images[1], images[1]
    people = People([0, 0, 1, 1], [0, 1, 0, 1], images=images)
    pairs = TransferPairs(np.array([0, 2]), np.array([1, 3]))
    means = MeanImages.of(people, SIZE)
    if not known:
        del means.by_camera[1]
    scores = evaluate_transfer(Generator(people, oracle=False), people, pairs, colour, means).scores
    without = evaluate_transfer(Generator(people, oracle=False), people, pairs, colour).scores
    assert without["SSIM_trivial"] < scores["SSIM_trivial"]
    assert (scores["SSIM_trivial"] > 0.999) == known
