import functools
import os
import shutil

import pytest
import torch
from torch import nn

from posegan_plugin.errors import UserError
from posegan_plugin.training import check_compiler, compile_networks

needs_compiler = pytest.mark.skipif(
    shutil.which(os.environ.get("CXX", "g++")) is None, reason="there is no C++ compiler"
)


class Network(nn.Module):
    """torch 2.6 compiles no ``nn.Sequential`` that is called by itself."""

    def __init__(self, *widths):
        super().__init__()
        self.layers = nn.Sequential(*map(nn.Linear, widths[:-1], widths[1:]))

    def forward(self, x):
        return self.layers(x).relu()


def network():
    torch.manual_seed(0)
    return Network(4, 8, 3)


@needs_compiler
def test_compiled_network_is_the_same_network():
    plain, compiled = network(), network()
    compile_networks([None, compiled], "cpu")
    assert list(compiled.state_dict()) == list(plain.state_dict())
    x = torch.randn(5, 4)
    outputs = [n(x) for n in (plain, compiled)]
    assert torch.allclose(*outputs, atol=1e-6)
    for output in outputs:
        output.square().sum().backward()
    for p, c in zip(plain.parameters(), compiled.parameters(), strict=True):
        assert torch.allclose(p.grad, c.grad, atol=1e-5)
    assert "CompiledFunction" in type(outputs[1].grad_fn).__name__


def test_all_of_many_networks_are_compiled(monkeypatch):
    torch._dynamo.reset()
    graphs = []

    def backend(graph, inputs):
        graphs.append(graph)
        return graph

    original = nn.Module.compile
    monkeypatch.setattr(nn.Module, "compile", lambda self, mode: original(self, backend=backend))
    monkeypatch.setattr("posegan_plugin.training.compilation.check_compiler", lambda device: None)
    networks = [Network(*[4] * (n + 1)) for n in range(1, 14)]
    compile_networks(networks, "cpu")
    for network in networks:
        network(torch.ones(2, 4))
    assert len(graphs) == 13


def test_without_a_compiler(monkeypatch):
    torch._dynamo.reset()
    monkeypatch.setattr(torch._inductor.config.cpp, "cxx", (None, "no-such-compiler"))
    monkeypatch.setattr(torch._inductor.config, "fx_graph_cache", False)
    cached = torch._inductor.cpp_builder.get_cpp_compiler
    if isinstance(cached, functools._lru_cache_wrapper):
        cached.cache_clear()
    with pytest.raises(UserError, match=r"compile: .* C\+\+ compiler .* or set compile=False"):
        check_compiler("cpu")


def test_unknown_mode():
    with pytest.raises(UserError, match="compile='fast' is unknown; choose True, False or one of"):
        compile_networks([network()], "cpu", "fast")
