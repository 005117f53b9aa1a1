import os
import subprocess
import sys
from pathlib import Path

import pytest

import posegan_plugin

CHECKOUT = Path(posegan_plugin.__file__).parents[1]
MODULES = ("data", "data.datasets", "engine", "losses", "metrics", "models", "optim", "utils")
REPORT = """
from posegan_plugin.errors import UserError
from posegan_plugin.for_torchreid.resolver import torchreid_root
try:
    print("root", torchreid_root())
except UserError as error:
    print("UserError", error)
"""


def python(code, *folders):
    """Output of code run in a new process with the folders first on the path."""
    path = os.pathsep.join(map(str, (*folders, CHECKOUT)))
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def package(folder, content=""):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "__init__.py").write_text(content)


def test_pypi_layout():
    pytest.importorskip("torchreid.reid")
    from posegan_plugin.for_torchreid import resolver

    assert resolver.torchreid_root() == "torchreid.reid"
    for path in MODULES:
        assert resolver.torchreid_module(path).__name__ == f"torchreid.reid.{path}"


def test_upstream_layout(tmp_path):
    """Upstream's repository installs the same modules without ``reid`` between."""
    installed = Path(pytest.importorskip("torchreid.reid").__file__).parent
    for source in installed.rglob("*.py"):
        copy = tmp_path / "torchreid" / source.relative_to(installed)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(source.read_text().replace("torchreid.reid", "torchreid"))
    code = f"""
import torch
from posegan_plugin.for_torchreid.backbone import TorchreidBackbone
from posegan_plugin.for_torchreid.resolver import torchreid_module, torchreid_root
print(torchreid_root())
for path in {MODULES!r}:
    print(torchreid_module(path).__name__, torchreid_module(path).__file__)
print("market1501" in vars(torchreid_module("data.datasets"))["__image_datasets"])
print(TorchreidBackbone("osnet_x0_25", image_size=(64, 32)).feature_dim)
"""
    root, *modules, market, feature_dim = python(code, tmp_path).splitlines()
    assert root == "torchreid"
    for path, line in zip(MODULES, modules, strict=True):
        name, file = line.split(" ")
        assert name == f"torchreid.{path}"
        assert file.startswith(str(tmp_path))
    assert market == "True"
    assert feature_dim == "512"


@pytest.mark.parametrize("root", ["torchreid", "torchreid/reid"])
def test_missing_dependency_is_named(tmp_path, root):
    package(tmp_path / "torchreid")
    package(tmp_path / root)
    package(tmp_path / root / "data", "import package_that_is_not_there.part\n")
    answer = python(REPORT, tmp_path)
    assert answer.startswith("UserError torchreid needs the package package_that_is_not_there")
    assert "pip install package_that_is_not_there" in answer


def test_not_installed(tmp_path):
    hide = """
import sys
class Hide:
    def find_spec(self, name, path=None, target=None):
        if name == "torchreid":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Hide())
"""
    answer = python(hide + REPORT, tmp_path)
    assert answer == "UserError torchreid is not installed: pip install torchreid"


def test_another_package_of_that_name(tmp_path):
    package(tmp_path / "torchreid")
    assert python(REPORT, tmp_path) == "UserError torchreid is not installed: pip install torchreid"


def test_core_does_not_import_torchreid():
    code = """
import sys
import posegan_plugin.augment, posegan_plugin.datasets, posegan_plugin.evaluation
import posegan_plugin.models, posegan_plugin.training
print([m for m in sys.modules if m.split(".")[0] in ("torchreid", "mmengine")])
"""
    assert python(code) == "[]"
