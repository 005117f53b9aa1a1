"""A tiny data set for ``tools/train_torchreid.py``, and ways to run it."""

import importlib.util
from pathlib import Path

import pytest
import yaml

from posegan_plugin.datasets.procedural import ProceduralPeopleSpec, write_procedural_people

ROOT = Path(__file__).resolve().parents[2]
KEYPOINTS = "market1501/Market-1501-v15.09.15/market-annotation-train.csv"
SIZE = {"generator": {"image_size": [32, 16], "channels": 8, "num_blocks": 2}}
SIZE |= {f"{d}_discriminator": {"channels": 4, "num_layers": 2} for d in ("appearance", "pose")}
BASE = {
    "use_gpu": False,
    "model": {"name": "osnet_x0_25", "pretrained": False},
    "data": {"height": 32, "width": 16, "workers": 0, "transforms": ["random_flip"]},
    "sampler": {"train_sampler": "RandomIdentitySampler", "num_instances": 2},
    "loss": {"triplet": {"weight_x": 1.0}},
    "train": {"max_epoch": 2, "batch_size": 8, "lr": 0.002, "print_freq": 1},
    "test": {"eval_freq": 1},
}


@pytest.fixture(scope="session")
def market(tmp_path_factory):
    """Market-1501's layout, with a gallery large enough for torchreid's own ranking."""
    root = tmp_path_factory.mktemp("torchreid") / "data"
    spec = {"num_cameras": 2, "images_per_camera": 2, "cameras_per_id": 2}
    market = ProceduralPeopleSpec(num_train_ids=8, num_test_ids=26, height=32, width=16, **spec)
    folder = root / "market1501" / "Market-1501-v15.09.15"
    write_procedural_people(folder, market, progress=False)
    other = ProceduralPeopleSpec(num_train_ids=2, num_test_ids=3, height=32, width=16, **spec)
    write_procedural_people(root / "procedural_people", other, progress=False)
    return root


@pytest.fixture(scope="session")
def tool():
    path = ROOT / "tools" / "train_torchreid.py"
    module_spec = importlib.util.spec_from_file_location("tool_train_torchreid", path)
    module = importlib.util.module_from_spec(module_spec)
    module_spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def train_run(tool, market, tmp_path_factory):
    """Runs the tool in this process; the engine, whose ``steps`` are all losses."""
    folder = tmp_path_factory.mktemp("runs")

    from posegan_plugin.for_torchreid.resolver import torchreid_module

    def run(save_dir, *opts, config=None, first=(), **sections):
        content = {**(config or BASE), **sections}
        path = folder / "config.yaml"
        path.write_text(yaml.safe_dump(content))
        steps, batches = [], []
        base = torchreid_module("engine").Engine
        update = torchreid_module("utils").MetricMeter.update
        parse = base.parse_data_for_train

        def remember(meter, log):
            steps.append(log)
            return update(meter, log)

        def counting(engine, batch):
            batches.append(len(batch["img"]))
            return parse(engine, batch)

        line = ["--config-file", str(path), "--root", str(market), *first]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(torchreid_module("engine.engine").MetricMeter, "update", remember)
            patch.setattr(base, "parse_data_for_train", counting)
            engine = tool.train(tool.parse_args([*line, "data.save_dir", str(save_dir), *opts]))
        engine.steps, engine.batches = steps, batches
        return engine

    return run


@pytest.fixture(scope="session")
def joint_training(train_run, posegan, tmp_path_factory):
    """A joint run and its save_dir."""
    folder = tmp_path_factory.mktemp("joint_training")
    return train_run(folder, posegan=posegan("joint")), folder


@pytest.fixture(scope="session")
def base_config():
    return BASE


@pytest.fixture(scope="session")
def posegan():
    """A ``posegan`` section of tiny networks."""
    return lambda mode, **options: {"mode": mode, "keypoints": [KEYPOINTS], **SIZE, **options}
