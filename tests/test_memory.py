import platform
import subprocess
import sys

import pytest

from posegan_plugin import memory

# Pages that the system has to fill with zeros for a block of 256 MB that follows a larger one. One of
# the same size might not fit: something small may have come to lie beside the gap.
PAGES = """
import resource, torch
{first}
def pages():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.ones(64 * 2**20)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
torch.ones(80 * 2**20)
print(min([pages() for _ in range(3)]))
"""
only_glibc = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the system is not glibc")


def pages(first):
    code = PAGES.format(first=first)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return int(done.stdout)


@only_glibc
def test_a_freed_block_is_used_again_and_importing_the_package_changes_nothing():
    usual = pages("import posegan_plugin, posegan_plugin.models, posegan_plugin.pose")
    kept = pages("import posegan_plugin.memory as m; assert m.keep_freed_memory()")
    assert usual >= 128  # pages of 2 MB at most
    assert kept < usual / 10


@only_glibc
def test_malloc_trim_still_returns_it():
    code = """
import ctypes, torch, posegan_plugin.memory as m
m.keep_freed_memory()
def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096 / 2**20
before = resident()
torch.ones(64 * 2**20)
kept = resident()
ctypes.CDLL(None).malloc_trim(0)
print(kept - before, resident() - before)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    kept, trimmed = map(float, done.stdout.split())
    assert kept > 250
    assert trimmed < 50


def test_other_c_libraries_are_left_alone(monkeypatch):
    monkeypatch.setattr(platform, "libc_ver", lambda: ("", ""))
    monkeypatch.setattr(memory.ctypes, "CDLL", lambda name: pytest.fail("there is no mallopt"))
    assert memory.keep_freed_memory() is False
