import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torchreid")

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the tool forks")
def test_a_short_campaign(tmp_path):
    """Kills between two writes and during one, in the training with the most files."""
    line = [
        ROOT / "tools" / "benchmark" / "faults.py",
        "--faults",
        "1",
        "--only",
        "torchreid_joint",
    ]
    line += ["--kinds", "kill", "write", "--out", tmp_path / "faults.json", "--work-dir", tmp_path]
    done = subprocess.run(
        [sys.executable, "-W", "ignore", *map(str, line)],
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=1800,  # ends a hang; a busy machine may take ten times as long as a free one
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads((tmp_path / "faults.json").read_text())["torchreid_joint"]
    assert found["faults"] == {"kill": 1, "write": 1}
    assert found["survived"] == 2
    assert max(found["lost"]) <= 9  # the steps of an epoch
    assert found["runs"] == found["identical"] > 0
    assert found["problems"] == []
    title, row = done.stdout.splitlines()
    assert title.split()[:3] == ["training", "faults", "survived"]
    assert row.split()[:3] == ["torchreid_joint", "2", "2"]
