"""What imports bring with them: names of modules, since seconds depend on the machine."""

import subprocess
import sys

import pytest

HEAVY = {
    "matplotlib",
    "onnx",
    "onnxruntime",
    "onnxscript",
    "rtmlib",
    "skimage",
    "torch_fidelity",
    "torchmetrics",
}


def new_modules(first, then):
    """Modules that ``then`` imports after ``first`` has been imported."""
    code = f"import sys\n{first}\nbefore = set(sys.modules)\n{then}\n"
    code += "print('new:', *sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split()[1:])


@pytest.mark.parametrize("name", ["posegan_plugin", "posegan_plugin.for_torchreid"])
def test_the_package_alone_imports_neither_toolbox_nor_torch(name):
    packages = {module.split(".")[0] for module in new_modules("", f"import {name}")}
    assert "posegan_plugin" in packages
    assert not packages & (HEAVY | {"torch", "torchreid", "mmengine", "numpy", "cv2"})


def test_everything_a_config_can_name_imports_nothing_heavy():
    then = "import posegan_plugin.for_mmengine; from posegan_plugin.for_torchreid import register"
    new = new_modules("import torchreid", then)
    assert "posegan_plugin.for_mmengine.model" in new
    assert not {module.split(".")[0] for module in new} & HEAVY
    assert not new & {"tensorboard", "torch.utils.tensorboard", "torchvision.models.detection"}
