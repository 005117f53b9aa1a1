import os
import socket
from datetime import timedelta

import pytest
import torch
from mmengine.config import Config

from posegan_plugin import UserError
from posegan_plugin.for_mmengine.cli import start_processes
from posegan_plugin.for_mmengine.launchers import read_launcher

PLACES = {
    "pytorch": {"RANK": "3", "WORLD_SIZE": "4", "LOCAL_RANK": "1"},
    "slurm": {"SLURM_PROCID": "3", "SLURM_NTASKS": "4", "SLURM_LOCALID": "1"},
    "mpi": {
        "OMPI_COMM_WORLD_RANK": "3",
        "OMPI_COMM_WORLD_SIZE": "4",
        "OMPI_COMM_WORLD_LOCAL_RANK": "1",
    },
}
ADDRESS = {"MASTER_ADDR": "127.0.0.1"}


@pytest.fixture
def environment(monkeypatch):
    """Replaces the whole environment."""

    def replace(**variables):
        monkeypatch.setattr(os, "environ", dict(variables))
        return os.environ

    return replace


@pytest.mark.parametrize("launcher", PLACES)
def test_place(environment, launcher):
    variables = environment(**PLACES[launcher], **ADDRESS)
    read_launcher(launcher)
    assert {k: variables[k] for k in PLACES["pytorch"]} == PLACES["pytorch"]
    assert variables["MASTER_PORT"] == "29500"


def test_the_users_port_stays(environment):
    variables = environment(**PLACES["slurm"], **ADDRESS, MASTER_PORT="1234")
    read_launcher("slurm")
    assert variables["MASTER_PORT"] == "1234"


@pytest.mark.parametrize(
    ("launcher", "starter"), [("pytorch", "torchrun"), ("slurm", "srun"), ("mpi", "mpirun")]
)
def test_not_started_by_it(environment, launcher, starter):
    environment(**ADDRESS)
    first = next(iter(PLACES[launcher]))
    with pytest.raises(UserError, match=rf"{first} is not set; start the command with {starter}"):
        read_launcher(launcher)


def test_address_of_the_first_machine(environment, monkeypatch):
    environment(**PLACES["slurm"])
    with pytest.raises(UserError, match="launcher slurm: set MASTER_ADDR"):
        read_launcher("slurm")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    read_launcher("slurm")
    environment(**PLACES["mpi"])
    with pytest.raises(UserError, match="launcher mpi: set MASTER_ADDR"):
        read_launcher("mpi")


@pytest.mark.skipif(torch.cuda.is_available(), reason="mmengine makes the group")
@pytest.mark.parametrize("launcher", PLACES)
def test_group_on_a_cpu(monkeypatch, launcher):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv("MASTER_PORT", str(free.getsockname()[1]))
    monkeypatch.setenv("MASTER_ADDR", "127.0.0.1")
    rank, size, local = PLACES[launcher]
    for name, value in zip(("RANK", "WORLD_SIZE", "LOCAL_RANK"), "000", strict=True):
        monkeypatch.setenv(name, value)  # restored at the end
    for name, value in zip((rank, size, local), "010", strict=True):
        monkeypatch.setenv(name, value)
    config = Config()
    start_processes(config, launcher)
    try:
        assert torch.distributed.get_backend() == "gloo"
        assert (torch.distributed.get_rank(), torch.distributed.get_world_size()) == (0, 1)
    finally:
        torch.distributed.destroy_process_group()
    assert config.launcher == launcher
    assert config.model_wrapper_cfg.type == "posegan_plugin.SeparateDDP"
    assert [h.type for h in config.custom_hooks] == ["SyncBuffersHook"]


@pytest.mark.skipif(torch.cuda.is_available(), reason="mmengine makes the group")
@pytest.mark.parametrize(
    ("options", "timeout"),
    [({}, None), ({"env_cfg": {"dist_cfg": {"timeout": 90}}}, timedelta(seconds=90))],
)
def test_how_long_processes_wait_for_each_other(environment, monkeypatch, options, timeout):
    environment(**PLACES["pytorch"], **ADDRESS)
    made = []
    monkeypatch.setattr(torch.distributed, "init_process_group", lambda *a, **k: made.append(k))
    start_processes(Config(options), "pytorch")
    assert made == [{"timeout": timeout}]


@pytest.mark.skipif(torch.cuda.is_available(), reason="allowed on a GPU")
def test_synchronised_batch_norm_needs_a_gpu(environment):
    environment(**PLACES["slurm"], **ADDRESS)
    with pytest.raises(UserError, match=r"sync_bn: .* needs GPUs"):
        start_processes(Config({"sync_bn": "torch"}), "slurm")


def test_train_without_the_launcher(tiny, monkeypatch, capsys):
    for name in PLACES["slurm"]:
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(SystemExit) as error:
        tiny.run("train", launcher="slurm")
    assert error.value.code == 2
    assert "SLURM_PROCID is not set" in capsys.readouterr().err
