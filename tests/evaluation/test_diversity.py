import math

import pytest
import torch

from posegan_plugin.evaluation.diversity import Diversity


def colour(images):
    return images.mean((2, 3))


def flat(*greys):
    return torch.tensor(greys)[:, None, None, None].expand(-1, 3, 16, 12).contiguous()


@pytest.fixture
def samples(make_people, make_samples):
    def make(*greys):
        stored = torch.tensor([0, 51, 0, 102, 0, 204], dtype=torch.uint8)  # targets: the odd ones
        images = stored[:, None, None, None].expand(-1, 3, 16, 12)
        people = make_people([5, 5, 5, 5, 6, 6], [0, 1, 0, 1, 0, 1], images=images)
        return make_samples(people, [0, 2, 4], [1, 3, 5], flat(*greys))

    return make


def test_only_distances_between_people_count(samples):
    score = Diversity(colour, "the mean colour")
    # Targets: -0.6, -0.2 and, of the other person, 0.6: distances 1.2 and 0.8 between people.
    assert score(samples(-0.6, -0.2, 0.6))["diversity"] == pytest.approx(1, abs=1e-5)
    assert score(samples(0.1, 0.1, 0.1))["diversity"] == pytest.approx(0, abs=2e-3)
    assert score(samples(0.0, 0.5, 0.0))["diversity"] == pytest.approx(0.25 / 1.0, abs=1e-3)
    assert "the mean colour" in score.protocols["diversity"]


def test_the_first_pairs_only(samples):
    # The first two are of one person, and nothing is left to compare.
    score = Diversity(colour, "the mean colour", at_most=2)
    assert math.isnan(score(samples(-0.6, -0.2, 0.6))["diversity"])
