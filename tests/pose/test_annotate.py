import numpy as np
import pytest
from PIL import Image

from posegan_plugin.datasets import Person, PersonDataset
from posegan_plugin.errors import UserError
from posegan_plugin.pose import read_keypoint_csv
from posegan_plugin.pose.annotate import annotate_images, check_output, parts_folder
from posegan_plugin.pose.image_list import list_images


class Estimator:
    """All joints at (brightness / 10, batch size), so that results depend on how batches are made."""

    name = "brightness"

    def __init__(self, stop_after=None):
        self.batches = []
        self.stop_after = stop_after

    def __call__(self, images):
        if len(self.batches) == self.stop_after:
            raise KeyboardInterrupt
        self.batches.append(len(images))
        poses = [[(image[0, 0, 0] / 10, len(images), 0.5)] * 18 for image in images]
        return np.array(poses, dtype=np.float32)


@pytest.fixture
def seven(folder):
    return folder(*(f"{n}.png" for n in range(7)))


def interrupted(images, out, **options):
    """A run of batches of 2 that ends after two of them."""
    with pytest.raises(KeyboardInterrupt):
        annotate_images(list_images(images), out, Estimator(stop_after=2), 2, **options)
    assert not out.exists()


def test_every_image_gets_its_pose(seven, tmp_path):
    out = tmp_path / "new" / "poses.csv"
    coverage = annotate_images(list_images(seven), out, Estimator(), batch_size=4)
    poses = read_keypoint_csv(out)
    assert list(poses) == [f"{n}.png" for n in range(7)]
    assert [pose[5].tolist() for pose in poses.values()] == [
        *([n, 4, 1] for n in range(4)),
        *([n, 3, 1] for n in range(4, 7)),
    ]
    assert coverage == (0, 0, 7)
    assert list(out.parent.iterdir()) == [out]


def test_an_interrupted_run_goes_on_and_ends_with_the_same_bytes(seven, tmp_path):
    annotate_images(list_images(seven), tmp_path / "whole.csv", Estimator(), 2)
    out = tmp_path / "poses.csv"
    interrupted(seven, out)
    again = Estimator()
    annotate_images(list_images(seven), out, again, 2)
    assert again.batches == [2, 1]
    assert out.read_bytes() == (tmp_path / "whole.csv").read_bytes()
    assert not parts_folder(out).exists()


def test_killed_after_the_file_was_written(seven, tmp_path, monkeypatch):
    out = tmp_path / "poses.csv"
    monkeypatch.setattr("posegan_plugin.pose.journal.shutil.rmtree", lambda *_, **__: None)
    annotate_images(list_images(seven), out, Estimator(), 2)
    monkeypatch.undo()
    before = out.read_bytes()
    check_output(out)
    again = Estimator()
    annotate_images(list_images(seven), out, again, 2)
    assert again.batches == []
    assert out.read_bytes() == before
    assert not parts_folder(out).exists()


def test_a_run_of_other_settings_is_refused(seven, tmp_path):
    out = tmp_path / "poses.csv"
    interrupted(seven, out, settings={"threshold": 0.3})
    other = Estimator()
    other.name = "other"
    for change, estimator, batch_size, threshold in (
        ("threshold 0.3 (now 0.5)", Estimator(), 2, 0.5),
        ("batch_size 2 (now 3)", Estimator(), 3, 0.3),
        ("estimator brightness (now other)", other, 2, 0.3),
    ):
        with pytest.raises(UserError) as error:
            settings = {"threshold": threshold}
            annotate_images(list_images(seven), out, estimator, batch_size, settings)
        assert change in str(error.value)
        assert str(error.value).count("now") == 1
    again = Estimator()
    annotate_images(list_images(seven), out, again, 3, {"threshold": 0.5}, restart=True)
    assert again.batches == [3, 3, 1]


def replace(images):
    Image.new("RGB", (8, 12), (200, 0, 0)).save(images / "0.png")


@pytest.mark.parametrize(
    "change",
    [lambda i: (i / "6.png").unlink(), replace, lambda i: (i / "6.png").rename(i / "7.png")],
)
def test_a_run_on_other_images_is_refused(seven, tmp_path, change):
    out = tmp_path / "poses.csv"
    interrupted(seven, out)
    change(seven)
    with pytest.raises(UserError, match=r"images 7 with digest .* \(now [67] with .*--restart"):
        annotate_images(list_images(seven), out, Estimator(), 2)


def test_joints_outside_the_image_are_missing(folder, tmp_path):
    class Outside:
        name = "outside"

        def __call__(self, images):
            poses = np.full((len(images), 18, 3), 0.5, dtype=np.float32)
            poses[:, :, 0], poses[:, :9, 0] = 7, 7.6  # the images are 8 wide
            return poses

    images = list_images(folder("a.png"))
    assert annotate_images(images, tmp_path / "a.csv", Outside()) == (0, 1, 0)
    assert (read_keypoint_csv(tmp_path / "a.csv")["a.png"][:, 2] > 0).tolist() == [False] * 9 + [
        True
    ] * 9


def test_data_sets_find_the_right_pose_of_images_that_share_a_name(folder, tmp_path):
    images = folder("x.png", "cam1/x.png", "cam2/x.png", "cam2/y.png")
    out = tmp_path / "poses.csv"
    annotate_images(list_images(images), out, Estimator())
    people = [Person(str(p), 0, 0) for p in list_images(images).paths]
    dataset = PersonDataset(people, read_keypoint_csv(out), image_size=(12, 8))
    order = {"cam1/x.png": 1, "cam2/x.png": 2, "cam2/y.png": 3, "x.png": 0}
    assert dataset.keypoints[:, 0, 0].tolist() == list(order.values())


def test_a_file_that_is_there_is_not_replaced(tmp_path):
    out = tmp_path / "poses.csv"
    check_output(out)
    out.write_text("corrected by hand")
    with pytest.raises(UserError, match=r"poses\.csv is already there; .*--restart"):
        check_output(out)
    check_output(out, restart=True)
    with pytest.raises(UserError, match="folder"):
        check_output(tmp_path)


def test_batch_size(seven, tmp_path):
    with pytest.raises(UserError, match="batch size 0"):
        annotate_images(list_images(seven), tmp_path / "poses.csv", Estimator(), 0)
    assert not parts_folder(tmp_path / "poses.csv").exists()
