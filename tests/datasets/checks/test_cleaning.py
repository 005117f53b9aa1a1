"""What is left after cleaning passes the checks, and is what was right before."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from posegan_plugin.datasets.checks import ERROR, check_people, clean
from posegan_plugin.errors import UserError
from posegan_plugin.pose import FLIP_ORDER

TRAIN = ((0, 0), (0, 1), (1, 0), (1, 1))


def rows(inventory):
    return {s: [(p.path, p.pid, p.camid) for p in people] for s, people in inventory.lists.items()}


def paths(inventory, split):
    return [p.path.rsplit("/", 1)[1] for p in inventory.lists[split]]


def errors(inventory):
    return [f for f in check_people(inventory) if f.severity == ERROR]


@pytest.fixture(scope="session")
def clean_people(clean):
    return clean


def test_clean_people_stay_as_they_are(clean_people):
    result, log = clean(clean_people)
    assert log == Counter()
    assert rows(result) == rows(clean_people)
    for path, name in clean_people.names.items():
        assert np.array_equal(result.poses[result.names[path]], clean_people.poses[name])


def test_unreadable_and_wrongly_named(root, inventory_of):
    first, second, *others = sorted((root / "bounding_box_train").iterdir())
    first.write_bytes(b"")
    second.rename(second.with_name("x.jpg"))
    result, log = clean(inventory_of(root))
    assert log == {"unreadable images left out": 1, "wrongly named files left out": 1}
    assert paths(result, "train") == [p.name for p in others]
    assert check_people(result) == []


def test_duplicates(listed):
    train = (*TRAIN, (0, 0, "leak"), (1, 0, "twice"), (1, 0, "twice"))
    train += ((0, 1, "whose"), (1, 1, "whose"))
    people = listed(train, [(5, 0), (5, 0, "leak")], [(5, 1), (5, 0, "leak")])
    result, log = clean(people)
    assert log == {"duplicates left out": 3, "contradicting duplicates left out": 2}
    assert paths(result, "train") == [f"train{n}.png" for n in (0, 1, 2, 3, 5)]
    assert paths(result, "query") == ["query0.png", "query1.png"]
    assert paths(result, "gallery") == ["gallery0.png"]
    assert check_people(result) == []


def test_queries_without_an_answer(listed):
    result, log = clean(listed(TRAIN, [(5, 0), (6, 0)], [(5, 1), (6, 0)]))
    assert log == {"queries without an answer left out": 1}
    assert paths(result, "query") == ["query0.png"]
    assert paths(result, "gallery") == ["gallery0.png", "gallery1.png"]


def test_no_query_is_left(listed):
    result, log = clean(listed(TRAIN, [(5, 0)], [(5, 0)]))
    assert log["gallery images left out, as no query is left"] == 1
    assert check_people(result) == []


def test_nobody_is_left(listed):
    with pytest.raises(UserError, match="no training image"):
        clean(listed((), [(5, 0)], [(5, 1)]))


def test_numbers_of_a_renumbered_training_list_do_not_meet_those_of_the_test(listed):
    people = listed(TRAIN, [(0, 0), (1, 0)], [(0, 1), (1, 1)], same_numbers=False)
    result, _ = clean(people)
    assert [p.pid for p in result.lists["train"]] == [2, 2, 3, 3]
    assert check_people(result) == []


@pytest.mark.parametrize(
    ("change", "done"),
    [
        (lambda k: k[..., [1, 0, 2]], ["x and y"]),
        (lambda k: k[:, FLIP_ORDER], ["left and right"]),
        (lambda k: k[:, FLIP_ORDER][..., [1, 0, 2]], ["x and y", "left and right"]),
    ],
)
def test_swaps_are_undone(with_poses, clean_people, change, done):
    result, log = clean(with_poses(change))
    assert log == {f"poses whose {what} were exchanged": len(result.names) for what in done}
    for path, name in clean_people.names.items():
        assert np.array_equal(result.poses[result.names[path]], clean_people.poses[name])


def test_a_pair_swapped_against_the_others_is_not_mended(with_poses):
    order = list(range(18))
    order[8], order[11] = 11, 8
    result, log = clean(with_poses(lambda k: k[:, order]))
    assert log == {}
    assert [f.check for f in errors(result)] == ["hips swapped against shoulders"]


def test_unknown_order(with_poses):
    result, log = clean(with_poses(lambda k: k[:, ::-1]))
    assert log == {"poses left out, as their joint order is not known": 132}
    assert result.poses == {}
    assert [f.check for f in errors(result)] == ["no key points"]


def test_key_points_of_larger_images(with_poses):
    result, log = clean(with_poses(lambda k: k * (2, 2, 1)))
    assert log == {"poses left out, as they are those of larger images": 132}
    assert result.poses == {}


def test_joints_outside(with_poses, clean_people):
    def change(keypoints):
        keypoints[0, 4] = (40, 5, 1)
        keypoints[0, 7] = (31.5, 63.4, 1)  # inside, but 32 when rounded
        return keypoints

    result, log = clean(with_poses(change))
    assert log == {"joints outside the image left out": 1}
    (path,) = (p for p, n in clean_people.names.items() if n == next(iter(clean_people.poses)))
    pose = result.poses[result.names[path]]
    assert pose[4].tolist() == [0, 0, 0]
    assert pose[7].tolist() == [31, 63, 1]


def test_files_that_cannot_be_used(clean_people):
    name, other = list(clean_people.poses)[:2]
    images = [p for p, n in clean_people.names.items() if n in (name, other)]
    people = replace(
        clean_people,
        names={p: n for p, n in clean_people.names.items() if p not in images},
        shared_names={name: images},
        broken_files=["poses.csv:3: no"],
    )
    result, log = clean(people)
    assert log == {
        "poses left out that fit several pictures": 1,
        "broken key point files left out": 1,
    }
    assert [f.check for f in check_people(result)] == ["images without key points"]
