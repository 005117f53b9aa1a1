import pytest
import torch

from posegan_plugin.evaluation.image_scores import ssim
from posegan_plugin.losses import structural_loss


@pytest.fixture
def images():
    generator = torch.Generator().manual_seed(0)
    return torch.rand(2, 3, 3, 16, 12, generator=generator) * 2 - 1


def test_it_is_one_minus_the_score(images):
    assert structural_loss(*images).item() == pytest.approx(
        1 - ssim(*images).mean().item(), abs=1e-6
    )
    assert structural_loss(images[0], images[0]).item() == pytest.approx(0, abs=1e-6)


def test_following_its_gradient_raises_the_score(images):
    drawn, target = images[0].clone().requires_grad_(True), images[1]
    for _ in range(5):
        structural_loss(drawn, target).backward()
        with torch.no_grad():
            drawn -= 20 * drawn.grad
            drawn.grad = None
    assert ssim(drawn, target).mean() > ssim(images[0], target).mean() + 0.05


def test_flat_images_have_a_finite_gradient():
    drawn = torch.zeros(1, 3, 16, 12, requires_grad=True)
    structural_loss(drawn, torch.zeros(1, 3, 16, 12)).backward()
    assert drawn.grad.isfinite().all()


def test_mixed_precision(images):
    with torch.autocast("cpu", torch.bfloat16):
        loss = structural_loss(images[0].bfloat16(), images[1])
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(structural_loss(*images).item(), abs=0.01)


def test_too_small():
    with pytest.raises(ValueError, match="11x11"):
        structural_loss(torch.zeros(1, 3, 10, 20), torch.zeros(1, 3, 10, 20))
