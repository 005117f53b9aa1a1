from pathlib import Path

import pytest
import torch
from torch import nn
from torch.optim import lr_scheduler

pytest.importorskip("torchreid")

from posegan_plugin.errors import UserError
from posegan_plugin.for_torchreid.resolver import torchreid_module
from posegan_plugin.for_torchreid.resumed_parts import load_part

FILE = Path("model.pth.tar-4")
SCHEDULES = {
    "cosine": {"lr_scheduler": "cosine", "max_epoch": 4},
    "longer": {"lr_scheduler": "cosine", "max_epoch": 8},
    "steps": {"lr_scheduler": "multi_step", "stepsize": [2, 5]},
    "later": {"lr_scheduler": "multi_step", "stepsize": [3, 6], "gamma": 0.5},
    "single": {"lr_scheduler": "single_step", "stepsize": 3},
}


class Training:
    """Two groups of parameters on a schedule of torchreid's."""

    def __init__(self, build):
        groups = [{"params": [nn.Parameter(torch.ones(1))], "lr": lr} for lr in (0.1, 0.01)]
        self.optimizer = torch.optim.SGD(groups, 0.1)
        self.scheduler = build(self.optimizer)

    def epochs(self, count):
        """The rates of so many epochs."""
        rates = []
        for _ in range(count):
            rates.append([group["lr"] for group in self.optimizer.param_groups])
            self.optimizer.step()
            self.scheduler.step()
        return rates

    def after(self, other):
        """Goes on where another training stands."""
        for key in ("optimizer", "scheduler"):
            load_part(getattr(self, key), key, {key: getattr(other, key).state_dict()}, FILE)
        return self


def training(name):
    build = torchreid_module("optim").build_lr_scheduler
    return Training(lambda optimizer: build(optimizer, **SCHEDULES[name]))


@pytest.mark.parametrize(
    ("before", "then"),
    [("cosine", "longer"), ("longer", "cosine"), ("steps", "later"), ("cosine", "single")],
)
def test_another_schedule_holds_from_there_on(before, then, capsys):
    old = training(before)
    old.epochs(3)
    resumed = training(then).after(old)
    (line,) = capsys.readouterr().out.splitlines()
    assert "another schedule" in line
    assert line.endswith("after 3 epochs")
    whole = training(then)
    expected = whole.epochs(8)[3:]
    assert resumed.epochs(5) == [pytest.approx(rates) for rates in expected]
    assert resumed.scheduler.state_dict().keys() == whole.scheduler.state_dict().keys()


def test_a_finished_cosine_can_be_extended():
    old = training("cosine")
    old.epochs(4)
    rates = training("longer").after(old).epochs(4)
    assert rates == [pytest.approx(r) for r in training("longer").epochs(8)[4:]]
    assert rates[0] == pytest.approx([0.05, 0.005])


@pytest.mark.parametrize("name", SCHEDULES)
def test_the_same_schedule_goes_on_to_the_bit(name, capsys):
    old = training(name)
    old.epochs(3)
    resumed = training(name).after(old)
    assert not capsys.readouterr().out
    assert resumed.epochs(4) == old.epochs(4)


def test_a_schedule_that_cannot_begin_in_the_middle():
    def build(patience):
        return Training(lambda o: lr_scheduler.ReduceLROnPlateau(o, patience=patience))

    old = build(2)
    for value in (1.0, 2.0, 3.0):
        old.scheduler.step(value)
    assert build(2).after(old).scheduler.num_bad_epochs == 2
    with pytest.raises(UserError, match=r"tar-4 .* without patience=5, and ReduceLROnPlateau"):
        build(5).after(old)


@pytest.mark.parametrize(
    ("saved", "now"), [("adam", "sgd"), ("sgd", "rmsprop"), ("rmsprop", "adam")]
)
def test_another_optimiser(saved, now):
    build = torchreid_module("optim").build_optimizer
    old, new = (build(nn.Linear(2, 2), optim=name) for name in (saved, now))
    with pytest.raises(UserError, match=r"tar-4 holds the optimizer of another train\.optim"):
        load_part(new, "optimizer", {"optimizer": old.state_dict()}, FILE)
