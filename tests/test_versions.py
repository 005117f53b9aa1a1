"""``.ci/versions`` reads what it tests from setup.py."""

import importlib.util
import sys
from importlib.machinery import SourceFileLoader
from importlib.metadata import distributions
from pathlib import Path

import pytest
from packaging.version import Version

SCRIPT = Path(__file__).resolve().parents[1] / ".ci" / "versions"


@pytest.fixture(scope="module")
def script():
    loader = SourceFileLoader("ci_versions", str(SCRIPT))
    spec = importlib.util.spec_from_loader("ci_versions", loader)
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "dont_write_bytecode", True)
        loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def claims(script):
    return script.claims(Path(sys.executable))


def test_pythons(claims):
    oldest, newest = claims[0]
    running = sys.version_info[:2]
    assert oldest == "3.10"
    assert tuple(map(int, oldest.split("."))) <= running <= tuple(map(int, newest.split(".")))


def test_every_requirement_has_a_lower_bound_that_holds_here(claims):
    bounds = dict(line.split("==") for line in claims[1])
    assert {"torch", "torchreid", "mmengine", "numpy", "onnxruntime", "pytest"} <= bounds.keys()
    installed = {d.metadata["Name"].lower().replace("_", "-"): d.version for d in distributions()}
    there = bounds.keys() & installed.keys()  # extras may be missing
    assert len(there) >= 15
    assert [n for n in there if Version(installed[n]) < Version(bounds[n])] == []


def test_a_requirement_without_a_lower_bound_is_refused(script, monkeypatch):
    monkeypatch.setattr(script, "run", lambda *a, **k: '[">=3.10,<3.14", ["numpy"]]')
    with pytest.raises(SystemExit, match=r"numpy is no NAME>=VERSION"):
        script.claims(Path(sys.executable))


def test_python_that_is_not_there(script):
    with pytest.raises(SystemExit, match=r"there is no python3\.99"):
        script.interpreter("3.99")
