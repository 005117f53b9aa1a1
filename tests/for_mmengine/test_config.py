import pytest
from mmengine.config import Config

from posegan_plugin import UserError, config_path
from posegan_plugin.datasets import QuartetSampler
from posegan_plugin.for_mmengine.config import (
    load_config,
    prepare_for_dataset,
    set_epochs,
    use_amp,
)

MARKET = config_path("pose_quartet_market.py")


def test_a_users_own_config(tmp_path, monkeypatch):
    path = tmp_path / "own.py"
    path.write_text(
        # mmengine evaluates this line before, and apart from, the rest of the file.
        "_base_ = [__import__('posegan_plugin').config_path('pose_quartet_market.py')]\n"
        "model = dict(reid=dict(dropout=0.2), generator=dict(num_blocks=3))\n"
        "data_root = 'elsewhere'\n"
    )
    monkeypatch.chdir(tmp_path)
    config = load_config("own.py")
    assert config.model.reid == {**load_config(MARKET).model.reid, "dropout": 0.2}
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
    config = load_config(MARKET, data_root="here")
    loaders = (config.train_dataloader, config.val_dataloader, config.test_dataloader)
    assert [x.dataset.data_root for x in loaders] == ["here"] * 3
    assert load_config(MARKET).train_dataloader.dataset.data_root == "data"
    own = load_config(
        MARKET, data_root="here", options={"train_dataloader.dataset.data_root": "own"}
    )
    assert own.train_dataloader.dataset.data_root == "own"
    assert own.val_dataloader.dataset.data_root == "here"


def test_options():
    options = {"model.generator.channels": 32, "train_cfg.max_epochs": 3, "find_unused": 1}
    with pytest.raises(UserError, match="no key 'find_unused'"):
        load_config(MARKET, options=options)
    del options["find_unused"]
    options["experiment_name"] = "mine"  # of mmengine's runner, in no config
    config = load_config(MARKET, options=options)
    assert config.model.generator.channels == 32
    assert config.model.generator.num_blocks == 4
    assert config.experiment_name == "mine"


@pytest.mark.parametrize(
    ("key", "meant"),
    [("modle.mode", "model"), ("train_dataloder.batch_size", "train_dataloader")],
)
def test_misspelt_option(key, meant):
    with pytest.raises(UserError) as error:
        load_config(MARKET, options={key: 1})
    assert key in str(error.value)
    assert f"did you mean {meant!r}" in str(error.value)
    with pytest.raises(UserError) as error:
        load_config(MARKET, options={"zzz": 1})
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


def test_length_without_schedules():
    config = Config({"train_cfg": {"max_epochs": 4}, "param_scheduler": None})
    set_epochs(config, 8)
    assert config.train_cfg == {"max_epochs": 8, "val_interval": 1}


def test_mixed_precision():
    config = load_config(MARKET)
    use_amp(config)
    wrappers = [w for w in config.optim_wrapper.values() if isinstance(w, dict)]
    assert len(wrappers) == 4
    assert {w.type for w in wrappers} == {"Bf16OptimWrapper"}
    assert config.optim_wrapper.constructor == "MultiOptimWrapperConstructor"
    assert wrappers[0].optimizer == load_config(MARKET).optim_wrapper.reid.optimizer


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


def test_more_cameras_than_the_generator_knows(tiny):
    known = {"model.num_cameras": 2}
    with pytest.raises(UserError, match="knows 2 cameras, the data set has 3: take a generator"):
        prepare_for_dataset(tiny_config(tiny, **known))
    for untold in ({"model.mode": "baseline"}, {"model.condition_on_camera": False}):
        prepare_for_dataset(tiny_config(tiny, **known, **untold))


QUARTETS = {"type": "QuartetSampler", "num_quartets": 3}
CLASS = {"type": QuartetSampler, "num_quartets": 3}
PARTNERS = {"type": "PartnerSampler", "num_images": 9, "num_partners": 3}


@pytest.mark.parametrize(
    ("sampler", "size", "message"),
    [
        (QUARTETS, 12, None),
        (CLASS, 12, None),
        (CLASS, 11, r"batch_size=11 .*num_quartets=3"),
        ({"type": "QuartetSampler"}, 12, None),  # which the sampler itself refuses
        (QUARTETS, 11, r"batch_size=11 .*num_quartets=3"),
        (QUARTETS, 3, r"batch_size=3 .*num_quartets=3"),
        (PARTNERS, 12, None),
        (PARTNERS, 9, r"batch_size=9 .*num_partners=3 together, 12"),
    ],
)
def test_batches_of_samplers(tiny, sampler, size, message):
    config = tiny_config(tiny)
    config.train_dataloader.sampler = dict(sampler)
    config.train_dataloader.batch_size = size
    if message is None:
        prepare_for_dataset(config)
    else:
        with pytest.raises(UserError, match=message):
            prepare_for_dataset(config)
