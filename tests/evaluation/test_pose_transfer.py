import math

import numpy as np
import pytest
import torch
from torch import nn

from posegan_plugin.evaluation.image_scores import (
    mask_ssim,
    mask_ssim_patn,
    psnr,
    ssim,
    ssim_patn,
)
from posegan_plugin.evaluation.person_mask import person_mask
from posegan_plugin.evaluation.pose_transfer import (
    PROTOCOLS,
    MeanImages,
    TransferPairs,
    evaluate_transfer,
    fixed_pairs,
)
from posegan_plugin.images import from_uint8

SIZE = (16, 12)


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


@pytest.fixture
def people(make_people):
    return make_people([0, 0, 0, 1, 1, 2, 3, 3], [0, 1, 2, 0, 1, 0, 0, 1])


def colour(images):
    return images.flatten(1)


@pytest.mark.parametrize("batch_size", [64, 3])
def test_oracle(people, batch_size):
    pairs = fixed_pairs(people, 100)
    result = evaluate_transfer(
        Generator(people, oracle=True), people, pairs, colour, batch_size=batch_size
    )
    samples = result.samples
    assert torch.equal(samples.generated, samples.targets)
    assert torch.equal(samples.targets, from_uint8(people.images[pairs.targets]))
    assert torch.equal(samples.conditions, from_uint8(people.images[pairs.conditions]))
    assert torch.allclose(samples.condition_poses, people.keypoints[pairs.conditions], atol=1e-5)
    assert torch.allclose(samples.target_poses, people.keypoints[pairs.targets], atol=1e-5)
    scores = result.scores
    for name in ("SSIM", "SSIM_patn", "mask_SSIM", "mask_SSIM_patn"):
        assert scores[name] == pytest.approx(1)
    assert math.isinf(scores["PSNR"])
    # The shuffled answer is the next pair's target.
    expected = ssim(samples.targets.roll(1, 0), samples.targets).mean().item()
    assert expected < 0.9
    assert scores["SSIM_shuffled"] == pytest.approx(expected, abs=1e-6)
    assert scores["pose_gap"] == pytest.approx(1 - expected, abs=1e-6)
    for name in ("R1", "mAP"):
        assert scores[f"{name}_generated"] == scores[f"{name}_real"]


def test_copying_the_condition(people):
    """No pose gap, no better than the trivial answer; the other scores are those of the copy."""
    result = evaluate_transfer(
        Generator(people, oracle=False), people, fixed_pairs(people, 100), colour, batch_size=3
    )
    images = result.samples.conditions, result.samples.targets
    mask = person_mask(result.samples.target_poses, SIZE)
    expected = {
        "SSIM": ssim(*images),
        "SSIM_patn": ssim_patn(*images),
        "mask_SSIM": mask_ssim(*images, mask),
        "mask_SSIM_patn": mask_ssim_patn(*images, mask),
        "PSNR": psnr(*images),
    }
    means = {name: values.mean().item() for name, values in expected.items()}
    assert {name: result.scores[name] for name in means} == pytest.approx(means, abs=1e-5)
    assert result.scores["pose_gap"] == 0
    assert result.scores["SSIM_trivial"] >= means["SSIM"] - 1e-6
    average = result.averages["SSIM"]
    assert average.count == 10
    assert 0 < average.standard_error < 0.5


def test_cameras_of_the_targets_are_given_to_a_generator_that_wants_them(people):
    pairs = TransferPairs(np.array([0, 3]), np.array([2, 4]))
    generator = Generator(people, oracle=False, num_cameras=3)
    evaluate_transfer(generator, people, pairs, colour)
    assert [c.tolist() for c in generator.cameras] == [[2, 1], [2, 1]]


def test_poses_are_scaled_to_the_generators_size(people):
    generator = Generator(people, oracle=False)
    generator.image_size = (32, 36)
    pairs = fixed_pairs(people, 4)
    samples = evaluate_transfer(generator, people, pairs, colour).samples
    assert samples.generated.shape == (4, 3, 32, 36)
    x = (people.keypoints[pairs.targets][..., 0] + 0.5) * 3 - 0.5
    y = (people.keypoints[pairs.targets][..., 1] + 0.5) * 2 - 0.5
    assert torch.allclose(samples.target_poses[..., 0], x, atol=1e-4)
    assert torch.allclose(samples.target_poses[..., 1], y, atol=1e-4)


@pytest.mark.parametrize("known", [True, False])
def test_mean_images_are_trivial_answers(make_people, known):
    # Targets are all alike: their camera's mean is perfect, and the mean of all is not.
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (4, 3, *SIZE), dtype=torch.uint8, generator=generator)
    images[1], images[3] = images[1], images[1]
    people = make_people([0, 0, 1, 1], [0, 1, 0, 1], images=images)
    pairs = TransferPairs(np.array([0, 2]), np.array([1, 3]))
    means = MeanImages.of(people, SIZE)
    if not known:
        del means.by_camera[1]
    scores = evaluate_transfer(Generator(people, oracle=False), people, pairs, colour, means).scores
    without = evaluate_transfer(Generator(people, oracle=False), people, pairs, colour).scores
    assert without["SSIM_trivial"] < scores["SSIM_trivial"]
    assert (scores["SSIM_trivial"] > 0.999) == known


def test_extra_scores_and_the_order_of_all(people):
    class Brightness:
        def __init__(self):
            self.protocols = {"brightness": "mean value", "of_all": "of all images"}

        def __call__(self, samples):
            values = samples.generated.mean(dim=(1, 2, 3))
            values[0] = torch.nan
            return {"of_all": 3.0, "brightness": values}

    generator, pairs = Generator(people, oracle=False), fixed_pairs(people, 5)
    result = evaluate_transfer(generator, people, pairs, colour, extra_scores=[Brightness()])
    assert list(result.scores)[-2:] == ["brightness", "of_all"]
    assert list(result.scores) == list(result.protocols)
    assert list(result.scores)[: len(PROTOCOLS)] == list(PROTOCOLS)
    assert result.averages["of_all"] == (3.0, None, None)
    expected = result.samples.generated[1:].mean().item()
    assert result.scores["brightness"] == pytest.approx(expected, abs=1e-6)
    assert result.averages["brightness"].count == 4
