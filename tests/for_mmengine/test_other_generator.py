import pytest

from posegan_plugin.for_mmengine.other_generator import use_generator
from posegan_plugin.models import PoseTransferGenerator
from posegan_plugin.published import write_weights


def test_the_networks_of_a_config(joint_run):
    model = {"mode": "joint", "test_poses": 2, "num_cameras": None, "reid_checkpoint": "E.pth"}
    assert use_generator(model, joint_run.work_dir) == str(joint_run.checkpoint)
    generator = model.pop("generator")
    assert (generator["channels"], generator["num_blocks"]) == (8, 2)
    assert "num_cameras" not in generator
    assert model == {
        "mode": "online",
        "test_poses": 2,
        "num_cameras": 3,
        "reid_checkpoint": None,
        "condition_on_camera": True,
        "generator_checkpoint": str(joint_run.checkpoint),
    }


@pytest.mark.parametrize("cameras", [None, 4])
def test_one_that_is_not_told_the_camera(tmp_path, cameras):
    options = {"image_size": [32, 16], "channels": 4, "num_blocks": 1}
    path = tmp_path / "weights.safetensors"
    state = {f"generator.{k}": v for k, v in PoseTransferGenerator(**options).state_dict().items()}
    built = {"type": "PoseTransferGenerator", "num_cameras": 0, **options}
    write_weights(path, state, {"generator": built})
    model = {"mode": "baseline", "num_cameras": cameras}
    use_generator(model, path)
    assert not model["condition_on_camera"]
    assert model["num_cameras"] == cameras  # the data set's, or what the user says
