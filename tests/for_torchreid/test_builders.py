import pytest
from torch import nn

pytest.importorskip("torchreid")

from posegan_plugin.for_torchreid.builders import build_optimizer
from posegan_plugin.for_torchreid.models import TorchreidReIDNetwork
from posegan_plugin.for_torchreid.yaml_config import load_config


@pytest.mark.parametrize("wrap", [lambda model: model, nn.DataParallel])
def test_weight_decay_leaves_the_embedding_alone(tmp_path, wrap):
    path = tmp_path / "config.yaml"
    path.write_text("train: {weight_decay: 5e-4, lr_scheduler: cosine, max_epoch: 4}\n")
    model = TorchreidReIDNetwork("osnet_x0_25", 4, "triplet", pretrained=False)
    optimizer, scheduler = build_optimizer(load_config(path), wrap(model))
    decayed, spared = optimizer.param_groups
    assert (decayed["weight_decay"], spared["weight_decay"]) == (5e-4, 0.0)
    assert spared["params"] == list(model.embedding.parameters())
    assert len(decayed["params"]) + 2 == len(list(model.parameters()))
    rate = optimizer.param_groups[1]["lr"]
    optimizer.step()
    scheduler.step()
    assert decayed["lr"] == spared["lr"] < rate
