import subprocess
import sys

OTHER_SCOPE = """
import logging
import warnings

warnings.simplefilter("error", UserWarning)
from mmengine.config import Config
from mmengine.registry import (
    DATA_SAMPLERS, HOOKS, METRICS, MODELS, OPTIM_WRAPPERS, DefaultScope, init_default_scope
)

init_default_scope("mmengine")
model = MODELS.build(dict(
    type="posegan_plugin.PoseGANReID", mode="joint", num_identities=5, num_cameras=2,
    backbone=dict(type="posegan_plugin.TorchreidBackbone", name="osnet_x0_25"),
    reid_input=dict(size=(32, 16)),
    generator=dict(type="posegan_plugin.PoseTransferGenerator", image_size=(32, 16), channels=8),
    pose_discriminator=dict(type="posegan_plugin.PoseDiscriminator", channels=4, num_layers=2),
))
print(*model.trained_networks)
print(type(METRICS.build(dict(type="posegan_plugin.ReIDMetric"))).__module__)
print(len(DATA_SAMPLERS.build(dict(
    type="posegan_plugin.IdentitySampler", dataset=[0, 0, 1, 1], num_identities=2, num_images=2
))))
for name in ("EpochSeedHook", "PoseBankHook", "SummaryHook"):
    HOOKS.build(dict(type=f"posegan_plugin.{name}"))
"""


def test_from_a_config_of_another_scope_without_custom_imports(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", OTHER_SCOPE], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "reid generator pose_discriminator",
        "posegan_plugin.for_mmengine.metric",
        "4",
    ]
    assert "WARNING" not in done.stderr
