import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from posegan_plugin import UserError
from posegan_plugin.for_mmengine import ReIDDataset
from posegan_plugin.for_mmengine import load_people as module
from posegan_plugin.for_mmengine.load_people import load_keypoints, load_people
from posegan_plugin.pose import resize_keypoints

LAYOUT = {"name": "market_layout", "folder": "procedural_people"}
SPEC = {
    "num_train_ids": 2,
    "num_test_ids": 1,
    "num_cameras": 2,
    "cameras_per_id": 2,
    "height": 32,
    "width": 16,
}


def dataset(tiny, split="train", **options):
    return ReIDDataset(
        LAYOUT, split, **{"data_root": tiny.data_root, "image_size": (32, 16), **options}
    )


def test_training_split(tiny):
    people = dataset(tiny)
    assert len(people) == 72
    assert sorted(set(people.pids.tolist())) == list(range(12))
    assert people.num_query == 0
    assert not any(people[i]["is_query"] for i in range(72))
    assert people.metainfo == {
        "dataset": "market_layout",
        "num_identities": 12,
        "num_cameras": 3,
    }


def test_test_split_is_queries_then_gallery(tiny):
    people = dataset(tiny, "test")
    assert len(people) == 24
    assert people.num_query == 12
    assert [people[i]["is_query"] for i in range(24)] == [True] * 12 + [False] * 12
    paths = [p.path for p in people.people]
    assert all("/query/" in p for p in paths[:12])
    assert all("/bounding_box_test/" in p for p in paths[12:])


def test_a_test_split_knows_the_training_poses_in_its_own_pixels(tiny):
    poses = dataset(tiny).keypoints
    assert poses[..., 2].any()
    assert torch.equal(dataset(tiny, "test").training_poses(), poses)
    larger = dataset(tiny, "test", image_size=(64, 32)).training_poses()
    assert torch.allclose(larger, resize_keypoints(poses, (32, 16), (64, 32)), atol=1e-4)


@pytest.mark.parametrize("cache", [True, "memory", "device"])
def test_cached_batches_are_the_same(tiny, cache, monkeypatch):
    lines = []
    where = "posegan_plugin.for_mmengine.dataset.print_log"
    monkeypatch.setattr(where, lambda text, *_: lines.append(text))
    plain, cached = dataset(tiny, "test"), dataset(tiny, "test", cache=cache, image_size=(256, 128))
    assert lines == ["the 24 decoded test images take 2 MB"]
    cached = dataset(tiny, "test", cache=cache)
    for one, other in zip(DataLoader(plain, 5), DataLoader(cached, 5), strict=True):
        assert one.keys() == other.keys()
        assert all(torch.equal(one[key], other[key].to(one[key].device)) for key in one)


def test_item(tiny):
    item = dataset(tiny)[5]
    assert item["image"].dtype == torch.uint8
    assert item["image"].shape == (3, 32, 16)
    assert item["keypoints"].shape == (18, 3)
    assert item["index"] == 5
    assert {"pid", "camid", "is_query"} <= set(item)


def test_key_points_beside_the_images_or_in_named_files(tiny, tmp_path):
    beside = dataset(tiny).keypoints
    assert (beside[..., 2] > 0).any()
    files = [f"procedural_people/market-annotation-{part}.csv" for part in ("train", "test")]
    assert torch.equal(dataset(tiny, keypoints=files).keypoints, beside)
    root = shutil.copytree(tiny.data_root, tmp_path / "data")
    (root / "own.csv").write_text((root / files[0]).read_text())
    for name in files:
        (root / name).unlink()
    assert torch.equal(dataset(tiny, data_root=root, keypoints=["own.csv"]).keypoints, beside)
    with pytest.raises(UserError, match="keypoints key"):
        dataset(tiny, data_root=root)
    with pytest.raises(UserError, match="none of the 24 images"):
        dataset(tiny, "test", data_root=root, keypoints=["own.csv"])


def test_key_points_are_not_read_where_they_are_not_needed(tiny):
    people = dataset(tiny, keypoints=["nowhere.csv"], require_keypoints=False)
    assert people.keypoints.count_nonzero() == 0
    assert people.joint_counts.tolist() == [0] * 72


