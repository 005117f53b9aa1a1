from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.logging import MessageHub

from posegan_plugin import UserError
from posegan_plugin.for_mmengine.hooks import LogHistoryHook


def loop(batches):
    return SimpleNamespace(dataloader=range(batches))


@pytest.fixture
def train(request):
    """Logs 0, 1, 2, ... with the hook; the history of it."""

    def run(steps, length, train=1, val=None):
        hub = MessageHub.get_instance(request.node.name)
        runner = SimpleNamespace(
            message_hub=hub, train_loop=loop(train), val_loop=val and loop(val)
        )
        hook = LogHistoryHook(length)
        hook.before_train(runner)
        for step in range(steps):
            hub.update_scalar("train/loss", float(step))
            hook.after_train_iter(runner, step)
        return hub.log_scalars["train/loss"]

    return run


def test_the_newest_values_stay(train):
    history = train(12, length=5)
    assert [v.tolist() for v in history.data] == [[7.0, 8.0, 9.0, 10.0, 11.0], [1] * 5]
    assert history.mean(2) == 10.5
    assert history.mean() == 9.0


@pytest.mark.parametrize(("loops", "kept"), [((8,), 8), ((2, 9), 9), ((2, 3), 5), ((20,), 12)])
def test_a_whole_epoch_stays(train, loops, kept):
    assert np.array_equal(train(12, 5, *loops).data[0], np.arange(12 - kept, 12))


def test_length():
    with pytest.raises(UserError, match="length=0 must be at least 1"):
        LogHistoryHook(0)


def test_checkpoint_of_a_training(joint_run, tiny):
    """18 steps were made; a shorter history neither grows in the checkpoint nor changes the weights."""
    number = [h["type"] for h in joint_run.runner.cfg.custom_hooks].index("LogHistoryHook")
    short = tiny.run("train", options={f"custom_hooks.{number}.length": 3})
    one, other = (torch.load(run.checkpoint, weights_only=True) for run in (joint_run, short))
    for checkpoint, kept in ((one, 18), (other, 9)):  # an epoch has 9 steps
        scalars = checkpoint["message_hub"]["log_scalars"]
        assert len(scalars["train/loss_id"]["log"]) == kept
    assert all(torch.equal(v, other["state_dict"][k]) for k, v in one["state_dict"].items())
