import shutil

import pytest

from posegan_plugin import UserError
from posegan_plugin.for_mmengine.joint_people import load_joint_people
from posegan_plugin.for_mmengine.people_source import PeopleSource

SIZE = (32, 32)


@pytest.fixture
def market(tiny, tmp_path):
    """The tiny people in a folder of Market-1501's layout, to be changed."""
    return shutil.copytree(tiny.data_root / "procedural_people", tmp_path / "people")


def load(root, seed=0, keypoints=None):
    source = PeopleSource({"name": "market_layout"}, str(root), keypoints)
    return load_joint_people(source, SIZE, seed)


def files(dataset):
    return {person.path for person in dataset.people}


def test_query_and_gallery_are_tested_on(market):
    train, test = load(market)
    assert train.image_size == test.image_size == SIZE
    assert files(train) == {str(p) for p in (market / "bounding_box_train").iterdir()}
    folders = (market / "query", market / "bounding_box_test")
    assert files(test) == {str(p) for folder in folders for p in folder.iterdir()}


def test_identities_are_held_out_where_only_training_people_have_key_points(market):
    train, test = load(market, keypoints=[str(market / "market-annotation-train.csv")])
    everyone = {str(p) for p in (market / "bounding_box_train").iterdir()}
    assert files(train) | files(test) == everyone
    assert not {p.pid for p in train.people} & {p.pid for p in test.people}
    assert len({p.pid for p in test.people}) == 1  # a tenth of 12
    assert (test.joint_counts > 0).all()


def test_the_draw_comes_from_the_seed(market):
    csv = [str(market / "market-annotation-train.csv")]
    draws = [frozenset(files(load(market, seed, csv)[1])) for seed in (0, 0, 1, 2, 3)]
    assert draws[0] == draws[1]
    assert len(set(draws)) > 1


def test_nobody_left_to_test_on(market):
    people = sorted((market / "bounding_box_train").iterdir())
    for path in people:
        if not path.name.startswith(people[0].name[:4]):
            path.unlink()
    with pytest.raises(UserError, match="shows one person only"):
        load(market, keypoints=[str(market / "market-annotation-train.csv")])
