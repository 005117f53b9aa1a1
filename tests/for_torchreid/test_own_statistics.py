"""Synthesised people by their own statistics, in each engine."""

import pytest
import torch

pytest.importorskip("torchreid")

from posegan_plugin.augment import SynthesisPolicy
from posegan_plugin.errors import UserError
from posegan_plugin.for_torchreid import ImageQuartetEngine, PoseTransferDataManager, SafeEngine
from posegan_plugin.for_torchreid.resolver import torchreid_module
from posegan_plugin.models import PoseTransferGenerator

POLICY = {"ratio": 0.5, "own_statistics": True}
Softmax = torchreid_module("engine").ImageSoftmaxEngine


class SafeSoftmax(SafeEngine, Softmax):
    pass


def build(market_manager, market_keypoints, kind):
    torch.manual_seed(0)
    generator = PoseTransferGenerator((64, 32), channels=8, num_blocks=1)
    manager = PoseTransferDataManager(
        market_manager(), generator, market_keypoints, SynthesisPolicy(**POLICY)
    )
    loss = "triplet" if kind is ImageQuartetEngine else "softmax"
    model = torchreid_module("models").build_model(
        "osnet_x0_25", manager.num_train_pids, loss=loss, pretrained=False, use_gpu=False
    )
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    return kind(manager, model, optimizer, use_gpu=False)


def watched(engine):
    """A batch norm of the model, what it gets while it trains, and its running mean of before."""
    layer, seen = next(m for m in engine.model.modules() if isinstance(m, torch.nn.BatchNorm2d)), []
    layer.register_forward_pre_hook(lambda m, given: seen.append(given[0]) if m.training else None)
    return layer, seen, layer.running_mean.clone()


def check(engine, real, synthesised):
    layer, seen, before = watched(engine)
    engine.set_model_mode("train")
    engine.forward_backward(next(iter(engine.train_loader)))
    (given,) = seen
    assert len(given) == real + synthesised
    expected = 0.9 * before + 0.1 * given[:real].mean(dim=(0, 2, 3))
    torch.testing.assert_close(layer.running_mean, expected)


@pytest.mark.parametrize("kind", [SafeSoftmax, ImageQuartetEngine])
def test_mixed_batches(market_manager, market_keypoints, kind):
    check(build(market_manager, market_keypoints, kind), real=16, synthesised=8)


def test_joint_training(joint_engine):
    check(joint_engine(policy=POLICY, max_pairs=None), real=16, synthesised=8)


def test_torchreids_own_engine_would_ignore_it(market_manager, market_keypoints):
    engine = build(market_manager, market_keypoints, Softmax)
    with pytest.raises(UserError, match=r"own_statistics=True would be ignored.*SafeEngine"):
        iter(engine.train_loader)
