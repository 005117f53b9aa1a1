import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import yaml

pytest.importorskip("torchreid")

from posegan_plugin.datasets.procedural import ProceduralPeopleSpec, write_procedural_people
from posegan_plugin.errors import UserError
from posegan_plugin.for_torchreid.resolver import torchreid_module

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


@pytest.fixture(scope="session")
def data(tmp_path_factory):
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
def run(tool, data, tmp_path_factory):
    """Runs the tool in this process; the engine, whose ``steps`` are all losses."""
    folder = tmp_path_factory.mktemp("runs")

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

        line = ["--config-file", str(path), "--root", str(data), *first]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(torchreid_module("engine.engine").MetricMeter, "update", remember)
            patch.setattr(base, "parse_data_for_train", counting)
            engine = tool.train(tool.parse_args([*line, "data.save_dir", str(save_dir), *opts]))
        engine.steps, engine.batches = steps, batches
        return engine

    return run


@pytest.fixture(scope="session")
def joint(run, tmp_path_factory):
    """A joint run and its save_dir."""
    folder = tmp_path_factory.mktemp("joint")
    return run(folder, posegan=posegan("joint")), folder


def posegan(mode, **options):
    return {"mode": mode, "keypoints": [KEYPOINTS], **SIZE, **options}


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
def plain_run(request, data, tmp_path_factory):
    """Plain torchreid code in a process that never heard of this package."""
    folder = tmp_path_factory.mktemp("plain")
    out = folder / "numbers.json"
    process(["-c", PLAIN, data, folder, request.param, out])
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


def test_baseline_is_plain_torchreid(plain_run, run, tmp_path):
    loss, folder, steps, scores = plain_run
    engine = run(tmp_path, config=plain_config(loss))
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


def test_files_of_plain_torchreid_load_and_resume(plain_run, run, tmp_path):
    loss, folder, steps, scores = plain_run
    config, file = plain_config(loss), folder / "model" / "model.pth.tar-2"
    for key in ("model.load_weights", "model.resume"):
        engine = run(tmp_path, key, str(file), "test.evaluate", "True", config=config)
        assert engine.scores["market1501"][1] == scores[-1][1]
        assert engine.steps == []
    # Plain torchreid does not store its generators, so only the optimiser can be compared.
    run(tmp_path, "model.resume", str(file), "train.max_epoch", "3", config=config)
    counts = [s["step"].item() for s in saved(tmp_path, epoch=3)["optimizer"]["state"].values()]
    assert max(counts) == len(steps) + len(steps) // 2


def test_joint(joint):
    engine, folder = joint
    names = ["reid", "generator", "appearance_discriminator", "pose_discriminator"]
    assert engine.get_model_names() == names
    for name in names:
        first, second = (saved(folder, name, epoch)["state_dict"] for epoch in (1, 2))
        assert any(not torch.equal(first[k], second[k]) for k in first)
    assert {"loss_x", "loss_q", "loss_R", "loss_S", "loss_D_I", "loss_D_P"} <= set(engine.steps[0])


def test_joint_resumes_exactly(joint, run, tmp_path):
    _, folder = joint
    for part in folder.glob("*/model.pth.tar-1"):
        (tmp_path / part.parent.name).mkdir()
        shutil.copy(part, tmp_path / part.parent.name)
    engine = run(tmp_path, "model.resume", str(tmp_path), posegan=posegan("joint"))
    for name in engine.get_model_names():
        expected, found = (saved(f, name)["state_dict"] for f in (folder, tmp_path))
        assert all(torch.equal(found[k], expected[k]) for k in expected)


def test_discriminators_can_be_left_out(run, tmp_path):
    options = posegan("joint", discriminators=["pose"])
    engine = run(tmp_path, "train.max_epoch", "1", posegan=options)
    assert engine.get_model_names() == ["reid", "generator", "pose_discriminator"]


