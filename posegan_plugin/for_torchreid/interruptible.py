"""torchreid's training loop, which can be left after any step and goes on there."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from pathlib import Path

from torch.utils.tensorboard import SummaryWriter

from posegan_plugin.errors import Interrupted, UserError
from posegan_plugin.for_torchreid.saved_state import SavedStateEngine
from posegan_plugin.pose.files import remove_leftovers
from posegan_plugin.training import (
    NonFiniteError,
    StopSignals,
    random_state,
    remaining_batches,
    restore_random_state,
    seed_epoch,
    stop_training,
    unwrap,
)

_TEST_OPTIONS = (
    *("dist_metric", "normalize_feature", "visrank", "visrank_topk"),
    *("save_dir", "use_metric_cuhk03", "ranks"),
)


class InterruptibleEngine(SavedStateEngine):
    """Mixin before a torchreid engine: a checkpoint after each epoch, and a way out in between.

    Ctrl-C or SIGTERM ends the run after the current step and leaves
    ``model.pth.tar-EPOCH-batch-BATCH``; from there, or from any epoch, a resumed run is on a CPU bit
    for bit the one that was not interrupted.

    Attributes:
        signals: Those that end a run.
    """

    num_batches: int = 0
    _first_batch: int = 0
    _batch: int = 0

    def __init__(self, *args: object, **kwargs: object) -> None:
        self.signals = StopSignals()
        self._save_dir: Path | None = None
        self._epoch_random: dict[str, object] = {}
        super().__init__(*args, **kwargs)

    @property
    def batch_idx(self) -> int:
        """The current batch of the epoch; torchreid counts those of this process."""
        return self._first_batch + self._batch

    @batch_idx.setter
    def batch_idx(self, number: int) -> None:
        self._batch = number

    def run(self, save_dir: Path | str = "log", *args: object, **kwargs: object) -> None:
        """As torchreid's, from where :meth:`resume` has found the run.

        Raises:
            Interrupted: A signal arrived; the state is saved.
            UserError: A loss or a gradient is not finite, or :attr:`keep_last` is below 1.
        """
        if self.keep_last < 1:
            raise UserError(
                f"keep_last={self.keep_last} would leave no checkpoint to go on from; set it to at "
                "least 1"
            )
        options = _options(super().run, save_dir, *args, **kwargs)
        if options.get("test_only"):
            super().run(save_dir, *args, **kwargs)
            return
        self._save_dir = Path(save_dir)
        for name in ("", *self.get_model_names()):
            remove_leftovers(self._save_dir / name)
        with self.signals:
            self._go_on(options)
            super().run(save_dir, *args, **kwargs)

    def train(self, *args: object, **kwargs: object) -> None:
        """One epoch, or what is left of it."""
        if self.seed is not None:
            seed_epoch(self.seed, self.epoch)
        resumed, self._resumed = self._resumed or {}, None
        position, state = resumed.get("position"), None
        if position is not None:
            restore_random_state(position["epoch_random"])
            state = resumed["random"]
        self._first_batch = position["batch"] if position is not None else 0
        self._epoch_random = random_state()
        loader = self.train_loader
        self.train_loader = batches = _Batches(self, loader, self._first_batch, state)
        try:
            super().train(*args, **kwargs)
        except NonFiniteError as fault:
            raise self._stop(fault, batches) from fault
        finally:
            self.train_loader = loader
        if self._save_dir is not None:
            self.save_state(self.epoch + 1, self._save_dir)

    def before_batch(self, batch: int) -> None:
        """Called before a batch is made.

        Args:
            batch: Its number in the epoch.
        """

    def after_batch(self, done: int) -> None:
        """Called after a step, and once more where the batches end.

        Args:
            done: Batches of the epoch that are done.

        Raises:
            Interrupted: A signal has arrived; the state is saved.
        """
        if self.signals.received and self._save_dir is not None:
            position = {"batch": done, "epoch_random": self._epoch_random}
            self.save_state(self.epoch, self._save_dir, position=position)
            self._leave(f"in epoch {self.epoch + 1} after {done} of {self.num_batches} batches")

    def extract_features(self, input: object) -> object:
        """As torchreid's; a test changes nothing that has to be saved, so a signal ends it.

        Raises:
            Interrupted: A signal has arrived.
        """
        if self.signals.received:
            self._leave(f"in the test after epoch {self.epoch + 1}")
        return super().extract_features(input)

    def _leave(self, where: str) -> None:
        raise Interrupted(where, self._save_dir, self.signals.received)

    def _go_on(self, options: Mapping[str, object]) -> None:
        """Restore the random numbers, and make up for the test that a run was killed in."""
        resumed = self._resumed
        if resumed is None or options.get("start_epoch", 0) != resumed["epoch"]:
            self._resumed = None
            return
        if self._save_dir.resolve() == self._resumed_dir:
            self._temporary = list(resumed.get("temporary", ()))
        if "random" in resumed:  # torchreid's own checkpoints have none
            restore_random_state(resumed["random"])
        epoch, every = resumed["epoch"], options.get("eval_freq", -1)
        untested = "rank1" not in resumed and "position" not in resumed
        due = epoch >= options.get("start_eval", 0) and every > 0 and epoch % every == 0
        if untested and due and epoch != options["max_epoch"]:
            if self.writer is None:  # torchreid makes it where the epochs begin
                self.writer = SummaryWriter(log_dir=str(self._save_dir))
            rank1 = self.test(**{key: options[key] for key in _TEST_OPTIONS if key in options})
            self.save_model(self.epoch, rank1, self._save_dir)

    def _stop(self, fault: NonFiniteError, batches: _Batches) -> UserError:
        networks = {n: unwrap(m).state_dict() for n, m in self._models.items()}
        state = {
            "state_dict": {f"{n}.{k}": v for n, s in networks.items() for k, v in s.items()},
            "optimizer": {n: o.state_dict() for n, o in self._optims.items() if o is not None},
            "random": batches.random,
        }
        folder = self._save_dir or Path()
        files = list(map(str, batches.current["impath"]))
        return stop_training(fault, folder, self.epoch + 1, self.batch_idx + 1, files, state)


class _Batches:
    """An epoch's training loader that calls the engine before and after each batch.

    Args:
        engine: The engine.
        loader: torchreid's loader, or the wrapped one.
        done: Batches of the epoch that are done already.
        state: The random numbers after them.

    Attributes:
        current: The batch that is trained on.
        random: The random numbers before its step.
    """

    def __init__(
        self, engine: InterruptibleEngine, loader: object, done: int, state: dict | None
    ) -> None:
        self.engine = engine
        self.loader = loader
        self.done = done
        self.state = state
        self.current: dict = {}
        self.random: dict = {}

    def __getattr__(self, name: str) -> object:
        return getattr(self.loader, name)

    def __len__(self) -> int:
        return len(self.loader)

    def __iter__(self) -> Iterator[dict]:
        signals = self.engine.signals
        batches = remaining_batches(self.loader, self.done, self.state, signals)
        for number in count(self.done):
            self.engine.before_batch(number)
            batch = next(batches, None)
            if batch is None:
                self.engine.after_batch(number)
                return
            self.current, self.random = batch, random_state()
            yield batch
            self.engine.after_batch(number + 1)


def _options(run: Callable, *args: object, **kwargs: object) -> dict[str, object]:
    """What a call of ``run`` says, defaults included, by name."""
    signature = inspect.signature(run)
    bound = signature.bind(*args, **kwargs)
    bound.apply_defaults()
    named = dict(bound.arguments)
    for parameter in signature.parameters.values():
        if parameter.kind is parameter.VAR_KEYWORD:
            named |= named.pop(parameter.name)
    return named
