"""Scripts of ``tools/benchmark``: as modules, and run."""

import importlib
import importlib.util
import json
import runpy
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from posegan_plugin.for_mmengine import cli

FOLDER = Path(__file__).resolve().parents[3] / "tools" / "benchmark"


def _module(name, register=lambda module: None):
    """A file of the folder; dataclasses in it need it registered in sys.modules first."""
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    register(module)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def tool(request):
    """The script that the test module names in SCRIPT, loaded once: what it trains is shared."""
    name = request.module.SCRIPT
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(FOLDER)
        # Pretty-printing the config takes longer than the training.
        patch.setattr("mmengine.config.config.FormatCode", lambda text, **_: (text, True))
        yield _module(name)


@pytest.fixture
def load(monkeypatch):
    """Loads a file of the folder as it finds its neighbours when it runs."""

    def load(name):
        monkeypatch.syspath_prepend(FOLDER)
        return _module(name, lambda module: monkeypatch.setitem(sys.modules, name, module))

    return load


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Runs a script in this process, once; its results and the rows of its table."""

    def run(name, *arguments):
        line = [f"{name}.py", "--device", "cpu", "--repeats", "1", "--out", tmp_path, *arguments]
        monkeypatch.setattr(sys, "argv", list(map(str, line)))
        monkeypatch.syspath_prepend(FOLDER)
        monkeypatch.setattr(cli, "run_command", lambda main: main())
        monkeypatch.setattr("posegan_plugin.memory.keep_freed_memory", lambda: False)
        runpy.run_path(str(FOLDER / f"{name}.py"), run_name="__main__")
        [file] = tmp_path.glob("*.json")
        content = json.loads(file.read_text())
        assert file.with_suffix(".md").read_text().startswith(f"### {content['question']}")
        return content, [dict(zip(content["columns"], r, strict=True)) for r in content["rows"]]

    return run


@pytest.fixture(scope="module")
def parts():
    """The modules of ``reid_accuracy.py`` by name."""
    names = ("families", "people", "presets", "rows", "search", "joint", "runs", "scoring", "store")
    names += ("summary", "table", "trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(FOLDER)
        yield SimpleNamespace(**{n: importlib.import_module(f"reid.{n}") for n in names})


@pytest.fixture(scope="module")
def people(parts, tmp_path_factory):
    """The procedural people of its tiny preset."""
    work = tmp_path_factory.mktemp("people")
    return parts.people.find_people("procedural", Path(), parts.presets.PRESETS["tiny"], work)
