import hashlib
import sys

import numpy as np
import pytest

pytest.importorskip("rtmlib")

import rtmlib

from posegan_plugin.errors import UserError
from posegan_plugin.pose import JOINTS
from posegan_plugin.pose.estimation.rtmpose import RTMPose

COLOURS = ("red", "green", "blue")
NECK = JOINTS.index("neck")


def blocks(height, width, **colours):
    """A black image with blocks of 5 by 5 pixels in full brightness around (x, y)."""
    image = np.zeros((height, width, 3), dtype=np.uint8)
    for colour, (x, y) in colours.items():
        image[y - 2 : y + 3, x - 2 : x + 3, COLOURS.index(colour)] = 255
    return image


def expected(red, green, blue, score):
    """Red is the person's right, green the left, blue the nose; the neck is between the shoulders."""
    pose = np.empty((18, 3), dtype=np.float32)
    for row, name in enumerate(JOINTS):
        pose[row, :2] = red if name.startswith("right") else green
    pose[0, :2], pose[NECK, :2] = blue, (np.array(red) + green) / 2
    pose[:, 2] = score
    return pose


def random_images(count, seed=0):
    rng = np.random.default_rng(seed)
    sizes = rng.integers(3, 90, (count, 2))
    return [rng.integers(0, 256, (*size, 3), dtype=np.uint8) for size in sizes]


def test_peaks_are_found_in_pixels_of_the_image(simcc_model):
    # The crop of 64x128 with its margin is 80x160, at the model's 3:4 it is 120x160, so a pixel of
    # the model's 48x64 is 2.5 pixels of the image around its middle (32, 64): blocks at (32 + 5a,
    # 64 + 5b) have their peak at the pixel (24 + 2a, 32 + 2b).
    image = blocks(128, 64, red=(12, 24), green=(47, 114), blue=(32, 64))
    found = RTMPose(simcc_model())([image])
    assert found.dtype == np.float32
    expectation = expected((12, 24), (47, 114), (32, 64), score=0.8)
    np.testing.assert_allclose(found, expectation[None], atol=1e-4)


def test_an_image_wider_than_the_models_input(simcc_model):
    # 192x64 with margin is 240x80, at 3:4 240x320: 5 pixels of the image a pixel of the model around
    # (96, 32).
    image = blocks(64, 192, red=(16, 12), green=(176, 52), blue=(96, 32))
    found = RTMPose(simcc_model())([image])
    expectation = expected((16, 12), (176, 52), (96, 32), score=0.8)
    np.testing.assert_allclose(found, expectation[None], atol=1e-3)


def test_the_models_input_size_is_that_of_the_file(simcc_model):
    # 64x128 with margin at 1:2 is 80x160: 2.5 pixels a pixel of a model of 32x64, around (16, 32).
    image = blocks(128, 64, red=(12, 24), green=(52, 114), blue=(32, 64))
    found = RTMPose(simcc_model(width=32, height=64))([image])
    expectation = expected((12, 24), (52, 114), (32, 64), score=0.8)
    np.testing.assert_allclose(found, expectation[None], atol=1e-4)


@pytest.mark.parametrize("batch", ["N", 1, 4])
def test_a_batch_is_as_rtmlib_one_by_one(simcc_model, batch):
    path = simcc_model(batch=batch)
    images = random_images(6)
    found = RTMPose(path, threshold=0)(images)
    if batch == 4:  # rtmlib itself cannot run it
        path = simcc_model(batch="N")
    peer = rtmlib.RTMPose(str(path), model_input_size=(48, 64), to_openpose=True)
    for image, pose in zip(images, found, strict=True):
        xy, scores = peer(image)
        np.testing.assert_allclose(pose[:, :2], xy[0], atol=1e-3)
        np.testing.assert_allclose(pose[:, 2], scores[0].clip(max=1), atol=1e-5)


def test_any_batch_is_run_at_once(simcc_model, monkeypatch):
    estimator = RTMPose(simcc_model())
    sizes = []
    run = estimator._model.session.run

    class Session:
        get_inputs = estimator._model.session.get_inputs

        def run(self, names, inputs):
            sizes.append(len(inputs["images"]))
            return run(names, inputs)

    monkeypatch.setattr(estimator._model, "session", Session())
    estimator(random_images(7))
    assert sizes == [7]


