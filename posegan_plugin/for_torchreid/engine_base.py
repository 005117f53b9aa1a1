"""What this plugin's engines do differently from torchreid's ``Engine``, and nothing else."""

from __future__ import annotations

from collections import deque
from functools import partial
from statistics import fmean

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from posegan_plugin.evaluation.mirror import mirrored
from posegan_plugin.for_torchreid.interruptible import InterruptibleEngine
from posegan_plugin.for_torchreid.ranking import plugin_ranking
from posegan_plugin.for_torchreid.standard_poses import StandardPoses
from posegan_plugin.training import check_gradients, check_losses, collapse_warning


class SafeEngine(InterruptibleEngine):
    """Mixin before any torchreid engine: checkpoints that load, frozen networks, exact resume.

    - Checkpoints hold plain values, so that ``torch.load(weights_only=True)`` reads them; a
      scheduler or an optimiser may be missing; an interrupted write leaves no half file. There is
      one after every epoch (:attr:`keep_last`), also where no test follows.
    - Ctrl-C and SIGTERM end a run after the current step, from which :meth:`resume` goes on.
    - A loss or a gradient that is not finite ends it before it reaches a weight.
    - What is frozen when it is registered stays frozen, and a network of which nothing trains stays
      in evaluation mode.
    - :meth:`resume` restores all registered networks.
    - Galleries with fewer than 50 images can be evaluated, and large ones quickly.
    - People can be described in standard poses besides.

    Attributes:
        seed: Where not ``None``, each epoch's random numbers follow from it and the epoch alone, so
            that a resumed run goes on exactly as the uninterrupted one. Stored in checkpoints.
        amp: Whether :meth:`mixed_precision` is on.
        standard_poses: Describes people of a test in other poses besides; ``None`` does not.
        test_mirror: Whether mirror images describe them too, see
            :func:`posegan_plugin.evaluation.mirror.mirrored`.
        checks_gradients: Whether the engine looks at all gradients itself before it makes a step.

    Examples::

        class MyTripletEngine(SafeEngine, torchreid.engine.ImageTripletEngine):
            pass
    """

    amp: bool = False
    max_epoch: int = 0
    checks_gradients: bool = False
    standard_poses: StandardPoses | None = None
    test_mirror: bool = False

    def __init__(self, *args: object, **kwargs: object) -> None:
        self._closed: dict[str, list[nn.Parameter]] = {}
        self._frozen: set[str] = set()
        self._spreads: deque[float] = deque(maxlen=20)
        super().__init__(*args, **kwargs)

    @property
    def training_device(self) -> torch.device:
        """Where the networks are."""
        return torch.device("cuda" if self.use_gpu else "cpu")

    @property
    def training_progress(self) -> float:
        """Share of the training that is done before the current batch, in [0, 1]."""
        return self.progress_at(self.batch_idx)

    def progress_at(self, batch: int) -> float:
        """Share of the training that is done before a batch of the current epoch, in [0, 1].

        A sampler may give fewer batches than it announced, so an epoch can end early.
        """
        within = min(1.0, batch / self.num_batches) if self.num_batches else 0.0
        return min(1.0, (self.epoch + within) / self.max_epoch) if self.max_epoch else 0.0

    def before_batch(self, batch: int) -> None:
        """Tell a wrapped data manager how far the training is when it makes this batch."""
        if hasattr(self.datamanager, "progress"):
            self.datamanager.progress = self.progress_at(batch)

    def mixed_precision(self) -> torch.autocast:
        """bfloat16 autocast with ``amp``; it needs no loss scaling."""
        return torch.autocast(self.training_device.type, dtype=torch.bfloat16, enabled=self.amp)

    def register_model(
        self,
        name: str = "model",
        model: nn.Module | None = None,
        optim: Optimizer | None = None,
        sched: object | None = None,
    ) -> None:
        """As torchreid's, and remember what is frozen.

        The model is moved to where batches go. Its parameters stay the same objects, so that an
        optimiser that was made before still has them.
        """
        super().register_model(name, model.to(self.training_device), optim, sched)
        self._closed[name] = [p for p in model.parameters() if not p.requires_grad]
        if len(self._closed[name]) == len(list(model.parameters())):
            self._frozen.add(name)
        if optim is not None and not self.checks_gradients:
            optim.register_step_pre_hook(partial(_check_before_step, name))

    def is_frozen(self, name: str) -> bool:
        """Whether nothing of a network was to be trained when it was registered."""
        return name in self._frozen

    def set_model_mode(self, mode: str = "train", names: list[str] | None = None) -> None:
        """As torchreid's; frozen networks stay in evaluation mode."""
        super().set_model_mode(mode, names)
        self._keep_frozen()

    def two_stepped_transfer_learning(
        self,
        epoch: int,
        fixbase_epoch: int,
        open_layers: str | list[str] | None,
        model: nn.Module | None = None,
    ) -> None:
        """As torchreid's, which opens every layer, the frozen ones too; these are closed again."""
        super().two_stepped_transfer_learning(epoch, fixbase_epoch, open_layers, model)
        self._keep_frozen()

    def _keep_frozen(self) -> None:
        for parameters in self._closed.values():
            for p in parameters:
                p.requires_grad_(False)
        for name in self._frozen:
            self._models[name].eval()

    def get_current_lr(self, names: str | list[str] | None = None) -> float:
        """Learning rate of the first network that has an optimiser; 0 without one."""
        for name in self.get_model_names(names):
            if self._optims[name] is not None:
                return self._optims[name].param_groups[-1]["lr"]
        return 0.0

    def train(self, *args: object, **kwargs: object) -> None:
        """One epoch, as torchreid's; a collapse is named."""
        self._spreads.clear()
        super().train(*args, **kwargs)
        warning = collapse_warning(fmean(self._spreads)) if self._spreads else None
        if warning:
            print(f"** {warning} **")

    def compute_loss(self, criterion: nn.Module, outputs: object, targets: object) -> Tensor:
        """As torchreid's, which its engines call for each of their terms.

        Raises:
            NonFiniteError: The loss is nan or infinite.
        """
        loss = super().compute_loss(criterion, outputs, targets)
        check_losses(loss, {f"loss of {type(criterion).__name__}": loss})
        return loss

    def note_spread(self, spread: float) -> None:
        """Remember a batch's embedding spread, to name a collapsed run as such."""
        self._spreads.append(spread)

    def test(self, *args: object, **kwargs: object) -> float:
        """As torchreid's; rank-1 comes back as a Python number, which checkpoints can hold."""
        with plugin_ranking():
            return float(super().test(*args, **kwargs))

    def parse_data_for_eval(self, data: dict[str, object]) -> tuple:
        """As torchreid's; remembers whose images they are."""
        self._tested = data.get("impath", ())
        return super().parse_data_for_eval(data)

    def extract_features(self, input: Tensor) -> Tensor:
        """As torchreid's, or with :attr:`standard_poses` and :attr:`test_mirror`."""
        extract = super().extract_features
        if self.test_mirror:
            extract = mirrored(extract)
        if self.standard_poses is None:
            return extract(input)
        return self.standard_poses.describe(extract, input, self._tested)


def _check_before_step(name: str, optimizer: Optimizer, *_: object) -> None:
    if getattr(optimizer, "found_inf", None) is not None:  # a GradScaler has looked, and skips it
        return
    check_gradients({name: [p for group in optimizer.param_groups for p in group["params"]]})
