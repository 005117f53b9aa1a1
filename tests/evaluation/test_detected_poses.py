import numpy as np
import pytest
import torch

from posegan_plugin.errors import UserError
from posegan_plugin.evaluation import detected_poses as module
from posegan_plugin.evaluation.detected_poses import DetectedPoses

SIZE = (20, 12)


class Detector:
    """Finds every joint in the middle of the image, but the nose only on bright images."""

    name = "middle file.onnx 0badc0de"

    def __init__(self, *arguments):
        self.arguments, self.seen = arguments, []

    def __call__(self, images):
        self.seen.append([(image.shape, image.dtype, image.mean()) for image in images])
        found = np.tile(np.array([6, 10, 0.9], dtype=np.float32), (len(images), 18, 1))
        for row, image in zip(found, images, strict=True):
            row[0, 2] *= image.mean() > 127
        return found


@pytest.fixture
def detector(monkeypatch):
    made = []

    def build(*arguments):
        made.append(Detector(*arguments))
        return made[-1]

    monkeypatch.setattr(module, "build_estimator", build)
    return made


@pytest.fixture
def samples(make_people, make_samples):
    """Dark images of two people whose wanted joints are 3 px from the middle, but knees 1 px."""
    people = make_people(
        [0, 0, 1, 1], [0, 1, 0, 1], SIZE, images=torch.zeros(4, 3, *SIZE, dtype=torch.uint8)
    )
    people.keypoints[...] = torch.tensor([6.0, 13.0, 1.0])
    people.keypoints[:, 9] = torch.tensor([7.0, 10.0, 1.0])
    people.keypoints[:, 0] = torch.tensor([6.0, 10.0, 1.0])
    people.keypoints[:, 17] = 0
    return make_samples(people, [0, 1, 2], [1, 0, 3], torch.ones(3, 3, *SIZE))


def test_pck_by_hand(detector, samples):
    # 0.1 of 20 px is 2 px: of the 17 joints that are wanted, knee and nose are right; on the dark
    # true targets the nose is not found.
    values = DetectedPoses("middle", "file.onnx")(samples)
    assert values == pytest.approx({"PCK_generated": 100 * 2 / 17, "PCK_real": 100 * 1 / 17})
    values = DetectedPoses("middle", "file.onnx", fraction=0.15)(samples)
    assert values == pytest.approx({"PCK_generated": 100, "PCK_real": 100 * 16 / 17})


def test_images_come_in_8_bits_and_in_batches(detector, samples):
    DetectedPoses("middle", "file.onnx")(samples)
    bright, dark = ((*SIZE, 3), np.uint8, 255), ((*SIZE, 3), np.uint8, 0)
    assert detector[0].seen == [[bright] * 2, [bright], [dark] * 2, [dark]]


def test_the_detector_is_named_and_runs_on_the_device(detector):
    score = DetectedPoses("middle", "file.onnx", threshold=0.4, device=torch.device("cuda:1"))
    assert detector[0].arguments == ("middle", "file.onnx", 0.4, "cuda")
    assert Detector.name in score.protocols["PCK_generated"]
    assert set(score.protocols) == {"PCK_generated", "PCK_real"}


def test_weights_that_are_not_there(tmp_path):
    with pytest.raises(UserError, match=r"none\.onnx does not exist"):
        DetectedPoses("rtmpose", tmp_path / "none.onnx")
