import json

import pytest
import torch

pytest.importorskip("torchreid")

from posegan_plugin.checkpoint import save_checkpoint
from posegan_plugin.errors import UserError
from posegan_plugin.for_torchreid.checkpoint_files import write_checkpoint
from posegan_plugin.for_torchreid.yaml_networks import build_generator
from posegan_plugin.models import PoseTransferGenerator

SMALL = {"channels": 4, "num_blocks": 1}
SECTION = "posegan: {mode: %s, generator: {channels: 4, num_blocks: 1, image_size: %s}}"


@pytest.fixture
def trained():
    return PoseTransferGenerator((64, 32), **SMALL)


@pytest.fixture
def run_folder(trained, tmp_path):
    """What tools/train_torchreid.py leaves of a generator for images of 64x32."""
    folder = tmp_path / "run"
    write_checkpoint({"state_dict": trained.state_dict(), "epoch": 3}, folder / "generator")
    (folder / "config.yaml").write_text(SECTION % ("joint", "[64, 32]"))
    return folder


@pytest.fixture
def build(load):
    def build(size, checkpoint, mode="online", **opts):
        options = {"posegan.checkpoint": str(checkpoint), **opts}
        return build_generator(load(SECTION % (mode, size), options), None)

    return build


def check(build, checkpoint, trained):
    """Only at its own size."""
    found = build([64, 32], checkpoint).state_dict()
    assert all(torch.equal(v, found[k]) for k, v in trained.state_dict().items())
    for mode, others in (("online", {}), ("joint", {"test.evaluate": True})):
        with pytest.raises(UserError) as error:
            build([32, 16], checkpoint, mode, **others)
        assert "trained at [64, 32], which posegan.generator.image_size [32, 16]" in str(
            error.value
        )


def test_a_generator_of_another_size_out_of_a_run(build, run_folder, trained):
    for checkpoint in (run_folder, run_folder / "generator" / "model.pth.tar-3"):
        check(build, checkpoint, trained)
    assert build([32, 16], run_folder, "joint").image_size == (32, 16)  # trains it further


@pytest.mark.parametrize("size", [{"image_size": [64, 32]}, {}])
def test_a_generator_of_another_size_out_of_mmengine(build, trained, tmp_path, size):
    path = tmp_path / "epoch_1.pth"
    state = {f"generator.{k}": v for k, v in trained.state_dict().items()}
    meta = {"architecture": json.dumps({"generator": {"type": "x", **size}})}
    save_checkpoint({"state_dict": state, "meta": meta}, path)
    if size:
        check(build, path, trained)
    else:  # the default
        assert build([128, 64], path).image_size == (128, 64)
        with pytest.raises(UserError, match=r"trained at \[128, 64\]"):
            build([64, 32], path)


def test_a_checkpoint_that_does_not_say(build, run_folder):
    (run_folder / "config.yaml").unlink()
    assert build([32, 16], run_folder).image_size == (32, 16)
