import platform

import pytest

from posegan_plugin import available_memory as module
from posegan_plugin.available_memory import available_memory


@pytest.fixture
def system(tmp_path, monkeypatch):
    """Files in place of those of Linux."""
    limits = (tmp_path / "memory.max", tmp_path / "limit_in_bytes")
    monkeypatch.setattr(module, "_FREE", tmp_path / "meminfo")
    monkeypatch.setattr(module, "_LIMITS", limits)
    return (tmp_path / "meminfo", *limits)


def test_free_memory(system):
    free, new, old = system
    free.write_text("MemTotal:    9000 kB\nMemFree:    100 kB\nMemAvailable:    2000 kB\n")
    assert available_memory() == 2000 * 1024
    new.write_text("max\n")
    old.write_text(f"{1 << 62}\n")
    assert available_memory() == 2000 * 1024
    new.write_text("5000\n")
    assert available_memory() == 5000
    old.write_text("300\n")
    assert available_memory() == 300


def test_a_system_that_does_not_say(system):
    assert available_memory() is None
    system[0].write_text("nothing")
    system[1].write_text("5000\n")
    assert available_memory() is None


@pytest.mark.skipif(platform.system() != "Linux", reason="only Linux says")
def test_this_system():
    assert 10**7 < available_memory() < 10**14
