import importlib.util
import json
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).resolve().parents[3] / "tools" / "benchmark" / "synthesis_kills.py"
# Stands for synthesize.py: ten files, one every 0.1 s, and it goes on where it was killed.
STAND_IN = """
import pathlib, sys, time
flaw, out = sys.argv[1], pathlib.Path(sys.argv[sys.argv.index("--out") + 1])
resumed = out.exists()
out.mkdir(parents=True, exist_ok=True)
for n in range(10):
    path = out / f"{n}_c1s0_0.jpg"
    if not path.exists():
        time.sleep(0.1)
        temporary = out / ".1.tmp"
        temporary.write_text("other" if resumed and flaw == "bytes" else "image")
        temporary.replace(path)
if resumed and flaw == "leftover":
    (out / ".2.tmp").write_text("half")
if flaw == "fails":
    sys.exit("error: no luck")
print("made now     10 images, 10.0 images/s")
"""


@pytest.fixture
def campaign(tmp_path, monkeypatch, capsys):
    spec = importlib.util.spec_from_file_location("synthesis_kills", TOOL)
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    (tmp_path / "stand_in.py").write_text(STAND_IN)
    monkeypatch.setattr(tool, "TOOL", tmp_path / "stand_in.py")

    def run(flaw, out=tmp_path / "out"):
        line = ["synthesis_kills.py", str(out), "--kills", "3", "--", flaw]
        monkeypatch.setattr(sys, "argv", line)
        with pytest.raises(SystemExit) as stop:
            tool.run_command(tool.main)
        path = out / "kills.json"
        result = json.loads(path.read_text()) if path.exists() else None
        return stop.value.code, result, capsys.readouterr()

    return run


def test_identical(campaign):
    code, result, said = campaign("none")
    assert (code, result["identical"], result["files"]) == (0, True, 10)
    assert len(result["kills"]) == 3
    images = [kill["images"] for kill in result["kills"]]
    assert images == sorted(images)
    assert result["whole"]["images_per_second"] == 10.0
    assert "10 files after 3 kills: identical" in said.out


@pytest.mark.parametrize("flaw", ["bytes", "leftover"])
def test_differences_are_found(campaign, flaw):
    code, result, said = campaign(flaw)
    assert (code, result["identical"]) == (1, False)
    assert bool(result["different"]) == (flaw == "bytes")
    assert result["left_over"] == (flaw == "leftover")
    assert "NOT identical" in said.out


def test_mistakes(campaign, tmp_path):
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "file").touch()
    code, _, said = campaign("none", out=tmp_path / "used")
    assert (code, "is not empty" in said.err) == (2, True)
    code, _, said = campaign("fails")
    assert (code, "synthesize.py failed: error: no luck" in said.err) == (2, True)
