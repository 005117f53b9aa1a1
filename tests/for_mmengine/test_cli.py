import pytest
import torch

from posegan_plugin import UserError
from posegan_plugin.for_mmengine import cli


@pytest.fixture
def kept(monkeypatch):
    """Calls of ``keep_freed_memory``, which would hold for the test process."""
    calls = []
    monkeypatch.setattr(cli, "keep_freed_memory", lambda: calls.append("kept"))
    return calls


@pytest.mark.parametrize(("gpu", "expected"), [(False, ["kept", "run"]), (True, ["run"])])
def test_freed_memory_is_kept_where_there_is_no_gpu(kept, monkeypatch, gpu, expected):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu)
    cli.run_command(lambda: kept.append("run"))
    assert kept == expected


def test_a_mistake_is_one_sentence(kept, capsys):
    def main():
        raise UserError("the file is missing")

    with pytest.raises(SystemExit) as stop:
        cli.run_command(main)
    assert stop.value.code == 2
    assert capsys.readouterr().err == "error: the file is missing\n"
