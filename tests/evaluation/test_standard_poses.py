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


def reaching(x, place=0.0, size=1.0):
    """A straight body of height 24 with the right wrist at x; anywhere, of any size."""
    points = torch.zeros(18, 3)
    points[:, 2] = 1
    points[1:14, 1] = torch.arange(13) * 2.0
    points[4, 0] = x
    points[:, :2] = points[:, :2] * size + place
    return points


def wrists(poses):
    return poses[:, 4, 0].tolist()


def test_one_pose_of_each_cluster_the_one_nearest_to_its_centre():
    # Centres 1 and 8: the middle ones of three.
    poses = torch.stack([reaching(x) for x in (0.0, 1, 2, 7, 8, 9)])
    assert wrists(standard_poses(poses, 2)) == [1, 8]
    assert torch.equal(standard_poses(poses, 2), standard_poses(poses.flip(0), 2))
    assert wrists(standard_poses(poses, 6)) == [0, 1, 2, 7, 8, 9]


def test_place_and_size_make_no_other_pose():
    down = [reaching(0, place, size) for place, size in ((0, 1), (100, 1), (0, 10))]
    found = standard_poses(torch.stack([*down, reaching(9)]), 2)
    assert wrists(found - found[:, 1:2]) in ([0, 9], [9, 0])


def test_face_may_be_missing_but_not_the_body():
    no_face, no_ankle = reaching(5), reaching(9)
    no_face[[0, 14, 15, 16, 17], 2] = 0
    no_ankle[13, 2] = 0
    poses = torch.stack([no_face, no_ankle])
    assert wrists(standard_poses(poses, 1)) == [5]
    with pytest.raises(UserError, match=r"2 standard poses .* have 1 different"):
        standard_poses(poses, 2)


def test_all_poses_are_different():
    poses = torch.stack([reaching(x) for x in (0.0, 0, 0, 5)])
    assert wrists(standard_poses(poses, 2)) == [0, 5]
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


def test_own_descriptor_and_those_of_the_poses_each_by_the_next_camera():
    images = torch.zeros(2, 3, 8, 4)
    images[:, 0], images[:, 1] = 3.0, 4.0  # unit descriptor (.6, .8, 0)
    keypoints = torch.stack([pose(1.0), pose(1.0, joints=9)])
    poses = torch.stack([pose(x) for x in (2.0, 1.0, 2.0, 3.0)])
    found = describe_in_poses(describe, Painter(), images, keypoints, poses)
    real = torch.tensor([0.6, 0.8, 0.0])
    views = torch.tensor([[0.0, 2, 2], [1, 1, 1], [2, 2, 2], [0, 3, 3]])  # cameras 0, 1, 2, 0
    expected = F.normalize(2 * real + F.normalize(views).mean(dim=0), dim=0)
    assert found[0].tolist() == pytest.approx(expected.tolist())
    assert found[1].tolist() == pytest.approx(real.tolist())  # too few joints
    drawn = describe_in_poses(describe, Painter(), images, keypoints, poses[:1], own_weight=0)
    assert drawn[0].tolist() == pytest.approx([0, 0.5**0.5, 0.5**0.5])
    none = describe_in_poses(describe, None, images, keypoints, poses[:0])
    assert torch.equal(none, F.normalize(describe(images)))


def test_generator_that_knows_no_cameras():
    class Blind(Painter):
        num_cameras = 0

        def forward(self, image, condition_pose, target_pose, camera):
            assert camera is None
            return super().forward(image, condition_pose, target_pose, torch.ones(len(image)))

    images = torch.ones(1, 3, 8, 4)
    found = describe_in_poses(describe, Blind(), images, pose(1.0)[None], pose(1.0)[None])
    assert found[0].tolist() == pytest.approx([3**-0.5] * 3)
