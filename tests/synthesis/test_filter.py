import math

import pytest
import torch

from posegan_plugin.synthesis import filter_images


def at(*degrees):
    """Descriptors of different lengths in a plane, at angles to the source."""
    return torch.stack(
        [
            (1 + n) * torch.tensor([math.cos(math.radians(d)), math.sin(math.radians(d))])
            for n, d in enumerate(degrees)
        ]
    )


SOURCE = torch.tensor([3.0, 0.0])


def test_similarity_is_the_cosine_and_nothing_is_dropped_by_default():
    similarities, reasons = filter_images(SOURCE, at(0, 60, 90, 180))
    assert similarities.tolist() == pytest.approx([1, 0.5, 0, -1], abs=1e-7)
    assert reasons == [""] * 4


def test_identity_keeps_what_is_as_similar_as_asked():
    images = torch.tensor([[4.0, 3.0], [3.0, 4.0], [0.0, 1.0]])  # cosines 0.8, 0.6 and 0
    assert filter_images(SOURCE, images, 0.79)[1] == ["", "identity", "identity"]
    assert filter_images(SOURCE, images, 0.0)[1] == ["", "", ""]


def test_diversity_of_siblings_takes_the_most_similar_to_the_source_first():
    # 40 and 50 are 10 degrees apart, 40 and 80 are 40 apart: with at most cos 20 only one of the
    # first two may stay, and it is the one nearer to the source whatever the order.
    limit = math.cos(math.radians(20))
    assert filter_images(SOURCE, at(50, 40, 80), None, limit)[1] == ["diversity", "", ""]
    assert filter_images(SOURCE, at(40, 50, 80), None, limit)[1] == ["", "diversity", ""]


def test_diversity_drops_what_is_the_source_again():
    limit = math.cos(math.radians(20))
    assert filter_images(SOURCE, at(10, 30, -30), None, limit)[1] == ["diversity", "", ""]


def test_a_dropped_image_bars_no_other():
    # 45 bars 60 by diversity; 60 must not then bar 75.
    limit = math.cos(math.radians(20))
    assert filter_images(SOURCE, at(45, 60, 75), None, limit)[1] == ["", "diversity", ""]
    # 70 is dropped for its identity and must not bar 60.
    assert filter_images(SOURCE, at(60, 70), 0.45, limit)[1] == ["", "identity"]


def test_of_two_that_are_the_same_the_first_stays():
    assert filter_images(SOURCE, at(60, 60), None, 0.9)[1] == ["", "diversity"]


def test_one_image_and_none():
    assert filter_images(SOURCE, at(60), 0.6, 0.9)[1] == ["identity"]
    similarities, reasons = filter_images(SOURCE, torch.zeros(0, 2), 0.5, 0.9)
    assert (len(similarities), reasons) == (0, [])
