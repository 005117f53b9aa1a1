import shutil

import pytest
import torch

from posegan_plugin import config_path

MARKET = config_path("pose_quartet_market_small_baseline.py")


@pytest.fixture
def refusal(tiny, tmp_path, capsys):
    """Runs a tool that has to refuse; its one sentence, and lists indented below it."""

    def run(tool, *first, **arguments):
        capsys.readouterr()
        with pytest.raises(SystemExit) as stop:
            tiny.run(tool, *first, **{"work_dir": tmp_path / "work", **arguments})
        assert stop.value.code == 2
        error = capsys.readouterr().err
        assert error.startswith("error: ")
        assert error.endswith("\n")
        assert all(line.startswith("  ") for line in error.splitlines()[1:])
        assert not list((tmp_path / "work").glob("*.pth"))
        return error

    return run


@pytest.fixture
def broken_data(tiny, tmp_path):
    """A copy of the people to be damaged."""
    return shutil.copytree(tiny.data_root, tmp_path / "data")


def files(folder):
    return {p.relative_to(folder): p.stat().st_mtime_ns for p in folder.rglob("*")}


def rewrite(path, change):
    path.write_text(change(path.read_text()))


@pytest.mark.parametrize("tool", ["train", "test"])
def test_missing_config(refusal, tool):
    first = ["checkpoint.pth"] if tool == "test" else []
    assert "nowhere.py does not exist" in refusal(tool, *first, config="nowhere.py")


def test_config_that_is_no_python(refusal, tmp_path):
    (tmp_path / "broken.py").write_text("model = dict(\n")
    assert "broken.py cannot be read" in refusal("train", config=tmp_path / "broken.py")


def test_missing_data_root(refusal, tmp_path):
    error = refusal("train", config=MARKET, data_root=tmp_path / "nowhere")
    assert str(tmp_path / "nowhere") in error
    assert "--data-root" in error
    assert not (tmp_path / "nowhere").exists()
    assert not (tmp_path / "work").exists()


@pytest.mark.parametrize("inside", ["", "market1501"])
def test_empty_data_folder(refusal, tmp_path, inside):
    root = tmp_path / "empty"
    (root / inside).mkdir(parents=True)
    before = files(root)
    assert "market1501" in refusal("train", config=MARKET, data_root=root)
    assert files(root) == before


def test_data_unpacked_elsewhere(refusal, tmp_path, tiny):
    config = tmp_path / "own.py"
    config.write_text(
        f"_base_ = [{str(tiny.config)!r}]\n"
        "_s = dict(source=dict(_delete_=True, name='market_layout'))\n"
        "train_dataloader = dict(dataset=_s)\n"
        "val_dataloader = dict(dataset=_s)\n"
    )
    error = refusal("train", config=config)
    assert "bounding_box_train is not a folder" in error
    assert "data_root" in error


def test_no_key_point_file(refusal, broken_data):
    for path in (broken_data / "procedural_people").glob("*.csv"):
        path.unlink()
    before = files(broken_data)
    assert "has no key point files" in refusal("train", data_root=broken_data)
    assert files(broken_data) == before


def test_named_key_point_file_is_missing(refusal, tiny):
    error = refusal("train", options={"train_dataloader.dataset.keypoints": "[poses.csv]"})
    assert f"{tiny.data_root / 'poses.csv'} does not exist" in error


def test_key_points_of_other_images(refusal, broken_data):
    for path in (broken_data / "procedural_people").glob("*.csv"):
        rewrite(path, lambda text: text.replace("00.jpg", "99.jpg"))
    assert "none of the 72 images" in refusal("train", data_root=broken_data)


def test_malformed_row_of_key_points(refusal, broken_data):
    path = broken_data / "procedural_people" / "market-annotation-train.csv"
    rows = path.read_text().split("\n")
    rows[4] = rows[4].replace("[", "[7, ", 1)
    path.write_text("\n".join(rows))
    error = refusal("train", data_root=broken_data)
    assert error.startswith(f"error: {path}:5: ")
    assert "19 numbers" in error


def test_damaged_image(refusal, broken_data):
    path = next((broken_data / "procedural_people" / "bounding_box_train").glob("*.jpg"))
    path.write_bytes(b"")
    error = refusal("train", data_root=broken_data)
    assert str(path) in error


