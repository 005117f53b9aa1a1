import argparse
from pathlib import Path

import pytest

from posegan_plugin.errors import UserError
from posegan_plugin.for_mmengine.people_source import add_people_arguments, people_source


def source(*line, positional=False):
    parser = argparse.ArgumentParser()
    add_people_arguments(parser, positional)
    return people_source(parser.parse_args([str(part) for part in line]))


@pytest.mark.parametrize(
    "folders",
    [
        ["bounding_box_train", "query", "bounding_box_test"],
        ["bounding_box_train", "query"],  # incomplete: never read as something else
        ["query", "bounding_box_test"],
    ],
)
def test_a_folder_in_market_layout(tmp_path, folders):
    for folder in folders:
        (tmp_path / folder).mkdir()
    people = source("--root", tmp_path)
    assert people == ({"name": "market_layout"}, str(tmp_path), None, True, 10, "error")


def test_a_training_set_alone(tmp_path):
    (tmp_path / "bounding_box_train").mkdir()
    people = source("--root", tmp_path)
    assert people[:2] == ({"name": "image_folder", "folder": "bounding_box_train"}, str(tmp_path))


def test_another_folder(tmp_path):
    assert source("--root", tmp_path).source == {"name": "image_folder"}
    # Not there: the reader of folders says so.
    assert source("--root", tmp_path / "x") == (
        {"name": "image_folder"},
        str(tmp_path / "x"),
        *(None, True, 10, "error"),
    )


def test_a_list(tmp_path):
    (tmp_path / "mine.csv").touch()
    people = source("--root", tmp_path / "mine.csv")
    assert people[:2] == ({"name": "person_list", "file": "mine.csv"}, str(tmp_path))


def test_a_torchreid_data_set(tmp_path):
    (tmp_path / "bounding_box_train").mkdir()
    people = source("--root", tmp_path, "--dataset", "market1501")
    assert people[:3] == ({"name": "market1501"}, str(tmp_path), None)


def test_key_point_files_are_relative_to_where_the_user_stands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    people = source("--root", "data", "--keypoints", "a.csv", "/b/c.csv")
    assert people.keypoints == [str(tmp_path / "a.csv"), str(Path("/b/c.csv"))]


def test_a_config(tiny):
    people = source("--config", tiny.config)
    assert people.source["name"] == "procedural_people"
    assert people.source["num_train_ids"] == 12
    assert people[1:] == ("data", None, True, 10, "error")
    assert source("--config", tiny.config, "--root", "elsewhere").data_root == "elsewhere"
    named = source("--config", tiny.config, "--keypoints", "/a.csv")
    assert named.keypoints == [str(Path("/a.csv"))]


def test_what_the_configs_training_needs(tiny, tmp_path):
    config = tmp_path / "own.py"
    config.write_text(
        f"_base_ = [{str(tiny.config)!r}]\nmodel = dict(mode='baseline', augment=dict(min_joints=7))\n"
    )
    people = source("--config", config)
    assert (people.needs_keypoints, people.min_joints) == (False, 7)
    with config.open("a") as file:
        file.write("train_dataloader = dict(dataset=dict(on_error='skip'))\n")
    assert source("--config", config).on_error == "skip"


def test_config_as_positional(tiny):
    expected = source("--config", tiny.config)
    assert source(tiny.config, positional=True) == expected
    assert source("--config", tiny.config, positional=True) == expected
    assert source("--root", "x", positional=True).source == {"name": "image_folder"}
    with pytest.raises(SystemExit):
        source(tiny.config, "--config", tiny.config, positional=True)
    with pytest.raises(SystemExit):
        source(tiny.config)


def test_refusals(tiny, tmp_path):
    with pytest.raises(UserError, match="--config CONFIG, or --root DIR"):
        source()
    with pytest.raises(UserError, match="the config names the data set"):
        source("--config", tiny.config, "--dataset", "market1501")
    with pytest.raises(UserError, match=r"nowhere\.py does not exist"):
        source("--config", tmp_path / "nowhere.py")
    (tmp_path / "empty.py").write_text("model = dict()\n")
    with pytest.raises(UserError, match=r"no train_dataloader\.dataset\.source"):
        source("--config", tmp_path / "empty.py")
