import math

import pytest
import torch

from posegan_plugin.models.part_warp import WARP_CHANNELS, PartWarp, part_flow
from posegan_plugin.pose import FLIP_ORDER, JOINTS
from posegan_plugin.pose.bones import BONES

SIZE = (128, 64)
REACH = torch.tensor([bone.reach for bone in BONES])[:, None, None]
NUMBER = {name: n for n, name in enumerate(JOINTS)}
STANDING = {
    "nose": (32, 16),
    "neck": (32, 28),
    "right_shoulder": (24, 28),
    "right_elbow": (20, 44),
    "right_wrist": (18, 58),
    "left_shoulder": (40, 28),
    "left_elbow": (44, 44),
    "left_wrist": (46, 58),
    "right_hip": (27, 60),
    "right_knee": (26, 86),
    "right_ankle": (26, 112),
    "left_hip": (37, 60),
    "left_knee": (38, 86),
    "left_ankle": (38, 112),
}


def pose(*without, **changed):
    made = torch.zeros(1, 18, 3)
    for name, place in {**STANDING, **changed}.items():
        if name not in without:
            made[0, NUMBER[name]] = torch.tensor([*place, 1.0])
    return made


def flow_at(condition, target, *places):
    """Sources [[x, y], ...] and weights of some places of the target."""
    found, weight = part_flow(condition, target, torch.tensor([places], dtype=torch.float32), REACH)
    return found[0, 0], weight[0, 0]


def picture(seed=0, size=SIZE):
    return torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def test_nothing_moves_where_the_pose_stays():
    places = torch.rand(5, 7, 2) * torch.tensor([64.0, 128.0])
    found, weight = part_flow(pose(), pose(), places, REACH)
    assert torch.allclose(found[0], places, atol=1e-4)
    assert 0 < weight.min() < weight.max() < 1


def test_everything_follows_a_shift_of_the_person():
    moved = pose()
    moved[..., 0] += 5
    moved[..., 1] -= 3
    found, _ = flow_at(pose(), moved, (37, 40), (10, 90))
    assert torch.allclose(found, torch.tensor([[32.0, 43.0], [5.0, 93.0]]), atol=1e-4)


def test_everything_follows_the_size_of_the_person():
    smaller = pose()
    smaller[..., :2] = smaller[..., :2] / 2 + 8
    # 6 beside the torso of the smaller person are 12 beside that of the larger one.
    found, _ = flow_at(pose(), smaller, (16 + 8, 20 + 8), (16 + 8 - 2, 20 + 8))
    assert torch.allclose(found, torch.tensor([[32.0, 40.0], [28.0, 40.0]]), atol=0.02)


def test_a_raised_arm_takes_the_pixels_of_the_hanging_one():
    # The left lower arm, from (44, 44) to (46, 58), is held out to the side.
    raised = pose(left_wrist=(58, 44))
    found, weight = flow_at(pose(), raised, (51, 44), (58, 44))
    assert torch.allclose(found, torch.tensor([[45.0, 51.0], [46.0, 58.0]]), atol=0.05)
    assert torch.allclose(weight, torch.ones(2))


def test_beside_a_bone_stays_beside_it():
    # Both arms point straight; a quarter turn brings below to the left.
    hanging, raised = pose(left_wrist=(44, 58)), pose(left_wrist=(58, 44))
    found, _ = flow_at(hanging, raised, (51, 45))
    assert torch.allclose(found, torch.tensor([[43.0, 51.0]]), atol=0.1)


def test_a_foreshortened_limb_is_stretched():
    # A lower leg of 26 pixels is seen as one of 13.
    pointing = pose(left_ankle=(38, 99))
    found, _ = flow_at(pose(), pointing, (38, 94))
    assert torch.allclose(found, torch.tensor([[38.0, 102.0]]), atol=0.3)


def test_the_weight_falls_away_from_the_body():
    _, weight = flow_at(pose(), pose(), (32, 44), (32, 4), (2, 2), (62, 120))
    assert weight[0] == 1
    assert weight[0] > weight[1] > weight[2]
    assert weight[2:].max() < 0.03