@pytest.mark.parametrize(("cache", "workers"), [("memory", 0), (False, 0), (False, 2)])
def test_truncated_image(refusal, broken_data, cache, workers):
    """Its header is whole: whoever reads it finds it, at the start or in a process of its own."""
    for path in (broken_data / "procedural_people" / "bounding_box_train").glob("*.jpg"):
        path.write_bytes(path.read_bytes()[:-60])
    options = {
        "train_dataloader.num_workers": workers,
        "train_dataloader.dataset.cache": cache,
    }
    error = refusal("train", data_root=broken_data, options=options)
    assert error.startswith(f"error: {broken_data}")
    assert "cannot be decoded" in error


def test_damaged_images_are_skipped(tiny, broken_data):
    folder = broken_data / "procedural_people" / "bounding_box_train"
    damaged = sorted(folder.glob("0001_*.jpg"))
    for path in damaged:
        path.write_bytes(path.read_bytes()[:-60])
    options = {"train_dataloader.dataset.on_error": "skip"}
    run = tiny.run("train", data_root=broken_data, epochs=1, options=options)
    assert run.runner.model.reid.classifier[-1].out_features == 12 - 1
    log = next(run.work_dir.glob("*/*.log")).read_text()
    assert f"{len(damaged)} images and 0 rows of key points are left out" in log
    assert all(str(path) in log for path in damaged)


def test_large_camera_number(refusal, broken_data):
    folder = broken_data / "procedural_people" / "bounding_box_train"
    next(folder.iterdir()).rename(folder / "0001_c5000.jpg")
    error = refusal("train", data_root=broken_data)
    assert "5000 cameras" in error


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        ({"model.backbone.name": "osnet_x9"}, ["osnet_x9", "osnet_x0_25"]),
        ({"model.backbone.type": "NoBackbone"}, ["NoBackbone"]),
        ({"train_dataloader.batch_size": 10}, ["batch_size=10", "4 identities x 2 images = 8"]),
        (
            {"train_dataloader.sampler.num_identities": 13, "train_dataloader.batch_size": 26},
            ["num_identities=13", "the 12 identities"],
        ),
        ({"model.mode": "jiont"}, ["mode='jiont'", "joint, online, baseline"]),
        ({"model.mode": "online"}, ["generator_checkpoint"]),
        (
            {"model.mode": "online", "model.generator_checkpoint": "nowhere.pth"},
            ["nowhere.pth does not exist"],
        ),
        ({"load_from": "nowhere.pth"}, ["nowhere.pth does not exist"]),
        (
            {"model.generator_checkpoint": "generator.pth"},
            ["generator_checkpoint", "load_from=CHECKPOINT"],
        ),
        ({"model.augment.target": "any"}, ["target='any'", "joint"]),
        ({"model.augment.target": "anyone"}, ["target='anyone'", "cross_camera"]),
        ({"model.augment.label": "teacher"}, ["label='teacher'", "teacher_checkpoint"]),
        ({"model.objective.adversarial": "wgan"}, ["wgan", "hinge"]),
        ({"model.generator.image_size": "(30,16)"}, ["image_size=(30, 16)"]),
        ({"modle.mode": "joint"}, ["modle", "did you mean 'model'"]),
        # Keys that nobody reads.
        ({"model.chanels_last": True}, ["PoseGANReID", "chanels_last"]),
        ({"model.generator.chanels": 8}, ["PoseTransferGenerator", "chanels"]),
        ({"model.appearance_discriminator.layers": 2}, ["AppearanceDiscriminator", "layers"]),
        ({"model.reid.drop": 0.1}, ["ReIDNetwork", "drop"]),
        ({"model.reid_input.zoom": 0.1}, ["ReIDInput", "zoom"]),
        ({"model.objective.weigths.semantic": 1}, ["weigths"]),
        ({"model.objective.weights.semantics": 1}, ["semantics"]),
        ({"model.objective.quartet.margin": 1}, ["margin"]),
        ({"model.augment.rate": 1}, ["rate"]),
        ({"train_dataloader.dataset.source.num_ids": 3}, ["num_ids"]),
        ({"train_dataloader.dataset.image_sise": "(32,16)"}, ["ReIDDataset", "image_sise"]),
        ({"train_dataloader.sampler.num_image": 2}, ["IdentitySampler", "num_image"]),
        ({"optim_wrapper.reid.optimizer.lrate": 1e-3}, ["Adam", "lrate"]),
        ({"optim_wrapper.reid.optimizer.type": "Adamm"}, ["Adamm"]),
        ({"val_evaluator.rank": 1}, ["ReIDMetric", "rank"]),
        # Values of another kind.
        ({"train_dataloader.dataset.image_size": 32}, ["image_size=32"]),
        ({"train_dataloader.dataset.image_size.a": 1}, ["--cfg-options", "image_size"]),
        ({"train_dataloader.sampler.num_images": "two"}, ["num_images='two'"]),
        ({"train_dataloader.dataset.on_error": "ignore"}, ["on_error='ignore'", "'skip'"]),
        ({"train_dataloader.dataset.cache": "disk"}, ["cache='disk'", "'memory'", "'device'"]),
        # What a loader without or with worker processes cannot do.
        (
            {"val_dataloader.dataset.cache": "device", "val_dataloader.num_workers": 1},
            ["val_dataloader.dataset.cache='device'", "num_workers=0", "cache='memory'"],
        ),
        (
            {"val_dataloader.persistent_workers": True},
            ["val_dataloader.persistent_workers", "set it to False"],
        ),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_options(refusal, tiny, options, parts):
    before = files(tiny.data_root)
    error = refusal("train", options=options)
    for part in parts:
        assert part in error
    assert files(tiny.data_root) == before


