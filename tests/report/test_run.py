import shutil

import pytest
from torch.utils.tensorboard import SummaryWriter

from posegan_plugin import UserError
from posegan_plugin.report import read_run
from posegan_plugin.report.scalars import Start

LOG = """epoch: [{epoch}/6][3/4]\ttime
##### Evaluating market1501 (source) #####
mAP: 11.7%
Rank-1  : 5.8%
Rank-5  : 7.7%
Checkpoint saved to "log/reid/model.pth.tar-{epoch}"
"""


def test_mmengine_run(make_run):
    run = read_run(make_run())
    assert (run.toolbox, run.scalars.epoch, run.epochs) == ("mmengine", 4, 8)
    assert run.scalars.training["loss"][200] == 2.0
    assert run.scalars.evaluation["reid/R1"] == {2: 20.0, 4: 50.0}
    assert run.cmc == {1: 50.0, 5: 60.0}
    assert (run.grid.epoch, run.ranked.epoch) == (4, 4)
    assert run.grid.path.name == "epoch_004.png"
    assert run.ranked.path.name == "ranked_epoch_004.png"
    assert run.config.name == "20260101_000000/vis_data/config.py"
    assert run.environment == {"Python": "3.11", "OpenCV": "<5>"}
    assert [c.name for c in run.checkpoints] == ["epoch_4.pth"]
    assert run.notes == []


def test_cmc_curve_of_the_last_evaluation(make_run):
    folder = make_run()
    (folder / "cmc.json").write_text('{"epoch": 4, "cmc": [0.5, 0.625]}')
    assert read_run(folder).cmc == {1: 50.0, 2: 62.5}
    (folder / "cmc.json").write_text('{"epoch": 3, "cmc": [0.5, 0.625]}')
    assert read_run(folder).cmc == {1: 50.0, 5: 60.0}


def test_resumed_run(make_run):
    folder = make_run(starts=("20260101_000000", "20260102_000000"))
    first, second = sorted(folder.glob("2026*"))
    shutil.copytree(second, first, dirs_exist_ok=True)
    (first / f"{first.name}.log").write_text("")
    log = second / f"{second.name}.log"
    log.write_text(log.read_text() + "INFO - resumed epoch: 2, iter: 100\n")
    records = (second / "vis_data" / "scalars.json").read_text().splitlines()
    (second / "vis_data" / "scalars.json").write_text(records[10])
    run = read_run(folder)
    assert list(run.scalars.training["loss"]) == list(range(10, 111, 10))
    assert list(run.scalars.evaluation["reid/R1"]) == [2]
    assert run.scalars.starts[1] == Start(100, 2)
    assert run.grid is None  # its epoch is not evaluated anew yet


def test_test_in_the_same_work_dir_changes_nothing(make_run):
    folder = make_run()
    vis_data = folder / "20270101_000000" / "vis_data"
    vis_data.mkdir(parents=True)
    (vis_data / "config.py").write_text("of the test")
    run = read_run(folder)
    assert run.scalars.evaluation["reid/R1"] == {2: 20.0, 4: 50.0}
    assert run.config.name == "20260101_000000/vis_data/config.py"


def test_run_that_has_just_begun(tmp_path):
    (tmp_path / "20260101_000000" / "vis_data").mkdir(parents=True)
    run = read_run(tmp_path)
    assert run.scalars.training == run.scalars.evaluation == run.cmc == run.environment == {}
    assert (run.config, run.grid, run.ranked, run.checkpoints) == (None, None, None, [])


def test_real_mmengine_run(joint_run):
    run = read_run(joint_run.work_dir)
    assert run.scalars.evaluation["reid/mAP"] == {2: joint_run.metrics["reid/mAP"]}
    assert list(run.scalars.training["loss"]) == [
        2,
        4,
        6,
        8,
        11,
        13,
        15,
        17,
    ]  # 9 iterations an epoch
    assert run.scalars.starts == [Start(0, 0)]
    assert (run.scalars.epoch, run.epochs, run.notes) == (2, 2, [])
    assert run.cmc[1] == pytest.approx(joint_run.metrics["reid/R1"])
    assert len(run.cmc) == 50
    assert (run.grid.epoch, run.ranked.epoch) == (2, 2)
    assert "max_epochs" in run.config.text
    assert run.environment["MMEngine"]


