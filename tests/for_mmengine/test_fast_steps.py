"""What makes steps fast changes neither their results nor their checkpoints."""

import copy
import functools

import pytest
import torch
from mmengine.config import ConfigDict
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from posegan_plugin.registry import MODELS

AN_ANSWER = ("_local_scalar_dense", "nonzero", "masked_select", "is_nonzero", "equal", "unique")


class Waits(TorchDispatchMode):
    """Operations that a GPU would have to be waited for."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        name = function.overloadpacket.__name__
        masks = [i for i in args[1] if i is not None] if name == "index" else []
        if name in AN_ANSWER or any(i.dtype == torch.bool for i in masks):
            self.seen.append(name)
        return function(*args, **(kwargs or {}))


@pytest.mark.parametrize(("mode", "waits"), [("baseline", []), ("joint", ["nonzero"])])
def test_only_the_number_of_pairs_is_asked_for(build, step, batch, mode, waits):
    """Besides what the log and the checks need, which comes at once."""
    # Of a camera's number a CPU, unlike a GPU, checks that it is in its range.
    model = build(mode=mode, condition_on_camera=False)
    forward, found = model.train_step, Waits()

    def watched(*args):
        with found:
            return forward(*args)

    model.train_step = watched
    log, _, _ = step(model, batch)
    assert found.seen == waits
    assert all(v.device.type == "cpu" and not v.requires_grad for v in log.values())


@MODELS.register_module(force=True)
class TwoLayers(nn.Module):
    """A backbone that is compiled quickly."""

    feature_dim = 8

    def __init__(self, image_size):
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(3, 8, 3, 2), nn.BatchNorm2d(8), nn.ReLU())

    def forward(self, images):
        return self.layers(images).mean((2, 3))


@pytest.fixture
def graphs(monkeypatch):
    """Graphs that were captured; they run as they are: making C++ of them would take minutes."""
    captured = []

    def backend(graph, inputs):
        captured.append(graph)
        return graph

    compile_module = nn.Module.compile
    monkeypatch.setattr(
        nn.Module, "compile", lambda self, mode=None: compile_module(self, backend=backend)
    )
    monkeypatch.setattr("posegan_plugin.training.compilation.check_compiler", lambda device: None)
    torch._dynamo.reset()
    return captured


def test_compiled_step_is_the_plain_step(build, step, batch, graphs):
    small = functools.partial(build, backbone=ConfigDict(type="TwoLayers"))
    plain, compiled = small(), small(compile=True)
    first, *_ = step(plain, batch)
    assert not graphs
    second, changed, _ = step(compiled, batch)
    # Generator; each discriminator with two batch sizes.
    assert len(graphs) >= 5
    assert changed == set(plain.trained_networks)
    assert list(plain.state_dict()) == list(compiled.state_dict())
    for name, value in first.items():
        assert second[name].item() == pytest.approx(value.item(), rel=1e-4, abs=1e-5), name
    # A run goes on without it, or with it.
    for one, other in ((plain, compiled), (compiled, plain)):
        other.load_state_dict(one.state_dict())
        third, *_ = step(other, batch)
        fourth, *_ = step(one, batch)
        assert third["loss"].item() == pytest.approx(fourth["loss"].item(), rel=1e-4)


@pytest.fixture
def amp(config, monkeypatch):
    """Steps in bfloat16, where a test asks for them."""

    def use():
        wrappers = copy.deepcopy(config.optim_wrapper)
        for wrapper in wrappers.values():
            if isinstance(wrapper, dict):
                wrapper["type"] = "posegan_plugin.Bf16OptimWrapper"
        monkeypatch.setitem(config, "optim_wrapper", wrappers)

    return use


@pytest.mark.parametrize("size", [(32, 16), (64, 32)])
def test_amp_step_at_another_size_than_the_generators(build, step, batch, amp, size):
    """torch has no antialiased resize of bfloat16 on a CPU."""
    precise, *_ = step(build(reid_input={"size": size, "crop": 0.0}), batch)
    model = build(reid_input={"size": size, "crop": 0.0})
    amp()
    rough, changed, _ = step(model, batch)
    assert changed == set(model.trained_networks)
    for name in ("loss_R", "loss_id", "loss_D_I"):
        assert rough[name].item() == pytest.approx(precise[name].item(), rel=0.1)
        assert rough[name].dtype == torch.float32


def test_amp_reaches_a_generator_that_is_frozen(build, step, batch, people, amp, joint_run):
    amp()
    options = {"augment.ratio": 1.0, "augment.filter": -1.0}
    model = build(mode="online", generator_checkpoint=joint_run.work_dir, **options)
    model.use_poses(
        people.keypoints, torch.from_numpy(people.pids), torch.from_numpy(people.camids)
    )
    drawn, extended = [], []
    model.generator.register_forward_hook(lambda *call: drawn.append(call[-1].dtype))
    model.reid_objective.register_forward_pre_hook(lambda _, given: extended.append(given[1]))
    first = model.reid.backbone.model.conv1.conv.weight
    before = first.detach().clone()
    log, changed, _ = step(model, batch)
    assert drawn == [torch.bfloat16]
    assert extended[0].images.dtype == log["loss_id"].dtype == torch.float32
    assert changed == {"reid"}
    assert not torch.equal(before, first)  # autocast may keep weights from where none was needed
