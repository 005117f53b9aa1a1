import pytest
import torch

from posegan_plugin.checkpoint import read_checkpoint
from posegan_plugin.errors import UserError
from posegan_plugin.file_hash import file_hash
from posegan_plugin.for_mmengine.pretrained import load_pretrained


@pytest.fixture(scope="module")
def trained(joint_run):
    return joint_run.runner.model.eval()


def drawn(generator):
    torch.manual_seed(0)
    images, camera = torch.rand(3, 3, 32, 16) * 2 - 1, torch.tensor([0, 1, 2])
    poses = torch.rand(3, 18, 3) * torch.tensor([16.0, 32.0, 1.0])
    with torch.no_grad():
        return images, generator(images, poses, poses.flip(0), camera)


@pytest.mark.parametrize("by", ["checkpoint", "work_dir"])
def test_networks_of_a_run(joint_run, trained, by):
    loaded = load_pretrained(getattr(joint_run, by))
    assert loaded.path == joint_run.checkpoint
    assert loaded.sha256 == file_hash(joint_run.checkpoint)
    assert not loaded.generator.training and not loaded.reid.training
    images, expected = drawn(trained.generator)
    # The model in training lies in another memory layout: the last bits differ.
    assert torch.allclose(drawn(loaded.need_generator())[1], expected, atol=1e-5)
    with torch.no_grad():
        assert torch.allclose(loaded.describe(images), trained(images), atol=1e-4)


def test_old_checkpoint_needs_its_config(joint_run, trained, tiny, tmp_path):
    checkpoint = torch.load(joint_run.checkpoint, weights_only=True)
    del checkpoint["meta"]["architecture"]
    torch.save(checkpoint, tmp_path / "old.pth")
    with pytest.raises(UserError, match=r"old\.pth does not say how its networks are built"):
        load_pretrained(tmp_path / "old.pth")
    loaded = load_pretrained(tmp_path / "old.pth", str(tiny.config))
    assert torch.allclose(drawn(loaded.generator)[1], drawn(trained.generator)[1], atol=1e-5)


def test_baselines_have_no_generator(joint_run, tmp_path):
    checkpoint = read_checkpoint(joint_run.checkpoint)
    meta = checkpoint["meta"]
    meta["architecture"] = meta["architecture"].replace('"generator": {', '"unused": {')
    torch.save(checkpoint, tmp_path / "baseline.pth")
    loaded = load_pretrained(tmp_path / "baseline.pth")
    assert loaded.generator is None
    with pytest.raises(UserError, match=r"baseline\.pth holds no generator"):
        loaded.need_generator()


def save_changed(run, path, old, new):
    """A checkpoint with another description of its networks."""
    checkpoint = read_checkpoint(run.checkpoint)
    meta = checkpoint["meta"]
    meta["architecture"] = meta["architecture"].replace(old, new)
    torch.save(checkpoint, path)


def test_no_re_id_network(joint_run, tmp_path):
    save_changed(joint_run, tmp_path / "generator.pth", '"reid": {', '"unused": {')
    with pytest.raises(UserError, match=r"generator\.pth holds no re-ID network"):
        load_pretrained(tmp_path / "generator.pth").describe(torch.zeros(1, 3, 32, 16))


def test_an_option_of_another_version(joint_run, tmp_path):
    save_changed(joint_run, tmp_path / "later.pth", '"channels": 8', '"channels": 8, "x": 1')
    with pytest.raises(UserError, match=r"later\.pth describes networks .* argument 'x'.*version"):
        load_pretrained(tmp_path / "later.pth")


def test_a_network_of_the_users(joint_run, tiny, tmp_path, monkeypatch):
    """Registered by what the config imports."""
    save_changed(joint_run, tmp_path / "own.pth", '"PoseTransferGenerator"', '"OwnGenerator"')
    with pytest.raises(UserError, match=r"own\.pth describes a .*OwnGenerator.*--model-config"):
        load_pretrained(tmp_path / "own.pth")
    (tmp_path / "own_networks.py").write_text(
        "from posegan_plugin.models import PoseTransferGenerator\n"
        "from posegan_plugin.registry import MODELS\n"
        "class OwnGenerator(PoseTransferGenerator):\n    pass\n"
        "MODELS.register_module(module=OwnGenerator)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    config = tmp_path / "config.py"
    config.write_text(
        f"_base_ = [{str(tiny.config)!r}]\ncustom_imports = dict(imports=['own_networks'])\n"
    )
    loaded = load_pretrained(tmp_path / "own.pth", str(config))
    assert type(loaded.generator).__name__ == "OwnGenerator"


@pytest.mark.parametrize("text", ["model = dict(name='osnet_x0_25')", "data_root = 'data'"])
def test_a_config_of_another_tool(joint_run, tmp_path, text):
    checkpoint = read_checkpoint(joint_run.checkpoint)
    del checkpoint["meta"]["architecture"]
    torch.save(checkpoint, tmp_path / "old.pth")
    (tmp_path / "other.py").write_text(text)
    with pytest.raises(UserError, match=r"other\.py is not one of tools/train\.py"):
        load_pretrained(tmp_path / "old.pth", str(tmp_path / "other.py"))


def test_shapes_that_do_not_fit(joint_run, tmp_path):
    checkpoint = read_checkpoint(joint_run.checkpoint)
    meta = checkpoint["meta"]
    meta["architecture"] = meta["architecture"].replace('"channels": 8', '"channels": 12')
    torch.save(checkpoint, tmp_path / "wrong.pth")
    with pytest.raises(UserError, match="belongs to another architecture"):
        load_pretrained(tmp_path / "wrong.pth")