def test_run_that_was_killed_in_its_last_validation(tiny, joint_run, tmp_path):
    folder = shutil.copytree(joint_run.work_dir, tmp_path / "run")
    (records,) = folder.glob("*/vis_data/scalars.json")
    lines = records.read_text().splitlines(keepends=True)
    records.write_text("".join(line for line in lines if '"iter"' in line))
    shutil.rmtree(folder / "pictures")
    (folder / "cmc.json").unlink()
    assert read_run(folder).scalars.evaluation == {}
    resumed = tiny.run("train", resume=True, work_dir=folder)
    run, whole = read_run(folder), read_run(joint_run.work_dir)
    assert run.scalars.evaluation["reid/mAP"] == {2: resumed.metrics["reid/mAP"]}
    assert (run.scalars.training, run.cmc) == (whole.scalars.training, whole.cmc)
    assert (run.grid.epoch, run.ranked.epoch) == (2, 2)


def test_mmengine_run_with_tensorboard_alone(joint_run, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(joint_run.work_dir, folder, ignore=shutil.ignore_patterns("*.json", "*.pth"))
    expected, found = read_run(joint_run.work_dir).scalars, read_run(folder).scalars
    assert set(found.evaluation) == set(expected.evaluation)
    assert found.training["loss"] == pytest.approx(expected.training["loss"])
    assert found.evaluation["reid/mAP"] == pytest.approx(expected.evaluation["reid/mAP"])


def test_torchreid_run(tmp_path):
    for epoch in (5, 6):
        with SummaryWriter(tmp_path) as writer:
            writer.add_scalar("Train/loss_x", 2.5, 4 * epoch)
            writer.add_scalar("Test/market1501/rank1", 0.0575, epoch - 1)
        (tmp_path / f"train.log-2026-01-0{epoch}").write_text(LOG.format(epoch=epoch))
    (tmp_path / "config.yaml").write_text("a: 1\n")
    run = read_run(tmp_path)
    assert (run.toolbox, run.scalars.epoch, run.epochs) == ("torchreid", 6, 6)
    assert run.scalars.training["loss_x"] == {21: 2.5, 25: 2.5}
    assert run.scalars.evaluation["reid/R1"] == pytest.approx({5: 5.75, 6: 5.75})
    assert run.scalars.evaluation["reid/R5"] == {5: 7.7, 6: 7.7}
    assert run.cmc == pytest.approx({1: 5.75, 5: 7.7})
    assert run.config.text == "a: 1\n"
    assert run.environment == {}


def test_torchreid_test_alone(tmp_path):
    (tmp_path / "test.log-2026-01-01").write_text(LOG.format(epoch=1).rsplit("\n", 2)[0])
    run = read_run(tmp_path)
    assert run.scalars.evaluation == {
        "reid/mAP": {0: 11.7},
        "reid/R1": {0: 5.8},
        "reid/R5": {0: 7.7},
    }


def test_notes(make_run):
    folder = make_run()
    scalars = next(folder.glob("*/vis_data")) / "scalars.json"
    scalars.write_text(scalars.read_text() + '{"loss": NaN, "iter": 201, "step": 201}\n{"loss": 1')
    run = read_run(folder)
    assert len(run.notes) == 2
    assert "not complete" in run.notes[0]
    assert "loss is not a finite number at 1 of 21 logged steps, first at 201" in run.notes[1]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("missing", "is not a folder"),
        ("empty", "holds no run"),
        ("start", "name the work dir"),
        ("file", "is not a folder"),
    ],
)
def test_no_run(tmp_path, path, message):
    (tmp_path / "empty").mkdir()
    (tmp_path / "start" / "vis_data").mkdir(parents=True)
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=message) as error:
        read_run(tmp_path / path)
    assert str(tmp_path / path) in str(error.value)


def test_file_that_cannot_be_opened(tmp_path):
    (tmp_path / "train.log-2026-01-01").mkdir()
    with pytest.raises(
        UserError, match=r"train\.log-2026-01-01 cannot be opened \(Is a directory\)"
    ):
        read_run(tmp_path)