def test_later_files_win(tiny, tmp_path):
    splits = load_people(LAYOUT, tiny.data_root)
    (train,) = (p for p in splits.keypoints if "train" in p.name)
    text = train.read_text()
    first = Path(splits.train[0].path).name
    zeros = str([0] * 18)
    (tmp_path / "more.csv").write_text(f"{text.splitlines()[0]}\n{first}: {zeros}: {zeros}\n")
    found = load_keypoints([train, tmp_path / "more.csv"], splits, tiny.data_root)
    assert found[first].tolist() == [[0, 0, 1]] * 18
    assert len(found) == 72


def test_unknown_split(tiny):
    with pytest.raises(UserError, match="'train' or 'test'"):
        dataset(tiny, "query")


@pytest.mark.parametrize(
    ("source", "part"),
    [
        ("no_such_data", "no_such_data"),
        ({"name": "procedural_people", "ids": 3}, "ids"),
        ({"folder": "procedural_people"}, "needs a name"),
        ({"name": "market_layout", "folder": "elsewhere"}, "elsewhere"),
    ],
)
def test_sources_that_are_not_there(tiny, source, part):
    with pytest.raises(UserError, match=part):
        load_people(source, tiny.data_root)


def test_source_is_not_changed(tiny):
    source = dict(LAYOUT)
    load_people(source, tiny.data_root)
    assert source == LAYOUT


