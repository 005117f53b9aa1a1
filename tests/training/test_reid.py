import math

import pytest
import torch

from posegan_plugin.augment import PersonBatch
from posegan_plugin.errors import UserError
from posegan_plugin.losses import (
    ObjectiveWeights,
    QuartetLoss,
    WeightRamp,
    mean_pairwise_distance,
)
from posegan_plugin.models import ReIDOutput
from posegan_plugin.training import ReIDObjective

PIDS = [0, 0, 1, 2, 1, 3]
SYNTHESISED = [False, False, False, False, True, True]
CLASSES = 5
ID_ONLY = ObjectiveWeights(quartet=0)


def batch(**fields):
    count = len(PIDS)
    rows = torch.arange(count)
    people = PersonBatch.of_real(
        torch.zeros(count, 3, 2, 2), torch.zeros(count, 18, 3), torch.tensor(PIDS), rows, rows
    )
    people.synthesised = torch.tensor(SYNTHESISED)
    for name, value in fields.items():
        setattr(people, name, torch.tensor(value))
    return people


def output(seed=0):
    generator = torch.Generator().manual_seed(seed)
    count = len(PIDS)
    return ReIDOutput(
        torch.zeros(count, 4),
        torch.randn(count, 6, generator=generator),
        2 * torch.randn(count, CLASSES, generator=generator),
    )


def naive(logits, labels, weights):
    """Weighted mean of the cross-entropies with full label distributions."""
    total = 0.0
    for row, label, weight in zip(logits.tolist(), labels, weights, strict=True):
        log_sum = math.log(sum(math.exp(x) for x in row))
        total += weight * sum(share * (log_sum - x) for x, share in zip(row, label, strict=True))
    return total / sum(weights)


def one_hot(pid, smoothing=0.0):
    return [(k == pid) * (1 - smoothing) + smoothing / CLASSES for k in range(CLASSES)]


def identity(people, **options):
    total, log = ReIDObjective(ID_ONLY, **options)(output(), people, 1.0)
    assert total.item() == pytest.approx(log["loss_id"].item())
    return total.item()


def test_plain_identity_loss():
    expected = naive(output().logits, [one_hot(p) for p in PIDS], [1.0] * 6)
    assert identity(batch()) == pytest.approx(expected, rel=1e-5)


def test_weight_0_for_synthesised_people_is_the_real_people_alone():
    people = batch(weights=[1.0, 1.0, 1.0, 1.0, 0.0, 0.0])
    expected = naive(output().logits[:4], [one_hot(p) for p in PIDS[:4]], [1.0] * 4)
    assert identity(people) == pytest.approx(expected, rel=1e-5)


def test_weights_are_shares():
    weights = [1.0, 1.0, 1.0, 1.0, 0.25, 0.5]
    expected = naive(output().logits, [one_hot(p) for p in PIDS], weights)
    assert identity(batch(weights=weights)) == pytest.approx(expected, rel=1e-5)


def test_synthesised_people_may_bring_their_own_smoothing_and_others_have_the_objectives():
    # The smoothing of real rows in the batch is not used.
    people = batch(smoothing=[0.9, 0.9, 0.9, math.nan, 0.3, math.nan])
    smoothing = [0.1, 0.1, 0.1, 0.1, 0.3, 0.1]
    labels = [one_hot(p, s) for p, s in zip(PIDS, smoothing, strict=True)]
    expected = naive(output().logits, labels, [1.0] * 6)
    assert identity(people, label_smoothing=0.1) == pytest.approx(expected, rel=1e-5)


def test_teachers_distribution_for_synthesised_people_and_one_hot_for_nan_rows():
    soft = [[0.1, 0.2, 0.3, 0.4, 0.0], [0.5, 0.0, 0.0, 0.0, 0.5]]
    people = batch(teacher=[[math.nan] * CLASSES] * 4 + soft)
    labels = [one_hot(p) for p in PIDS[:4]] + soft
    expected = naive(output().logits, labels, [1.0] * 6)
    assert identity(people) == pytest.approx(expected, rel=1e-5)


