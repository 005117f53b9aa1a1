"""A training loop that can be left after any step and goes on there as if nothing had happened."""

from __future__ import annotations

import signal
from itertools import chain
from typing import NoReturn

from mmengine.dist import all_gather_object, barrier, get_rank, get_world_size
from mmengine.hooks import EMAHook, Hook
from mmengine.runner import EpochBasedTrainLoop, Runner

from posegan_plugin.errors import Interrupted, UserError
from posegan_plugin.for_mmengine.checkpoint_files import INTERRUPTED, write_runner_checkpoint
from posegan_plugin.for_mmengine.distributed import any_process
from posegan_plugin.training import (
    NonFiniteError,
    StopSignals,
    random_state,
    remaining_batches,
    stop_training,
    unwrap,
)

_VALIDATED = "epoch_validated"  # a name that begins with val would be printed with the scores


class ResumableEpochLoop(EpochBasedTrainLoop):
    """mmengine's loop over epochs, with a way out on Ctrl-C, SIGTERM and a loss that is not finite.

    The first signal ends the run after the current step, with a checkpoint from which a resumed run
    is, on a CPU, bit for bit the one that was not interrupted; the second one quits at once.

    Args:
        *args: Of mmengine's ``EpochBasedTrainLoop``.
        **kwargs: Likewise.

    Attributes:
        position: Where a resumed run enters its first epoch; ``None`` at the start. As
            checkpoints hold it: ``batch``, and for each of the ``processes`` its state.
    """

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.position: dict | None = None
        self._signals = StopSignals()

    def run(self) -> object:
        """Train.

        Raises:
            Interrupted: A signal arrived; the state is saved.
            UserError: A loss or a gradient is not finite, or the checkpoint that was resumed from
                is of another number of processes.
        """
        self.runner.register_hook(_ValidationHook(self), "LOW")
        with self._signals:
            return super().run()

    def run_epoch(self) -> None:
        """One epoch, or what is left of it."""
        self.runner.call_hook("before_train_epoch")
        self.runner.model.train()
        done, state = self._enter()
        leaving = False
        for batch in remaining_batches(self.dataloader, done, state, self._signals):
            self.run_iter(done, batch)
            done += 1
            leaving = self.must_leave()
            if leaving:
                break
        if leaving or self.must_leave():
            processes = all_gather_object(_process_state(self.runner))
            self.leave(done, {"batch": done, "processes": processes})
        self.runner.call_hook("after_train_epoch")
        self._epoch += 1

    def run_iter(self, idx: int, data_batch: dict) -> None:
        """One step."""
        random = random_state()
        try:
            super().run_iter(idx, data_batch)
        except NonFiniteError as fault:
            error = self._stop(fault, idx, data_batch, random)
            error.in_every_process = True
            raise error from fault

    def must_leave(self) -> bool:
        """Whether a signal has reached any of the processes."""
        return any_process(bool(self._signals.received))

    def leave(self, done: int | None = None, position: dict | None = None) -> NoReturn:
        """End the run.

        Args:
            done: Batches of the current epoch that are done; ``None`` between two epochs.
            position: Where in it a resumed run goes on; ``None`` between two epochs.

        Raises:
            Interrupted: The state is saved.
        """
        meta = {"epoch": self._epoch, "iter": self._iter, "position": position}
        name = INTERRUPTED.format(self._epoch, done or 0)
        path = write_runner_checkpoint(self.runner, self.runner.work_dir, name, meta)
        barrier()  # the launcher ends the one that writes as soon as another has ended
        where = f"in the validation after epoch {self._epoch}"
        if done is not None:
            where = f"in epoch {self._epoch + 1} after {done} of {len(self.dataloader)} batches"
        received = self._signals.received or signal.SIGTERM  # another process received it
        raise Interrupted(where, path, received)

    @property
    def validation_is_due(self) -> bool:
        """Whether the run was ended between an epoch and its validation."""
        self._decide_current_val_interval()
        return (
            self.runner.val_loop is not None
            and self._epoch >= max(1, self.val_begin)
            and (self._epoch % self.val_interval == 0 or self._epoch == self._max_epochs)
            and self.runner.message_hub.get_info(_VALIDATED, 0) != self._epoch
        )

    def _enter(self) -> tuple[int, dict | None]:
        """How many batches of this epoch are done, and the random numbers after them."""
        position, self.position = self.position, None
        if position is None:  # this epoch's seed is all there is to know
            return 0, None
        processes = position["processes"]
        if len(processes) != get_world_size():
            raise UserError(
                f"the checkpoint was saved by {len(processes)} processes in the middle of an epoch "
                f"and cannot be resumed by {get_world_size()}: start as many, or name the checkpoint "
                "of a whole epoch with --resume"
            )
        own = processes[get_rank()]
        buffers = dict(unwrap(self.runner.model).named_buffers())
        for name, value in own["buffers"].items():
            buffers[name].copy_(value)
        return position["batch"], own["random"]

    def _stop(self, fault: NonFiniteError, index: int, batch: dict, random: dict) -> UserError:
        people = self.dataloader.dataset.people
        files = [people[i].path for i in batch["index"].tolist()]
        if fault.process is None:  # a gradient is not finite, and whose part of it nobody knows
            files = list(chain.from_iterable(all_gather_object(files)))
        place = self._epoch + 1, index + 1
        writer = fault.process or 0
        try:
            if get_rank() != writer:
                return UserError(
                    f"{fault} in epoch {place[0]}, batch {place[1]}, which changed no weight; the "
                    f"message of process {writer} says more"
                )
            state = {
                "state_dict": unwrap(self.runner.model).state_dict(),
                "optimizer": self.runner.optim_wrapper.state_dict(),
                "random": random,
            }
            return stop_training(fault, self.runner.work_dir, *place, files, state)
        finally:
            barrier()  # the launcher ends all as soon as one has ended


class _ValidationHook(Hook):
    """Makes up for a validation that a run was ended in, and lets a signal end one."""

    def __init__(self, loop: ResumableEpochLoop) -> None:
        self.loop = loop

    def before_train(self, runner: Runner) -> None:
        """Checkpoints are written before the validation, and a resumed run begins after one."""
        if self.loop.validation_is_due:
            runner.val_loop.run()

    def after_val_iter(self, runner: Runner, *args: object, **kwargs: object) -> None:
        """A validation changes nothing that would have to be saved."""
        if not self.loop.must_leave():
            return
        for hook in runner.hooks:
            if isinstance(hook, EMAHook):  # its averages stand where the weights belong
                hook.after_val_epoch(runner)
        self.loop.leave()

    def after_val_epoch(self, runner: Runner, metrics: dict | None = None) -> None:
        """Checkpoints that are written from now on say so."""
        runner.message_hub.update_info(_VALIDATED, runner.epoch)


def _process_state(runner: Runner) -> dict[str, dict]:
    """What differs between processes: random numbers and, within an epoch, running statistics."""
    buffers = unwrap(runner.model).named_buffers() if get_world_size() > 1 else ()
    return {"random": random_state(), "buffers": {k: v.cpu() for k, v in buffers}}