def test_procedural_people_are_rendered_once(tmp_path, monkeypatch):
    source = {"name": "procedural_people", **SPEC}
    first = load_people(source, tmp_path)
    assert (first.num_identities, first.num_cameras) == (2, 2)
    assert [len(part) for part in (first.train, first.query, first.gallery)] == [8, 2, 2]
    before = {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*")}
    assert load_people(source, tmp_path) == first
    assert {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*")} == before
    with pytest.raises(UserError, match="another spec"):
        load_people({**source, "seed": 1}, tmp_path)


def test_torchreids_data_sets_go_by_name(tmp_path, monkeypatch):
    calls = []
    monkeypatch.setattr(
        module, "load_torchreid_dataset", lambda *a, **k: calls.append((a, k)) or "people"
    )
    assert load_people("market1501", tmp_path) == "people"
    assert load_people({"name": "cuhk03", "split_id": 2}, tmp_path) == "people"
    assert calls == [
        (("market1501", tmp_path), {}),
        (("cuhk03", tmp_path), {"split_id": 2}),
    ]


def test_cameras_and_identities_follow_the_file_names(tiny):
    people = dataset(tiny)
    names = [p.path.rsplit("/", 1)[1] for p in people.people]
    assert [int(n.split("_c")[1][0]) - 1 for n in names] == people.camids.tolist()
    originals = [int(n[:4]) for n in names]
    assert np.array_equal(np.unique(originals, return_inverse=True)[1], people.pids)


@pytest.fixture
def faulty(tiny, tmp_path):
    """A copy without a readable image of identity 0, with one truncated query and two bad rows."""
    root = shutil.copytree(tiny.data_root, tmp_path / "data")
    folder = root / "procedural_people"
    train = sorted((folder / "bounding_box_train").glob("*.jpg"))
    first = train[0].name.split("_")[0]
    damaged = [path for path in train if path.name.startswith(first)]
    damaged.append(next((folder / "query").iterdir()))
    for path in damaged:
        path.write_bytes(path.read_bytes()[:-60])  # the header is whole
    csv = folder / "market-annotation-train.csv"
    rows = csv.read_text().split("\n")
    rows[-2] = rows[-2].replace("[", "[7, ", 1)
    rows[-3] = rows[-3][:-5]
    csv.write_text("\n".join(rows))
    return root, [str(path) for path in damaged], [row.split(":")[0] for row in rows[-3:-1]]


def test_an_error_names_the_first_fault(faulty, tiny):
    with pytest.raises(UserError, match=r"annotation-train\.csv:7\d: "):
        dataset(tiny, data_root=faulty[0])
    with pytest.raises(UserError, match="on_error='ignore' is unknown; choose 'error' or 'skip'"):
        dataset(tiny, on_error="ignore")


def test_skip_leaves_out_what_cannot_be_read(faulty, tiny, monkeypatch):
    lines = []
    where = "posegan_plugin.for_mmengine.load_people.print_log"
    monkeypatch.setattr(where, lambda text, *_: lines.append(text))
    root, damaged, names = faulty
    whole = dataset(tiny)
    people = dataset(tiny, data_root=root, on_error="skip")
    left = [p.path.split("/")[-1] for p in people.people]
    gone = {path.split("/")[-1] for path in damaged}
    assert left == [n for n in (p.path.split("/")[-1] for p in whole.people) if n not in gone]
    # One identity has vanished: the others are numbered without a gap.
    assert sorted(set(people.pids.tolist())) == list(range(11))
    assert people.metainfo["num_identities"] == 11
    kept = [row for row, p in enumerate(whole.people) if p.path.split("/")[-1] not in gone]
    assert people.pids.tolist() == [whole.pids[row] - 1 for row in kept]
    rows = [left.index(name) for name in names]
    assert not people.keypoints[rows].any()
    others = [row for row in range(len(left)) if row not in rows]
    assert torch.equal(people.keypoints[others], whole.keypoints[kept][others])
    assert all(people[row]["image"].shape == (3, 32, 16) for row in range(len(people)))
    log = "".join(lines)
    assert f"{len(damaged)} images and 2 rows of key points are left out" in log
    assert all(path in log for path in damaged)
    assert "annotation-train.csv:72: " in log
    assert "annotation-train.csv:73: " in log


def test_skip_in_the_test_lists(faulty, tiny):
    people = dataset(tiny, "test", data_root=faulty[0], on_error="skip")
    assert (len(people), people.num_query) == (23, 11)


def test_nothing_is_left_to_train_on(tiny, tmp_path):
    root = shutil.copytree(tiny.data_root, tmp_path / "data")
    for path in (root / "procedural_people" / "bounding_box_train").iterdir():
        path.write_bytes(b"")
    with pytest.raises(UserError, match="none of the 72 training images of 'market_layout'"):
        dataset(tiny, data_root=root, on_error="skip")


def test_the_pose_of_an_image_that_is_left_out_goes_to_nobody(tiny, tmp_path):
    """Nor is an image given the row that fits it less well."""
    folder = tmp_path / "people"
    source = tiny.data_root / "procedural_people"
    image = sorted((source / "bounding_box_train").iterdir())[0]
    row = (source / "market-annotation-train.csv").read_text().split("\n")[1].split(":", 1)[1]
    for number in "12":
        (folder / number).mkdir(parents=True)
        shutil.copy(image, folder / number / "0001_c1.jpg")
    (folder / "1" / "0001_c1.jpg").write_bytes(image.read_bytes()[:-60])
    options = {"data_root": str(folder), "on_error": "skip", "image_size": (32, 16)}

    def read(*rows):
        text = "\n".join(["name:keypoints_y:keypoints_x", *rows])
        (folder / "own-annotation.csv").write_text(text)
        return ReIDDataset("image_folder", "train", **options)

    with pytest.raises(UserError, match=r"0001_c1\.jpg could belong to"):
        read(f"0001_c1.jpg:{row}")
    assert read(f"2/0001_c1.jpg:{row}").keypoints.any()
    with pytest.raises(UserError, match="none of the 1 images"):
        read(f"0001_c1.jpg:{row}", "2/0001_c1.jpg: [1]: [2]")


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("image_size", [None, "", 1.5, [], [32], [32, 16, 3], [0, 16], ["32", "16"], [1 << 40, 1]]),
        ("keypoints", ["poses.csv", -1, float("nan"), [1], {}]),
        ("data_root", [None, 1, [], {}]),
    ],
)
def test_values_of_another_kind(tiny, key, values):
    for value in values:
        with pytest.raises(UserError, match=f"dataset {key}="):
            dataset(tiny, **{key: value})


@pytest.mark.parametrize("source", [None, 1, [1, "a"], {}, {"name": None}])
def test_sources_without_name(source, tiny):
    with pytest.raises(UserError, match="source needs a name"):
        load_people(source, tiny.data_root)
