"""The two re-ID networks: the one in the losses, and another one that judges."""

from __future__ import annotations

from pathlib import Path

from posegan_plugin.for_mmengine.pretrained import Pretrained, load_pretrained
from quality.recipes import Preset
from quality.training import base_config, reid_config, train

JUDGE = "resnet18"


def train_encoder(data: str, data_root: str, preset: Preset, folder: Path) -> Path:
    """E of the semantic-consistency loss, trained on real people only; its checkpoint."""
    config = base_config(data, data_root, preset, folder / "encoder", seed=0)
    return train(reid_config(config, preset))


def train_judge(data: str, data_root: str, preset: Preset, folder: Path, device: str) -> Pretrained:
    """A network of another architecture and seed, trained on real people only; no row sees it."""
    config = base_config(data, data_root, preset, folder / "judge", seed=1)
    checkpoint = train(reid_config(config, preset, model__backbone__name=JUDGE))
    return load_pretrained(checkpoint, device=device)
