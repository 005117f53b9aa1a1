"""Scripts of ``tools/benchmark``: as modules, and run."""

import importlib.util
import json
import runpy
import sys
from pathlib import Path

import pytest

from posegan_plugin.for_mmengine import cli

FOLDER = Path(__file__).resolve().parents[3] / "tools" / "benchmark"


@pytest.fixture
def load(monkeypatch):
    """Loads a file of the folder as it finds its neighbours when it runs."""

    def load(name):
        monkeypatch.syspath_prepend(FOLDER)
        spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, name, module)  # dataclasses look there
        spec.loader.exec_module(module)
        return module

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