def test_halpe_joints_by_name(simcc_model):
    # Halpe-26 has a neck of its own, joint 18: an even number, so it lies at the red block.
    image = blocks(128, 64, red=(12, 24), green=(47, 114), blue=(32, 64))
    found = RTMPose(simcc_model(joints=26))([image])[0]
    expectation = expected((12, 24), (47, 114), (32, 64), score=0.8)
    expectation[NECK, :2] = (12, 24)
    np.testing.assert_allclose(found, expectation, atol=1e-4)


def test_joints_below_the_threshold_are_missing(simcc_model):
    image = blocks(128, 64, red=(12, 24), green=(47, 114), blue=(32, 64))
    weights = simcc_model(gains=np.linspace(0.1, 0.9, 17))  # COCO's nose 0.1, right ankle 0.9
    found = RTMPose(weights, threshold=0.35)([image])[0]
    # nose .1, eyes .15 .2, ears .25 .3, shoulders .35 (left) .4, and so on
    missing = {"nose", "left_eye", "right_eye", "left_ear", "right_ear"}
    assert {name for name, joint in zip(JOINTS, found, strict=True) if joint[2] == 0} == missing
    assert not found[found[:, 2] == 0].any()
    assert found[NECK, 2] == pytest.approx(0.35)
    assert found[JOINTS.index("right_ankle"), 2] == pytest.approx(0.9)
    # Without the left shoulder there is no neck.
    assert not RTMPose(weights, threshold=0.37)([image])[0, NECK].any()


def test_scores_above_one_are_one(simcc_model):
    image = blocks(128, 64, red=(12, 24), green=(47, 114), blue=(32, 64))
    weights = simcc_model(gains=6.0)
    assert RTMPose(weights, threshold=5)([image])[0, :, 2].tolist() == [1] * 18
    assert not RTMPose(weights, threshold=7)([image]).any()


def test_no_image(simcc_model):
    assert RTMPose(simcc_model())([]).shape == (0, 18, 3)


def test_a_dark_image_has_no_joint(simcc_model):
    assert not RTMPose(simcc_model())([np.zeros((9, 5, 3), np.uint8)]).any()


def test_name_says_which_weights(simcc_model):
    path = simcc_model()
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert RTMPose(path).name == f"rtmpose {path.name} {digest[:8]}"


def test_nothing_is_printed(simcc_model, capfd):
    RTMPose(simcc_model())
    assert capfd.readouterr() == ("", "")


def test_files_of_other_networks(simcc_model, tmp_path):
    with pytest.raises(UserError, match=r"blocks\d+\.onnx answers .* 17 or 26 joints"):
        RTMPose(simcc_model(joints=21))
    with pytest.raises(UserError, match=r"not float images \(N, 3, height, width\) of a fixed"):
        RTMPose(simcc_model(width="W"))
    (tmp_path / "text.onnx").write_text("hello")
    with pytest.raises(UserError, match=r"text\.onnx cannot be loaded as an ONNX model") as error:
        RTMPose(tmp_path / "text.onnx")
    assert "\n" not in str(error.value)


def test_outputs_the_other_way_round(simcc_model):
    import onnx

    path = simcc_model()
    model = onnx.load(path)
    outputs = list(model.graph.output)
    del model.graph.output[:]
    model.graph.output.extend(reversed(outputs))
    onnx.save(model, path)
    with pytest.raises(UserError, match="not with bins along x and along y"):
        RTMPose(path)


def test_a_gpu_that_onnxruntime_cannot_use(simcc_model):
    import onnxruntime

    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("this onnxruntime can")
    with pytest.raises(UserError, match="onnxruntime-gpu"):
        RTMPose(simcc_model(), device="cuda")


def test_rtmlib_is_not_installed(simcc_model, monkeypatch):
    monkeypatch.setitem(sys.modules, "rtmlib", None)
    with pytest.raises(UserError, match=r"needs rtmlib: pip install 'posegan_plugin\[pose\]'"):
        RTMPose(simcc_model())