def test_gradients_are_finite_with_nan_rows():
    logits = output().logits.requires_grad_()
    people = batch(teacher=[[math.nan] * CLASSES] * 4 + [[0.2] * CLASSES] * 2)
    total, _ = ReIDObjective(ID_ONLY)(ReIDOutput(None, output().embedding, logits), people, 1.0)
    total.backward()
    assert logits.grad.isfinite().all()


class TwoQuartets(QuartetLoss):
    """Always the same quartets, of the people that are there."""

    def _choose_quartets(self, embeddings, pids, generator, counted):
        quartets = torch.tensor([[0, 1, 2, 3], [2, 4, 0, 5]])
        return quartets, counted[quartets].all(dim=1)


@pytest.mark.parametrize(("progress", "factor"), [(0.0, 0), (0.2, 0), (0.3, 0.25), (0.9, 1)])
@pytest.mark.parametrize("synthesised", [1.0, 0.5, 0.0])
def test_total_with_the_quartet_ramp(progress, factor, synthesised):
    weights = ObjectiveWeights(identity=2.0, quartet=3.0)
    objective = ReIDObjective(weights, TwoQuartets(tau1=-1.0), WeightRamp(0.2, 0.6))
    people = batch(weights=[1.0] * 4 + [synthesised] * 2)
    total, log = objective(output(), people, progress)
    x = output().embedding
    x = x / x.norm(dim=1, keepdim=True)

    def d(i, j):
        return (x[i] - x[j]).square().sum().item()

    by_hand = [
        max(2 * d(a, b) - d(a, c) - d(e, c), -1.0) + max(d(a, b), 0.1)
        for a, b, c, e in ((0, 1, 2, 3), (2, 4, 0, 5))
    ]
    share = synthesised**2  # the second quartet has two synthesised people
    mean = (by_hand[0] + share * by_hand[1]) / (1 + share)
    assert log["loss_quartet"].item() == pytest.approx(mean, rel=1e-5)
    expected = 2 * log["loss_id"] + 3 * factor * log["loss_quartet"]
    assert total.item() == pytest.approx(expected.item())


@pytest.mark.parametrize("mining", ["random", "hard"])
def test_quartets_of_real_people_alone(mining):
    quartet = QuartetLoss(tau1=-8.0, mining=mining)  # never reached
    objective = ReIDObjective(ObjectiveWeights(identity=0), quartet, quartet_people="real")
    made = output()
    x = made.embedding.requires_grad_()
    unit = x.detach() / x.detach().norm(dim=1, keepdim=True)

    def d(i, j):
        return (unit[i] - unit[j]).square().sum().item()

    # Two anchors, 0 and 1, and two orders of the people 2 and 3 that are left for each.
    of_anchor = [
        [2 * d(0, 1) - d(a, c) - d(5 - c, c) + max(d(0, 1), 0.1) for c in (2, 3)] for a in (0, 1)
    ]
    means = [(first + second) / 2 for first in of_anchor[0] for second in of_anchor[1]]
    for _ in range(20):
        total, log = objective(made, batch(), 1.0)
        assert min(abs(log["loss_quartet"].item() - mean) for mean in means) < 1e-5
    total.backward()
    assert x.grad[:4].abs().sum(dim=1).min() > 0
    assert not x.grad[4:].any()


def test_unknown_quartet_people():
    with pytest.raises(
        UserError, match=r"quartet_people='fake' is unknown; choose one of all, real"
    ):
        ReIDObjective(quartet_people="fake")


def test_training_accuracy_of_real_people_only():
    logits = torch.zeros(6, CLASSES)
    for row, guess in enumerate([0, 1, 1, 2, 1, 3]):  # wrong for the second; right for synthesised
        logits[row, guess] = 1
    _, log = ReIDObjective()(output()._replace(logits=logits), batch(), 1.0)
    assert log["train_accuracy"].item() == pytest.approx(0.75)


def test_spread_is_that_of_the_embeddings():
    _, log = ReIDObjective()(output(), batch(), 1.0)
    assert log["embedding_spread"].item() == mean_pairwise_distance(output().embedding).item()
    same = output()._replace(embedding=torch.ones(6, 6))
    assert ReIDObjective()(same, batch(), 1.0)[1]["embedding_spread"].item() == pytest.approx(0)
