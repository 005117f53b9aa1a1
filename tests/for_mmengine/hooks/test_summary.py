from types import SimpleNamespace

import pytest

from posegan_plugin.for_mmengine.hooks import SummaryHook
from posegan_plugin.for_mmengine.hooks import summary as module
from posegan_plugin.for_mmengine.hooks.summary import summary_table

METRICS = {"reid/R1": 91.25, "transfer/SSIM": 0.3216, "transfer/R1_generated": 45.0}


def test_table():
    assert summary_table(METRICS, {"logs": "/w"}).splitlines() == [
        "-" * 29,
        "reid/R1                91.2 %",
        "transfer/SSIM          0.322",
        "transfer/R1_generated  45.0 %",
        "logs                   /w",
        "-" * 29,
    ]


@pytest.fixture
def runner(tmp_path):
    return SimpleNamespace(work_dir=str(tmp_path), log_dir=str(tmp_path / "now"))


@pytest.mark.parametrize("after", ["after_val_epoch", "after_test_epoch"])
def test_last_evaluation(runner, capsys, after):
    hook = SummaryHook()
    getattr(hook, after)(runner, {"reid/R1": 1.0, "reid/mAP": 2.0})
    getattr(hook, after)(runner, METRICS)
    hook.after_run(runner)
    report = f"python tools/report.py {runner.work_dir}"
    places = {"logs": runner.log_dir, "report": report}
    assert capsys.readouterr().out == summary_table(METRICS, places) + "\n"


def test_places(runner, tmp_path, capsys):
    (tmp_path / "last_checkpoint").write_text("/moved/epoch_3.pth")
    (tmp_path / "epoch_3.pth").touch()
    (tmp_path / "pictures").mkdir()
    hook = SummaryHook()
    hook.before_train(SimpleNamespace(epoch=0, max_epochs=1))
    hook.after_val_epoch(runner, METRICS)
    hook.after_run(runner)
    lines = capsys.readouterr().out.splitlines()
    assert lines[4].split() == ["checkpoint", str(tmp_path / "epoch_3.pth")]
    assert lines[5].split() == ["pictures", str(tmp_path / "pictures")]


def test_a_test_names_no_checkpoint_of_another_training(runner, tmp_path, capsys):
    (tmp_path / "last_checkpoint").write_text(str(tmp_path / "epoch_3.pth"))
    hook = SummaryHook()
    hook.after_test_epoch(runner, METRICS)
    hook.after_run(runner)
    assert "epoch_3" not in capsys.readouterr().out


def test_work_dir_with_a_blank_can_be_pasted(tmp_path, capsys):
    hook = SummaryHook()
    hook.after_val_epoch(None, METRICS)
    hook.after_run(SimpleNamespace(work_dir=str(tmp_path / "a b"), log_dir=""))
    assert f"python tools/report.py '{tmp_path / 'a b'}'\n" in capsys.readouterr().out


def test_silent_without_an_evaluation_and_in_other_processes(runner, capsys, monkeypatch):
    hook = SummaryHook()
    hook.after_run(runner)
    hook.after_val_epoch(runner, METRICS)
    monkeypatch.setattr(module, "is_main_process", lambda: False)
    hook.after_run(runner)
    assert capsys.readouterr().out == ""
