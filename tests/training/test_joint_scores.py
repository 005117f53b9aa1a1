import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from posegan_plugin.datasets import Person, PersonDataset
from posegan_plugin.pose import COCO17_JOINTS, JOINTS
from posegan_plugin.training.joint_scores import (
    evaluate_joints,
    find_joints,
    score_joints,
    score_mean_pose,
)

SIZE = (64, 32)


class Fixed(nn.Module):
    """Finds every joint at the same place of the frame."""

    image_size = SIZE

    def __init__(self, x, y, scores):
        super().__init__()
        self.places = nn.Parameter(torch.zeros(1))  # evaluate_joints asks where parameters are
        self.x, self.y, self.scores = x, y, torch.as_tensor(scores)

    def forward(self, images):
        simcc = []
        for at, bins in ((self.x, 64), (self.y, 128)):
            row = torch.zeros(len(images), 17, bins)
            row[..., round(2 * at)] = self.scores
            simcc.append(row)
        return tuple(simcc)


def people(tmp_path, stored, places):
    """One image a place, (height, width) as stored, with all joints there."""
    found, listed = {}, []
    for number, (x, y) in enumerate(places):
        path = tmp_path / f"{stored[0]}_{number}.png"
        Image.fromarray(np.zeros((*stored, 3), dtype=np.uint8)).save(path)
        found[path.name] = np.tile(np.float32([x, y, 1]), (18, 1))
        listed.append(Person(str(path), number, 0))
    return PersonDataset(listed, found, SIZE)


def test_scores_by_hand():
    true = torch.tensor([0.1, 0.2, 1.0]).repeat(4, 18, 1)
    found = true.clone()
    true[2:, 0, 2] = 0  # the nose of two people is hidden
    found[1:3, 0, 2] = 0  # found: 0 and 3, there: 0 and 1
    found[0, 1, 1] += 0.11  # a neck too far away is found all the same
    found[1, 1, 1] += 0.06
    scores = score_joints(found, true)
    assert scores.counts[:2].tolist() == [2, 4]
    assert (scores.pck[0], scores.precision[0], scores.recall[0]) == (0.5, 0.5, 0.5)
    assert (scores.pck[1], scores.precision[1], scores.recall[1]) == (0.75, 1.0, 1.0)
    assert scores.pck_fine[1] == 0.5
    assert scores.overall == pytest.approx((68 / 70, 67 / 70, 69 / 70, 69 / 70))


def test_table():
    true = torch.tensor([0.1, 0.2, 1.0]).repeat(2, 18, 1)
    found = true.clone()
    found[0, :, 2] = 0
    lines = score_joints(found, true).table().splitlines()
    assert len(lines) == 20
    assert lines[0].split() == ["joint", "people", "PCK@0.1", "PCK@0.05", "precision", "recall"]
    assert lines[1].split() == ["nose", "2", "0.500", "0.500", "1.000", "0.500"]
    assert lines[-1].split() == ["all", "36", "0.500", "0.500", "1.000", "0.500"]


def test_unsure_joints_are_missing_and_the_neck_needs_both_shoulders():
    scores = torch.full((17,), 0.6)
    scores[COCO17_JOINTS.index("left_shoulder")] = 0.29
    scores[COCO17_JOINTS.index("nose")] = 0.3
    joints = find_joints(Fixed(8.5, 30, scores), torch.zeros(2, 3, *SIZE), threshold=0.3)
    assert joints.shape == (2, 18, 3)
    missing = [JOINTS[j] for j in (joints[0, :, 2] == 0).nonzero().flatten().tolist()]
    assert missing == ["neck", "left_shoulder"]
    assert joints[0, JOINTS.index("right_hip")].tolist() == pytest.approx([8.5, 30, 0.6])


def test_distances_are_in_heights_of_the_image_file(tmp_path):
    """The middle of the frame is the middle of the image, whatever its size and shape."""
    network = Fixed(15.5, 31.5, 0.9)
    # A tenth of the height of 100 is 10 px, of 40 is 4 px. Middle: (19.5, 49.5) and (19.5, 19.5).
    tall = people(tmp_path, (100, 40), [(19.5, 40.0), (19.5, 39.0), (29.0, 49.5), (30.0, 49.5)])
    assert evaluate_joints(network, tall).overall[0] == pytest.approx(0.5)
    wide = people(tmp_path, (40, 40), [(16.0, 19.5), (15.0, 19.5), (19.5, 23.0), (19.5, 24.0)])
    assert evaluate_joints(network, wide).overall[0] == pytest.approx(0.5)


def test_in_batches(tmp_path):
    dataset = people(tmp_path, (64, 32), [(15.5, 31.5), (15.5, 20.0), (15.5, 33.0)])
    network = Fixed(15.5, 31.5, 0.9)
    whole = evaluate_joints(network, dataset)
    parts = evaluate_joints(network, dataset, batch_size=2)
    assert whole.overall == parts.overall
    assert whole.overall[0] == pytest.approx(2 / 3)
    assert whole.counts.tolist() == [3] * 18


def test_the_mean_pose_is_in_heights_too(tmp_path):
    # 0.05 of the height right of the middle and 0.2 above it, both on average.
    train = people(tmp_path, (40, 20), [(9.5, 7.5), (13.5, 15.5)])
    # In an image of 80x60 px that is (33.5, 23.5); 4 px are a twentieth and 8 px a tenth.
    places = [(33.5, 23.5), (33.5, 30.5), (42.5, 23.5), (33.5, 33.0)]
    scores = score_mean_pose(train, people(tmp_path, (80, 60), places))
    assert scores.overall[:2] == pytest.approx((0.5, 0.25))
