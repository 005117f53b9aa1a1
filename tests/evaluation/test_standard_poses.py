import pytest
import torch
from torch.nn import functional as F

from posegan_plugin.errors import UserError
from posegan_plugin.evaluation.standard_poses import describe_in_poses, standard_poses


def pose(x, y=0.0, joints=18):
    points = torch.zeros(18, 3)
    points[:, 0], points[:, 1] = x, y
    points[:joints, 2] = 1
    return points


def test_one_pose_of_each_cluster_the_one_nearest_to_its_centre():
    # Centres 1 and 11 (y the same): the nearest members are 1 and 11.
    poses = torch.stack([pose(x) for x in (0.0, 1, 2, 10, 11, 12)])
    assert standard_poses(poses, 2)[:, 0, 0].tolist() == [1, 11]
    assert torch.equal(standard_poses(poses, 2), standard_poses(poses.flip(0), 2))


def test_incomplete_poses_are_not_standard():
    whole = [pose(float(x)) for x in range(20)]
    halves = [pose(100.0 + x, joints=9) for x in range(50)]
    assert standard_poses(torch.stack(whole + halves), 2)[:, 0, 0].max() < 20
    # 3 complete poses do not make 20: those with half the joints take part.
    assert standard_poses(torch.stack(whole[:3] + halves), 2)[:, 0, 0].max() >= 100


def test_all_poses_are_different_and_there_must_be_enough():
    poses = torch.stack([pose(float(x)) for x in (0, 0, 0, 5)])
    assert standard_poses(poses, 2)[:, 0, 0].tolist() == [0, 5]
    with pytest.raises(UserError, match=r"3 standard poses .* have 2 different"):
        standard_poses(poses, 3)
    with pytest.raises(UserError, match="0 different"):
        standard_poses(torch.zeros(0, 18, 3), 1)


class Painter(torch.nn.Module):
    """Fills the image with the x of the target's first joint, and the camera's number in red."""

    image_size, num_cameras = (8, 4), 3

    def forward(self, image, condition_pose, target_pose, camera):
        drawn = torch.zeros_like(image) + target_pose[:, :1, 0, None, None]
        drawn[:, 0] = camera[:, None, None].float()
        return drawn


def describe(images):
    return images.mean(dim=(2, 3))


def test_mean_of_unit_descriptors():
    images = torch.zeros(2, 3, 8, 4)
    images[:, 0], images[:, 1] = 3.0, 4.0  # unit descriptor (.6, .8, 0)
    keypoints = torch.stack([pose(1.0), pose(1.0, joints=9)])
    poses = torch.stack([pose(2.0), pose(1.0)])
    found = describe_in_poses(
        describe, Painter(), images, keypoints, poses, cameras=torch.tensor([1, 2])
    )
    real = torch.tensor([0.6, 0.8, 0.0])
    first, second = torch.tensor([1.0, 2, 2]) / 3, torch.tensor([1.0, 1, 1]) / 3**0.5
    assert found[0].tolist() == pytest.approx(((real + first + second) / 3).tolist())
    assert found[1].tolist() == pytest.approx(real.tolist())  # too few joints
    none = describe_in_poses(describe, None, images, keypoints, poses[:0])
    assert torch.equal(none, F.normalize(describe(images)))
