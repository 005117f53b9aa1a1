import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from posegan_plugin.errors import UserError
from posegan_plugin.pose.files import check_writable, remove_leftovers, write_atomic


def test_writes_into_new_folders_and_replaces(tmp_path):
    path = tmp_path / "neu ü" / "b" / "file.bin"
    write_atomic(path, b"one")
    write_atomic(str(path), b"two")
    assert path.read_bytes() == b"two"
    assert list(path.parent.iterdir()) == [path]


def test_others_may_read_the_file(tmp_path):
    usual = tmp_path / "usual"
    usual.write_bytes(b"")
    write_atomic(tmp_path / "file", b"")
    assert (tmp_path / "file").stat().st_mode == usual.stat().st_mode


def test_a_failure_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError, match=r"file: .*No space left on device"):
        write_atomic(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_folder_that_is_a_file(tmp_path):
    (tmp_path / "a").write_bytes(b"")
    with pytest.raises(UserError, match="cannot be written"):
        write_atomic(tmp_path / "a" / "b", b"")


def test_longest_name(tmp_path):
    write_atomic(tmp_path / ("n" * 255), b"x")
    assert (tmp_path / ("n" * 255)).read_bytes() == b"x"


def test_leftovers_of_a_killed_write(tmp_path):
    """The process is killed when the bytes are in the temporary file."""
    code = (
        "import os, signal, sys\n"
        "from posegan_plugin.pose.files import write_atomic\n"
        "os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)\n"
        "write_atomic(sys.argv[1], b'new')\n"
    )
    path, other = tmp_path / "file", tmp_path / ".mine.tmp"
    path.write_bytes(b"old")
    other.write_bytes(b"")
    done = subprocess.run([sys.executable, "-c", code, path], check=False)
    assert done.returncode == -signal.SIGKILL
    (left,) = set(tmp_path.iterdir()) - {path, other}
    assert left.read_bytes() == b"new"
    remove_leftovers(tmp_path)
    assert set(tmp_path.iterdir()) == {path, other}
    assert path.read_bytes() == b"old"


def test_no_folder_no_leftovers(tmp_path):
    remove_leftovers(tmp_path / "nowhere")
    assert not list(tmp_path.iterdir())


def test_on_the_disk_before_it_returns(tmp_path, monkeypatch):
    """First the content, then the name, then the folder that holds the name."""
    events = []
    sync, replace = os.fsync, Path.replace

    def synced(descriptor):
        events.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        sync(descriptor)

    def renamed(self, target):
        events.append("rename")
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", renamed)
    write_atomic(tmp_path / "file", b"x")
    assert events == ["file", "rename", "folder"]


def test_what_can_be_written_is_left_alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "old").write_bytes(b"x")
    for path in (tmp_path / "old", tmp_path / "new" / "deep" / "file", "file"):
        check_writable(path)
    assert [p.name for p in tmp_path.iterdir()] == ["old"]


def test_what_cannot_be_written_is_found_before(tmp_path, monkeypatch):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UserError, match=r"below: .*file is no folder"):
        check_writable(tmp_path / "file" / "below")
    with pytest.raises(UserError, match="name a file"):
        check_writable(tmp_path)
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)
    with pytest.raises(UserError, match="written to"):
        check_writable(tmp_path / "new")


def test_a_name_that_is_none(tmp_path):
    with pytest.raises(UserError, match=r"no file can be written there \(File name too long\)"):
        check_writable(tmp_path / ("a" * 300))
