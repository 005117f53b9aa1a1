"""Batches that a sampler makes sooner or later: losses and gradients stay finite."""

import pytest
import torch

from posegan_plugin.augment import PersonBatch
from posegan_plugin.losses import QuartetLoss, WeightRamp, semantic_consistency_loss
from posegan_plugin.models import ReIDOutput
from posegan_plugin.training import ReIDObjective

IDENTITIES = 5
BATCHES = {
    "no third person, so no quartet": [0, 0, 0, 1, 1],
    "one image of each person": [0, 1, 2, 3, 4],
    "one person": [2, 2, 2],
    "one image": [3],
    "one image of the others": [0, 0, 1, 2, 3],
}


def people(pids, weights=None):
    count = len(pids)
    batch = PersonBatch.of_real(
        torch.zeros(count, 3, 2, 2),
        torch.zeros(count, 18, 3),
        torch.tensor(pids),
        torch.zeros(count, dtype=torch.int64),
        torch.arange(count),
    )
    batch.weights = torch.ones(count) if weights is None else torch.tensor(weights)
    return batch


def vectors(count, kind, dtype):
    values = torch.randn(count, 8, generator=torch.Generator().manual_seed(0))
    if kind == "duplicates":
        values[:] = values[0]
    if kind == "zeros":
        values.zero_()
    if kind == "large":
        values *= 1e4
    return values.to(dtype).requires_grad_()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
@pytest.mark.parametrize("kind", ["different", "duplicates", "zeros", "large"])
@pytest.mark.parametrize("mining", ["random", "hard"])
@pytest.mark.parametrize("pids", BATCHES.values(), ids=BATCHES)
def test_reid_losses(pids, mining, kind, dtype):
    objective = ReIDObjective(None, QuartetLoss(mining=mining), WeightRamp(), 0.1)
    embedding = vectors(len(pids), kind, dtype)
    logits = torch.zeros(len(pids), IDENTITIES, dtype=dtype, requires_grad=True)
    torch.manual_seed(0)
    output = ReIDOutput(embedding, embedding, logits)
    total, log = objective(output, people(pids), progress=1.0)
    total.backward()
    assert total.isfinite()
    assert all(log[k].isfinite() for k in ("loss_id", "loss_quartet"))
    for tensor in (embedding, logits):
        assert tensor.grad is not None  # or a process would wait for it in distributed training
        assert tensor.grad.isfinite().all()
    assert logits.grad.abs().max() > 0


def test_people_who_count_for_nothing():
    embedding = vectors(4, "different", torch.float32)
    logits = torch.zeros(4, IDENTITIES, requires_grad=True)
    batch = people([0, 0, 1, 2], weights=[0.0] * 4)
    total, _ = ReIDObjective()(ReIDOutput(embedding, embedding, logits), batch, 1.0)
    total.backward()
    assert total == 0
    assert embedding.grad.count_nonzero() == logits.grad.count_nonzero() == 0


def test_an_image_that_was_generated_perfectly():
    """The absolute difference has no derivative at 0; torch's is 0."""
    wanted = torch.ones(2, 4)
    generated = wanted.clone().requires_grad_()
    semantic_consistency_loss(wanted, generated).backward()
    assert generated.grad.count_nonzero() == 0
