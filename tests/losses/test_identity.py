import math

import pytest
import torch
import torch.nn.functional as F

from posegan_plugin.errors import UserError
from posegan_plugin.losses import identity_loss

TOLERANCE = {
    torch.float16: 1e-5,
    torch.bfloat16: 1e-5,
    torch.float32: 1e-5,
    torch.float64: 1e-12,
}
PIDS = torch.tensor([0, 3, 2, 2, 1])


def random_logits(dtype=torch.float32):
    return (3 * torch.randn(5, 4, generator=torch.Generator().manual_seed(0))).to(dtype)


def naive_loss(logits, targets, smoothing, weights):
    total, total_weight = 0.0, 0.0
    for row, label, e, w in zip(logits.double().tolist(), targets, smoothing, weights, strict=True):
        log_sum = math.log(sum(math.exp(x) for x in row))
        smooth = [(1 - e) * y + e / len(row) for y in label]
        total += w * sum(y * (log_sum - x) for x, y in zip(row, smooth, strict=True))
        total_weight += w
    return total / total_weight


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize("smoothing", [0.0, 0.1, [0.0, 0.5, 0.25, 0.0, 1.0]])
@pytest.mark.parametrize("weights", [None, [1.0, 0.0, 0.5, 2.0, 0.25]])
def test_equals_naive_loop(dtype, soft, smoothing, weights):
    logits = random_logits(dtype)
    targets = random_logits(torch.float64).flip(0).softmax(dim=1) if soft else PIDS
    labels = targets if soft else F.one_hot(PIDS, 4)
    per_image = smoothing if isinstance(smoothing, list) else [smoothing] * 5
    expected = naive_loss(logits, labels.tolist(), per_image, weights or [1.0] * 5)
    loss = identity_loss(
        logits,
        targets,
        torch.tensor(smoothing) if isinstance(smoothing, list) else smoothing,
        None if weights is None else torch.tensor(weights),
    )
    assert loss.item() == pytest.approx(expected, rel=TOLERANCE[dtype])


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
def test_equals_torch(smoothing):
    logits = random_logits()
    expected = F.cross_entropy(logits, PIDS, label_smoothing=smoothing)
    assert torch.allclose(identity_loss(logits, PIDS, smoothing), expected)


def test_undecided_network_pays_log_k():
    loss = identity_loss(torch.zeros(2, 751), torch.tensor([0, 750]), 0.1)
    assert loss.item() == pytest.approx(math.log(751))


def test_worked_by_hand():
    # p = 1/4, 3/4; the label becomes 0.9, 0.1.
    logits = torch.tensor([[0.0, math.log(3)]])
    loss = identity_loss(logits, torch.tensor([0]), 0.2)
    assert loss.item() == pytest.approx(0.9 * math.log(4) + 0.1 * math.log(4 / 3))


def test_gradient_raises_the_true_logit():
    logits = torch.zeros(1, 4, requires_grad=True)
    identity_loss(logits, torch.tensor([2])).backward()
    assert logits.grad[0].tolist() == pytest.approx([0.25, 0.25, -0.75, 0.25])


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("size", [0, 3])
def test_weights_that_sum_to_zero(dtype, size):
    logits = torch.ones(size, 4, dtype=dtype, requires_grad=True)
    loss = identity_loss(logits, torch.zeros(size).long(), weights=torch.zeros(size))
    loss.backward()
    assert loss.item() == 0
    assert not logits.grad.any()


def test_confident_logits_stay_finite():
    logits = torch.tensor([[6e4, -6e4]], dtype=torch.float16, requires_grad=True)
    loss = identity_loss(logits, torch.tensor([1]))
    loss.backward()
    assert loss.item() == 2 * torch.tensor(6e4, dtype=torch.float16).item()
    assert logits.grad.tolist() == [[1, -1]]


@pytest.mark.parametrize("value", [-0.1, 1.5, math.nan])
def test_impossible_smoothing(value):
    with pytest.raises(UserError, match="label_smoothing"):
        identity_loss(torch.zeros(1, 2), torch.tensor([0]), value)
