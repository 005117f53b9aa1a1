"""The two re-ID networks: the one in the losses, and another one that judges."""

from __future__ import annotations

from pathlib import Path

from posegan_plugin.for_mmengine.pretrained import Pretrained, load_pretrained
from quality.configs import base_config, reid_config
from quality.recipes import Preset
from quality.training import train

JUDGE = "resnet18"


def train_encoder(data: str, data_root: str, preset: Preset, folder: Path) -> Path:
    """E of the semantic-consistency loss, trained on real people only; its checkpoint."""
    config = reid_config(base_config(data, data_root, preset, seed=0), preset)
    return train(config, folder / "encoder")


def train_judge(data: str, data_root: str, preset: Preset, folder: Path, device: str) -> Pretrained:
    """A network of another architecture and seed, trained on real people only; no row sees it."""
    config = reid_config(base_config(data, data_root, preset, seed=1), preset, JUDGE)
    return load_pretrained(train(config, folder / "judge"), device=device)
