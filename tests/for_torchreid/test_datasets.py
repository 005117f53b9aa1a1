import functools
import socket
import urllib.request
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("torchreid")

from posegan_plugin.errors import UserError
from posegan_plugin.for_torchreid.datasets import load_torchreid_dataset
from posegan_plugin.for_torchreid.resolver import torchreid_module

TRAIN = ["0007_c2s1_000001_01.jpg", "0002_c1s1_000451_03.jpg", "0007_c1s3_000009_01.jpg"]
QUERY = ["0003_c6s1_000001_00.jpg", "0001_c1s1_000001_00.jpg"]
GALLERY = ["0003_c1s1_000001_01.jpg", "0000_c4s1_000001_01.jpg", "-1_c3s1_000001_01.jpg"]
FOLDERS = ("bounding_box_train", "query", "bounding_box_test")


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    def refuse(*arguments, **options):
        raise AssertionError(f"the network was asked for: {arguments}")

    for name in ("urlopen", "urlretrieve"):
        monkeypatch.setattr(urllib.request, name, refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr("gdown.download", refuse)


def make(root, lists=(TRAIN, QUERY, GALLERY), inner="Market-1501-v15.09.15"):
    folder = root / "market1501" / inner
    random = np.random.default_rng(0)
    for name, files in zip(FOLDERS, lists, strict=True):
        (folder / name).mkdir(parents=True)
        for file in files:
            pixels = random.integers(0, 256, (8, 4, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / name / file)
    return folder


def everything(root):
    return sorted(str(p) for p in root.rglob("*"))


def test_market1501(tmp_path, capsys):
    folder = make(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        splits = load_torchreid_dataset("market1501", tmp_path)
    assert splits.name == "market1501"
    assert [p.path for p in splits.train] == [str(folder / FOLDERS[0] / n) for n in sorted(TRAIN)]
    assert [(p.pid, p.camid) for p in splits.query] == [(1, 0), (3, 5)]
    assert [Path(p.path).name for p in splits.gallery] == sorted(GALLERY)[1:]  # no junk
    assert [(p.pid, p.camid) for p in splits.gallery] == [(0, 3), (3, 0)]
    second, seventh, again = (p.pid for p in splits.train)
    assert seventh == again
    assert {second, seventh} == {0, 1}
    assert [p.camid for p in splits.train] == [0, 0, 1]
    assert (splits.num_identities, splits.num_cameras) == (2, 6)
    assert splits.keypoints == []
    assert capsys.readouterr().out == ""


def test_order_does_not_depend_on_the_file_system(tmp_path, monkeypatch):
    make(tmp_path)
    market = torchreid_module("data.datasets.image.market1501")
    expected = load_torchreid_dataset("market1501", str(tmp_path))
    glob = market.glob.glob
    monkeypatch.setattr(market.glob, "glob", lambda pattern: glob(pattern)[::-1])
    found = load_torchreid_dataset("market1501", str(tmp_path))
    assert [p.path for p in found.train] == [p.path for p in expected.train]
    assert found.query == expected.query
    assert found.gallery == expected.gallery


@pytest.mark.parametrize("name", ["person.jpg", "0001_c7s1_000001_01.jpg", "1502_c1s1_1_01.jpg"])
def test_name_that_torchreid_does_not_accept(tmp_path, name):
    make(tmp_path, (TRAIN, QUERY, [*GALLERY, name]))
    with pytest.raises(UserError, match=r"'market1501'.*name torchreid's reader does not accept"):
        load_torchreid_dataset("market1501", tmp_path)


def test_missing_dataset_is_neither_downloaded_nor_created(tmp_path):
    with pytest.raises(UserError) as error:
        load_torchreid_dataset("market1501", tmp_path)
    message = str(error.value)
    assert message.startswith(f"dataset 'market1501' is not under data_root {tmp_path}")
    assert str(tmp_path / "market1501") in message
    assert everything(tmp_path) == []


@pytest.mark.parametrize(
    "name", ["dukemtmcreid", "msmt17", "cuhk03", "viper", "grid", "cuhk01", "university1652"]
)
def test_no_other_dataset_is_downloaded_either(tmp_path, name):
    with pytest.raises(UserError, match=f"'{name}'"):
        load_torchreid_dataset(name, tmp_path)
    assert everything(tmp_path) == []


def test_a_data_set_that_fetches_itself_is_read_where_it_is(tmp_path):
    (tmp_path / "university1652").mkdir()
    with pytest.raises(UserError, match=r"not complete: .*University-Release/train"):
        load_torchreid_dataset("university1652", tmp_path)


def test_missing_root_is_named_and_not_created(tmp_path):
    with pytest.raises(UserError, match=r"data_root .*nowhere is not a folder.*--data-root"):
        load_torchreid_dataset("market1501", tmp_path / "nowhere")
    assert everything(tmp_path) == []


@pytest.mark.parametrize("folder", FOLDERS)
def test_incomplete_dataset_names_the_folder(tmp_path, folder):
    path = make(tmp_path) / folder
    path.rename(tmp_path / "elsewhere")
    with pytest.raises(UserError) as error:
        load_torchreid_dataset("market1501", tmp_path)
    assert f"'market1501' under data_root {tmp_path} is not complete" in str(error.value)
    assert str(path) in str(error.value)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_empty_list(tmp_path, number):
    lists = [TRAIN, QUERY, GALLERY]
    lists[number] = []
    make(tmp_path, lists)
    with pytest.raises(UserError, match=r"'market1501' under data_root .* empty"):
        load_torchreid_dataset("market1501", tmp_path)


def test_unknown_name_lists_the_known_ones(tmp_path):
    with pytest.raises(UserError) as error:
        load_torchreid_dataset("market1510", tmp_path)
    message = str(error.value)
    assert message.startswith("dataset 'market1510' is neither")
    for name in ("procedural_people", "market_layout", "market1501", "msmt17"):
        assert name in message


def test_datasets_that_the_user_registered(tmp_path, monkeypatch):
    base = torchreid_module("data.datasets.dataset").ImageDataset

    class Mine(base):
        def __init__(self, root="", suffix="", **options):
            lists = [[(f"{root}/{name}{suffix}", 3, 1)] for name in ("t", "q", "g")]
            super().__init__(*lists, **options)

    table = vars(torchreid_module("data.datasets"))["__image_datasets"]
    monkeypatch.setitem(table, "mine", Mine)
    monkeypatch.setitem(table, "partial", functools.partial(Mine, suffix=".png"))
    splits = load_torchreid_dataset("mine", tmp_path, suffix=".jpg")
    assert splits.train == [(f"{tmp_path}/t.jpg", 3, 1)]
    assert splits.gallery == [(f"{tmp_path}/g.jpg", 3, 1)]
    assert load_torchreid_dataset("partial", tmp_path).query == [(f"{tmp_path}/q.png", 3, 1)]


def test_nothing_in_torchreid_is_patched(tmp_path):
    table = vars(torchreid_module("data.datasets"))["__image_datasets"]
    before = dict(table), table["market1501"].download_dataset
    make(tmp_path)
    load_torchreid_dataset("market1501", tmp_path)
    assert (dict(table), table["market1501"].download_dataset) == before
