"""Without a posegan section the tool is plain torchreid; and the other layout of torchreid."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import yaml

pytest.importorskip("torchreid")

ROOT = Path(__file__).resolve().parents[2]
# As a user of torchreid writes it; the order is that of torchreid's scripts/main.py.
PLAIN = """
import json, sys
import torchreid
toolbox = getattr(torchreid, "reid", torchreid)
root, save_dir, loss, out = sys.argv[1:]
toolbox.utils.set_random_seed(1)
datamanager = toolbox.data.ImageDataManager(
    root=root, sources=["market1501"], targets=["market1501"], height=64, width=32,
    transforms=["random_flip", "random_erase"], use_gpu=False, batch_size_train=16,
    batch_size_test=100, workers=0, train_sampler="RandomIdentitySampler",
)
model = toolbox.models.build_model(
    "osnet_x0_25", datamanager.num_train_pids, loss=loss, pretrained=False, use_gpu=False
)
toolbox.utils.compute_model_complexity(model, (1, 3, 64, 32))
optimizer = toolbox.optim.build_optimizer(model, optim="amsgrad", lr=0.0015, adam_beta2=0.999)
scheduler = toolbox.optim.build_lr_scheduler(optimizer, "single_step", stepsize=[1])
if loss == "softmax":
    engine = toolbox.engine.ImageSoftmaxEngine(
        datamanager, model, optimizer, scheduler=scheduler, use_gpu=False
    )
else:
    engine = toolbox.engine.ImageTripletEngine(
        datamanager, model, optimizer, weight_t=0.5, weight_x=1.0, scheduler=scheduler,
        use_gpu=False,
    )
steps, scores = [], []
step, rank = engine.forward_backward, toolbox.metrics.evaluate_rank
engine.forward_backward = lambda data: steps.append(step(data)) or steps[-1]
toolbox.metrics.evaluate_rank = lambda *a, **k: scores.append(rank(*a, **k)) or scores[-1]
engine.run(
    save_dir=save_dir, max_epoch=2, print_freq=1, eval_freq=1, fixbase_epoch=1,
    open_layers=["classifier"],
)
with open(out, "w") as file:
    json.dump([steps, [[cmc.tolist(), float(mean)] for cmc, mean in scores]], file)
"""


def saved(folder, name="model", epoch=2):
    return torch.load(folder / name / f"model.pth.tar-{epoch}", weights_only=True)


def process(line, path=()):
    """Output of a process that does as many threads as this one."""
    threads = {"OMP_NUM_THREADS": str(torch.get_num_threads())}
    env = {**os.environ, **threads, "PYTHONPATH": os.pathsep.join(map(str, path))}
    done = subprocess.run(
        [sys.executable, *map(str, line)],
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="session", params=["softmax", "triplet"])
def plain_run(request, market, tmp_path_factory):
    """Plain torchreid code in a process that never heard of this package."""
    folder = tmp_path_factory.mktemp("plain")
    out = folder / "numbers.json"
    process(["-c", PLAIN, market, folder, request.param, out])
    return request.param, folder, *json.loads(out.read_text())


def plain_config(loss):
    return {
        "use_gpu": False,
        "model": {"name": "osnet_x0_25", "pretrained": False},
        "data": {
            "height": 64,
            "width": 32,
            "workers": 0,
            "transforms": ["random_flip", "random_erase"],
        },
        "sampler": {"train_sampler": "RandomIdentitySampler"},
        "loss": {"name": loss, "triplet": {"weight_t": 0.5, "weight_x": 1.0}},
        "train": {
            "optim": "amsgrad",
            "lr": 0.0015,
            "max_epoch": 2,
            "batch_size": 16,
            "stepsize": [1],
            "fixbase_epoch": 1,
            "print_freq": 1,
        },
        "test": {"eval_freq": 1},
    }


def test_baseline_is_plain_torchreid(plain_run, train_run, tmp_path):
    loss, folder, steps, scores = plain_run
    engine = train_run(tmp_path, config=plain_config(loss))
    assert len(steps) == 4
    assert engine.steps == steps
    cmc, mean = engine.scores["market1501"]
    assert (cmc.tolist(), mean) == tuple(scores[-1])
    assert 0 < mean < 1
    # The files of plain torchreid hold a NumPy scalar, which is why torch refuses to load them.
    theirs = torch.load(folder / "model" / "model.pth.tar-2", weights_only=False)
    ours = saved(tmp_path)
    assert ours["rank1"] == float(theirs["rank1"])
    for name, value in theirs["state_dict"].items():
        assert torch.equal(ours["state_dict"][name], value)


def test_files_of_plain_torchreid_load_and_resume(plain_run, train_run, tmp_path):
    loss, folder, steps, scores = plain_run
    config, file = plain_config(loss), folder / "model" / "model.pth.tar-2"
    for key in ("model.load_weights", "model.resume"):
        engine = train_run(tmp_path, key, str(file), "test.evaluate", "True", config=config)
        assert engine.scores["market1501"][1] == scores[-1][1]
        assert engine.steps == []
    # Plain torchreid does not store its generators, so only the optimiser can be compared.
    train_run(tmp_path, "model.resume", str(file), "train.max_epoch", "3", config=config)
    counts = [s["step"].item() for s in saved(tmp_path, epoch=3)["optimizer"]["state"].values()]
    assert max(counts) == len(steps) + len(steps) // 2


def test_upstream_layout(market, base_config, tmp_path, posegan):
    """Upstream's repository installs the same modules without ``reid`` between."""
    installed = Path(pytest.importorskip("torchreid.reid").__file__).parent
    for source in installed.rglob("*.py"):
        copy = tmp_path / "torchreid" / source.relative_to(installed)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(source.read_text().replace("torchreid.reid", "torchreid"))
    (tmp_path / "config.yaml").write_text(
        yaml.safe_dump({**base_config, "posegan": posegan("joint")})
    )
    line = [ROOT / "tools" / "train_torchreid.py", "--config-file", tmp_path / "config.yaml"]
    opts = ["--root", market, "train.max_epoch", "1", "data.save_dir", tmp_path / "log"]
    output = process([*line, *opts], (tmp_path, ROOT))
    assert "generator: " in output
    assert (tmp_path / "log" / "reid" / "model.pth.tar-1").is_file()
