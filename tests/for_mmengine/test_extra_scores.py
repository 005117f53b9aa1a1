import pytest
import torch
import torchvision

from posegan_plugin.errors import UserError
from posegan_plugin.evaluation.perceptual import LPIPS
from posegan_plugin.evaluation.retrieval import Retrieval
from posegan_plugin.for_mmengine.extra_scores import build_scores

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def alexnet(tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "alexnet.pth"
    features = torchvision.models.alexnet(weights=None).features
    torch.save({f"features.{k}": v for k, v in features.state_dict().items()}, path)
    return path


def test_what_is_asked_for_is_built(alexnet, joint_run):
    options = {
        "lpips": {"weights": alexnet},
        "fid": None,
        "retrieval_checkpoint": joint_run.work_dir,
    }
    lpips, retrieval = build_scores(options, (64, 32), CPU)
    assert isinstance(lpips, LPIPS)
    assert isinstance(retrieval, Retrieval)
    assert list(retrieval.protocols) == [
        f"{score}_{asked}_independent" for score in ("R1", "mAP") for asked in ("generated", "real")
    ]
    assert build_scores({}, (64, 32), CPU) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lpisp": {}}, r"'lpisp' is unknown; choose from lpips, fid, pck, retrieval_checkpoint"),
        ({"lpips": {"weight": "x.pth"}}, r"scores\.lpips: .*'weight'"),
        ({"lpips": "x.pth"}, r"scores\.lpips: .*mapping"),
        ({"fid": {}}, r"scores\.fid: .*'weights'"),
        ({"fid": {"weights": "none.pth"}}, r"none\.pth does not exist"),
        ({"pck": {"backend": "openpose", "weights": "x"}}, r"'openpose' is unknown"),
        ({"pck": {"backend": "rtmpose", "weights": "none.onnx"}}, r"none\.onnx does not exist"),
        ({"retrieval_checkpoint": "none.pth"}, r"none\.pth does not exist"),
    ],
)
def test_what_cannot_be_used(options, message):
    with pytest.raises(UserError, match=message):
        build_scores(options, (64, 32), CPU)


def test_images_too_small_for_lpips(alexnet):
    with pytest.raises(UserError, match=r"makes 32x16"):
        build_scores({"lpips": {"weights": alexnet}}, (32, 16), CPU)
