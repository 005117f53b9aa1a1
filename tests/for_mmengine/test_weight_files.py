import pytest
import torch
from mmengine.runner import CheckpointLoader

import posegan_plugin.for_mmengine  # noqa: F401 - registers
from posegan_plugin.errors import UserError
from posegan_plugin.published import write_weights


@pytest.mark.parametrize("folder", ["", "of.safetensors and more"])
def test_mmengine_loads_weight_files(tmp_path, folder):
    path = tmp_path / folder / "weights.safetensors"
    state = {"reid.a": torch.arange(3.0), "generator.b": torch.ones(2, 2)}
    write_weights(path, state, {"reid": None})
    loaded = CheckpointLoader.load_checkpoint(str(path), map_location="cpu", logger=None)
    assert {k: v.tolist() for k, v in loaded["state_dict"].items()} == {
        k: v.tolist() for k, v in state.items()
    }


def test_other_files_are_loaded_as_ever(tmp_path):
    path = tmp_path / "of.safetensors" / "epoch_1.pth"
    path.parent.mkdir()
    torch.save({"state_dict": {"a": torch.ones(1)}}, path)
    loaded = CheckpointLoader.load_checkpoint(str(path), map_location="cpu", logger=None)
    assert loaded["state_dict"]["a"] == 1


def test_damaged_file(tmp_path):
    (tmp_path / "cut.safetensors").write_bytes(b"\x08")
    with pytest.raises(UserError, match=r"cut\.safetensors cannot be read"):
        CheckpointLoader.load_checkpoint(str(tmp_path / "cut.safetensors"), logger=None)
