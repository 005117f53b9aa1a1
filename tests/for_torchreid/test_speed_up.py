from types import SimpleNamespace

import pytest
import torch
from torch import nn

pytest.importorskip("torchreid")

from posegan_plugin.for_torchreid import yaml_networks
from posegan_plugin.for_torchreid.resolver import torchreid_module
from posegan_plugin.for_torchreid.yaml_networks import speed_up, speed_up_model


def config(**options):
    options = {"channels_last": False, "compile": False, "mode": "quartet", **options}
    return SimpleNamespace(
        use_gpu=False,
        posegan=SimpleNamespace(**options),
        model=SimpleNamespace(name="this one"),
        data=SimpleNamespace(height=64, width=32),
    )


def layout(network):
    return network.weight.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("wanted", [True, False])
def test_channels_last(wanted):
    networks = [nn.Conv2d(3, 4, 3), nn.Conv2d(4, 5, 3)]
    speed_up(config(channels_last=wanted), iter(networks))
    assert [layout(n) for n in networks] == [wanted] * 2


def test_compile(monkeypatch):
    calls = []
    monkeypatch.setattr(yaml_networks, "compile_networks", lambda *given: calls.append(given))
    networks = [nn.Linear(2, 2)]
    speed_up(config(), networks)
    assert not calls
    speed_up(config(compile=True), networks)
    assert calls == [(networks, "cpu")]


@pytest.mark.parametrize(("mode", "compiled"), [("quartet", True), ("joint", False)])
def test_the_model_of_a_joint_training_is_not_compiled(monkeypatch, mode, compiled):
    calls = []
    monkeypatch.setattr(yaml_networks, "compile_networks", lambda *given: calls.append(given))
    speed_up_model(config(compile=True, mode=mode), nn.Conv2d(3, 4, 3))
    assert bool(calls) == compiled


@pytest.mark.parametrize(("name", "can"), [("osnet_x0_25", True), ("pcb_p4", False)])
def test_a_model_that_cannot_work_channels_last_keeps_its_layout(name, can, capsys):
    build = torchreid_module("models").build_model
    model = build(name, num_classes=4, loss="triplet", pretrained=False, use_gpu=False)
    speed_up_model(config(channels_last=True), model)
    assert model.training
    first = next(m for m in model.modules() if isinstance(m, nn.Conv2d))
    assert layout(first) == can
    assert ("not of this one, which cannot work so" in capsys.readouterr().out) != can
    model(torch.zeros(2, 3, 64, 32))
