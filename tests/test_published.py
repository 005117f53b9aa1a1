import json

import pytest
import torch

from posegan_plugin.checkpoint import read_checkpoint
from posegan_plugin.errors import UserError
from posegan_plugin.file_hash import file_hash
from posegan_plugin.published import architecture_of, read_weights, write_weights

STATE = {
    "generator.weight": torch.arange(6.0).reshape(2, 3) / 3,
    "generator.steps": torch.tensor(2**40),
    "reid.weight": torch.full((4,), 0.1),
}
ARCHITECTURE = {"generator": {"type": "G", "image_size": [8, 4]}, "reid": None}


@pytest.fixture
def weights(tmp_path):
    write_weights(tmp_path / "a.safetensors", STATE, ARCHITECTURE, {"about": "made in a test"})
    return tmp_path / "a.safetensors"


def test_there_and_back(weights):
    read = read_weights(weights)
    assert set(read["state_dict"]) == set(STATE)
    for name, tensor in STATE.items():
        assert torch.equal(read["state_dict"][name], tensor)
    assert read["meta"]["about"] == "made in a test"
    assert architecture_of(read) == ARCHITECTURE
    again = read_checkpoint(weights)  # the common entrance
    assert torch.equal(again["state_dict"]["reid.weight"], STATE["reid.weight"])


def test_half_precision_rounds_floats_only(tmp_path):
    write_weights(tmp_path / "h.safetensors", STATE, {}, half=True)
    state = read_weights(tmp_path / "h.safetensors")["state_dict"]
    assert state["reid.weight"].dtype == torch.float32
    assert torch.equal(state["reid.weight"], STATE["reid.weight"].half().float())
    assert state["generator.steps"].item() == 2**40


def test_same_content_gives_the_same_bytes(weights, tmp_path):
    write_weights(tmp_path / "b.safetensors", STATE, ARCHITECTURE, {"about": "made in a test"})
    assert file_hash(weights) == file_hash(tmp_path / "b.safetensors")


def test_hash_is_sha256(tmp_path):
    (tmp_path / "x").write_bytes(b"abc")
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert file_hash(tmp_path / "x") == expected


def test_other_suffixes_are_refused(tmp_path):
    with pytest.raises(UserError, match=r"a\.pth: the name must end in \.safetensors"):
        write_weights(tmp_path / "a.pth", STATE, {})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("keep", [0, 4, 60, 0.9])
def test_damaged_file(weights, keep):
    data = weights.read_bytes()
    weights.write_bytes(data[: int(keep * len(data)) if keep < 1 else keep])
    with pytest.raises(UserError, match=r"weight file .*a\.safetensors cannot be read"):
        read_weights(weights)


def test_missing_file(tmp_path):
    with pytest.raises(UserError, match=r"no\.safetensors"):
        read_checkpoint(tmp_path / "no.safetensors")


def test_architecture():
    assert architecture_of({"state_dict": {}}) is None
    assert architecture_of({"meta": {"epoch": 1}}) is None
    assert architecture_of({"meta": {"architecture": json.dumps({"reid": None})}}) == {"reid": None}
    with pytest.raises(UserError, match="not JSON"):
        architecture_of({"meta": {"architecture": "{"}})
    with pytest.raises(UserError, match="not a JSON object"):
        architecture_of({"meta": {"architecture": "[1]"}})
