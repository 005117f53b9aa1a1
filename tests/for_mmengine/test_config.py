import copy
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from torch.utils.flop_counter import FlopCounterMode

from posegan_plugin import UserError, config_path
from posegan_plugin.for_mmengine.config import (
    find_resume,
    load_config,
    prepare_for_dataset,
    set_epochs,
    use_amp,
)
from posegan_plugin.registry import MODELS, OPTIMIZERS, PARAM_SCHEDULERS

FOLDER = Path(config_path())
LEAVES = sorted(str(p.relative_to(FOLDER)) for p in FOLDER.rglob("*.py") if "_base_" not in p.parts)
MARKET, SMALL = "pose_quartet_market.py", "pose_quartet_market_small.py"


def load(name, **arguments):
    return load_config(config_path(name), **arguments)


def model_of(config):
    model = copy.deepcopy(config.model)
    model.num_identities, model.num_cameras = 751, 6
    return model


class StandIn(torch.nn.Module):
    """In place of a backbone, whose building takes long."""

    feature_dim = 8

    def __init__(self, name, pretrained, image_size):
        super().__init__()
        assert name in ("osnet_x1_0", "osnet_x0_25")


@pytest.mark.parametrize("name", LEAVES)
def test_every_config_builds_its_model(name, tmp_path):
    config = load(name)
    model = model_of(config)
    assert config.work_dir == str(Path("work_dirs") / Path(name).stem)
    if name not in (MARKET, SMALL):
        model.backbone.type = StandIn
    if model.mode == "online":
        trained = MODELS.build(
            {**model.generator, "num_cameras": 6 if model.condition_on_camera else 0}
        )
        torch.save(trained.state_dict(), tmp_path / "generator.pth")
        model.generator_checkpoint = str(tmp_path / "generator.pth")
        built = MODELS.build(model)
    else:
        with torch.device("meta"):  # no memory, no initial values
            built = MODELS.build(model)
    assert built.mode == ("baseline" if "baseline" in name else model.mode)
    assert (built.generator is None) == ("baseline" in name)
    if built.mode == "joint":
        alone = name == "pose_quartet_demo_weights.py"
        assert (built.pose_discriminator is None) == (alone or "without_pose_disc" in name)
        assert (built.appearance_discriminator is None) == (alone or "without_appearance" in name)
    assert set(built.trained_networks) <= set(config.optim_wrapper)


def test_baselines_differ_in_the_mode_alone():
    pairs = [(n, n.replace("_baseline", "")) for n in LEAVES if n.endswith("_baseline.py")]
    assert len(pairs) >= 4
    for name, whole in pairs:
        baseline, joint = load(name).to_dict(), load(whole).to_dict()
        assert baseline["model"].pop("mode") == "baseline"
        assert joint["model"].pop("mode") == "joint"
        del baseline["work_dir"], joint["work_dir"]
        if "demo" in name:  # more epochs, for about the same time
            for config in (baseline, joint):
                del config["train_cfg"], config["param_scheduler"]
        assert baseline == joint


@pytest.mark.parametrize("name", [MARKET, "pose_quartet_duke.py", "pose_quartet_msmt17.py"])
def test_the_papers_numbers(name):
    config = load(name)
    assert config.train_cfg.max_epochs == 800
    networks = ("reid", "generator", "appearance_discriminator", "pose_discriminator")
    for network in networks:
        optimizer = config.optim_wrapper[network].optimizer
        assert (optimizer.type, optimizer.lr) == ("Adam", 2e-4)
    assert config.model.mode == "joint"
    assert config.model.generator.num_blocks == 4
    assert config.model.reid_to_generator
    assert config.model.objective.weights == {
        "adversarial": 5,
        "reconstruction": 10,
        "semantic": 10,
        "quartet": 1,
        "identity": 1,
    }


