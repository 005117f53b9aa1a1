import shutil
import sys

import pytest
import torch

pytest.importorskip("torchreid")

from posegan_plugin.errors import UserError
from posegan_plugin.for_torchreid.resolver import torchreid_module


def saved(folder, name="model", epoch=2):
    return torch.load(folder / name / f"model.pth.tar-{epoch}", weights_only=True)


def test_joint(joint_training):
    engine, folder = joint_training
    names = ["reid", "generator", "appearance_discriminator", "pose_discriminator"]
    assert engine.get_model_names() == names
    for name in names:
        first, second = (saved(folder, name, epoch)["state_dict"] for epoch in (1, 2))
        assert any(not torch.equal(first[k], second[k]) for k in first)
    assert {"loss_x", "loss_q", "loss_R", "loss_S", "loss_D_I", "loss_D_P"} <= set(engine.steps[0])


def test_joint_resumes_exactly(joint_training, train_run, tmp_path, posegan):
    _, folder = joint_training
    for part in folder.glob("*/model.pth.tar-1"):
        (tmp_path / part.parent.name).mkdir()
        shutil.copy(part, tmp_path / part.parent.name)
    engine = train_run(tmp_path, "model.resume", str(tmp_path), posegan=posegan("joint"))
    for name in engine.get_model_names():
        expected, found = (saved(f, name)["state_dict"] for f in (folder, tmp_path))
        assert all(torch.equal(found[k], expected[k]) for k in expected)


def test_a_refused_resume_leaves_the_runs_config(joint_training, train_run, posegan):
    _, folder = joint_training
    before = (folder / "config.yaml").read_bytes()
    options = posegan("joint")
    options["generator"] = {**options["generator"], "channels": 12}
    with pytest.raises(UserError, match="another architecture"):
        train_run(folder, "model.resume", str(folder), posegan=options)
    assert (folder / "config.yaml").read_bytes() == before


def test_test_of_what_is_resumed(joint_training, train_run, tmp_path, posegan):
    engine, folder = joint_training
    line = ("test.evaluate", "True", "model.resume", str(folder))
    tested = train_run(tmp_path, *line, posegan=posegan("joint"))
    assert tested.scores["market1501"][1] == engine.scores["market1501"][1]


def test_discriminators_can_be_left_out(train_run, tmp_path, posegan):
    options = posegan("joint", discriminators=["pose"])
    engine = train_run(tmp_path, "train.max_epoch", "1", posegan=options)
    assert engine.get_model_names() == ["reid", "generator", "pose_discriminator"]


@pytest.mark.parametrize("loss", ["softmax", "triplet"])
def test_online_with_torchreids_engines(joint_training, train_run, tmp_path, loss, capsys, posegan):
    options = posegan(
        "online", checkpoint=str(joint_training[1]), augment={"ratio": 0.5, "target": "any"}
    )
    line = ("loss.name", loss, "train.max_epoch", "1")
    engine = train_run(tmp_path, *line, posegan=options)
    assert issubclass(type(engine), torchreid_module(f"engine.image.{loss}").Engine)
    assert set(engine.batches) == {12}
    theirs = saved(joint_training[1], "generator")["state_dict"]
    generator = engine.datamanager._augment.generator
    assert all(torch.equal(v, theirs[k]) for k, v in generator.state_dict().items())
    assert "32 of 32 people have at least 10 joints" in capsys.readouterr().out


def test_online_quartet_with_all_options(joint_training, train_run, tmp_path, posegan):
    train_run(tmp_path / "teacher", "train.max_epoch", "1")
    augment = {"label": "teacher", "warmup": 0.5, "filter": -1.0, "weight": 0.5}
    options = posegan(
        "online_quartet",
        checkpoint=str(joint_training[1] / "generator" / "model.pth.tar-1"),
        teacher_checkpoint=str(tmp_path / "teacher"),
        augment=augment,
        amp=True,
    )
    engine = train_run(tmp_path, posegan=options)
    assert {"loss_x", "loss_q"} <= set(engine.steps[0])
    assert engine.datamanager.policy.warmup == 0.5


def test_joint_with_a_teacher(train_run, tmp_path, posegan):
    train_run(tmp_path / "teacher", "train.max_epoch", "1")
    teacher = str(tmp_path / "teacher")
    options = posegan("joint", teacher_checkpoint=teacher, augment={"label": "teacher"})
    engine = train_run(tmp_path, "train.max_epoch", "1", posegan=options)
    assert engine.teacher(torch.zeros(2, 3, 64, 32)).shape == (2, 8)


