"""``tools/benchmark/processes.py``, once, with networks that take no time."""

import importlib
import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

pytest.importorskip("torchreid")

ROOT = Path(__file__).resolve().parents[3]
TOOL = ROOT / "tools" / "benchmark" / "processes.py"


def test_both_are_measured_and_agree(tiny, tmp_path):
    line = [sys.executable, "-W", "ignore", TOOL, "--config", tiny.config, "--out", tmp_path]
    done = subprocess.run(
        [
            *line,
            *["--device", "cpu", "--batches", "6", "8", "10", "--repeats", "2", "--rounds", "1"],
        ],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "processes_cpu.json").read_text())
    assert found["columns"][0] == "two : one"
    assert (tmp_path / "processes_cpu.md").read_text().strip() in done.stdout
    assert [row[1] for row in found["rows"]] == [6, 8, 10]
    for ratio, batch, one, two, one_step, two_step, difference in found["rows"]:
        assert all(math.isfinite(v) and v > 0 for v in (ratio, one, two, one_step, two_step))
        assert ratio == pytest.approx(two / one)
        assert one == pytest.approx(batch / one_step)
        assert two == pytest.approx(2 * batch / two_step)
        assert 0 <= difference < 1e-6


@pytest.fixture
def processes(monkeypatch):
    """The tool as a module, which finds its neighbours."""
    monkeypatch.syspath_prepend(TOOL.parent)
    return importlib.import_module("processes")


def test_batches_without_pairs(processes, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(sys, "argv", ["processes.py", "--batches", "7", "--out", str(tmp_path)])
    with pytest.raises(SystemExit) as stop:
        processes.main()
    assert stop.value.code == 2
    assert "--batches: even numbers of at least 6" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_one_gpu_is_not_two(processes, monkeypatch, tmp_path):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "a GPU")
    started = []

    def start(count, folder, device, arguments):
        started.append((count, device, "--gradients" in arguments))
        return {"8": [0.5, 4.0, 1.0]}

    monkeypatch.setattr(processes, "start", start)
    line = ["processes.py", "--device", "cuda", "--batches", "8", "--out", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", line)
    processes.main()
    assert started == [(1, "cuda", False)] * 2
    found = json.loads((tmp_path / "processes_cuda.json").read_text())
    assert found["rows"] == [[None, 8, 8.0, None, 1.0, None, None]]
    assert "this machine has 1" in found["notes"][1]
    assert "| not measured | 8 |" in (tmp_path / "processes_cuda.md").read_text()
