import pytest
import torch

from posegan_plugin.evaluation.sharpness import Sharpness, detail
from posegan_plugin.evaluation.trivial_answers import gaussian_blur


def test_detail_by_hand():
    image = torch.tensor([[0.0, 1.0], [0.0, 0.0]])[None, None]
    # Across: 1 and 0; down: 0 and 1.
    assert detail(image).tolist() == [0.5]
    assert detail(torch.ones(2, 3, 4, 4)).tolist() == [0, 0]


def test_it_is_a_ratio_of_all_images(make_people, make_samples):
    people = make_people([5, 5, 6, 6], [0, 1, 0, 1])
    samples = make_samples(people, [0, 2], [1, 3], torch.zeros(2, 3, 16, 12))
    score = Sharpness()
    assert score(samples) == {"sharpness": 0}
    assert set(score.protocols) == {"sharpness"}
    for change, low, high in (
        (lambda x: x, 1 - 1e-6, 1 + 1e-6),
        (lambda x: x / 2, 0.5 - 1e-6, 0.5 + 1e-6),
        (lambda x: gaussian_blur(x, 1.5), 0, 0.4),
        (lambda x: x + torch.randn(x.shape, generator=torch.Generator().manual_seed(0)), 1.2, 9),
    ):
        again = make_samples(people, [0, 2], [1, 3], change(samples.targets))
        assert low <= score(again)["sharpness"] <= high


def test_half_precision():
    images = torch.rand(2, 3, 8, 8)
    assert detail(images.bfloat16()).tolist() == pytest.approx(detail(images).tolist(), rel=0.02)
