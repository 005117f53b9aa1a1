import math

import numpy as np
import pytest
import torch

from posegan_plugin.evaluation.retrieval import Retrieval
from posegan_plugin.evaluation.transfer_samples import average

SIZE = (16, 12)


def colour(images):
    return images.mean((2, 3))


@pytest.fixture
def score_greys(make_people, make_samples):
    """R1 and mAP, asked with a given grey and with the target; the feature is the grey value."""

    def score(greys, pids, camids, condition, target, generated, end=""):
        images = torch.tensor(greys, dtype=torch.uint8)[:, None, None, None].expand(-1, 3, *SIZE)
        people = make_people(pids, camids, images=images)
        answer = torch.full((1, 3, *SIZE), generated / 127.5 - 1)
        samples = make_samples(people, [condition], [target], answer)
        values = Retrieval(colour, elsewhere=bool(end))(samples)
        r1, precision = (
            [round(values[f"{name}_{asked}{end}"].item(), 3) for asked in ("generated", "real")]
            for name in ("R1", "mAP")
        )
        return r1, precision

    return score


def test_by_hand(score_greys):
    # Target 1 (grey 100). Nearest of all: itself, then 4 (101, its camera), then the condition 0.
    # Admitted are 2 (same person, 120) and 3 (another, 70).
    people = ([103, 100, 120, 70, 101], [5, 5, 5, 6, 6], [0, 1, 2, 2, 1])
    assert score_greys(*people, 0, 1, generated=103) == ([100, 100], [100, 100])
    # 93 is 27 from the person and 23 from the other: the person comes second.
    assert score_greys(*people, 0, 1, generated=93) == ([0, 100], [50, 100])


def test_the_condition_and_the_targets_camera_are_no_answers(score_greys):
    # All of the target's person that remains is farther than another person.
    people = ([101, 100, 150, 99], [5, 5, 5, 6])
    assert score_greys(*people, [0, 1, 2, 2], 0, 1, generated=101) == ([0, 0], [50, 50])
    # In the target's camera another person does not count.
    assert score_greys(*people, [0, 1, 2, 1], 0, 1, generated=101) == ([100, 100], [100, 100])


def test_elsewhere_a_background_kept_from_the_condition_does_not_help(score_greys):
    # Image 2 is the person in the condition's camera; 3, another person, is nearer than 4.
    people = ([101, 100, 101, 98, 105], [5, 5, 5, 6, 5], [0, 1, 0, 2, 2])
    assert score_greys(*people, 0, 1, generated=101) == ([100, 100], [83.333, 83.333])
    assert score_greys(*people, 0, 1, generated=101, end="_elsewhere") == ([0, 0], [50, 50])


def test_people_whom_nobody_could_find_are_not_counted(score_greys):
    scores = score_greys([101, 100, 99], [5, 5, 6], [0, 1, 2], 0, 1, generated=101)
    assert all(math.isnan(score) for pair in scores for score in pair)


def naive(queries, gallery, people, conditions, targets, elsewhere=False):
    """R1 and average precision of each query, one gallery image after the other."""
    r1, precisions = [], []
    for query, condition, target in zip(queries, conditions, targets, strict=True):
        others = [
            row
            for row in range(len(gallery))
            if row not in (condition, target)
            and people.camids[row] != people.camids[target]
            and not (elsewhere and people.camids[row] == people.camids[condition])
        ]
        others.sort(key=lambda row: float(((gallery[row] - query) ** 2).sum()))
        right = [people.pids[row] == people.pids[target] for row in others]
        found = [sum(right[: i + 1]) / (i + 1) for i, hit in enumerate(right) if hit]
        r1.append(100.0 * right[0] if any(right) else math.nan)
        precisions.append(100 * float(np.mean(found)) if found else math.nan)
    return r1, precisions


@pytest.mark.parametrize("chunk", [256, 7])
def test_as_a_naive_loop(make_people, make_samples, monkeypatch, chunk):
    monkeypatch.setattr("posegan_plugin.evaluation.retrieval._CHUNK", chunk)
    rng = np.random.default_rng(0)
    pids, camids = rng.integers(0, 8, 40), rng.integers(0, 4, 40)
    pids[:2], camids[:2] = 8, (0, 1)  # whom nobody could find
    people = make_people(pids, camids)
    rows = np.array([(a, b) for a in range(40) for b in range(40) if a != b and pids[a] == pids[b]])
    conditions, targets = rows[rng.permutation(len(rows))[:30]].T
    conditions[0], targets[0] = 0, 1
    generated = torch.rand(30, 3, *SIZE) * 2 - 1
    samples = make_samples(people, conditions, targets, generated)
    values = Retrieval(colour, suffix="_x", elsewhere=True)(samples)
    gallery = colour(people.images.float() / 127.5 - 1)
    for asked, queries in (("generated", colour(generated)), ("real", gallery[targets])):
        for end, elsewhere in (("_x", False), ("_x_elsewhere", True)):
            r1, precision = naive(queries, gallery, people, conditions, targets, elsewhere)
            found = values[f"R1_{asked}{end}"]
            assert found.tolist() == pytest.approx(r1, nan_ok=True)
            assert values[f"mAP_{asked}{end}"].tolist() == pytest.approx(precision, nan_ok=True)
            assert average(found, pids[targets]).count == 30 - np.isnan(r1).sum() < 30


def test_images_are_described_once(make_people, make_samples):
    people, seen = make_people([0, 0, 1], [0, 1, 2]), []

    def describe(images):
        seen.append(len(images))
        return colour(images)

    Retrieval(describe, elsewhere=True)(make_samples(people, [0], [1], torch.zeros(1, 3, *SIZE)))
    assert sum(seen) == 3 + 1 + 1


def test_images_are_described_at_the_size_of_the_data_set(make_people, make_samples):
    people, seen = make_people([0, 0, 1], [0, 1, 2]), set()

    def describe(images):
        seen.add(tuple(images.shape[1:]))
        return colour(images)

    Retrieval(describe)(make_samples(people, [0], [1], torch.zeros(1, 3, 32, 24)))
    assert seen == {(3, *SIZE)}


def test_every_score_has_a_protocol_that_names_the_network(make_people, make_samples):
    score = Retrieval(colour, "osnet of nowhere", "_independent", elsewhere=True)
    people = make_people([0, 0, 1], [0, 1, 2])
    values = score(make_samples(people, [0], [1], torch.zeros(1, 3, *SIZE)))
    assert set(values) == set(score.protocols)
    for end, left_out in (("", "the target's camera"), ("_elsewhere", "the cameras of target and")):
        protocol = score.protocols[f"R1_generated_independent{end}"]
        assert "osnet of nowhere" in protocol
        assert left_out in protocol
