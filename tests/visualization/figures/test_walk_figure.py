import numpy as np
import pytest
import torch

from posegan_plugin.errors import UserError
from posegan_plugin.visualization import walk_between
from posegan_plugin.visualization.figures import choose_walk, walk_figure, walk_frames


def same(pose, poses):
    return [bool((pose == other).all()) for other in poses]


def test_poses_of_others_with_enough_joints(people):
    poses = choose_walk(people, 7, 99, min_joints=10)
    # Row n has n + 5 joints: rows 5 and 6, not 7 itself.
    assert len(poses) == 2
    assert all(any(same(pose, people.keypoints[5:7])) for pose in poses)
    assert choose_walk(people, 7, 1, min_joints=5).shape == (1, 18, 3)


def test_nobody_else_to_walk_to(people):
    # Row 7 alone has 12 joints.
    with pytest.raises(UserError, match=r"nobody but .* has 12 joints.*--min-joints"):
        choose_walk(people, 7, 8, min_joints=12)


def test_the_walk_starts_near_the_person(people):
    poses = choose_walk(people, 0, 7, min_joints=5)
    near = [(p[:5, :2] - people.keypoints[0, :5, :2]).norm(dim=1).mean() for p in poses]
    assert near[0] == min(near)


def test_the_seed_chooses(people):
    walks = [choose_walk(people, 0, 2, 5, seed) for seed in (0, 0, 1, 2, 3)]
    assert torch.equal(walks[0], walks[1])
    assert any(not torch.equal(walks[0], other) for other in walks[2:])


def test_strip(people, generator, box):
    generators = {"a": generator(70), "b": generator(140)}
    picture = walk_figure(generators, people, 3, people.keypoints[[5, 6, 7]])
    person = box(picture, people.colour(3))
    first, second = box(picture, (30, 70, 200)), box(picture, (30, 140, 200))
    assert (person.width, person.height) == (96, 192)
    assert first.left == second.left == person.left + 102
    assert (first.top - person.top, second.top - person.top) == (198, 396)
    assert first.width == second.width == 3 * 96 + 2 * 6
    asked = generators["b"]
    torch.testing.assert_close(asked.all_asked(1), people.keypoints[[5, 6, 7]])
    assert asked.all_asked(2).tolist() == [1, 1, 1]  # the person's camera


@pytest.mark.parametrize("steps", [1, 4])
def test_frames(people, generator, box, steps):
    asked = generator(70)
    poses = people.keypoints[[6, 7]]
    frames = walk_frames({"a": asked}, people, 3, poses, steps)
    assert len(frames) == 2 * steps
    assert len({frame.shape for frame in frames}) == 1
    for frame in frames:
        made = box(frame, (30, 70, 200))
        assert made.left - box(frame, people.colour(3)).left == 204
        assert (made.width, made.height) == (96, 192)
    expected = torch.from_numpy(walk_between(poses.numpy(), steps))
    torch.testing.assert_close(asked.all_asked(1), expected)
    assert not np.array_equal(frames[0], frames[steps])
