from types import SimpleNamespace

import pytest
import torch
from torch import nn

pytest.importorskip("torchreid")

from posegan_plugin.for_torchreid import yaml_networks
from posegan_plugin.for_torchreid.yaml_networks import speed_up


def config(**options):
    options = {"channels_last": False, "compile": False, **options}
    return SimpleNamespace(use_gpu=False, posegan=SimpleNamespace(**options))


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
