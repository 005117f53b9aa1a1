from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

pytest.importorskip("torchreid")

from posegan_plugin.errors import UserError
from posegan_plugin.for_torchreid.people import TrainPeople
from posegan_plugin.images import to_imagenet
from posegan_plugin.pose import write_keypoint_csv


def pose(joints=18, at=0.0):
    points = np.zeros((18, 3), dtype=np.float32)
    points[:joints] = (at, 2 * at, 1)
    return points


def picture(path, level=0, size=(8, 4)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((*size, 3), level, dtype=np.uint8)).save(path)
    return str(path)


def data(items, rows):
    """A batch as torchreid collates it."""
    chosen = [items[row] for row in rows]
    return {
        "img": torch.full((len(rows), 3, 8, 4), float("nan")),
        "pid": torch.tensor([i[1] for i in chosen]),
        "camid": torch.tensor([i[2] for i in chosen]),
        "impath": [i[0] for i in chosen],
        "dsetid": torch.tensor([i[3] if len(i) > 3 else 0 for i in chosen]),
    }


@pytest.fixture
def four(tmp_path):
    """Two people, two cameras."""
    return [
        (picture(tmp_path / f"{n}.png", level=50 * n), pid, camid)
        for n, (pid, camid) in enumerate([(0, 0), (0, 1), (1, 0), (1, 1)])
    ]


def poses(four):
    return {f"{n}.png": pose(at=n) for n in range(len(four))}


def test_batch_is_read_from_disk(four):
    people = TrainPeople(four, poses(four), (16, 8))
    batch = people.batch(data(four, [3, 1]))
    assert batch.images.shape == (2, 3, 16, 8)
    assert batch.images[:, 0, 0, 0].tolist() == pytest.approx([150 / 127.5 - 1, 50 / 127.5 - 1])
    assert (batch.pids.tolist(), batch.camids.tolist()) == ([1, 0], [1, 1])
    assert batch.indices.tolist() == [3, 1]
    # Twice as large: the centre of pixel 3 lies between pixels 6 and 7, that of (3, 6) likewise.
    assert batch.keypoints[0, 0].tolist() == [6.5, 12.5, 1]
    assert not batch.synthesised.any()


def test_labels_are_the_batchs(four):
    """Several sources are renumbered after they were listed."""
    given = data(four, [0, 2])
    given["pid"] += 100
    given["camid"] += 10
    batch = TrainPeople(four, poses(four)).batch(given)
    assert batch.pids.tolist() == [100, 101]
    assert batch.camids.tolist() == [10, 10]


def test_each_image_is_read_once(four, tmp_path):
    people = TrainPeople(four, poses(four), (8, 4))
    before = people.batch(data(four, [0, 1])).images
    for path, *_ in four[:2]:
        picture(tmp_path / path, level=255)
    assert torch.equal(people.batch(data(four, [0, 1])).images, before)


def test_a_damaged_image_is_named_at_once(four):
    """And not by whichever batch it falls into; its header is whole."""
    path = Path(four[2][0])
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(UserError, match=r"2\.png cannot be decoded"):
        TrainPeople(four, poses(four), (8, 4))


def test_pose_bank(four):
    known = poses(four)
    known["1.png"] = pose(joints=5)
    bank = TrainPeople(four, known, (8, 4)).pose_bank(min_joints=6)
    assert bank.indices.tolist() == [0, 2, 3]
    assert bank.pids.tolist() == [0, 1, 1]
    assert bank.camids.tolist() == [0, 0, 1]
    assert bank.keypoints[1, 0].tolist() == [2, 4, 1]


def test_key_point_files(four, tmp_path):
    known = poses(four)
    for number in range(2):
        part = {n: known[n] for n in list(known)[2 * number : 2 * number + 2]}
        write_keypoint_csv(tmp_path / f"{number}.csv", part)
    both = TrainPeople(four, [tmp_path / "0.csv", str(tmp_path / "1.csv")], (8, 4))
    assert both.dataset.keypoints[:, 0, 0].tolist() == [0, 1, 2, 3]
    for one in (tmp_path / "0.csv", str(tmp_path / "0.csv")):
        assert TrainPeople(four, one, (8, 4)).dataset.joint_counts.tolist() == [18, 18, 0, 0]
    with pytest.raises(UserError, match=r"nowhere.csv.*cannot be read"):
        TrainPeople(four, [tmp_path / "nowhere.csv"])


def test_nobody_with_key_points(four):
    with pytest.raises(UserError, match="none of the 4 images"):
        TrainPeople(four, {"somebody.png": pose()})


def test_one_name_for_several_images(tmp_path):
    items = [(picture(tmp_path / c / "1.png", level=n), 0, n) for n, c in enumerate("ab")]
    by_path = {path: pose(at=n) for n, (path, *_) in enumerate(items)}
    people = TrainPeople(items, by_path, (8, 4))
    assert people.dataset.keypoints[:, 0, 0].tolist() == [0, 1]
    with pytest.raises(UserError) as error:
        TrainPeople(items, {"1.png": pose()})
    message = str(error.value)
    assert message.startswith(f"the key points of 1.png could belong to {items[0][0]} and ")
    assert "(a/...)" in message
    # One of them by path leaves one for the name.
    mixed = {items[0][0]: pose(at=2), "1.png": pose(at=1)}
    assert TrainPeople(items, mixed, (8, 4)).dataset.keypoints[:, 0, 0].tolist() == [2, 1]


def test_one_image_in_two_sources(four):
    twice = [(*i, 0) for i in four] + [(p, pid + 2, camid + 2, 1) for p, pid, camid in four]
    people = TrainPeople(twice, poses(four))
    assert people.rows(data(twice, [1, 5])).tolist() == [1, 5]


def test_image_that_is_not_in_the_list(four, tmp_path):
    people = TrainPeople(four[:3], poses(four))
    with pytest.raises(UserError, match=r"3\.png is in a training batch but not in"):
        people.batch(data(four, [0, 3]))


def test_normalisation_of_a_list_is_imagenets(four):
    images = torch.rand(1, 3, 4, 4)
    assert torch.equal(TrainPeople(four, poses(four)).normalize(images), to_imagenet(images))


def test_manager_that_does_not_normalise(four):
    class Manager:
        class train_loader:  # noqa: N801
            class dataset:  # noqa: N801
                data = four
                transform = staticmethod(lambda image: image)

    with pytest.raises(UserError, match="no Normalize step"):
        TrainPeople(Manager, poses(four))
