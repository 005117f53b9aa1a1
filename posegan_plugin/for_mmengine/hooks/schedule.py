"""A resumed run follows the schedule of its own config."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Sequence

from mmengine.hooks import Hook
from mmengine.optim import OptimWrapper, _ParamScheduler
from mmengine.runner import Runner

_PLACE = {"_global_step", "last_step", "_last_value"}
"""What of a scheduler's state says how far it is; all else are its settings."""


class ScheduleHook(Hook):
    """Lets the config's schedule hold where the checkpoint that is resumed has another one.

    mmengine takes the checkpoint's: epochs added to a training that has ended would all be trained
    at its last rate, which may be 0. Here rates are those that a run of this config has at this
    epoch; all else of the optimisers is the checkpoint's. What follows the scores, as
    ``ReduceOnPlateauLR``, cannot be known without them, and with one of those mmengine's way stays.
    """

    priority = "VERY_HIGH"

    def __init__(self) -> None:
        self._own: list[dict] = []

    def before_run(self, runner: Runner) -> None:
        """Remember the config's schedule; mmengine has built it and reads the checkpoint next."""
        built = isinstance(runner.optim_wrapper, OptimWrapper)  # not where only a test is run
        self._own = [copy.deepcopy(s.state_dict()) for s in _schedulers(runner)] if built else []

    def before_train(self, runner: Runner) -> None:
        """Bring the config's schedule to where the run goes on."""
        schedulers = _schedulers(runner)
        if not runner.iter or any(getattr(s, "need_val_args", False) for s in schedulers):
            return
        pairs = list(zip(schedulers, self._own, strict=True))
        due = {True: runner.epoch, False: runner.iter}
        if all(
            s._global_step == due[s.by_epoch] and _settings(s.state_dict()) == _settings(own)
            for s, own in pairs
        ):
            return
        old = runner.optim_wrapper.get_lr()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # no optimiser makes a step beside these
            for scheduler, own in pairs:
                _start(scheduler, own)
            _replay(schedulers, runner.epoch, runner.iter, len(runner.train_dataloader))
        new = runner.optim_wrapper.get_lr()
        rates = [f"{k} {old[k][0]:.3g} -> {v[0]:.3g}" for k, v in new.items() if v != old[k]]
        runner.logger.info(
            "The schedule is this config's and not the checkpoint's: %s",
            ", ".join(rates) or "the rates of this epoch are the same",
        )


def _schedulers(runner: Runner) -> list[_ParamScheduler]:
    found = runner.param_schedulers or []
    lists = found.values() if isinstance(found, dict) else [found]
    return [scheduler for schedulers in lists for scheduler in schedulers]


def _settings(state: dict) -> dict:
    return {k: v for k, v in state.items() if k not in _PLACE}


def _start(scheduler: _ParamScheduler, state: dict) -> None:
    """Bring a scheduler and what it changes back to the first step of a training."""
    scheduler.load_state_dict(state)
    groups, name = scheduler.optimizer.param_groups, scheduler.param_name
    for group, base, value in zip(
        groups, scheduler.base_values, scheduler._last_value, strict=True
    ):
        group[f"initial_{name}"], group[name] = base, value


def _replay(
    schedulers: Sequence[_ParamScheduler], epochs: int, iterations: int, epoch_length: int
) -> None:
    """Take the steps of a training; each builds on the value that the one before has left."""
    by_epoch = [s for s in schedulers if s.by_epoch]
    by_iteration = [s for s in schedulers if not s.by_epoch]
    for _ in range(epochs):
        _step(by_iteration, epoch_length)
        _step(by_epoch, 1)
    _step(by_iteration, iterations - epochs * epoch_length)


def _step(schedulers: Sequence[_ParamScheduler], times: int) -> None:
    for _ in range(times):
        for scheduler in schedulers:
            scheduler.step()
