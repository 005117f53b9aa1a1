import shutil
from pathlib import Path

import pytest
import torch

from posegan_plugin.errors import UserError
from posegan_plugin.for_mmengine import figure_inputs
from posegan_plugin.for_mmengine.figure_inputs import (
    describers_of,
    find_person,
    generators_of,
    load_runs,
    people_of,
)
from posegan_plugin.for_mmengine.people_source import PeopleSource
from posegan_plugin.for_mmengine.pretrained import load_pretrained
from posegan_plugin.published import write_weights

SIZE = (32, 16)


@pytest.fixture
def people(tiny):
    return PeopleSource("market_layout", str(tiny.data_root / "procedural_people"), None)


@pytest.fixture
def shown(people):
    return people_of(people, SIZE).dataset


@pytest.fixture
def folder(tiny, tmp_path):
    """A folder of training images, without query and gallery."""
    source = tiny.data_root / "procedural_people"
    shutil.copytree(source / "bounding_box_train", tmp_path / "images")
    shutil.copy(next(source.glob("*annotation-train*.csv")), tmp_path / "images")
    return PeopleSource("image_folder", str(tmp_path / "images"), None)


def published(run, path, **left_out):
    """A weight file of some of a run's networks."""
    networks = {"generator": run.generator, "reid": run.reid, **left_out}
    networks = {name: network for name, network in networks.items() if network is not None}
    state = {f"{n}.{k}": v for n, net in networks.items() for k, v in net.state_dict().items()}
    write_weights(path, state, {name: run.architecture[name] for name in networks})
    return str(path)


def test_names(monkeypatch, tmp_path):
    monkeypatch.setattr(figure_inputs, "load_pretrained", lambda source, config, device: source)
    folder = tmp_path / "run.1"
    folder.mkdir()
    assert load_runs(["a/x.pth"]) == {"synthesised": "a/x.pth"}
    assert list(load_runs(["a/epoch_2.pth", str(folder), "demo"])) == ["epoch_2", "run.1", "demo"]
    assert list(load_runs(["a/x.pth", "b/x.pth"])) == ["a/x", "b/x"]
    assert list(load_runs(["a/x.pth", "a/x.pth"], ["Büro", "人"])) == ["Büro", "人"]
    with pytest.raises(UserError, match="of its own"):
        load_runs(["a/x.pth", "a/x.pth"])


@pytest.mark.parametrize(("names", "what"), [(["a"], "1 names for 2"), (["a", "a"], "of its own")])
def test_names_that_do_not_fit(joint_run, names, what):
    with pytest.raises(UserError, match=what):
        load_runs([str(joint_run.checkpoint)] * 2, names)


def test_query_first_then_gallery(people):
    shown = people_of(people, SIZE)
    folders = [Path(p.path).parent.name for p in shown.dataset.people]
    queries = ["query"] * shown.num_query
    assert folders == queries + ["bounding_box_test"] * (len(folders) - len(queries))
    assert shown.num_query > 0
    train = people_of(people, SIZE, "train")
    assert {Path(p.path).parent.name for p in train.dataset.people} == {"bounding_box_train"}
    assert train.num_query == 0


def test_training_people_where_there_are_no_others(folder, joint_run):
    shown = people_of(folder, SIZE)
    assert len(shown.dataset) > 0
    assert shown.num_query == 0
    with pytest.raises(UserError, match="not divided into query and gallery"):
        describers_of(load_runs([str(joint_run.checkpoint)]), folder)


def test_describers_are_those_of_the_run(people, joint_run):
    describers, shown = describers_of(load_runs([str(joint_run.checkpoint)]), people)
    images = torch.rand(3, 3, *SIZE) * 2 - 1
    expected = load_pretrained(joint_run.checkpoint).describe(images)
    torch.testing.assert_close(describers["synthesised"](images), expected)
    assert shown.dataset.image_size == SIZE


def test_generators_and_people_of_their_size(people, joint_run):
    generators, shown = generators_of(load_runs([str(joint_run.checkpoint)]), people)
    assert [tuple(g.image_size) for g in generators.values()] == [SIZE]
    assert not generators["synthesised"].training
    assert shown.dataset.image_size == SIZE


def test_a_network_that_is_not_there(people, joint_run, tmp_path):
    run = load_pretrained(joint_run.checkpoint)
    only_reid = published(run, tmp_path / "reid.safetensors", generator=None)
    with pytest.raises(UserError, match=r"reid\.safetensors holds no generator"):
        generators_of(load_runs([only_reid]), people)
    only_generator = published(run, tmp_path / "generator.safetensors", reid=None)
    with pytest.raises(UserError, match=r"generator\.safetensors holds no re-ID network"):
        describers_of(load_runs([only_generator]), people)


def test_more_cameras_than_the_generator_knows(people, joint_run):
    runs = load_runs([str(joint_run.checkpoint)])
    runs["synthesised"].generator.num_cameras = 2
    with pytest.raises(UserError, match="knows 2 cameras, these people were seen by 3"):
        generators_of(runs, people)


def test_find_person_by_number_name_and_path(shown):
    third = shown.people[3].path
    assert find_person(shown, "3", 1) == 3
    assert find_person(shown, Path(third).name, 1) == 3
    assert find_person(shown, third, 1) == 3
    assert find_person(shown, str(Path(third).parent / ".." / "query" / Path(third).name), 1) == 3


def test_the_first_with_enough_joints(shown):
    shown.keypoints[:4, :, 2] = 0
    shown.keypoints[2, :5, 2] = 1
    assert find_person(shown, None, 5) == 2
    with pytest.raises(UserError, match=r"2: 5 joints of it are known, 6 are needed"):
        find_person(shown, "2", 6)


@pytest.mark.parametrize("wanted", ["99999", "nobody.png", "-1", "²"])
def test_an_unknown_person(shown, wanted):
    with pytest.raises(UserError, match=f"no image {wanted} among the {len(shown)} images"):
        find_person(shown, wanted, 1)
    shown.keypoints[..., 2] = 0
    with pytest.raises(UserError, match="no person with enough joints"):
        find_person(shown, None, 1)
