import os
from pathlib import Path

import pytest

from posegan_plugin import UserError
from posegan_plugin.folders import files_in, folder_lock, is_file, is_folder


def test_files_and_links_but_no_folders(tmp_path):
    (tmp_path / "b" / "x.jpg").mkdir(parents=True)
    (tmp_path / "b" / "a.jpg").touch()
    (tmp_path / "c.jpg").touch()
    (tmp_path / "b" / "loop").symlink_to(tmp_path)
    (tmp_path / "self.jpg").symlink_to("self.jpg")
    inside = [tmp_path / "b" / "a.jpg"]
    outside = [tmp_path / "c.jpg", tmp_path / "self.jpg"]
    assert files_in(tmp_path) == inside + outside
    assert files_in(tmp_path, recursive=False) == outside


@pytest.mark.parametrize("recursive", [True, False])
def test_a_folder_that_is_not_there(tmp_path, recursive):
    with pytest.raises(UserError, match="nowhere cannot be read"):
        files_in(tmp_path / "nowhere", recursive)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read(tmp_path):
    (tmp_path / "secret").mkdir(mode=0)
    with pytest.raises(UserError, match="secret cannot be read"):
        files_in(tmp_path)


def test_a_folder_whose_listing_fails(tmp_path, monkeypatch):
    """What root cannot try."""

    def refused(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "scandir", refused)
    with pytest.raises(UserError, match=r"cannot be read \(Permission denied\)"):
        files_in(tmp_path)


@pytest.mark.parametrize("is_there", [is_file, is_folder])
def test_what_cannot_be_looked_at_is_not_there(tmp_path, is_there, monkeypatch):
    (tmp_path / "file").touch()
    assert is_file(tmp_path / "file")
    assert is_folder(str(tmp_path))
    for name in ("nowhere", "a\0b", "n" * 300):
        assert not is_there(tmp_path / name)

    def refused(self, **options):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "stat", refused)
    assert not is_there(tmp_path)


def test_a_lock_keeps_another_opener_out_until_it_is_released(tmp_path):
    fcntl = pytest.importorskip("fcntl")
    other = os.open(tmp_path, os.O_RDONLY)
    with folder_lock(tmp_path), pytest.raises(BlockingIOError):
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(other)