@pytest.mark.parametrize("loss", ["softmax", "triplet"])
def test_online_with_torchreids_engines(joint, run, tmp_path, loss, capsys):
    options = posegan("online", checkpoint=str(joint[1]), augment={"ratio": 0.5, "target": "any"})
    line = ("loss.name", loss, "train.max_epoch", "1")
    engine = run(tmp_path, *line, posegan=options)
    assert issubclass(type(engine), torchreid_module(f"engine.image.{loss}").Engine)
    assert set(engine.batches) == {12}
    theirs = saved(joint[1], "generator")["state_dict"]
    generator = engine.datamanager._augment.generator
    assert all(torch.equal(v, theirs[k]) for k, v in generator.state_dict().items())
    assert "32 of 32 people have at least 10 joints" in capsys.readouterr().out


def test_online_quartet_with_all_options(joint, run, tmp_path):
    run(tmp_path / "teacher", "train.max_epoch", "1")
    augment = {"label": "teacher", "warmup": 0.5, "filter": -1.0, "weight": 0.5}
    options = posegan(
        "online_quartet",
        checkpoint=str(joint[1] / "generator" / "model.pth.tar-1"),
        teacher_checkpoint=str(tmp_path / "teacher"),
        augment=augment,
        amp=True,
    )
    engine = run(tmp_path, posegan=options)
    assert {"loss_x", "loss_q"} <= set(engine.steps[0])
    assert engine.datamanager.policy.warmup == 0.5


def test_quartet_options_arrive(run, tmp_path):
    quartet = {"tau1": -0.5, "mining": "hard", "normalize": False}
    objective = {"quartet": quartet, "weights": {"quartet": 0.25}, "quartet_ramp": [0.25, 0.75]}
    engine = run(
        tmp_path, "train.max_epoch", "1", posegan={"mode": "quartet", "objective": objective}
    )
    loss = engine.objective.quartet
    assert (loss.tau1, loss.mining, loss.normalize) == (-0.5, "hard", False)
    assert engine.objective.weights.quartet == 0.25
    assert engine.objective.quartet_ramp.start == 0.25
    assert engine.objective.label_smoothing == 0.1
    assert set(engine.batches) <= {8}


def test_mode_baseline_is_the_file_without_the_section(run, tmp_path):
    line = ("train.max_epoch", "1")
    without = run(tmp_path, *line)
    options = {**posegan("joint"), "mode": "baseline"}
    assert run(tmp_path, *line, posegan=options).steps == without.steps


def test_test_only_with_pictures(joint, run, tmp_path, capsys):
    engine, folder = joint
    line = ("test.evaluate", "True", "test.visrank", "True", "test.visrank_topk", "3")
    tested = run(tmp_path, "model.load_weights", str(folder), *line, posegan=posegan("joint"))
    assert tested.scores["market1501"][1] == engine.scores["market1501"][1]
    assert tested.scores["market1501"][0].tolist() == engine.scores["market1501"][0].tolist()
    pictures = list((tmp_path / "visrank_market1501").glob("*.jpg"))
    assert len(pictures) == 52
    assert f"pictures: {tmp_path / 'visrank_market1501'}" in capsys.readouterr().out
    assert not list(tmp_path.rglob("*.pth*"))


def test_other_targets_and_the_table(run, data, tmp_path, capsys):
    first = ("-s", "market1501", "-t", "procedural_people", "market1501")
    engine = run(tmp_path, "train.max_epoch", "1", first=first)
    assert list(engine.scores) == ["procedural_people", "market1501"]
    assert engine.datamanager.num_train_pids == 8
    lines = capsys.readouterr().out.splitlines()
    rule, *table, end = lines[-6:]
    assert rule == end == "-" * len(rule)
    assert table[0].split() == ["R1", "R5", "R10", "mAP"]
    for row, (name, (cmc, mean)) in zip(table[1:3], engine.scores.items(), strict=True):
        assert row.split() == [name, *(f"{v:.1%}" for v in (cmc[0], cmc[4], cmc[9], mean))]
    assert table[3] == f"model: {tmp_path}/model/model.pth.tar-1"
    (log,) = tmp_path.glob("train.log-*")
    assert log.read_text().splitlines() == lines
    assert not sys.stdout.closed


