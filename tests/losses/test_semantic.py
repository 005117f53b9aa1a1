import pytest
import torch

from posegan_plugin.errors import UserError
from posegan_plugin.losses import semantic_consistency_loss

TOLERANCE = {
    torch.float16: 1e-6,
    torch.bfloat16: 1e-6,
    torch.float32: 1e-6,
    torch.float64: 1e-12,
}


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("through", ["generated", "both"])
def test_equals_naive_loop(dtype, through):
    a, b = torch.randn(2, 3, 4, 2, 2, generator=torch.Generator().manual_seed(0)).to(dtype)
    pairs = zip(a.double().flatten().tolist(), b.double().flatten().tolist(), strict=True)
    differences = [abs(x - y) for x, y in pairs]
    expected = sum(differences) / len(differences)
    loss = semantic_consistency_loss(a, b, through)
    assert loss.item() == pytest.approx(expected, rel=TOLERANCE[dtype])


def test_half_precision_difference_is_not_rounded():
    # 2048 - 0.5 is not a float16 number.
    condition = torch.tensor([[2048.0]], dtype=torch.float16)
    generated = torch.tensor([[0.5]], dtype=torch.float16)
    assert semantic_consistency_loss(condition, generated) == 2047.5


@pytest.mark.parametrize("through", ["generated", "both"])
def test_where_the_gradient_goes(through):
    condition = torch.tensor([[1.0, 1.0]], requires_grad=True)
    generated = torch.tensor([[0.0, 3.0]], requires_grad=True)
    semantic_consistency_loss(condition, generated, through).backward()
    assert generated.grad.tolist() == [[-0.5, 0.5]]
    if through == "both":
        assert condition.grad.tolist() == [[0.5, -0.5]]
    else:
        assert condition.grad is None


def test_equal_embeddings_have_finite_gradient():
    generated = torch.ones(2, 3, requires_grad=True)
    semantic_consistency_loss(torch.ones(2, 3), generated).backward()
    assert not generated.grad.any()


def test_unknown_through():
    with pytest.raises(UserError, match="condition"):
        semantic_consistency_loss(torch.ones(1, 1), torch.ones(1, 1), through="condition")
