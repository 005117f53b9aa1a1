import torch
from safetensors import safe_open

from posegan_plugin.for_mmengine.pretrained import load_pretrained
from posegan_plugin.published import read_weights


def test_networks_without_optimisers_and_discriminators(command, joint_run, tmp_path):
    out = tmp_path / "new" / "net.safetensors"
    done = command("publish", joint_run.work_dir, out, "--about", "tools/train.py tiny.py")
    assert done.code == 0
    assert f"{out.stat().st_size / 1e6:.2f} MB" in done.output
    with safe_open(out, framework="pt") as file:
        assert {name.split(".")[0] for name in file.keys()} == {"generator", "reid"}  # noqa: SIM118
    assert read_weights(out)["meta"]["about"] == "tools/train.py tiny.py"
    before, after = load_pretrained(joint_run.checkpoint), load_pretrained(out)
    for name in ("generator", "reid"):
        old, new = getattr(before, name).state_dict(), getattr(after, name).state_dict()
        assert all(torch.equal(old[key], new[key]) for key in old)


def test_half_the_size(command, joint_run, tmp_path):
    command("publish", joint_run.checkpoint, tmp_path / "whole.safetensors")
    command("publish", joint_run.checkpoint, tmp_path / "half.safetensors", "--half")
    whole, half = ((tmp_path / f"{n}.safetensors").stat().st_size for n in ("whole", "half"))
    assert half < 0.65 * whole
    load_pretrained(tmp_path / "half.safetensors")


def test_mistakes(command, joint_run, tmp_path):
    done = command("publish", tmp_path / "none.pth", tmp_path / "a.safetensors")
    assert done.code == 2
    assert (
        done.error == f"error: checkpoint {tmp_path / 'none.pth'} does not exist: check the path\n"
    )
    done = command("publish", joint_run.checkpoint, tmp_path / "a.pth")
    assert done.code == 2 and "must end in .safetensors" in done.error
    assert not list(tmp_path.iterdir())
