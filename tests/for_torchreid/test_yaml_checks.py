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
