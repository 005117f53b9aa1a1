import inspect
import math

import pytest
import yaml

from posegan_plugin import config_path
from posegan_plugin.augment import SynthesisPolicy
from posegan_plugin.for_mmengine.config import load_config as read_mmengine_config
from posegan_plugin.for_torchreid.yaml_config import load_config, plain
from posegan_plugin.for_torchreid.yaml_keys import options_of
from posegan_plugin.losses import QuartetLoss
from posegan_plugin.models import PoseTransferGenerator

# Every key of torchreid's scripts/default_config.py and of its configs/*.yaml, at another value
# than its default.
UPSTREAM = """
use_gpu: False
model: {name: osnet_x1_0, pretrained: False, load_weights: a.pth, resume: b.pth}
data:
  type: video
  root: elsewhere
  sources: [msmt17, market1501]
  targets: [dukemtmcreid]
  workers: 2
  split_id: 3
  height: 160
  width: 64
  combineall: True
  transforms: [random_crop, color_jitter]
  k_tfm: 2
  norm_mean: [0.5, 0.5, 0.5]
  norm_std: [0.25, 0.25, 0.25]
  save_dir: log/here
  load_train_targets: True
market1501: {use_500k_distractors: True}
cuhk03: {labeled_images: True, classic_split: True, use_metric_cuhk03: True}
sampler:
  train_sampler: RandomIdentitySampler
  train_sampler_t: RandomDomainSampler
  num_instances: 8
  num_cams: 2
  num_datasets: 3
video: {seq_len: 7, sample_method: random, pooling_method: max}
train:
  optim: amsgrad
  lr: 0.0015
  weight_decay: 0.001
  max_epoch: 250
  start_epoch: 1
  batch_size: 64
  fixbase_epoch: 10
  open_layers: [fc, classifier]
  staged_lr: True
  new_layers: [fc]
  base_lr_mult: 0.2
  lr_scheduler: multi_step
  stepsize: [30, 60]
  gamma: 0.5
  print_freq: 5
  seed: 7
sgd: {momentum: 0.8, dampening: 0.1, nesterov: True}
rmsprop: {alpha: 0.9}
adam: {beta1: 0.5, beta2: 0.9}
loss:
  name: triplet
  softmax: {label_smooth: False}
  triplet: {margin: 0.5, weight_t: 0.5, weight_x: 1.5}
test:
  batch_size: 300
  dist_metric: cosine
  normalize_feature: True
  ranks: [1, 2]
  evaluate: True
  eval_freq: 10
  start_eval: 20
  rerank: True
  visrank: True
  visrank_topk: 5
  visactmap: True
"""


def leaves(tree, prefix=""):
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def test_every_upstream_key_arrives(load):
    config, given = load(UPSTREAM), yaml.safe_load(UPSTREAM)
    assert config.posegan is None
    del config["posegan"]
    assert plain(config) == given
    defaults = dict(leaves(load_config()))
    same = [key for key, value in leaves(given) if defaults[key] == value]
    assert same == []


def test_defaults_are_upstreams():
    config = load_config()
    assert (config.model.name, config.model.pretrained) == ("resnet50", True)
    assert (config.train.lr, config.train.weight_decay, config.adam.beta2) == (3e-4, 5e-4, 0.999)
    assert config.loss.triplet == {"margin": 0.3, "weight_t": 1.0, "weight_x": 0.0}
    assert config.use_gpu is None


def test_precedence(load):
    text = "data: {root: file, sources: [a], width: 64}\ntrain: {lr: 0.1, seed: 2}"
    config = load(text, {"data.root": "named", "data.sources": ["b", "c"]}, ("train.lr", "0.2"))
    assert config.data.root == "named"
    assert config.data.sources == ["b", "c"]
    assert (config.data.width, config.data.height) == (64, 256)
    assert (config.train.lr, config.train.seed) == (0.2, 2)
    assert load(text, {"data.root": "named"}, ("data.root", "opts")).data.root == "opts"


def test_the_defaults_stay_as_they_are(load):
    load("").train.stepsize.append(99)
    assert load("").train.stepsize == [20]


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("train.weight_decay", "5e-4", 5e-4),  # YAML 1.1 reads it as a text
        ("train.lr", "1", 1.0),
        ("train.stepsize", "[30, 60]", [30, 60]),
        ("train.stepsize", "30", [30]),
        ("data.transforms", "random_erase", ["random_erase"]),
        ("data.transforms", "[]", []),
        ("data.transforms", "null", None),
        ("data.norm_mean", "null", None),
        ("posegan.objective.perceptual_layers", "[]", []),
        ("posegan.objective.perceptual_layers", "['conv1', 'conv2']", ["conv1", "conv2"]),
        ("posegan.objective.perceptual_layers", "conv1", ["conv1"]),
        ("test.evaluate", "True", True),
        ("test.evaluate", "true", True),
        ("data.save_dir", "2024", "2024"),
        ("use_gpu", "False", False),
        ("posegan.augment.filter", "0.5", 0.5),
        ("posegan.augment.filter", "null", None),
        ("posegan.generator.image_size", "(64, 32)", [64, 32]),
    ],
)
def test_values_of_the_command_line(load, key, text, value):
    found = load("posegan: {mode: joint}", opts=(key, text)).get_path(key)
    assert found == value
    assert type(found) is type(value)


def test_yaml_number_without_a_point(load):
    assert math.isclose(load("train: {weight_decay: 5e-4}").train.weight_decay, 5e-4)


def test_posegan_section(load, refusal):
    assert load("posegan: {mode: joint}").posegan.generator.num_blocks == 4
    assert load("posegan: {mode: joint}", opts=("posegan.mode", "baseline")).posegan is None
    assert load("posegan: {mode: baseline}").posegan is None
    for text in ("posegan: {amp: True}", "posegan:"):
        assert "posegan.mode is missing; choose one of baseline, " in refusal(text)
    assert "posegan.mode: 'jiont' is unknown; did you mean 'joint'?" in refusal(
        "posegan: {mode: jiont}"
    )


@pytest.mark.parametrize(
    ("section", "thing"),
    [
        ("augment", SynthesisPolicy),
        ("objective.quartet", QuartetLoss),
        ("generator", PoseTransferGenerator),
    ],
)
def test_options_are_those_of_the_classes(load, section, thing):
    options = load("posegan: {mode: joint}").posegan.get_path(section)
    parameters = dict(inspect.signature(thing).parameters)
    parameters.pop("num_cameras", None)  # posegan.condition_on_camera
    assert set(options) == set(parameters)
    thing(**options)


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("pose_quartet_market", "joint"),
        ("pose_online_market", "online"),
        ("quartet_poses_market_small", "quartet"),
        ("quartet_market", "quartet"),
        ("pose_quartet_demo", "joint"),
        ("softmax_market_baseline", None),
    ],
)
def test_shipped_files(name, mode):
    config = load_config(config_path(f"torchreid/{name}.yaml"))
    assert config.data.save_dir == f"log/{name}"
    assert config.model.pretrained is False
    assert (config.posegan.mode if config.posegan else None) == mode


def test_the_generator_of_the_small_config_fits_the_small_file():
    options = load_config(config_path("torchreid/quartet_poses_market_small.yaml")).posegan
    trained = read_mmengine_config(config_path("pose_quartet_market_small.py")).model
    built = dict(trained.generator)
    built.pop("type")
    built["image_size"] = list(built["image_size"])
    assert dict(options.generator) == options_of(PoseTransferGenerator, ("num_cameras",)) | built
    assert options.condition_on_camera == trained.condition_on_camera
