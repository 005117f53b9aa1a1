import copy
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer, MessageHub
from torch import nn

from posegan_plugin import UserError
from posegan_plugin.for_mmengine.hooks import CheckpointFormatHook


@pytest.fixture
def hub(request):
    hub = MessageHub.get_instance(request.node.name)
    for i in range(5):
        hub.update_scalar("train/loss", np.float64(1.0) / (i + 1))
        hub.update_scalar("train/mean", torch.tensor(2.0 * i), count=3)
    hub.update_info("iter", 5)
    hub.update_info("best", np.float32(0.5))
    return hub


def runner(model=None, resume=False, networks=()):
    return SimpleNamespace(
        model=model or nn.Linear(2, 1),
        _resume=resume,
        _load_from="here.pth",
        optim_wrapper=dict.fromkeys(networks),
    )


def saved(hub, tmp_path, **content):
    """A checkpoint that has been to the disk."""
    checkpoint = {"state_dict": nn.Linear(2, 1).state_dict(), "message_hub": hub.state_dict()}
    CheckpointFormatHook().before_save_checkpoint(runner(), checkpoint)
    path = tmp_path / "checkpoint.pth"
    torch.save({**checkpoint, **content}, path)
    assert torch.serialization.get_unsafe_globals_in_checkpoint(str(path)) == []
    return torch.load(path, weights_only=True)


def test_history_there_and_back(hub, tmp_path, request):
    checkpoint = saved(hub, tmp_path)
    CheckpointFormatHook().after_load_checkpoint(runner(), checkpoint)
    other = MessageHub.get_instance(f"{request.node.name} restored")
    other.load_state_dict(checkpoint["message_hub"])
    assert list(other.log_scalars) == ["train/loss", "train/mean"]
    for name, buffer in hub.log_scalars.items():
        found = other.log_scalars[name]
        assert isinstance(found, HistoryBuffer)
        for a, b in zip(buffer.data, found.data, strict=True):
            assert np.array_equal(a, b)
        assert found.max_length == buffer.max_length
        assert found.mean(3) == buffer.mean(3)
    assert other.get_info("iter") == 5
    assert other.get_info("best") == 0.5
    assert type(other.get_info("best")) is float


def test_saving_leaves_the_running_hub_alone(hub, tmp_path):
    before = copy.deepcopy(hub.log_scalars["train/loss"].data)
    saved(hub, tmp_path)
    assert isinstance(hub.log_scalars["train/loss"], HistoryBuffer)
    assert np.array_equal(hub.log_scalars["train/loss"].data, before)
    hub.update_scalar("train/loss", 1.0)


def test_another_architecture(hub, tmp_path):
    checkpoint = saved(hub, tmp_path)
    with pytest.raises(UserError, match=r"checkpoint here\.pth belongs to another architecture"):
        CheckpointFormatHook().after_load_checkpoint(runner(nn.Linear(3, 1)), checkpoint)


@pytest.mark.parametrize(
    "content", [nn.Linear(2, 1).state_dict(), {"state_dict": nn.Linear(2, 1).state_dict()}]
)
def test_weights_alone(content):
    before = copy.deepcopy(content)
    CheckpointFormatHook().after_load_checkpoint(runner(), content)
    assert content.keys() == before.keys()


def test_networks_of_a_resumed_run(hub, tmp_path):
    checkpoint = saved(hub, tmp_path, optimizer={"reid": {}, "generator": {}}, meta={})
    hook = CheckpointFormatHook()
    hook.after_load_checkpoint(
        runner(resume=True, networks=("generator", "reid")), copy.deepcopy(checkpoint)
    )
    hook.after_load_checkpoint(runner(networks=("reid",)), copy.deepcopy(checkpoint))
    with pytest.raises(UserError, match=r"of generator, reid and cannot be resumed .* of reid;"):
        hook.after_load_checkpoint(runner(resume=True, networks=("reid",)), checkpoint)
