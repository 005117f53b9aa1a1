"""``tools/benchmark/long_run.py``: what it calls growth. It takes minutes, so it is not run here."""

import sys
from dataclasses import replace

import pytest

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")


@pytest.fixture
def samples(load):
    """Eight looks at something that does not change."""
    probe = load("probe")
    still = probe.Sample(100, 900.0, 850.0, 0.0, 7, 3, 20, 21.5, 1.0, 4.5, 60.0)
    return probe, [replace(still, step=100 * (n + 1)) for n in range(8)]


def test_growth_is_that_of_the_means_of_two_quarters(samples):
    probe, looks = samples
    assert set(probe.growth(looks).values()) == {0.0}
    used = [850, 900, 910, 914, 915, 915, 916, 918]  # the first quarter does not count
    grown = probe.growth([replace(s, used_mb=u) for s, u in zip(looks, used, strict=True)])
    assert grown["used_mb"] == (916 + 918) / 2 - (910 + 914) / 2
    assert grown["open_files"] == 0


def test_table(samples):
    probe, looks = samples
    lines = probe.table(looks, probe.growth(looks), {"used_mb": 4.0}).splitlines()
    assert len(lines) == 1 + 8 + 2
    assert lines[-1].split() == ["limit", "4"]
    assert len({len(line) for line in lines[:-1]}) == 1


def test_a_look(load, tmp_path):
    probe = load("probe")
    (tmp_path / "run.log").write_bytes(bytes(2**20))
    (tmp_path / "epoch_1.pth").write_bytes(bytes(2**19))
    watcher = probe.Probe(tmp_path, "epoch_*.pth", last=200)
    with (tmp_path / "run.log").open():
        for _ in range(100):
            watcher.count(0.25)
    for _ in range(250):
        with watcher.step():
            pass
    first, second = watcher.samples  # nobody looks after step 200
    assert (first.step, first.files, first.log_mb) == (100, 2, 1.0)
    assert first.work_dir_mb == first.checkpoint_mb == 0.5
    assert first.cpu_ms_a_step == 250.0
    assert second.cpu_ms_a_step < 250
    assert first.open_files == second.open_files + 1
    assert first.used_mb > 1
    assert first.threads >= 1


def test_too_few_steps(load, monkeypatch, capsys):
    module = load("long_run")
    monkeypatch.setattr(sys, "argv", ["long_run.py", "joint", "--steps", "700"])
    with pytest.raises(SystemExit) as error:
        module.run_command(module.main)
    assert error.value.code == 2
    assert "--steps 700 must be at least 800" in capsys.readouterr().err