def test_values_behind_an_option_that_takes_several(tool):
    args = tool.parse_args(["-s", "a", "b", "--root", "r", "-t", "c", "train.lr", "1"])
    assert (args.sources, args.targets, args.root) == (["a", "b"], ["c"], "r")
    assert args.opts == ["train.lr", "1"]


@pytest.mark.parametrize(
    ("opts", "message"),
    [
        (("train.bach_size", "8"), "did you mean 'train.batch_size'?"),
        (("data.type", "video"), "data.type: 'video' is not supported"),
        (("model.name", "osnet_x0_26"), "did you mean 'osnet_x0_25'?"),
        (("data.sources", "markt1501"), "did you mean 'market1501'?"),
        (("data.targets", "dukemtmcreid"), "DukeMTMCreID was not found"),
        (("data.transforms", "random_flop"), "did you mean 'random_flip'?"),
        (("data.transforms", "pose_transfer"), "choose posegan.mode online"),
        (("train.optim", "sdg"), "did you mean 'sgd'?"),
        (("train.batch_size", "100"), "train.batch_size=100 does not fit RandomIdentitySampler"),
        (
            ("train.batch_size", "100", "sampler.train_sampler", "RandomSampler"),
            "is more than the 32 training images",
        ),
        (("sampler.num_instances", "9"), "no less than num_instances=9"),
        (("test.visrank", "True"), "test.visrank needs test.evaluate: True"),
        (("test.visactmap", "True"), "tools/visualize_actmap.py"),
        (("test.ranks", "[1, 51]"), "test.ranks=[1, 51] must be ranks from 1 to 50"),
        (("model.load_weights", "nowhere.pth"), "nowhere.pth does not exist"),
        (("model.resume", "nowhere.pth"), "nowhere.pth does not exist"),
        (("model.load_weights", "config.yaml"), "config.yaml cannot be read"),
        (("posegan.mode", "joint"), "needs posegan.keypoints"),
        (("posegan.mode", "online"), "needs posegan.checkpoint"),
        (
            ("loss.name", "triplet", "loss.triplet.weight_x", "0", "train.fixbase_epoch", "1"),
            "set train.fixbase_epoch: 0",
        ),
    ],
)
def test_refusals(tool, data, tmp_path, monkeypatch, capsys, opts, message):
    monkeypatch.chdir(tmp_path)
    Path("config.yaml").write_text(yaml.safe_dump(BASE))
    before = sorted(data.rglob("*"))
    line = ["tool", "--config-file", "config.yaml", "--root", str(data), *opts]
    monkeypatch.setattr(sys, "argv", line)
    with pytest.raises(SystemExit) as stop:
        tool.main()
    assert stop.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert message in error
    assert error.count("\n") == 1
    assert sorted(data.rglob("*")) == before
    assert not list(tmp_path.rglob("*.tar*"))


def test_amp_needs_an_engine_of_the_plugin(joint, run, tmp_path):
    options = posegan("online", checkpoint=str(joint[1]), amp=True)
    with pytest.raises(UserError, match=r"posegan\.amp needs an engine of this plugin"):
        run(tmp_path, posegan=options)


def test_upstream_layout(data, tmp_path):
    """Upstream's repository installs the same modules without ``reid`` between."""
    installed = Path(pytest.importorskip("torchreid.reid").__file__).parent
    for source in installed.rglob("*.py"):
        copy = tmp_path / "torchreid" / source.relative_to(installed)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(source.read_text().replace("torchreid.reid", "torchreid"))
    (tmp_path / "config.yaml").write_text(yaml.safe_dump({**BASE, "posegan": posegan("joint")}))
    line = [ROOT / "tools" / "train_torchreid.py", "--config-file", tmp_path / "config.yaml"]
    opts = ["--root", data, "train.max_epoch", "1", "data.save_dir", tmp_path / "log"]
    output = process([*line, *opts], (tmp_path, ROOT))
    assert "generator: " in output
    assert (tmp_path / "log" / "reid" / "model.pth.tar-1").is_file()
