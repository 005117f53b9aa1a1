import pytest
import torch

pytest.importorskip("torchreid")

from posegan_plugin.errors import UserError
from posegan_plugin.for_torchreid.yaml_checks import check_values


@pytest.fixture
def check(load, monkeypatch):
    """Checks a config on a machine with so many GPUs."""

    def check(gpus, *opts):
        monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
        check_values(load("", opts=("use_gpu", "True", *opts)))

    return check


@pytest.mark.parametrize("key", ["amp", "compile"])
@pytest.mark.parametrize("mode", ["quartet", "online_quartet"])
def test_what_several_gpus_break(check, key, mode):
    opts = ("posegan.mode", mode, f"posegan.{key}", "True")
    with pytest.raises(UserError, match=rf"posegan\.{key}: .* one GPU with --gpu-devices 0"):
        check(2, *opts)
    check(1, *opts)
    check(2, *opts, "use_gpu", "False")
    check(2, *opts, "test.evaluate", "True")
    check(2, *opts, "posegan.mode", "joint")


def test_several_gpus_alone_are_no_fault(check):
    check(2)
    check(2, "posegan.mode", "quartet")


@pytest.mark.parametrize(
    ("opts", "message"),
    [
        (("train.print_freq", "0"), "train.print_freq=0 must be at least 1"),
        (("train.seed", "-1"), "train.seed=-1 must be at least 0"),
        (("data.height", "0"), "data.height=0 must be at least 1"),
        (("data.k_tfm", "2"), "data.k_tfm: .* one version of each image"),
        (("train.stepsize", "[0]"), r"train.stepsize=\[0\] must be epochs from 1 on"),
        (("loss.triplet.weight_t", "-1"), "loss.triplet.weight_t=-1.0 must be at least 0"),
        (("loss.name", "triplet", "loss.triplet.weight_t", "0"), "both 0, which leaves no loss"),
        (("posegan.mode", "joint", "posegan.gan_lr", "-1"), "posegan.gan_lr=-1.0 must be at least"),
        (
            ("posegan.mode", "joint", "posegan.gan_betas", "[0.5]"),
            "posegan.gan_betas=.* two numbers",
        ),
        (("posegan.mode", "joint", "posegan.gan_betas", "[0.5, 2]"), "gan_betas=.* below 1"),
        (
            ("posegan.mode", "joint", "posegan.max_pairs", "0"),
            "posegan.max_pairs=0 must be at least 1",
        ),
        (
            ("posegan.mode", "joint", "posegan.num_cameras", "-1"),
            "num_cameras=-1 must be at least 1",
        ),
        (
            ("posegan.mode", "quartet", "posegan.test_poses", "-1"),
            "test_poses=-1 must be at least 0",
        ),
        (
            (
                *("posegan.mode", "quartet", "posegan.objective.weights.quartet", "0"),
                *("posegan.objective.weights.identity", "0"),
            ),
            "posegan.objective.weights: .* leaves no loss",
        ),
        (("model.name", "posegan_generator"), "model.name: 'posegan_generator' is unknown"),
        (
            (
                *("posegan.mode", "online", "loss.name", "triplet"),
                *("train.fixbase_epoch", "1"),
            ),
            "set train.fixbase_epoch: 0",
        ),
    ],
)
def test_numbers_that_cannot_be(check, opts, message):
    with pytest.raises(UserError, match=message):
        check(1, *opts)
