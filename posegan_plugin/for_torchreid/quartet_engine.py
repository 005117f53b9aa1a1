"""The quartet loss for torchreid users: an engine like ``ImageTripletEngine``."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from posegan_plugin.errors import UserError
from posegan_plugin.for_torchreid.engine_base import SafeEngine
from posegan_plugin.for_torchreid.reid_step import people_of, reid_losses, summary
from posegan_plugin.for_torchreid.resolver import torchreid_module
from posegan_plugin.training import build_objectives, check_step


class ImageQuartetEngine(SafeEngine, torchreid_module("engine").Engine):
    r"""Quartet-loss engine for image-reid (equations 12 and 13 of the paper).

    Takes any data manager of torchreid. Of batches with synthesised people it also respects their
    weights, label smoothing and soft labels.

    Args:
        datamanager (DataManager): an instance of ``torchreid.data.ImageDataManager``, wrapped or not.
        model (nn.Module): model instance, built with ``loss='triplet'``.
        optimizer (Optimizer): an Optimizer.
        tau1 (float, optional): lowest value of the loss's first term; its negative is the margin.
            Default is -1.
        tau2 (float, optional): squared distance at which a positive pair is close enough.
            Default is 0.1.
        mining (str, optional): ``random`` (the paper) or ``hard``. Default is ``random``.
        weight_q (float, optional): weight for quartet loss. Default is 1.
        weight_x (float, optional): weight for softmax loss. Default is 1.
        scheduler (LRScheduler, optional): if None, no learning rate decay will be performed.
        use_gpu (bool, optional): use gpu. Default is True.
        label_smooth (bool, optional): use label smoothing regularizer, for real people, and for
            synthesised ones that the policy labels the same. Default is True.
        amp (bool, optional): run the model in bfloat16; losses stay in float32. Not for several GPUs:
            within ``nn.DataParallel`` torch would take float16. Default is False.
        quartet_ramp (sequence, optional): start and end, as parts of the training, between which
            ``weight_q`` rises from 0. A metric loss at full weight on a network that starts from
            random weights tends to collapse. Default is (0, 0), full weight from the first step.
        seed (int, optional): each epoch's random numbers follow from it, so that a resumed run goes
            on exactly. Default is torch's current seed.
        quartet_people (str, optional): ``all`` (the paper), or ``real``: nobody synthesised is in a
            quartet. Default is ``all``.

    Raises:
        UserError: A value outside its range.

    Examples::

        import torchreid
        from posegan_plugin.for_torchreid.quartet_engine import ImageQuartetEngine
        datamanager = torchreid.data.ImageDataManager(
            root='path/to/reid-data',
            sources='market1501',
            height=256,
            width=128,
            batch_size_train=32,
            num_instances=4,
            train_sampler='RandomIdentitySampler' # this is important
        )
        model = torchreid.models.build_model(
            name='osnet_x1_0',
            num_classes=datamanager.num_train_pids,
            loss='triplet'
        )
        model = model.cuda()
        optimizer = torchreid.optim.build_optimizer(
            model, optim='adam', lr=0.0003
        )
        engine = ImageQuartetEngine(
            datamanager, model, optimizer, weight_q=1, weight_x=1
        )
        engine.run(
            max_epoch=60,
            save_dir='log/osnet-quartet-market1501',
            print_freq=10
        )
    """

    checks_gradients = True

    def __init__(
        self,
        datamanager: object,
        model: nn.Module,
        optimizer: Optimizer,
        tau1: float = -1.0,
        tau2: float = 0.1,
        mining: str = "random",
        weight_q: float = 1,
        weight_x: float = 1,
        scheduler: LRScheduler | None = None,
        use_gpu: bool = True,
        label_smooth: bool = True,
        amp: bool = False,
        quartet_ramp: Sequence[float] = (0.0, 0.0),
        seed: int | None = None,
        quartet_people: str = "all",
    ) -> None:
        super().__init__(datamanager, use_gpu)
        if weight_q < 0 or weight_x < 0 or weight_q + weight_x == 0:
            raise UserError(
                f"weight_q={weight_q} and weight_x={weight_x} must be at least 0, and one of them more"
            )
        self.model = model
        self.optimizer = optimizer
        self.scheduler = scheduler
        if hasattr(datamanager, "extra_keys_read"):
            datamanager.extra_keys_read = True
        self.register_model("model", model, optimizer, scheduler)
        self.seed = torch.initial_seed() if seed is None else seed
        self.amp = amp
        _, self.objective = build_objectives(
            weights={"quartet": weight_q, "identity": weight_x},
            quartet={"tau1": tau1, "tau2": tau2, "mining": mining},
            quartet_ramp=quartet_ramp,
            quartet_people=quartet_people,
            label_smoothing=0.1 if label_smooth else 0.0,
        )

    def forward_backward(self, data: dict) -> dict[str, float]:
        """One step; returns the losses to log."""
        people = people_of(data, self.training_device)
        with self.mixed_precision():
            output = self.model(people.images)
        loss, log = reid_losses(self.objective, output, people, self.training_progress)
        self.optimizer.zero_grad()
        loss.backward()
        log = check_step(loss, log, {"model": self.model.parameters()})
        self.optimizer.step()
        self.note_spread(float(log["embedding_spread"]))
        return summary(log)
