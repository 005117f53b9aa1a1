import numpy as np
import pytest

from posegan_plugin.errors import UserError
from posegan_plugin.pose.journal import Journal

SETTINGS = {"threshold": 0.3, "estimator": "a"}


def batch(count, seed=0):
    return np.random.default_rng(seed).random((count, 18, 3), dtype=np.float32)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "poses.csv.parts"


def test_what_was_saved_is_there_for_the_next_run(folder):
    Journal(folder, SETTINGS).save(1, batch(3))
    journal = Journal(folder, dict(reversed(SETTINGS.items())))
    np.testing.assert_array_equal(journal.load(1, 3), batch(3))
    assert journal.load(0, 3) is None
    journal.remove()
    assert not folder.exists()


def test_other_settings_are_named(folder):
    Journal(folder, SETTINGS).save(0, batch(3))
    with pytest.raises(UserError, match=r"threshold 0\.3 \(now 0\.5\); .*--restart") as error:
        Journal(folder, {**SETTINGS, "threshold": 0.5})
    assert "estimator" not in str(error.value)
    assert Journal(folder, SETTINGS).load(0, 3) is not None


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff"])
def test_damaged_settings(folder, content):
    Journal(folder, SETTINGS).save(0, batch(3))
    (folder / "settings.json").write_bytes(content)
    with pytest.raises(UserError, match=r"settings\.json is damaged: .*--restart"):
        Journal(folder, SETTINGS)
    assert Journal(folder, SETTINGS, restart=True).load(0, 3) is None


def test_restart(folder):
    Journal(folder, SETTINGS).save(0, batch(3))
    other = {**SETTINGS, "threshold": 0.5}
    assert Journal(folder, other, restart=True).load(0, 3) is None
    assert Journal(folder, other).load(0, 3) is None


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY", b"hello"])
def test_a_damaged_batch_is_not_finished(folder, content):
    Journal(folder, SETTINGS).save(0, batch(3))
    (folder / "000000.npy").write_bytes(content)
    assert Journal(folder, SETTINGS).load(0, 3) is None


def test_a_batch_of_another_kind_is_not_finished(folder):
    journal = Journal(folder, SETTINGS)
    journal.save(0, batch(3))
    assert journal.load(0, 4) is None
    np.save(folder / "000001.npy", batch(3).astype(np.float64))
    assert journal.load(1, 3) is None
    np.save(folder / "000002.npy", np.array([{}]), allow_pickle=True)
    assert journal.load(2, 3) is None


def test_killed_while_it_was_written_or_deleted(folder):
    Journal(folder, SETTINGS).save(0, batch(3))
    (folder / ".0123abcd.tmp").write_bytes(b"half")
    (folder / "settings.json").unlink()
    journal = Journal(folder, {**SETTINGS, "threshold": 0.5})
    # Nobody knows what settings that batch was of.
    assert journal.load(0, 3) is None


@pytest.mark.parametrize("restart", [False, True])
def test_what_is_in_the_way_is_not_deleted(folder, restart):
    folder.mkdir()
    (folder / "thesis.txt").write_text("hello")
    with pytest.raises(UserError, match="is in the way"):
        Journal(folder, SETTINGS, restart)
    assert (folder / "thesis.txt").exists()
    (folder / "thesis.txt").unlink()
    folder.rmdir()
    folder.write_text("a file")
    with pytest.raises(UserError, match="is in the way"):
        Journal(folder, SETTINGS, restart)
    assert folder.read_text() == "a file"


def test_a_folder_that_cannot_be_deleted(folder, monkeypatch):
    Journal(folder, SETTINGS).save(0, batch(3))

    def refuse(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("posegan_plugin.pose.journal.shutil.rmtree", refuse)
    # Its batches would otherwise be taken for those of the new settings.
    with pytest.raises(UserError, match=r"csv\.parts: cannot be deleted \(Permission denied\)"):
        Journal(folder, {"threshold": 0.5}, restart=True)
