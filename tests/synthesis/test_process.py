import pytest
import torch

from posegan_plugin.errors import UserError
from posegan_plugin.synthesis import Process
from posegan_plugin.synthesis.process import machine, same_bits

NAMES = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE")


@pytest.fixture
def environment(monkeypatch):
    def run(*values):
        for name in NAMES:
            monkeypatch.delenv(name, raising=False)
        for name, value in zip(NAMES, values, strict=False):
            monkeypatch.setenv(name, value)
        return Process.from_environment()

    return run


def test_environment_of_torchrun(environment):
    assert environment() == Process(0, 1, 0, 1)
    assert environment("5", "8", "1", "4") == Process(5, 8, 1, 4)


@pytest.mark.parametrize("values", [("2", "2"), ("-1", "2"), ("one", "2"), ("1",)])
def test_environment_that_makes_no_sense(environment, values):
    with pytest.raises(UserError, match="RANK"):
        environment(*values)


@pytest.mark.parametrize("count", [1, 2, 3, 11])
def test_shares_are_everything_once(count):
    parts = list(range(10))
    shares = [Process(rank, count).share(parts) for rank in range(count)]
    assert sorted(p for share in shares for p in share) == parts
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_devices():
    assert Process().device("cpu") == torch.device("cpu")
    if not torch.cuda.is_available():
        assert Process().device() == torch.device("cpu")
    for name in ("cuda:99", "toaster"):
        with pytest.raises(UserError, match=f"device {name} cannot be used"):
            Process().device(name)


def test_workers_share_the_cores(monkeypatch):
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(6)), raising=False)
    assert Process().workers() == 6
    assert Process(local_world_size=4).workers() == 1
    assert Process(local_world_size=9).workers() == 1
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(64)), raising=False)
    assert Process().workers() == 8


def test_threads_are_as_before_afterwards():
    before = torch.get_num_threads(), torch.backends.cudnn.benchmark
    with pytest.raises(ZeroDivisionError), same_bits():
        assert torch.get_num_threads() == 1
        raise ZeroDivisionError
    assert (torch.get_num_threads(), torch.backends.cudnn.benchmark) == before


def test_machine():
    assert machine(torch.device("cpu")).startswith("cpu ")
