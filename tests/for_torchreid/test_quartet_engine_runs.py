import math
import re

import pytest
import torch

pytest.importorskip("torchreid")

from posegan_plugin.augment import SynthesisPolicy
from posegan_plugin.for_torchreid.data_manager import PoseTransferDataManager
from posegan_plugin.for_torchreid.quartet_engine import ImageQuartetEngine
from posegan_plugin.for_torchreid.resolver import torchreid_module
from posegan_plugin.models import PoseTransferGenerator


def build(manager, model, lr=0.0, **options):
    optimizer = torch.optim.SGD(model.parameters(), lr)
    return ImageQuartetEngine(manager, model, optimizer, use_gpu=False, **options)


def osnet(classes):
    torch.manual_seed(0)
    return torchreid_module("models").build_model(
        "osnet_x0_25", classes, loss="triplet", pretrained=False, use_gpu=False
    )


def test_training_on_a_torchreid_manager(market_manager, tmp_path, capsys):
    manager = market_manager()
    model = osnet(manager.num_train_pids)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    engine = ImageQuartetEngine(manager, model, optimizer, use_gpu=False)
    engine.run(tmp_path, max_epoch=1, print_freq=1)
    lines = re.findall(
        r"loss_x (\S+) .*loss_q (\S+) .*acc (\S+) .*spread (\S+) ", capsys.readouterr().out
    )
    assert lines
    assert all(math.isfinite(float(v)) for line in lines for v in line)
    torch.load(tmp_path / "model" / "model.pth.tar-1", weights_only=True)
    batch = next(iter(manager.train_loader))
    engine.set_model_mode("train")
    losses = [engine.forward_backward(batch)["loss_x"] for _ in range(6)]
    assert losses[-1] < losses[0]


def test_test_only_and_visrank(market_manager, tmp_path, capsys):
    manager = market_manager()
    engine = build(manager, osnet(manager.num_train_pids))
    engine.run(tmp_path, test_only=True, visrank=True, visrank_topk=3)
    assert "** Results **" in capsys.readouterr().out
    assert len(list((tmp_path / "visrank_market1501").iterdir())) == 12
    assert not (tmp_path / "model").exists()


def test_wrapped_manager_is_told_the_progress(market_manager, market_keypoints, tmp_path):
    generator = PoseTransferGenerator((64, 32), channels=8, num_blocks=1)
    policy = SynthesisPolicy(ratio=0.25, warmup=1.0, weight=0.8)
    manager = PoseTransferDataManager(market_manager(), generator, market_keypoints, policy)
    seen = []

    class Watched(ImageQuartetEngine):
        def forward_backward(self, data):
            added = data["weight"][data["synthesised"]]
            seen.append((len(data["img"]), len(added), round(added.sum().item() / 4, 4)))
            return super().forward_backward(data)

    model = osnet(manager.num_train_pids)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    Watched(manager, model, optimizer, use_gpu=False).run(tmp_path, max_epoch=2)
    announced = len(manager.train_loader)
    steps = len(seen) // 2
    expected = [(e + b / announced) / 2 for e in range(2) for b in range(steps)]
    assert seen[0] == (16, 0, 0.0)  # nobody is added while the weight is 0
    assert seen[1:] == [(20, 4, round(0.8 * p, 4)) for p in expected[1:]]
    assert steps > 1
