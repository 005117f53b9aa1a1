import pytest

from posegan_plugin.datasets import Person, ReIDSplits
from posegan_plugin.synthesis.identities import (
    REAL,
    SYNTHESISED,
    identity_numbers,
    image_name,
    relative_paths,
)


def splits(train, query=(), gallery=()):
    return ReIDSplits(
        "made up", *([Person(*p, 0) for p in some] for some in (train, query, gallery))
    )


NAMED = [("a/0007_c1s1_1.jpg", 1), ("a/0002_c1s1_1.jpg", 0), ("b/0007_c2s1_1.jpg", 1)]


def test_numbers_of_the_names_are_kept():
    numbers = identity_numbers(splits(NAMED, [("q/0031_c1.jpg", 31)], [("g/0000_c1.jpg", 0)]))
    assert numbers.train == {0: 2, 1: 7}
    assert numbers.test == {0: 0, 31: 31}


@pytest.mark.parametrize(
    "train",
    [
        [("a/x.jpg", 0), ("a/0007_c1.jpg", 1)],  # a name without numbers
        [
            ("a/0007_c1.jpg", 0),
            ("a/0008_c1.jpg", 0),
            ("a/0009_c1.jpg", 1),
        ],  # two numbers, one person
        [("a/0007_c1.jpg", 0), ("b/0007_c2.jpg", 1)],  # one number, two people
    ],
)
def test_other_names_give_numbers_from_1_on_with_the_test_people_behind(train):
    numbers = identity_numbers(splits(train, [("q/9_c1.jpg", 9)], [("g/0_c1.jpg", 0)]))
    assert numbers.train == {0: 1, 1: 2}
    assert numbers.test == {0: 3, 9: 4}


def test_names_of_the_test_people_count_too():
    numbers = identity_numbers(splits(NAMED, [("q/somebody.jpg", 5)]))
    assert (numbers.train, numbers.test) == ({0: 1, 1: 2}, {5: 3})


def test_junk_has_no_number():
    numbers = identity_numbers(splits(NAMED, [("q/0031_c1.jpg", 31)], [("g/-1_c1.jpg", -1)]))
    assert numbers.test == {31: 31}


def test_image_names():
    assert image_name(2, 0, REAL, 451, 0, ".jpg") == "0002_c1s1_000451_00.jpg"
    assert image_name(2, 5, SYNTHESISED, 451, 3, ".png") == "0002_c6s0_000451_03.png"
    assert image_name(12345, 14, REAL, 1234567, 100, ".jpg") == "12345_c15s1_1234567_100.jpg"


def test_paths_relative_to_the_folder_of_all(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    paths = [str(tmp_path / "set" / "train" / "a.jpg"), "set/query/b.jpg"]
    assert relative_paths(paths) == ["train/a.jpg", "query/b.jpg"]
    assert relative_paths(["set/query/b.jpg"]) == ["b.jpg"]
    assert relative_paths([]) == []
