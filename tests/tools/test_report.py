import contextlib
import importlib.util
import io
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).resolve().parents[2] / "tools" / "report.py"


@pytest.fixture
def command(monkeypatch):
    """Runs the tool in this process; what it printed."""
    spec = importlib.util.spec_from_file_location("tool_report", TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    def command(*line):
        monkeypatch.setattr(sys, "argv", ["report.py", *map(str, line)])
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            module.run_command(module.main)
        return output.getvalue()

    return command


def test_trained_run(command, joint_run, tmp_path):
    out = tmp_path / "page.html"
    assert command(joint_run.work_dir, "--out", out).startswith(f"{out}: ")
    html = out.read_text(encoding="utf-8")
    assert f"{joint_run.metrics['reid/mAP']:.1f} %" in html
    assert html.count('src="data:image/png;base64,') == 2
    for name in ("loss_id", "loss_quartet", "loss_R", "loss_D_I", "reid.lr"):
        assert f"<h3>{name}</h3>" in html
    assert "left single ranks only" not in html


def test_torchreid_run_beside_it(command, joint_run, joint_training, tmp_path):
    engine, folder = joint_training
    command(joint_run.work_dir, folder, "--out", tmp_path / "page.html")
    html = (tmp_path / "page.html").read_text(encoding="utf-8")
    cmc, mean = engine.scores["market1501"]
    for value in (cmc[0], cmc[4], cmc[9], mean):
        assert f"<b>{100 * value:.1f} %</b>" in html
    assert "trained with torchreid, reached epoch 2 of 2" in html
    assert "<h3>loss_x</h3>" in html
    assert "torchreid logs none" in html


def test_default_place_and_a_second_time(command, tmp_path):
    (tmp_path / "20260101_000000" / "vis_data").mkdir(parents=True)
    for _ in range(2):
        command(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"20260101_000000", "report.html"}


@pytest.mark.parametrize("line", [["missing"], ["."], [".", "--out", "x.html"]])
def test_errors(command, tmp_path, monkeypatch, capsys, line):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stop:
        command(*line)
    assert stop.value.code == 2
    (message,) = capsys.readouterr().err.splitlines()
    assert message.startswith(f"error: {line[0]} ")
    assert list(tmp_path.iterdir()) == []
