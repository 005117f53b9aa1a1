from pathlib import Path

import pytest

from posegan_plugin import UserError
from posegan_plugin.checkpoint import read_checkpoint
from posegan_plugin.for_mmengine.evaluated import evaluated_model, use_generator
from posegan_plugin.models import PoseTransferGenerator
from posegan_plugin.published import write_weights
from posegan_plugin.registry import MODELS


def given(config, **changed):
    model = {**config.model.to_dict(), "num_identities": 5, "num_cameras": 3}
    return {**model, **changed}


def test_the_describer_of_a_model_that_trains(config):
    model = given(config, augment={"min_joints": 7}, test_poses=3, reid_checkpoint="nowhere.pth")
    evaluated = evaluated_model(model)
    trained = MODELS.build({**model, "reid_checkpoint": None})
    assert evaluated["architecture"] == trained.architecture
    described = MODELS.build(evaluated)
    for name in ("test_poses", "test_mirror", "min_joints"):
        assert getattr(described, name) == getattr(trained, name)
    assert list(described.trained_networks) == []
    names = {name.split(".")[0] for name, _ in described.named_parameters()}
    assert names == {"reid", "generator"}


@pytest.mark.parametrize("mode", ["joint", "online", "baseline"])
def test_no_other_file_is_needed(config, mode):
    augment = {"label": "teacher"}
    files = {f"{n}_checkpoint": "nowhere.pth" for n in ("generator", "teacher", "reid")}
    backbone = {**config.model.backbone, "pretrained": True}
    evaluated = evaluated_model(
        given(config, mode=mode, augment=augment, backbone=backbone, **files)
    )
    assert not evaluated["architecture"]["reid"]["backbone"]["pretrained"]
    assert (MODELS.build(evaluated).generator is None) == (mode == "baseline")


def test_models_of_others():
    model = {"type": "SomeModel", "mode": 1}
    assert evaluated_model(model) is model


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"mode": "jiont"}, "mode='jiont' is unknown"),
        ({"test_pose": 2}, "PoseGANReID: .*'test_pose'"),
    ],
)
def test_refused(config, changed, message):
    with pytest.raises(UserError, match=message):
        evaluated_model(given(config, **changed))


def test_the_generator_of_another_run(joint_run):
    model = {"mode": "joint", "test_poses": 2, "num_cameras": None}
    use_generator(model, read_checkpoint(joint_run.checkpoint), joint_run.checkpoint)
    generator = model.pop("generator")
    assert (generator["channels"], generator["num_blocks"]) == (8, 2)
    assert "num_cameras" not in generator
    expected = {"mode": "online", "num_cameras": 3, "condition_on_camera": True}
    assert model == {"test_poses": 2, **expected}


@pytest.mark.parametrize("cameras", [None, 4])
def test_one_that_is_not_told_the_camera(tmp_path, cameras):
    options = {"image_size": [32, 16], "channels": 4, "num_blocks": 1}
    path = tmp_path / "weights.safetensors"
    state = {f"generator.{k}": v for k, v in PoseTransferGenerator(**options).state_dict().items()}
    built = {"type": "PoseTransferGenerator", "num_cameras": 0, **options}
    write_weights(path, state, {"generator": built})
    model = {"mode": "baseline", "num_cameras": cameras}
    use_generator(model, read_checkpoint(path), path)
    assert not model["condition_on_camera"]
    assert model["num_cameras"] == cameras  # the data set's, or what the user says


def test_a_checkpoint_that_does_not_say_how_it_is_built():
    with pytest.raises(UserError, match=r"old\.pth does not say how its networks are built"):
        use_generator({"mode": "baseline"}, {"state_dict": {}}, Path("old.pth"))
