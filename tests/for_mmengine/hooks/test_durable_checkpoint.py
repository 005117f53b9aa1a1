import io
import logging
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from mmengine.fileio import get_file_backend
from mmengine.logging import MessageHub

from posegan_plugin import UserError
from posegan_plugin.for_mmengine.hooks import DurableCheckpointHook


class Runner(SimpleNamespace):
    """What the hook asks of a runner; remembers which files were there at each write."""

    def save_checkpoint(self, folder, name, meta, backend_args, **_):
        self.seen.append(names(folder))
        if self.fails:
            raise UserError("disk full")
        backend = get_file_backend(folder, backend_args=backend_args)
        hub = self.message_hub.state_dict()["runtime_info"]
        content = {"meta": meta, "keep": hub.get("keep_ckpt_ids")}
        buffer = io.BytesIO()
        torch.save(content, buffer)
        backend.put(buffer.getvalue(), str(Path(folder) / name))


def names(folder):
    return sorted(p.name for p in Path(folder).glob("*.pth"))


@pytest.fixture
def runner(tmp_path, request):
    return Runner(
        work_dir=str(tmp_path),
        message_hub=MessageHub.get_instance(request.node.name),
        logger=logging.getLogger("test_durable_checkpoint"),
        epoch=0,
        iter=0,
        seen=[],
        fails=False,
    )


def train(hook, runner, *epochs):
    hook.before_train(runner)
    for runner.epoch in epochs:
        hook._save_checkpoint(runner)


def test_old_checkpoints_go_after_the_new_one_is_there(runner, tmp_path):
    train(DurableCheckpointHook(max_keep_ckpts=1, interval=1), runner, 0, 1, 2)
    assert runner.seen == [[], ["epoch_1.pth"], ["epoch_2.pth"]]
    assert names(tmp_path) == ["epoch_3.pth"]
    assert (tmp_path / "last_checkpoint").read_text() == str(tmp_path / "epoch_3.pth")


@pytest.mark.parametrize(("keep", "left"), [(2, [4, 5]), (3, [3, 4, 5]), (-1, [1, 2, 3, 4, 5])])
def test_number_that_is_kept(runner, tmp_path, keep, left):
    train(DurableCheckpointHook(max_keep_ckpts=keep, interval=1), runner, *range(5))
    assert names(tmp_path) == [f"epoch_{e}.pth" for e in left]


def test_a_write_that_fails_removes_nothing(runner, tmp_path):
    hook = DurableCheckpointHook(max_keep_ckpts=1, interval=1)
    train(hook, runner, 0)
    runner.fails, runner.epoch = True, 1
    with pytest.raises(UserError, match="disk full"):
        hook._save_checkpoint(runner)
    assert names(tmp_path) == ["epoch_1.pth"]
    assert (tmp_path / "last_checkpoint").read_text() == str(tmp_path / "epoch_1.pth")


def test_killed_before_the_old_one_was_removed(runner, tmp_path):
    """What the newest checkpoint holds is enough to make up for it."""
    train(DurableCheckpointHook(max_keep_ckpts=1, interval=1), runner, 0)
    old = (tmp_path / "epoch_1.pth").read_bytes()
    train(DurableCheckpointHook(max_keep_ckpts=1, interval=1), runner, 1)
    (tmp_path / "epoch_1.pth").write_bytes(old)
    keep = torch.load(tmp_path / "epoch_2.pth", weights_only=True)["keep"]
    runner.message_hub.update_info("keep_ckpt_ids", keep)
    train(DurableCheckpointHook(max_keep_ckpts=1, interval=1), runner)
    assert names(tmp_path) == ["epoch_2.pth"]


def test_leftovers_go_at_the_start_and_interrupted_epochs_with_the_next(runner, tmp_path):
    leftover = tmp_path / f".{'0' * 16}.tmp"
    for path in (
        leftover,
        tmp_path / "epoch_0_batch_3.pth",
        tmp_path / "debug_epoch_1_batch_2.pth",
    ):
        path.write_bytes(b"")
    hook = DurableCheckpointHook(interval=1)
    train(hook, runner)
    assert not leftover.exists()
    assert names(tmp_path) == ["debug_epoch_1_batch_2.pth", "epoch_0_batch_3.pth"]
    train(hook, runner, 0)
    assert names(tmp_path) == ["debug_epoch_1_batch_2.pth", "epoch_1.pth"]


def test_another_folder_for_checkpoints(runner, tmp_path):
    runner.work_dir = str(tmp_path / "work")
    (tmp_path / "work").mkdir()
    train(DurableCheckpointHook(interval=1, out_dir=str(tmp_path / "big")), runner, 0)
    assert names(tmp_path / "big" / "work") == ["epoch_1.pth"]
    pointer = (tmp_path / "work" / "last_checkpoint").read_text()
    assert pointer == str(tmp_path / "big" / "work" / "epoch_1.pth")


@pytest.mark.parametrize(
    ("score", "rule"),
    [
        ("reid/R1", "greater"),
        ("reid/mINP", "greater"),
        ("transfer/SSIM", "greater"),
        ("transfer/R1_generated_independent", "greater"),
        ("transfer/FID", "less"),
        ("loss_R", "less"),
    ],
)
def test_which_score_is_the_best(score, rule):
    assert DurableCheckpointHook(save_best=score).rules == [rule]
