"""Batches that a sampler makes sooner or later, and numbers that are not finite."""

import copy
import math

import pytest
import torch
from torch.utils.data import default_collate

from posegan_plugin.training import NonFiniteError

# (identity, image) of each row.
BATCHES = {
    "one image of each person": [(i, 0) for i in range(8)],
    "two people, so no quartet": [(i, k) for i in range(2) for k in range(4)],
    "one person": [(0, k) for k in range(4)],
    "one image": [(0, 0)],
    "one image of some": [(0, 0), (0, 1), (1, 0), (2, 0)],
    "the same image several times": [(0, 0)] * 4 + [(1, 0)] * 2 + [(2, 0)] * 2,
    "one image twice": [(0, 0)] * 2,
}


def rows(people, wanted):
    by_person = {p: (people.pids == p).nonzero()[0].tolist() for p in set(people.pids.tolist())}
    return default_collate([people[by_person[i][k]] for i, k in wanted])


@pytest.mark.parametrize("mode", ["joint", "baseline"])
@pytest.mark.parametrize("wanted", BATCHES.values(), ids=BATCHES)
def test_steps_stay_finite(build, step, people, wanted, mode):
    model = build(mode=mode)
    log, changed, _ = step(model, rows(people, wanted))
    assert "reid" in changed
    has_pairs = len({i for i, _ in wanted}) < len(wanted)
    assert ("loss_R" in log) == ("generator" in changed) == (has_pairs and mode == "joint")
    assert all(v.isfinite() for k, v in log.items() if k.startswith("loss"))
    assert all(v.isfinite().all() for v in model.state_dict().values())
    assert all(m.training for m in model.modules())


def test_one_image_leaves_the_statistics_of_the_others(build, step, people):
    _, _, buffers = step(build(mode="baseline"), rows(people, [(0, 0)]))
    assert buffers == set()


def poisoned(model, name):
    """A network with one weight that is nan."""
    parameter = dict(model.named_parameters())[name]
    with torch.no_grad():
        parameter.view(-1)[0] = math.nan
    return model


@pytest.mark.parametrize(
    ("mode", "weight", "message"),
    [
        ("baseline", "reid.classifier.4.bias", "^loss_id is nan$"),
        ("joint", "reid.classifier.4.bias", "^loss_id is nan$"),
        ("joint", "reid.embedding.bias", "^loss_quartet is nan$"),
        ("joint", "generator.pagn.head.0.bias", "^loss_D_I is nan and loss_D_P is nan$"),
    ],
)
def test_a_loss_that_is_not_finite_moves_no_weight(build, step, batch, mode, weight, message):
    model = poisoned(build(mode=mode), weight)
    before = copy.deepcopy(dict(model.named_parameters()))
    with pytest.raises(NonFiniteError, match=message):
        step(model, batch)
    for name, parameter in model.named_parameters():
        # The discriminators' own step comes before the losses of the others.
        if "discriminator" not in name or "loss_D" in message:
            assert torch.equal(parameter.nan_to_num(), before[name].nan_to_num()), name


def test_a_gradient_that_is_not_finite_moves_no_weight(build, step, batch):
    model = build()
    model.reid.embedding.weight.register_hook(lambda gradient: gradient * math.inf)
    before = copy.deepcopy(dict(model.named_parameters()))
    with pytest.raises(NonFiniteError, match=r"^the gradient of the reid is (nan|inf)"):
        step(model, batch)
    for name, parameter in model.named_parameters():
        if "discriminator" not in name:
            assert torch.equal(parameter, before[name]), name
