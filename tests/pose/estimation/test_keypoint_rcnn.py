import numpy as np
import pytest
import torch
from torchvision.models.detection import keypointrcnn_resnet50_fpn
from torchvision.ops import FrozenBatchNorm2d

from posegan_plugin.errors import UserError
from posegan_plugin.pose import COCO17_JOINTS, JOINTS
from posegan_plugin.pose.estimation import keypoint_rcnn
from posegan_plugin.pose.estimation.keypoint_rcnn import KeypointRCNN


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    proposals = {f"rpn_{when}_nms_top_n_test": 100 for when in ("pre", "post")}
    return keypointrcnn_resnet50_fpn(
        weights=None, weights_backbone=None, min_size=64, max_size=256, **proposals
    )


@pytest.fixture(scope="module")
def weights(network, tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "random.pth"
    torch.save(network.state_dict(), path)
    return path


@pytest.fixture(scope="module")
def estimator(weights):
    return KeypointRCNN(weights, short_side=64)


def detection(box_scores, logits):
    """What the network says about an image: detection d has joint j at (10 d + j, 100 + j)."""
    joints = torch.arange(17.0)
    place = [torch.stack([10 * d + joints, 100 + joints, torch.ones(17)], 1) for d in range(3)]
    return {
        "scores": torch.tensor(box_scores),
        "keypoints": torch.stack(place)[: len(box_scores)],
        "keypoints_scores": torch.tensor(logits).expand(len(box_scores), 17),
    }


def image(height=20, width=10, value=51):
    return np.full((height, width, 3), value, dtype=np.uint8)


def test_the_weights_are_those_of_the_file(estimator, network):
    loaded = estimator._network.state_dict()
    assert all(torch.equal(tensor, network.state_dict()[key]) for key, tensor in loaded.items())
    assert not estimator._network.training


def test_the_network_is_torchvisions(estimator, network):
    """The same detections, on a picture that a random network takes for a person."""
    picture = torch.rand(3, 96, 64, generator=torch.Generator().manual_seed(1))
    network.eval()
    with torch.inference_mode():
        expected, found = network([picture])[0], estimator._network([picture])[0]
    assert len(expected["scores"])
    torch.testing.assert_close(found["scores"], expected["scores"][:1], atol=1e-3, rtol=1e-3)
    torch.testing.assert_close(found["boxes"], expected["boxes"][:1], atol=0.5, rtol=1e-2)


def test_the_best_detection_of_each_image(estimator, monkeypatch):
    given = []

    def forward(images):
        given.extend(images)
        return [detection([0.2, 0.9, 0.3], 3.0), detection([], 3.0), detection([0.06], 3.0)]

    monkeypatch.setattr(estimator, "_network", forward)
    found = estimator([image(), image(8, 4), image(value=255)])
    assert found.shape == (3, 18, 3)
    assert found.dtype == np.float32
    for person, d in ((0, 1), (2, 0)):
        nose, left_ankle = found[person, 0], found[person, JOINTS.index("left_ankle")]
        assert nose.tolist() == pytest.approx([10 * d, 100, 1 / (1 + np.exp(-3))])
        assert left_ankle[:2].tolist() == [10 * d + 15, 115]
        # between the shoulders, COCO's joints 5 and 6
        assert found[person, 1, :2].tolist() == [10 * d + 5.5, 105.5]
    assert not found[1].any()
    assert [tuple(i.shape) for i in given] == [(3, 20, 10), (3, 8, 4), (3, 20, 10)]
    assert [float(i.max()) for i in given] == pytest.approx([0.2, 0.2, 1.0])


def test_colours_stay_in_order(estimator, monkeypatch):
    given = []
    monkeypatch.setattr(
        estimator, "_network", lambda images: given.extend(images) or [detection([], 0.0)]
    )
    estimator([np.full((2, 2, 3), (255, 51, 0), dtype=np.uint8)])
    assert given[0][:, 0, 0].tolist() == pytest.approx([1, 0.2, 0])


@pytest.mark.parametrize(("threshold", "there"), [(0.87, 18), (0.89, 0)])
def test_threshold_is_of_the_sigmoid(estimator, monkeypatch, threshold, there):
    monkeypatch.setattr(estimator, "_threshold", threshold)
    monkeypatch.setattr(estimator, "_network", lambda images: [detection([0.5], 2.0)])  # 0.8808
    assert (estimator([image()])[0, :, 2] > 0).sum() == there


def test_the_whole_way_with_random_weights(estimator):
    images = [
        np.random.default_rng(n).integers(0, 256, (40 + n, 20, 3), np.uint8) for n in range(3)
    ]
    first, second = estimator(images), estimator(images)
    assert first.shape == (3, 18, 3)
    assert np.isfinite(first).all()
    np.testing.assert_array_equal(first, second)


def test_no_image(estimator):
    assert estimator([]).shape == (0, 18, 3)


def test_a_checkpoint_of_torchvisions_training_script(weights, network, tmp_path):
    torch.save({"model": network.state_dict(), "epoch": 3}, tmp_path / "model_3.pth")
    estimator = KeypointRCNN(tmp_path / "model_3.pth", short_side=64)
    key = "roi_heads.keypoint_predictor.kps_score_lowres.weight"
    assert torch.equal(estimator._network.state_dict()[key], network.state_dict()[key])


def test_torchvisions_coco_weights_have_no_epsilon(estimator, weights, monkeypatch):
    def epsilons(estimator):
        layers = estimator._network.modules()
        return {layer.eps for layer in layers if isinstance(layer, FrozenBatchNorm2d)}

    assert epsilons(estimator) == {1e-5}
    monkeypatch.setattr(keypoint_rcnn, "estimator_name", lambda *_: "keypoint_rcnn coco fc266e95")
    assert epsilons(KeypointRCNN(weights)) == {0.0}


def test_the_digest_of_torchvisions_coco_weights():
    from torchvision.models.detection import KeypointRCNN_ResNet50_FPN_Weights

    names = KeypointRCNN_ResNet50_FPN_Weights.COCO_V1.meta["keypoint_names"]
    assert tuple(names) == COCO17_JOINTS
    assert f"-{keypoint_rcnn._COCO_V1_DIGEST}." in KeypointRCNN_ResNet50_FPN_Weights.COCO_V1.url


def test_files_of_other_networks(tmp_path):
    torch.save({"a": torch.ones(2)}, tmp_path / "other.pth")
    with pytest.raises(UserError, match=r"other\.pth belongs to another architecture"):
        KeypointRCNN(tmp_path / "other.pth")
    torch.save({"model": 5}, tmp_path / "number.pth")
    with pytest.raises(UserError, match=r"number\.pth holds no state dict"):
        KeypointRCNN(tmp_path / "number.pth")
    (tmp_path / "text.pth").write_text("hello")
    with pytest.raises(UserError, match=r"text\.pth cannot be read"):
        KeypointRCNN(tmp_path / "text.pth")


def test_no_gpu(weights, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UserError, match="device cuda: torch finds no GPU"):
        KeypointRCNN(weights, device="cuda")