def test_quartet_options_arrive(train_run, tmp_path):
    quartet = {"tau1": -0.5, "mining": "hard", "normalize": False}
    objective = {"quartet": quartet, "weights": {"quartet": 0.25}, "quartet_ramp": [0.25, 0.75]}
    engine = train_run(
        tmp_path, "train.max_epoch", "1", posegan={"mode": "quartet", "objective": objective}
    )
    loss = engine.objective.quartet
    assert (loss.tau1, loss.mining, loss.normalize) == (-0.5, "hard", False)
    assert engine.objective.weights.quartet == 0.25
    assert engine.objective.quartet_ramp.start == 0.25
    assert engine.objective.label_smoothing == 0.1
    assert set(engine.batches) <= {8}


def test_mode_baseline_is_the_file_without_the_section(train_run, tmp_path, posegan):
    line = ("train.max_epoch", "1")
    without = train_run(tmp_path, *line)
    options = {**posegan("joint"), "mode": "baseline"}
    assert train_run(tmp_path, *line, posegan=options).steps == without.steps


def test_test_only_with_pictures(joint_training, train_run, tmp_path, capsys, posegan):
    engine, folder = joint_training
    line = ("test.evaluate", "True", "test.visrank", "True", "test.visrank_topk", "3")
    tested = train_run(tmp_path, "model.load_weights", str(folder), *line, posegan=posegan("joint"))
    assert tested.scores["market1501"][1] == engine.scores["market1501"][1]
    assert tested.scores["market1501"][0].tolist() == engine.scores["market1501"][0].tolist()
    pictures = list((tmp_path / "visrank_market1501").glob("*.jpg"))
    assert len(pictures) == 52
    assert f"pictures: {tmp_path / 'visrank_market1501'}" in capsys.readouterr().out
    assert not list(tmp_path.rglob("*.pth*"))


@pytest.mark.parametrize("mode", ["joint", "online", "quartet"])
def test_people_of_a_test_in_standard_poses(joint_training, train_run, tmp_path, posegan, mode):
    engine, folder = joint_training
    options = posegan(mode, checkpoint=str(folder), test_poses=2)
    options["keypoints"] = [*options["keypoints"], options["keypoints"][0].replace("train", "test")]
    line = ("test.evaluate", "True", "model.load_weights", str(folder))
    posed = train_run(tmp_path, *line, posegan=options)
    assert posed.scores["market1501"][1] != engine.scores["market1501"][1]
    theirs = saved(folder, "generator")["state_dict"]
    generator = posed.standard_poses.generator
    assert all(torch.equal(v, theirs[k]) for k, v in generator.state_dict().items())


def test_mirror_images_of_the_people_of_a_test(joint_training, train_run, tmp_path, posegan):
    engine, folder = joint_training
    line = ("test.evaluate", "True", "model.load_weights", str(folder))
    both = train_run(tmp_path, *line, posegan=posegan("quartet", test_mirror=True))
    assert both.test_mirror
    assert both.scores["market1501"][1] != engine.scores["market1501"][1]


def test_a_joint_training_tests_with_its_own_generator(train_run, tmp_path, posegan):
    options = posegan("joint", test_poses=2)
    options["keypoints"] = [*options["keypoints"], options["keypoints"][0].replace("train", "test")]
    engine = train_run(tmp_path, "train.max_epoch", "1", posegan=options)
    assert engine.standard_poses.generator is engine._models["generator"]


def test_standard_poses_need_a_generator(train_run, tmp_path, posegan):
    with pytest.raises(UserError, match=r"posegan\.test_poses needs posegan\.checkpoint"):
        train_run(tmp_path, posegan=posegan("quartet", test_poses=2))


def test_other_targets_and_the_table(train_run, market, tmp_path, capsys):
    first = ("-s", "market1501", "-t", "procedural_people", "market1501")
    engine = train_run(tmp_path, "train.max_epoch", "1", first=first)
    assert list(engine.scores) == ["procedural_people", "market1501"]
    assert engine.datamanager.num_train_pids == 8
    lines = capsys.readouterr().out.splitlines()
    rule, *table, end = lines[-6:]
    assert rule == end == "-" * len(rule)
    assert table[0].split() == ["R1", "R5", "R10", "mAP"]
    for row, (name, (cmc, mean)) in zip(table[1:3], engine.scores.items(), strict=True):
        assert row.split() == [name, *(f"{v:.1%}" for v in (cmc[0], cmc[4], cmc[9], mean))]
    assert table[3] == f"model: {tmp_path}/model/model.pth.tar-1"
    (log,) = tmp_path.glob("train.log-*")
    assert log.read_text().splitlines() == lines
    assert not sys.stdout.closed


def test_amp_needs_an_engine_of_the_plugin(joint_training, train_run, tmp_path, posegan):
    options = posegan("online", checkpoint=str(joint_training[1]), amp=True)
    with pytest.raises(UserError, match=r"posegan\.amp needs an engine of this plugin"):
        train_run(tmp_path, posegan=options)