def rates(config, network="generator"):
    """Learning rate of each epoch."""
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = OPTIMIZERS.build({**config.optim_wrapper[network].optimizer, "params": [parameter]})
    schedulers = [
        PARAM_SCHEDULERS.build({**s, "optimizer": optimizer}) for s in config.param_scheduler
    ]
    found = []
    for _ in range(config.train_cfg.max_epochs):
        found.append(optimizer.param_groups[0]["lr"])
        parameter.grad = torch.zeros(1)
        optimizer.step()
        for scheduler in schedulers:
            scheduler.step()
    return found


@pytest.mark.parametrize("epochs", [None, 80])
def test_constant_first_half_then_linear_to_zero(epochs):
    config = load(MARKET)
    if epochs is not None:
        set_epochs(config, epochs)
    found = rates(config)
    half = len(found) // 2
    assert found[: half + 1] == [2e-4] * (half + 1)
    falling = torch.tensor(found[half:], dtype=torch.float64)
    steps = falling[:-1] - falling[1:]
    assert torch.allclose(steps, torch.full_like(steps, 2e-4 / (half - 1)), rtol=1e-6)
    assert found[-1] == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(
    ("name", "limit"),
    [(MARKET, 4.5), ("ablations/paper_4_blocks.py", 4.5), (SMALL, 0.4)],
)
def test_cost_of_the_generator(name, limit):
    model = model_of(load(name))
    cameras = 6 if model.condition_on_camera else 0
    size = tuple(model.generator.image_size)
    with torch.device("meta"):
        generator = MODELS.build({**model.generator, "num_cameras": cameras}).eval()
        points = torch.zeros(1, 18, 3)
        camera = torch.zeros(1, dtype=torch.long) if cameras else None
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            image = generator(torch.zeros(1, 3, *size), points, points, camera)
    assert image.shape == (1, 3, *size)
    assert limit / 4 < counter.get_total_flops() / 2e9 <= limit


def test_a_users_own_config(tmp_path, monkeypatch):
    path = tmp_path / "own.py"
    path.write_text(
        # mmengine evaluates this line before, and apart from, the rest of the file.
        f"_base_ = [__import__('posegan_plugin').config_path({MARKET!r})]\n"
        "model = dict(reid=dict(dropout=0.2), generator=dict(num_blocks=3))\n"
        "data_root = 'elsewhere'\n"
    )
    monkeypatch.chdir(tmp_path)
    config = load_config("own.py")
    assert config.model.reid == {**load(MARKET).model.reid, "dropout": 0.2}
    assert config.model.generator.num_blocks == 3
    assert config.work_dir == "work_dirs/own"
    assert config.train_dataloader.dataset.data_root == "elsewhere"


@pytest.mark.parametrize(
    "text",
    [
        "from posegan_plugin import config_path\n_base_ = [config_path('pose_quartet_demo.py')]",
        "_base_ = ['./nowhere.py']",
        "model = dict(",
        "model = undefined",
        "custom_imports = dict(imports=['no_such_module'])",
    ],
)
def test_configs_that_cannot_be_read(tmp_path, text):
    (tmp_path / "own.py").write_text(text)
    with pytest.raises(UserError) as error:
        load_config(str(tmp_path / "own.py"))
    assert str(error.value).startswith(f"config {tmp_path / 'own.py'} cannot be read: ")
    assert "\n" not in str(error.value)


def test_data_root_reaches_every_data_set(tmp_path):
    config = load(MARKET, data_root="here")
    loaders = (config.train_dataloader, config.val_dataloader, config.test_dataloader)
    assert [x.dataset.data_root for x in loaders] == ["here"] * 3
    assert load(MARKET).train_dataloader.dataset.data_root == "data"
    own = load(MARKET, data_root="here", options={"train_dataloader.dataset.data_root": "own"})
    assert own.train_dataloader.dataset.data_root == "own"
    assert own.val_dataloader.dataset.data_root == "here"


def test_options():
    options = {"model.generator.channels": 32, "train_cfg.max_epochs": 3, "find_unused": 1}
    with pytest.raises(UserError, match="no key 'find_unused'"):
        load(MARKET, options=options)
    del options["find_unused"]
    options["experiment_name"] = "mine"  # of mmengine's runner, in no config
    config = load(MARKET, options=options)
    assert config.model.generator.channels == 32
    assert config.model.generator.num_blocks == 4
    assert config.experiment_name == "mine"


