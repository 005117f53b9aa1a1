import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from posegan_plugin import UserError
from posegan_plugin.for_mmengine import ReIDDataset
from posegan_plugin.for_mmengine import load_people as module
from posegan_plugin.for_mmengine.load_people import load_keypoints, load_people

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
