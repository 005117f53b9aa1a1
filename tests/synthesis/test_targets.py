from pathlib import Path

import numpy as np
import pytest
import torch

from posegan_plugin.datasets import PersonDataset
from posegan_plugin.errors import UserError
from posegan_plugin.pose import write_keypoint_csv
from posegan_plugin.synthesis import SynthesisOptions
from posegan_plugin.synthesis.targets import choose_targets


@pytest.fixture
def choose(dataset):
    paths = [f"{n}.jpg" for n in range(len(dataset))]

    def run(dataset=dataset, **options):
        return choose_targets(dataset, paths[: len(dataset)], SynthesisOptions(**options))

    return run


def rows(targets):
    """Rows of the data set that the poses come from."""
    return [int(Path(name).stem) for name in targets.origins]


@pytest.mark.parametrize(
    ("target", "others"),
    [
        ("same_id", lambda d, a, b: d.pids[a] == d.pids[b]),
        ("cross_camera", lambda d, a, b: d.camids[a] != d.camids[b]),
        ("any", lambda d, a, b: True),
    ],
)
def test_poses_of_people(choose, dataset, target, others):
    targets = choose(target=target, poses=5)
    sources = targets.sources.tolist()
    assert sources == [n for n in range(72) for _ in range(5)]
    assert targets.frames.tolist() == list(range(5)) * 72
    poses = rows(targets)
    assert all(a != b and others(dataset, a, b) for a, b in zip(sources, poses, strict=True))
    pairs = list(zip(sources, poses, strict=True))
    assert len(set(pairs)) == len(pairs)
    assert torch.equal(targets.keypoints, dataset.keypoints[poses])
    assert targets.camids.tolist() == dataset.camids[poses].tolist()


def test_every_pose_of_a_person_is_taken_once_and_no_more_are_made_up(choose):
    targets = choose(poses=50)  # 6 images of each person
    assert len(targets.sources) == 72 * 5
    poses = rows(targets)
    for first in range(0, 360, 5):
        own, person = first // 5, first // 30
        assert sorted([own, *poses[first : first + 5]]) == list(range(6 * person, 6 * person + 6))


def test_two_poses_by_default_and_the_seed_decides(choose):
    first, again, other = choose(), choose(), choose(seed=1)
    assert len(first.sources) == 144
    assert first.origins == again.origins
    assert first.origins != other.origins


def test_more_people_than_are_drawn_at_once(dataset, keypoints, people):
    many = PersonDataset(people.train * 4, keypoints, (32, 16))
    targets = choose_targets(many, [str(n) for n in range(288)], SynthesisOptions(target="any"))
    assert targets.sources.unique().tolist() == list(range(288))
    assert len({o for o in targets.origins if int(o) >= 256}) > 0


def test_limit(choose):
    assert choose(limit=3).sources.tolist() == [0, 0, 1, 1, 2, 2]


def test_people_with_too_few_joints_take_no_part(people, keypoints):
    poses = dict(keypoints)
    gone = [Path(p.path).name for p in people.train[:7]]
    poses[gone[0]] = np.zeros((18, 3), dtype=np.float32)
    for name in gone[1:]:
        del poses[name]
    dataset = PersonDataset(people.train, poses, (32, 16))
    targets = choose_targets(dataset, [str(n) for n in range(72)], SynthesisOptions(poses=5))
    # the whole first person and one image of the second are gone
    assert targets.sources.unique().tolist() == list(range(7, 72))
    assert not {str(n) for n in range(7)} & set(targets.origins)
    assert (targets.sources == 7).sum() == 4


def test_nobody_has_another_pose(people, keypoints):
    dataset = PersonDataset(people.train[::6], keypoints, (32, 16))
    with pytest.raises(UserError, match="same_id: none of the 12 people has another pose"):
        choose_targets(dataset, [""] * 12, SynthesisOptions())


def test_nobody_has_enough_joints(people):
    dataset = PersonDataset(people.train, {}, (32, 16), require_keypoints=False)
    with pytest.raises(UserError, match="min_joints=10"):
        choose_targets(dataset, [""] * 72, SynthesisOptions())


class TestFile:
    @pytest.fixture
    def file(self, tmp_path, keypoints):
        poses = list(keypoints.values())[:5]
        path = tmp_path / "walk.csv"
        write_keypoint_csv(path, {f"step {n}": pose for n, pose in enumerate(poses)})
        return path, torch.from_numpy(np.stack(poses))

    def test_everybody_gets_all_poses_in_order(self, choose, dataset, file):
        path, poses = file
        targets = choose(target=str(path))
        assert targets.sources.tolist() == [n for n in range(72) for _ in range(5)]
        assert targets.origins == [f"walk.csv:step {n}" for n in range(5)] * 72
        assert torch.equal(targets.keypoints, poses.repeat(72, 1, 1))
        assert targets.camids.tolist() == dataset.camids[targets.sources].tolist()

    def test_fewer_are_taken_in_turn(self, choose, file):
        targets = choose(target=str(file[0]), poses=2)
        assert [o[-1] for o in targets.origins[:8]] == list("01234012")
        assert targets.frames.tolist() == [0, 1] * 72

    def test_never_one_twice_for_a_person(self, choose, file):
        assert len(choose(target=str(file[0]), poses=9).sources) == 5 * 72

    def test_of_images_of_another_size(self, choose, file, tmp_path):
        poses = file[1]
        larger = {
            f"step {n}": np.stack([4 * x + 1.5, 4 * y + 1.5, s], axis=-1)
            for n, (x, y, s) in enumerate(np.moveaxis(poses.numpy(), -1, 1))
        }
        write_keypoint_csv(tmp_path / "large.csv", larger)
        targets = choose(target=str(tmp_path / "large.csv"), pose_size=(128, 64))
        there = targets.keypoints[:5, :, 2] > 0
        assert torch.equal(there, poses[..., 2] > 0)
        error = (targets.keypoints[:5] - poses)[there][:, :2].abs()
        assert error.max() <= 0.2  # whole pixels in the file

    @pytest.mark.parametrize(
        ("write", "message"),
        [
            (None, "neither one of same_id, cross_camera, any nor a file"),
            ("name:keypoints_y:keypoints_x\n", "holds no pose"),
            ("nonsense\n", ":1: the first line is not the header"),
            (f"name:keypoints_y:keypoints_x\na: {[1] * 9 + [-1] * 9}: {[2] * 18}", "has 9 joints"),
            (
                f"name:keypoints_y:keypoints_x\na: {[40] * 18}: {[2] * 18}",
                "beyond an image 32 high",
            ),
        ],
    )
    def test_files_that_cannot_be_used(self, choose, tmp_path, write, message):
        path = tmp_path / "mine.csv"
        if write is not None:
            path.write_text(write)
        with pytest.raises(UserError) as error:
            choose(target=str(path))
        assert str(path) in str(error.value)
        assert message in str(error.value)