@pytest.mark.parametrize(
    ("key", "meant"),
    [("modle.mode", "model"), ("train_dataloder.batch_size", "train_dataloader")],
)
def test_misspelt_option(key, meant):
    with pytest.raises(UserError) as error:
        load(MARKET, options={key: 1})
    assert key in str(error.value)
    assert f"did you mean {meant!r}" in str(error.value)
    with pytest.raises(UserError) as error:
        load(MARKET, options={"zzz": 1})
    assert "did you mean" not in str(error.value)


def test_length_of_the_training():
    config = Config(
        {
            "train_cfg": {"max_epochs": 40, "val_interval": 10},
            "param_scheduler": [
                {"type": "LinearLR", "begin": 0, "end": 4},
                {"type": "CosineAnnealingLR", "begin": 20, "end": 40, "T_max": 20},
            ],
        }
    )
    set_epochs(config, 100)
    assert config.train_cfg == {"max_epochs": 100, "val_interval": 10}
    assert config.param_scheduler[0] == {"type": "LinearLR", "begin": 0, "end": 10}
    assert config.param_scheduler[1].to_dict() == {
        "type": "CosineAnnealingLR",
        "begin": 50,
        "end": 100,
        "T_max": 50,
    }
    set_epochs(config, 5)
    assert config.train_cfg == {"max_epochs": 5, "val_interval": 5}
    for epochs in (0, -1):
        with pytest.raises(UserError, match="at least 1"):
            set_epochs(config, epochs)


@pytest.mark.parametrize("name", [MARKET, SMALL])
@pytest.mark.parametrize("epochs", [1, 2, 3])
def test_short_trainings_have_a_rate_above_0(name, epochs):
    config = load(name)
    set_epochs(config, epochs)
    assert rates(config)[0] > 0


def test_mixed_precision():
    config = load(MARKET)
    use_amp(config)
    wrappers = [w for w in config.optim_wrapper.values() if isinstance(w, dict)]
    assert len(wrappers) == 4
    assert {w.type for w in wrappers} == {"Bf16OptimWrapper"}
    assert config.optim_wrapper.constructor == "MultiOptimWrapperConstructor"
    assert wrappers[0].optimizer == load(MARKET).optim_wrapper.reid.optimizer


def tiny_config(tiny, **options):
    return load_config(str(tiny.config), options, str(tiny.data_root))


def test_what_follows_from_the_data_set(tiny):
    config = tiny_config(tiny)
    prepare_for_dataset(config)
    assert (config.model.num_identities, config.model.num_cameras) == (12, 3)
    assert config.train_dataloader.dataset.require_keypoints
    own = tiny_config(tiny, **{"model.num_identities": 20, "model.mode": "baseline"})
    prepare_for_dataset(own)
    assert (own.model.num_identities, own.model.num_cameras) == (20, 3)
    assert not own.train_dataloader.dataset.require_keypoints
    assert not own.val_dataloader.dataset.require_keypoints


@pytest.mark.parametrize(("size", "fits"), [(12, True), (11, False), (3, False)])
def test_batches_of_quartets(tiny, size, fits):
    config = tiny_config(tiny)
    config.train_dataloader.sampler = {"type": "QuartetSampler", "num_quartets": 3}
    config.train_dataloader.batch_size = size
    if fits:
        prepare_for_dataset(config)
    else:
        with pytest.raises(UserError, match=rf"batch_size={size} .*num_quartets=3"):
            prepare_for_dataset(config)


def test_where_to_resume(joint_run, tmp_path):
    assert find_resume(str(tmp_path), "auto") is None
    assert find_resume(str(joint_run.work_dir), "auto") == str(joint_run.checkpoint)
    assert find_resume(str(tmp_path), str(joint_run.checkpoint)) == str(joint_run.checkpoint)
    (tmp_path / "last_checkpoint").write_text(str(tmp_path / "epoch_9.pth"))
    with pytest.raises(UserError, match="epoch_9"):
        find_resume(str(tmp_path), "auto")


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
