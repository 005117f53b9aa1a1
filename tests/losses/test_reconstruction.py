import pytest
import torch

from posegan_plugin.losses import reconstruction_loss

TOLERANCE = {
    torch.float16: 1e-6,
    torch.bfloat16: 1e-6,
    torch.float32: 1e-6,
    torch.float64: 1e-12,
}


def naive_loss(generated, target, mask):
    errors = []
    for image, true, use in zip(generated.double(), target.double(), mask.tolist(), strict=True):
        if use:
            pairs = zip(image.flatten().tolist(), true.flatten().tolist(), strict=True)
            errors += [abs(a - b) for a, b in pairs]
    return sum(errors) / len(errors)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("mask", [None, [True] * 4, [True, False, False, True]])
def test_equals_naive_loop(dtype, mask):
    generator = torch.Generator().manual_seed(0)
    generated, target = (torch.rand(2, 4, 3, 6, 5, generator=generator) * 2 - 1).to(dtype)
    mask = None if mask is None else torch.tensor(mask)
    expected = naive_loss(generated, target, torch.ones(4) if mask is None else mask)
    loss = reconstruction_loss(generated, target, mask)
    assert loss.item() == pytest.approx(expected, rel=TOLERANCE[dtype])


def test_worked_by_hand():
    generated = torch.zeros(2, 1, 1, 2)
    target = torch.tensor([[1.0, -0.5], [9.0, 9.0]]).reshape(2, 1, 1, 2)
    assert reconstruction_loss(generated, target, torch.tensor([True, False])) == 0.75
    assert reconstruction_loss(generated, target) == (0.75 + 9) / 2


def test_gradient_only_where_a_target_exists():
    generated = torch.zeros(2, 1, 2, 2, requires_grad=True)
    target = torch.ones(2, 1, 2, 2)
    reconstruction_loss(generated, target, torch.tensor([False, True])).backward()
    assert not generated.grad[0].any()
    assert (generated.grad[1] == -1 / 4).all()


@pytest.mark.parametrize("dtype", TOLERANCE)
def test_no_target_gives_zero_with_gradient(dtype):
    generated = torch.ones(2, 3, 4, 4, dtype=dtype, requires_grad=True)
    loss = reconstruction_loss(generated, torch.zeros_like(generated), torch.zeros(2).bool())
    loss.backward()
    assert loss.item() == 0
    assert not generated.grad.any()


def test_empty_batch():
    generated = torch.ones(0, 3, 4, 4, requires_grad=True)
    loss = reconstruction_loss(generated, generated.detach())
    loss.backward()
    assert loss.item() == 0


def test_left_out_targets_are_never_read():
    generated = torch.zeros(2, 1, 2, 2, requires_grad=True)
    target = torch.stack([torch.full((1, 2, 2), torch.nan), torch.ones(1, 2, 2)])
    loss = reconstruction_loss(generated, target, torch.tensor([False, True]))
    loss.backward()
    assert loss.item() == 1
    assert generated.grad.isfinite().all()
