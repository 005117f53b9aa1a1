"""Batches that a sampler makes sooner or later: the steps of both engines stay finite."""

import contextlib
import io
import math

import pytest
import torch
from torch.utils.data import default_collate

pytest.importorskip("torchreid")

from posegan_plugin.for_torchreid.quartet_engine import ImageQuartetEngine

# (identity, image) of each row.
BATCHES = {
    "one image of each person": [(i, 0) for i in range(6)],
    "two people, so no quartet": [(i, k) for i in range(2) for k in range(3)],
    "one person": [(0, k) for k in range(4)],
    "one image of some": [(0, 0), (0, 1), (1, 0), (2, 0)],
    "the same image several times": [(0, 0)] * 4 + [(1, 0)] * 2 + [(2, 0)] * 2,
    "one image twice": [(0, 0)] * 2,
}


def rows(dataset, wanted):
    people = {}
    for row, item in enumerate(dataset.data):
        people.setdefault(item[1], []).append(row)
    return default_collate([dataset[people[i][k]] for i, k in wanted])


def finite(engine, log):
    networks = [engine._models[name] for name in engine.get_model_names()]
    values = [v for network in networks for v in network.state_dict().values()]
    return all(math.isfinite(v) for v in log.values()) and all(v.isfinite().all() for v in values)


@pytest.mark.parametrize("wanted", BATCHES.values(), ids=BATCHES)
def test_joint_steps(joint_engine, wanted):
    with contextlib.redirect_stdout(io.StringIO()):
        engine = joint_engine(policy={"ratio": 0.5})
    engine.set_model_mode("train")
    torch.manual_seed(0)
    log = engine.forward_backward(rows(engine.train_loader.dataset, wanted))
    assert finite(engine, log)
    assert ("loss_R" in log) == (len({i for i, _ in wanted}) < len(wanted))


@pytest.mark.parametrize("mining", ["random", "hard"])
@pytest.mark.parametrize("wanted", BATCHES.values(), ids=BATCHES)
def test_quartet_steps(market_manager, small_model, wanted, mining):
    manager = market_manager()
    small_model.classifier = torch.nn.Linear(8, manager.num_train_pids)
    optimizer = torch.optim.SGD(small_model.parameters(), 0.1)
    engine = ImageQuartetEngine(manager, small_model, optimizer, mining=mining, use_gpu=False)
    engine.set_model_mode("train")
    before = small_model.classifier.weight.clone()
    log = engine.forward_backward(rows(manager.train_loader.dataset, wanted))
    assert finite(engine, log)
    assert not torch.equal(small_model.classifier.weight, before)
