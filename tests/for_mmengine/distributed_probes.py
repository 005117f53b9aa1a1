"""What tests of several processes put into a training, and take out of it."""

import json
import math
import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import mmengine.config.config
import torch
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.registry import HOOKS, METRICS
from torch.nn.modules.batchnorm import _BatchNorm

from posegan_plugin.errors import UserError
from posegan_plugin.for_mmengine import ReIDMetric
from posegan_plugin.for_mmengine.model import PoseGANReID
from posegan_plugin.registry import MODELS
from posegan_plugin.training import unwrap

# Pretty-printing the config takes longer than the training.
mmengine.config.config.FormatCode = lambda text, **_: (text, True)


@METRICS.register_module()
class CountingMetric(ReIDMetric):
    """Also says how many rows it was given, and how many different ones."""

    def compute_metrics(self, results):
        rows = {"n": len(results), "different": len({r["index"] for r in results})}
        return {**super().compute_metrics(results), **rows}


@MODELS.register_module()
class DoublePoseGANReID(PoseGANReID):
    """In float64, where a difference of rounding is 1e-9 times smaller than any mistake."""

    def __init__(self, **options):
        super().__init__(**options)
        self.double()
        self.data_preprocessor.register_forward_hook(
            lambda module, given, batch: replace(
                batch, images=batch.images.double(), keypoints=batch.keypoints.double()
            )
        )


@HOOKS.register_module()
class Probe(Hook):
    """Remembers what each process saw and held, and sends signals."""

    def __init__(self, stop=None, kill=None):
        self.stop = stop
        self.kill = kill
        self.rows = []
        self.logged = []

    def before_train(self, runner):
        self.start = copied(runner.model)

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if get_rank() == 1 and batch_idx == 1:
            data_batch["keypoints"].zero_()  # nobody can be posed here, and others can elsewhere
        if get_rank() == 0 and batch_idx == self.stop:
            os.kill(os.getpid(), signal.SIGTERM)
        if get_rank() == 1 and batch_idx == self.kill:
            (Path(runner.work_dir) / "killed").touch()
            os.kill(os.getpid(), signal.SIGKILL)

    def before_save_checkpoint(self, runner, checkpoint):
        if self.stop is not None:
            time.sleep(6)  # a slow disk; only the first process writes

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        self.rows.append(sorted(data_batch["index"].tolist()))
        self.logged.append(sorted(outputs))

    def after_val_epoch(self, runner, metrics=None):
        if get_rank() == 0:
            (Path(runner.work_dir) / "metrics.json").write_text(json.dumps(metrics))

    def after_run(self, runner):
        content = {"start": self.start, "state": copied(runner.model)}
        content |= {"rows": self.rows, "logged": self.logged}
        torch.save(content, Path(runner.work_dir) / f"rank{get_rank()}.pt")


@HOOKS.register_module()
class FirstStepProbe(Hook):
    """Remembers all about the first step; in the second, process 1 has a loss that is nan.

    It is slow to say so, and the launcher ends all processes as soon as one has ended.
    """

    def before_train(self, runner):
        self.content = {"start": copied(runner.model), "gradients": {}}
        record_gradients(runner.optim_wrapper, self.content["gradients"])

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if batch_idx == 0:
            no_batch_statistics(runner.model)
            self.content["batch"] = dict(data_batch)
        elif get_rank() == 1:
            report = UserError.report
            UserError.report = lambda error: (time.sleep(2), report(error))[1]
            unwrap(runner.model).reid_objective.register_forward_hook(
                lambda module, given, out: (
                    out[0] * math.nan,
                    {**out[1], "loss_id": out[1]["loss_id"] * math.nan},
                )
            )

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        self.content |= {"state": copied(runner.model), "outputs": outputs}
        torch.save(self.content, Path(runner.work_dir) / f"rank{get_rank()}.pt")


def copied(model):
    """The state of a model that may be wrapped."""
    return {k: v.clone() for k, v in unwrap(model).state_dict().items()}


def record_gradients(wrappers, found):
    """Keep the gradients of each network's first step, by the network's name."""
    for name, wrapper in wrappers.items():

        def keep(optimizer, *given, name=name):
            parameters = [p for group in optimizer.param_groups for p in group["params"]]
            found.setdefault(name, [p.grad.clone() for p in parameters])

        wrapper.optimizer.register_step_pre_hook(keep)


def no_batch_statistics(model):
    """Put all batch norms into evaluation mode: processes have theirs, by their own batches."""
    for module in model.modules():
        if isinstance(module, _BatchNorm):
            module.eval()
