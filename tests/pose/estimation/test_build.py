import sys
import urllib.error

import pytest

from posegan_plugin.errors import UserError
from posegan_plugin.pose.estimation import BACKENDS, DEFAULT_THRESHOLDS, build_estimator


def test_the_default_is_rtmpose_at_its_threshold(simcc_model):
    estimator = build_estimator(weights=str(simcc_model()))
    assert estimator.name.startswith("rtmpose blocks")
    assert estimator._threshold == DEFAULT_THRESHOLDS["rtmpose"] == 0.3
    assert BACKENDS == ("rtmpose", "keypoint_rcnn")


def test_another_threshold_and_zero(simcc_model):
    path = simcc_model()
    assert build_estimator("rtmpose", path, 0.5)._threshold == 0.5
    assert build_estimator("rtmpose", path, 0)._threshold == 0


@pytest.mark.parametrize("backend", BACKENDS)
def test_without_weights(backend):
    with pytest.raises(UserError, match="give --weights FILE") as error:
        build_estimator(backend)
    assert "--download" in str(error.value)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_file_that_is_not_there_is_never_fetched(backend, tmp_path, monkeypatch):
    monkeypatch.setattr("urllib.request.urlopen", None)
    with pytest.raises(UserError, match=r"none\.onnx does not exist"):
        build_estimator(backend, tmp_path / "none.onnx", download=True)


def test_rtmlib_downloads(simcc_model, monkeypatch):
    file = pytest.importorskip("rtmlib.tools.file")
    asked = []
    monkeypatch.setattr(file, "download_checkpoint", lambda url: asked.append(url) or simcc_model())
    assert build_estimator("rtmpose", download=True).name.startswith("rtmpose blocks")
    assert len(asked) == 1
    assert "rtmpose-m_simcc-body7" in asked[0]


def test_rtmlib_finds_its_cache(simcc_model, monkeypatch, tmp_path):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr("rtmlib.tools.file.urlopen", None)
    name = "rtmpose-m_simcc-body7_pt-body7_420e-256x192-e48f03d0_20230504.onnx"
    cached = tmp_path / "hub" / "checkpoints" / name
    cached.parent.mkdir(parents=True)
    cached.write_bytes(simcc_model().read_bytes())
    assert name in build_estimator("rtmpose", download=True).name


@pytest.mark.parametrize(
    ("backend", "function", "source"),
    [
        ("rtmpose", "rtmlib.tools.file.urlopen", "rtmlib"),
        ("keypoint_rcnn", "torch.hub.urlopen", "torchvision"),
    ],
)
def test_a_download_that_fails(backend, function, source, tmp_path, monkeypatch):
    pytest.importorskip("rtmlib")

    def unreachable(*_, **__):
        raise urllib.error.URLError("no network")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(function, unreachable)
    with pytest.raises(UserError, match=rf"{source} could not download .*no network") as error:
        build_estimator(backend, download=True)
    assert "--weights" in str(error.value)
    assert not list(tmp_path.rglob("*.onnx")) + list(tmp_path.rglob("*.pth"))


def test_the_extra_is_not_installed_for_a_download(monkeypatch):
    monkeypatch.setitem(sys.modules, "rtmlib", None)
    with pytest.raises(UserError, match="needs rtmlib: pip install"):
        build_estimator("rtmpose", download=True)


@pytest.mark.parametrize("threshold", [-0.1, float("nan"), float("inf")])
def test_thresholds_that_no_score_has(threshold):
    with pytest.raises(UserError, match="threshold"):
        build_estimator("rtmpose", "weights.onnx", threshold)


def test_an_unknown_back_end():
    with pytest.raises(
        UserError, match="'openpose' is unknown; choose one of rtmpose, keypoint_rcnn"
    ):
        build_estimator("openpose")
