"""The same in upstream's layout of torchreid, ``torchreid.*`` instead of ``torchreid.reid.*``."""

import os
import subprocess
import sys
from pathlib import Path

import posegan_plugin

CODE = """
import sys
import torchreid
from posegan_plugin.augment import SynthesisPolicy
from posegan_plugin.for_torchreid import PoseTransferDataManager, register
from posegan_plugin.models import PoseTransferGenerator

root, logs = sys.argv[1:]
print(torchreid.data.__name__)
print(register())
print(register())
datamanager = torchreid.data.ImageDataManager(
    root=root, sources="procedural_people", height=64, width=32, batch_size_train=16, workers=0,
    transforms=["random_flip", "pose_transfer"], train_sampler="RandomIdentitySampler",
    use_gpu=False,
)
datamanager = PoseTransferDataManager(
    datamanager,
    PoseTransferGenerator((32, 16), channels=8, num_blocks=2),
    root + "/procedural_people/market-annotation-train.csv",
    SynthesisPolicy(ratio=0.5),
)
model = torchreid.models.build_model(
    "posegan_osnet_x0_25", datamanager.num_train_pids, loss="triplet", pretrained=False
)
sizes = []
model.register_forward_pre_hook(lambda m, given: sizes.append((m.training, len(given[0]))))
optimizer = torchreid.optim.build_optimizer(model)
engine = torchreid.engine.ImageTripletEngine(
    datamanager, model, optimizer, use_gpu=False,
    scheduler=torchreid.optim.build_lr_scheduler(optimizer),
)
engine.run(save_dir=logs, max_epoch=1, ranks=[1])
print({size for training, size in sizes if training})
"""


def test_register_and_train(tiny, upstream_layout, tmp_path):
    checkout = Path(posegan_plugin.__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(tiny.data_root), str(tmp_path / "logs")],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(upstream_layout), str(checkout)])},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "torchreid.data"
    assert "data sets procedural_people, augmented_market" in lines[1]
    assert lines[2] == "posegan_plugin in torchreid: nothing to add"
    assert any("Rank-1" in line for line in lines)
    assert lines[-1] == "{24}"