def test_a_limb_that_is_not_seen_is_replaced_by_its_twin():
    hidden = pose("left_elbow", "left_wrist")
    found, weight = flow_at(hidden, pose(), (45, 51))
    # The torso, far away on the other side, has a small say.
    assert torch.allclose(found, torch.tensor([[19.0, 51.0]]), atol=1.5)
    assert weight.item() == pytest.approx(1)


def test_a_limb_without_twin_takes_no_part():
    hidden = pose("left_knee", "right_knee")
    found, weight = flow_at(hidden, pose(), (38, 100))
    assert weight.item() < 0.2
    assert found.isfinite().all()


def test_the_torso_is_mirrored_where_the_person_turns_round():
    behind = pose()[:, list(FLIP_ORDER)]  # the right hand is now where the left one was
    found, _ = flow_at(pose(), behind, (36, 44))
    assert torch.allclose(found, torch.tensor([[28.0, 44.0]]), atol=0.05)


@pytest.mark.parametrize("image_size", [(128, 64), (64, 32), (32, 16), (100, 52)])
def test_pixels_stay_where_the_pose_stays(image_size):
    images = picture(size=image_size)
    person = pose()
    person[..., :2] *= image_size[0] / 128
    planes = PartWarp(image_size)(images, person, person)
    weight = planes[:, 3:]
    assert planes.shape == (1, WARP_CHANNELS, *image_size)
    # The border of the flow's coarser grid is not exact.
    inner = (..., slice(2, -2), slice(2, -2))
    assert torch.allclose(planes[:, :3][inner], (images * weight)[inner], atol=1e-3)


def test_a_shift_by_whole_pixels():
    target = pose()
    target[..., 0] += 4
    images = picture()
    planes = PartWarp(SIZE)(images, pose(), target)
    expected = images[..., :-8] * planes[:, 3:, :, 4:-4]
    assert torch.allclose(planes[:, :3, 2:-2, 4:-4], expected[..., 2:-2, :], atol=1e-3)


@pytest.mark.parametrize("missing", ["condition", "target", "both"])
def test_a_person_without_joints_gives_nothing(missing):
    nobody = torch.full((1, 18, 3), math.nan)
    nobody[..., 2] = 0
    poses = [nobody if missing in (name, "both") else pose() for name in ("condition", "target")]
    planes = PartWarp(SIZE)(picture(), *poses)
    assert planes.isfinite().all()
    assert planes.abs().max() == 0


def test_people_of_a_batch_do_not_mix():
    warp = PartWarp(SIZE)
    images, poses = torch.cat((picture(), picture(1))), torch.cat((pose(), pose("neck")))
    raised = pose(left_wrist=(58, 44)).expand(2, -1, -1)
    together = warp(images, poses, raised)
    assert torch.equal(together[1:], warp(images[1:], poses[1:], raised[1:]))


def test_no_people():
    nobody = torch.zeros(0, 18, 3)
    assert PartWarp(SIZE)(torch.zeros(0, 3, *SIZE), nobody, nobody).shape == (0, 4, *SIZE)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_dtype_and_memory_format_are_those_of_the_images(dtype):
    images = picture().to(dtype)
    warp = PartWarp(SIZE)
    expected = warp(images.float(), pose(), pose(left_wrist=(58, 44)))
    for layout in (torch.contiguous_format, torch.channels_last):
        planes = warp(images.to(memory_format=layout), pose(), pose(left_wrist=(58, 44)))
        assert planes.dtype == dtype
        assert planes.is_contiguous(memory_format=layout)
        assert torch.allclose(planes.float(), expected, atol=1e-2)


def test_it_holds_nothing_that_a_checkpoint_would_keep():
    warp = PartWarp(SIZE)
    assert list(warp.parameters()) == []
    assert warp.state_dict() == {}


def test_gradients_reach_the_pixels():
    images = picture().requires_grad_()
    PartWarp(SIZE)(images, pose(), pose()).sum().backward()
    assert images.grad[0, :, 44, 32].abs().min() > 0.5
