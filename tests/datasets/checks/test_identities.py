import pytest

from posegan_plugin.datasets.checks import check_people

TRAIN = ((0, 0), (0, 1), (1, 0), (1, 1))


@pytest.fixture
def fault(listed, faults):
    return lambda *lists, **options: faults(listed(*lists, **options))


def test_no_fault(fault):
    assert fault(TRAIN) == {}
    assert fault(TRAIN, [(5, 0)], [(5, 1)]) == {}


def test_distractors_and_identities_in_the_gallery_only_are_normal(fault):
    assert fault(TRAIN, [(5, 0)], [(5, 0), (5, 1), (7, 0)]) == {}


@pytest.mark.parametrize(
    ("lists", "empty"),
    [
        (((), [(5, 0)], [(5, 1)]), "train"),
        ((TRAIN, [(5, 0)], ()), "gallery"),
        ((TRAIN, (), [(5, 0)]), "query"),
    ],
)
def test_empty_lists(listed, lists, empty):
    (finding,) = check_people(listed(*lists))
    assert finding[:4] == ("error", "empty lists", 1, (empty,))


def test_single_camera_and_single_image(listed):
    train = (*TRAIN, (2, 1), (2, 1), (3, 0))
    single_image, single_camera = check_people(listed(train))
    assert single_image[:3] == ("warning", "single-image identities", 1)
    assert single_image.examples[0].startswith("identity 3: ")
    assert single_camera[:3] == ("warning", "single-camera identities", 1)
    assert single_camera.examples[0].startswith("identity 2: ")


def test_queries_without_an_answer(listed):
    query = [(5, 0), (5, 1), (6, 0), (6, 0), (7, 2)]
    gallery = [(5, 0), (6, 0), (5, 1), (8, 2)]
    (finding,) = check_people(listed(TRAIN, query, gallery))
    # 5 is seen by the other camera; 6 by the query's own only; 7 by none.
    assert finding[:3] == ("error", "queries without an answer", 2)
    assert [e.split(":")[0] for e in finding.examples] == ["identity 6", "identity 7"]
    assert "all query identities do not appear in gallery" in finding.advice


def test_identities_in_training_and_test(fault):
    lists = (TRAIN, [(5, 0), (1, 0)], [(5, 1), (1, 1)])
    assert fault(*lists) == {"identities in training and test": ("warning", 1)}
    # torchreid renumbers the training identities: equal numbers say nothing.
    assert fault(*lists, same_numbers=False) == {}
