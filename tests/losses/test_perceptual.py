import pytest
import torch

from posegan_plugin.errors import UserError
from posegan_plugin.losses import perceptual_loss


def test_by_hand():
    first = torch.tensor([[[[1.0, 3.0]]]]), torch.tensor([[[[2.0, 2.0]]]])  # 1 of 2
    second = torch.tensor([[[[10.0]], [[0.0]]]]), torch.tensor([[[[10.0]], [[10.0]]]])  # 5 of 10
    third = torch.ones(1, 2, 3, 4), torch.ones(1, 2, 3, 4)
    drawn, real = zip(first, second, third, strict=True)
    assert perceptual_loss(drawn, real).item() == pytest.approx((0.5 + 0.5 + 0) / 3)


def test_the_scale_of_a_layer_does_not_matter():
    drawn, real = torch.rand(2, 3, 4, 4), torch.rand(2, 3, 4, 4)
    one = perceptual_loss([drawn], [real])
    assert perceptual_loss([100 * drawn], [100 * real]).item() == pytest.approx(one.item())


def test_only_the_synthesised_image_is_moved():
    drawn, real = (torch.rand(1, 2, 2, 2, requires_grad=True) for _ in range(2))
    perceptual_loss([drawn], [real]).backward()
    assert drawn.grad.abs().sum() > 0
    assert real.grad is None


def test_half_precision_and_dead_layers():
    maps = [torch.zeros(1, 1, 2, 2, dtype=torch.bfloat16)]
    loss = perceptual_loss(maps, maps)
    assert loss == 0
    assert loss.dtype == torch.float32


def test_nothing_to_compare():
    with pytest.raises(UserError, match="no layer"):
        perceptual_loss([], [])