def test_no_epochs(refusal):
    assert "--epochs 0" in refusal("train", epochs=0)


@pytest.mark.parametrize(
    "tool", [pytest.param("train", id="train --resume"), pytest.param("test", id="test")]
)
class TestCheckpoint:
    @pytest.fixture
    def refused(self, refusal, tool):
        def run(path, **arguments):
            if tool == "train":
                return refusal(tool, resume=path, **arguments)
            return refusal(tool, path, **arguments)

        return run

    def test_missing(self, refused):
        assert "nowhere.pth does not exist" in refused("nowhere.pth")

    def test_cut_off(self, refused, joint_run, tmp_path):
        data = joint_run.checkpoint.read_bytes()
        (tmp_path / "cut.pth").write_bytes(data[: len(data) // 2])
        assert "cut.pth cannot be read" in refused(tmp_path / "cut.pth")

    def test_code(self, refused, tmp_path):
        torch.save({"state_dict": {}, "hook": print}, tmp_path / "code.pth")
        assert "print" in refused(tmp_path / "code.pth")

    @pytest.mark.parametrize(
        ("options", "part"),
        [
            ({"model.reid.embedding_dim": 64}, "embedding.weight"),
            ({"model.generator.num_blocks": 3}, "entries missing"),
            ({"model.generator.correspondence": "None"}, "entries too many"),
        ],
    )
    def test_of_another_architecture(self, refused, joint_run, options, part):
        error = refused(joint_run.checkpoint, options=options)
        assert str(joint_run.checkpoint) in error
        assert "another architecture" in error
        assert part in error


def test_weights_alone_cannot_be_resumed(refusal, joint_run, tmp_path):
    state = torch.load(joint_run.checkpoint, weights_only=True)["state_dict"]
    torch.save({"state_dict": state, "meta": {}}, tmp_path / "weights.pth")
    assert "weights only" in refusal("train", resume=tmp_path / "weights.pth")
    torch.save(state, tmp_path / "bare.pth")
    assert "weights only" in refusal("train", resume=tmp_path / "bare.pth")


def test_resume_of_another_mode(refusal, joint_run):
    error = refusal("train", resume=joint_run.checkpoint, options={"model.mode": "baseline"})
    assert str(joint_run.checkpoint) in error


def test_resume_after_the_end(tiny, joint_run, tmp_path):
    work_dir = shutil.copytree(joint_run.work_dir, tmp_path / "moved")
    before = torch.load(work_dir / "epoch_2.pth", weights_only=True)["state_dict"]
    run = tiny.run("train", resume=True, work_dir=work_dir)
    assert run.runner.epoch == 2
    after = run.runner.model.state_dict()
    assert all(torch.equal(before[k], after[k]) for k in before)


def test_one_line_in_a_real_process(tiny, joint_run):
    options = {"model.reid.embedding_dim": 64}  # found late: runner, data and model are there
    done, _ = tiny.start("test", joint_run.checkpoint, options=options)
    assert done.returncode == 2
    assert done.stderr.startswith("error: the reid in checkpoint ")
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stdout
