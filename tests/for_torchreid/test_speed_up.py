from types import SimpleNamespace

import pytest
import torch
from torch import nn

pytest.importorskip("torchreid")

from posegan_plugin.errors import UserError
from posegan_plugin.for_torchreid import yaml_networks
from posegan_plugin.for_torchreid.yaml_networks import speed_up


def config(mode="joint", use_gpu=False, **options):
    options = {"channels_last": False, "compile": False, **options}
    return SimpleNamespace(use_gpu=use_gpu, posegan=SimpleNamespace(mode=mode, **options))


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


def test_compiled_code_and_several_gpus(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    with pytest.raises(UserError, match=r"posegan.compile: .* choose one GPU with --gpu-devices 0"):
        speed_up(config("online_quartet", use_gpu=True, compile=True), [])
