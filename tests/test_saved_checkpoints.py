"""Which checkpoint of a work dir a run goes on from."""

import os

import pytest
import torch

from posegan_plugin.checkpoint import (
    first_readable,
    newest_checkpoint,
    read_checkpoint,
    saved_checkpoints,
)
from posegan_plugin.errors import UserError


def written(folder, *names):
    """Checkpoints, each written after the one before."""
    for second, name in enumerate(names):
        torch.save({"name": name}, folder / name)
        os.utime(folder / name, (second, second))


def test_order_of_saved_checkpoints(tmp_path):
    # Of an older run in the same folder is what stands before epoch_1.
    written(tmp_path, "epoch_40.pth", "epoch_1.pth", "epoch_2.pth", "epoch_2_batch_7.pth")
    written(tmp_path, "best_epoch_9.pth", "debug_epoch_3_batch_1.pth", "epoch_3.txt")
    names = [p.name for p in saved_checkpoints(tmp_path)]
    assert names == ["epoch_2_batch_7.pth", "epoch_2.pth", "epoch_1.pth", "epoch_40.pth"]
    (tmp_path / "last_checkpoint").write_text("/moved/from/epoch_2.pth")
    names = [p.name for p in saved_checkpoints(tmp_path)]
    assert names == ["epoch_2.pth", "epoch_2_batch_7.pth", "epoch_1.pth", "epoch_40.pth"]
    assert newest_checkpoint(tmp_path) == tmp_path / "epoch_2.pth"


def test_a_pointer_that_was_never_finished(tmp_path):
    written(tmp_path, "iter_10.pth", "iter_9.pth")
    (tmp_path / "last_checkpoint").write_text("")
    assert newest_checkpoint(tmp_path) == tmp_path / "iter_9.pth"
    other = tmp_path / "elsewhere" / "iter_11.pth"
    other.parent.mkdir()
    other.write_bytes(b"")
    (tmp_path / "last_checkpoint").write_text(str(other))
    assert newest_checkpoint(tmp_path) == other
    (tmp_path / "iter_11.pth").write_bytes(b"")  # a copied work dir: its own, not the other's
    assert newest_checkpoint(tmp_path) == tmp_path / "iter_11.pth"
    (tmp_path / "last_checkpoint").write_text("gone.pth")
    assert saved_checkpoints(tmp_path)[0] == tmp_path / "gone.pth"  # read to be told so


def test_no_checkpoints(tmp_path):
    assert saved_checkpoints(tmp_path) == []
    assert newest_checkpoint(tmp_path) is None
    assert first_readable([], read_checkpoint) is None


def test_damaged_newest_checkpoint(tmp_path, capsys):
    written(tmp_path, "epoch_1.pth", "epoch_2.pth", "epoch_3.pth")
    (tmp_path / "epoch_3.pth").write_bytes(b"PK")
    assert first_readable(saved_checkpoints(tmp_path), read_checkpoint) == {"name": "epoch_2.pth"}
    warning = capsys.readouterr().err
    assert warning.startswith(f"warning: checkpoint {tmp_path / 'epoch_3.pth'} cannot be read")
    assert warning.count("\n") == 1
    for path in tmp_path.iterdir():
        path.write_bytes(b"")
    with pytest.raises(UserError, match=r"epoch_3\.pth") as error:
        first_readable(saved_checkpoints(tmp_path), read_checkpoint)
    assert [d.split()[1][-11:] for d in error.value.details] == ["epoch_2.pth", "epoch_1.pth"]
    assert capsys.readouterr().err == ""
