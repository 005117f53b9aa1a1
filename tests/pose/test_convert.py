import numpy as np
import pytest

from posegan_plugin.errors import UserError
from posegan_plugin.pose import read_keypoint_csv
from posegan_plugin.pose.convert import convert_poses
from posegan_plugin.pose.formats import PoseFile
from posegan_plugin.pose.image_list import list_images


def pose(at=3, joints=18):
    found = np.zeros((18, 3), dtype=np.float32)
    found[:joints] = (at, at + 1, 0.5)
    return found


def source(poses, with_suffix=True, **options):
    return PoseFile(with_suffix, {name: pose(at) for name, at in poses.items()}, **options)


def convert(images, out, poses):
    result = convert_poses(list_images(images), out, poses)
    return result, {n: int(p[0, 0]) for n, p in read_keypoint_csv(out).items() if p.any()}


def test_images_by_name(folder, tmp_path):
    images = folder("a.png", "b.png", "cam/c.png")
    poses = source({"c.png": 4, "a.png": 2, "z.png": 5}, several=2)
    result, found = convert(images, tmp_path / "poses.csv", poses)
    assert found == {"a.png": 2, "c.png": 4}
    assert list(read_keypoint_csv(tmp_path / "poses.csv")) == ["a.png", "b.png", "c.png"]
    assert result.coverage == (1, 0, 2)
    assert (result.unnamed, result.unused, result.several, result.outside) == (1, 1, 2, 0)
    assert [line.split()[0] for line in result.lines()] == ["1", "1", "2"]


def test_names_without_suffix_and_with_folders(folder, tmp_path):
    images = folder("a.v1.png", "cam1/b.png", "cam2/b.png", "cam3/b.png")
    poses = source({"a.v1": 1, "cam1/b": 2, "images/cam2/b": 3}, with_suffix=False)
    _, found = convert(images, tmp_path / "poses.csv", poses)
    assert found == {"a.v1.png": 1, "cam1/b.png": 2, "cam2/b.png": 3}


def test_where_the_user_stands_does_not_matter(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(folder("a.png"))
    _, found = convert(".", tmp_path / "poses.csv", source({"images/a.png": 2}))
    assert found == {"a.png": 2}


def test_nothing_fits(folder, tmp_path):
    images = list_images(folder("a.png"))
    with pytest.raises(UserError, match=r"none of the 1 images .* for example, '7\.png'"):
        convert_poses(images, tmp_path / "poses.csv", source({"7.png": 1}))
    with pytest.raises(UserError, match="none at all"):
        convert_poses(images, tmp_path / "poses.csv", source({}))
    assert not (tmp_path / "poses.csv").exists()


@pytest.mark.parametrize(
    ("files", "poses", "with_suffix"),
    [
        (("cam1/a.png", "cam2/a.png"), {"a.png": 1}, True),
        (("cam1/a.png", "cam2/a.png"), {"a": 1}, False),
        (("a.png", "a.jpg"), {"a": 1}, False),
    ],
)
def test_a_name_that_fits_several_images(folder, tmp_path, files, poses, with_suffix):
    with pytest.raises(UserError, match=r"the key points of a.* could belong to"):
        convert(folder(*files), tmp_path / "poses.csv", source(poses, with_suffix))
    assert not (tmp_path / "poses.csv").exists()


@pytest.mark.parametrize("name", ["a.png", "a"])
def test_a_name_that_fits_the_same_picture_twice(folder, tmp_path, name):
    images = folder("query/a.png", "test/a.png")
    (images / "test/a.png").write_bytes((images / "query/a.png").read_bytes())
    poses = source({name: 2}, with_suffix=name == "a.png")
    result, found = convert(images, tmp_path / "poses.csv", poses)
    assert found == {"query/a.png": 2, "test/a.png": 2}
    assert (result.unnamed, result.unused) == (0, 0)


def test_images_of_another_size_than_the_file_says(folder, tmp_path):
    images = folder("a.png")
    sizes = {"a.png": (12, 8), "other.png": (1, 1)}
    convert(images, tmp_path / "poses.csv", source({"a.png": 1}, sizes=sizes))
    with pytest.raises(UserError, match=r"a\.png is 8x12, but the key points say 16x24"):
        convert(images, tmp_path / "p.csv", source({"a.png": 1}, sizes={"a.png": (24, 16)}))


def test_joints_outside(folder, tmp_path):
    images = folder("a.png", "b.png")
    poses = source({"a.png": 1, "b.png": 1})
    poses.poses["b.png"][:12] = (8, 3, 0.5)
    result, _ = convert(images, tmp_path / "poses.csv", poses)
    assert result.outside == 12
    assert result.coverage == (0, 1, 1)
    poses.poses["a.png"][:7] = (8, 3, 0.5)  # 19 of 36
    with pytest.raises(UserError, match=r"19 of 36 joints .* images of another size"):
        convert(images, tmp_path / "p.csv", poses)
    assert not (tmp_path / "p.csv").exists()
