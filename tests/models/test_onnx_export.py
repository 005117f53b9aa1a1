import numpy as np
import pytest
import torch

from posegan_plugin import UserError
from posegan_plugin.models import onnx_export
from posegan_plugin.models.joint_network import JointNetwork

onnxruntime = pytest.importorskip("onnxruntime")
pytest.importorskip("onnx")
pytest.importorskip("onnxscript")


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    torch.manual_seed(1)
    network = JointNetwork((64, 32), channels=8, hidden=16).eval()
    path = tmp_path_factory.mktemp("export") / "new" / "joints.onnx"
    onnx_export.export_onnx(network, path)
    return network, path


@pytest.mark.parametrize("count", [1, 2, 5])
def test_any_number_of_people(exported, count):
    network, path = exported
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    images = torch.randn(count, 3, 64, 32)
    found = session.run(["simcc_x", "simcc_y"], {"images": images.numpy()})
    with torch.no_grad():
        expected = network(images)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other.numpy(), atol=1e-5)


def test_what_readers_of_rtmpose_files_look_at(exported):
    session = onnxruntime.InferenceSession(exported[1], providers=["CPUExecutionProvider"])
    (images,) = session.get_inputs()
    assert images.shape[1:] == [3, 64, 32]
    assert isinstance(images.shape[0], str)  # any number of people
    outputs = session.get_outputs()
    assert [o.name for o in outputs] == ["simcc_x", "simcc_y"]
    assert [o.shape[1:] for o in outputs] == [[17, 64], [17, 128]]


def test_one_file_that_says_nothing_about_this_machine(exported):
    path = exported[1]
    assert [p.name for p in path.parent.iterdir()] == ["joints.onnx"]
    data = path.read_bytes()
    assert b"joint_network.py" not in data
    assert b"site-packages" not in data


def test_the_export_leaves_the_random_numbers_alone(exported, tmp_path):
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    onnx_export.export_onnx(exported[0], tmp_path / "again.onnx")
    assert torch.equal(torch.rand(4), expected)
    assert (tmp_path / "again.onnx").read_bytes() == exported[1].read_bytes()


def test_an_export_that_answers_otherwise_is_not_written(exported, tmp_path, monkeypatch):
    monkeypatch.setattr(onnx_export, "_TOLERANCE", -1.0)
    with pytest.raises(UserError, match="off those of the trained one"):
        onnx_export.export_onnx(exported[0], tmp_path / "joints.onnx")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("missing", ["onnx", "onnxscript", "onnxruntime"])
def test_missing_package(exported, tmp_path, monkeypatch, missing):
    find = onnx_export.importlib.util.find_spec
    monkeypatch.setattr(
        onnx_export.importlib.util,
        "find_spec",
        lambda name: None if name == missing else find(name),
    )
    with pytest.raises(UserError, match=rf"needs {missing}: pip install 'posegan_plugin\[pose\]'"):
        onnx_export.export_onnx(exported[0], tmp_path / "joints.onnx")
    assert not list(tmp_path.iterdir())
