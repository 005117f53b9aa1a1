import math

import pytest
import torch

from posegan_plugin.augment import PersonBatch, SynthesisPolicy
from posegan_plugin.errors import UserError


def people(count=3):
    rows = torch.arange(count)
    return PersonBatch.of_real(
        torch.zeros(count, 3, 4, 2), torch.ones(count, 18, 3), rows, rows, rows
    )


@pytest.mark.parametrize(
    ("ratio", "real", "expected"), [(0.25, 64, 16), (0, 64, 0), (1, 7, 7), (2, 3, 6), (0.1, 64, 6)]
)
def test_number_of_synthesised_people(ratio, real, expected):
    policy = SynthesisPolicy(ratio=ratio, warmup=0.5)
    assert policy.count(real, progress=0.1) == expected
    assert policy.count(real, progress=0.0) == 0  # their weight is 0


@pytest.mark.parametrize(
    ("warmup", "progress", "expected"),
    [(0, 0, 0.8), (0.5, 0, 0), (0.5, 0.25, 0.4), (0.5, 0.5, 0.8), (0.5, 1, 0.8), (1, 0.1, 0.08)],
)
def test_weight_rises_linearly(warmup, progress, expected):
    policy = SynthesisPolicy(weight=0.8, warmup=warmup)
    assert policy.weight_at(progress) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("until", "progress", "expected"),
    [(1.0, 1.0, 0.8), (0.7, 0.69, 0.8), (0.7, 0.7, 0.0), (0.7, 1.0, 0.0), (0.0, 0.0, 0.0)],
)
def test_nobody_is_synthesised_towards_the_end(until, progress, expected):
    assert SynthesisPolicy(weight=0.8, until=until).weight_at(progress) == expected


@pytest.mark.parametrize(
    ("label", "smoothing"), [("same", math.nan), ("hard", 0.0), ("smooth", 0.3)]
)
def test_labels_of_the_conditions_identity(label, smoothing):
    policy = SynthesisPolicy(label=label, smoothing=0.3, weight=2.0, warmup=0.5)
    marked = policy.label_people(people(), 0.25)
    assert marked.synthesised.all()
    assert marked.weights.tolist() == [1.0] * 3
    assert marked.smoothing.tolist() == pytest.approx([smoothing] * 3, nan_ok=True)
    assert marked.pids.tolist() == [0, 1, 2]
    assert marked.teacher is None


def test_teacher_labels_are_probabilities_of_its_logits_without_gradient():
    weight = torch.tensor([[0.0, math.log(3)]], requires_grad=True)
    batch = people(2)
    batch.images[1] = 1.0
    marked = SynthesisPolicy(label="teacher", smoothing=0.3).label_people(
        batch, 1.0, lambda images: images.mean((1, 2, 3))[:, None] * weight
    )
    assert marked.teacher.flatten().tolist() == pytest.approx([0.5, 0.5, 0.25, 0.75])
    assert not marked.teacher.requires_grad
    assert marked.smoothing.tolist() == [0, 0]


def test_teacher_label_needs_a_teacher():
    with pytest.raises(UserError, match=r"label='teacher'.*teacher_checkpoint"):
        SynthesisPolicy(label="teacher").label_people(people(), 1.0)


def colours(*vectors):
    """Images whose mean colour is the vector; the encoder below reads it."""
    return torch.tensor(vectors)[:, :, None, None].expand(-1, -1, 4, 2)


def test_filter_drops_whose_cosine_is_below():
    conditions = colours((1.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 2.0, 0.0), (1.0, 1.0, 0.0))
    generated = colours((3.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, -1.0, 0.0), (1.0, 0.0, 0.0))

    def encoder(images):
        return images.mean((2, 3))

    # Cosines 1, 0, -1, 0.707.
    for threshold, kept in (
        (0.8, [True, False, False, False]),
        (0.7, [True, False, False, True]),
        (0.0, [True, True, False, True]),
        (-1.0, [True] * 4),
    ):
        policy = SynthesisPolicy(filter=threshold)
        assert policy.keep(conditions, generated, encoder).tolist() == kept


def test_no_filter_keeps_all_and_asks_nobody():
    images = colours((1.0, 0.0, 0.0), (0.0, 1.0, 0.0))
    assert SynthesisPolicy().keep(images, -images, None).tolist() == [True, True]


def test_filter_needs_an_encoder():
    images = colours((1.0, 0.0, 0.0))
    with pytest.raises(UserError, match=r"filter.*filter=None"):
        SynthesisPolicy(filter=0.5).keep(images, images, None)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"target": "nearest"}, r"augment target='nearest'.*same_id, cross_camera, any"),
        ({"label": "soft"}, r"augment label='soft'.*same, hard, smooth, teacher"),
        ({"ratio": -0.1}, r"augment ratio=-0.1 must lie between 0 and 16"),
        ({"smoothing": 1.0}, r"augment smoothing=1.0"),
        ({"weight": -1.0}, r"augment weight=-1.0"),
        ({"weight": math.nan}, r"augment weight=nan"),
        ({"warmup": 1.5}, r"augment warmup=1.5 must lie between 0 and 1"),
        ({"until": -0.1}, r"augment until=-0.1 must lie between 0 and 1"),
        ({"filter": 2.0}, r"augment filter=2.0 must lie between -1 and 1"),
        ({"ratio": None}, r"augment ratio=None must lie between 0 and 16"),
        ({"min_joints": None}, r"augment min_joints=None"),
        ({"min_joints": 0}, r"augment min_joints=0"),
        ({"min_joints": 19}, r"augment min_joints=19 must lie between 1 and 18"),
    ],
)
def test_impossible_options_are_named(options, message):
    with pytest.raises(UserError, match=message):
        SynthesisPolicy(**options)
