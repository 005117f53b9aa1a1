"""Between torchreid's batches and model outputs, and the toolbox-free re-ID objective."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from posegan_plugin.augment import PersonBatch
from posegan_plugin.errors import UserError
from posegan_plugin.models import ReIDOutput
from posegan_plugin.training import ReIDObjective
from posegan_plugin.transfer import send

_SHORT = {
    "loss_id": "loss_x",
    "loss_quartet": "loss_q",
    "train_accuracy": "acc",
    "embedding_spread": "spread",
}


def people_of(data: dict, device: torch.device) -> PersonBatch:
    """The people of a torchreid batch.

    Args:
        data: torchreid's batch (``img``, ``pid``, ``camid``), and of a wrapped data manager also
            ``weight``, ``synthesised``, ``smoothing`` (B,) and ``teacher`` (B, K), where present.
        device: Where they shall be.

    Returns:
        The people, images as the data manager normalised them, without key points.

    Raises:
        UserError: The batch holds several versions of each image.
    """
    images = data["img"]
    if not isinstance(images, Tensor):
        raise UserError(
            "this engine takes one version of each image: build the data manager with k_tfm=1"
        )
    count = len(images)
    people = PersonBatch.of_real(
        send(images, device),
        torch.zeros(count, 0, 3, device=device),
        send(data["pid"], device),
        send(data["camid"], device),
        torch.arange(count, device=device),
    )
    known = {
        "weights": data.get("weight"),
        "synthesised": data.get("synthesised"),
        "smoothing": data.get("smoothing"),
        "teacher": data.get("teacher"),
    }
    return replace(people, **{k: send(v, device) for k, v in known.items() if v is not None})


def reid_losses(
    objective: ReIDObjective, output: object, people: PersonBatch, progress: float
) -> tuple[Tensor, dict[str, Tensor]]:
    """Losses of what a torchreid model returns in training; several heads are averaged.

    Args:
        objective: Identity and quartet loss.
        output: (logits, features), each a tensor or, of models with deep supervision, several.
        people: Whom the model has seen.
        progress: Share of the training that is done, in [0, 1].

    Returns:
        The weighted sum, and the unweighted terms and statistics to log.
    """
    losses, logs = zip(*(objective(o, people, progress) for o in _heads(output)), strict=True)
    log = {k: torch.stack([one[k].detach() for one in logs]).mean() for k in logs[0]}
    return torch.stack(losses).mean(), log


def features_of(output: object) -> Tensor:
    """The feature vectors in what a torchreid model returns, in training or in evaluation.

    Raises:
        UserError: There are several, or none.
    """
    features = output
    if isinstance(output, ReIDOutput):
        features = output.feature
    elif isinstance(output, tuple | list) and len(output) == 2:
        features = output[1]
    if not isinstance(features, Tensor):
        raise UserError("the re-ID model gives no single feature vector an image: choose another")
    return features


def summary(log: dict[str, Tensor]) -> dict[str, float]:
    """Names and numbers as torchreid's engines print them; accuracy in per cent."""
    return {
        _SHORT.get(k, k): v.item() * (100 if k == "train_accuracy" else 1) for k, v in log.items()
    }


def _heads(output: object) -> list[ReIDOutput]:
    if isinstance(output, ReIDOutput):
        return [output]
    if not isinstance(output, tuple | list) or len(output) != 2:
        raise UserError(
            "the quartet loss needs the model's features beside its logits: build the model with "
            "loss='triplet'"
        )
    logits, features = ([p] if isinstance(p, Tensor) else list(p) for p in output)
    count = max(len(logits), len(features))
    logits, features = (p * count if len(p) == 1 else p for p in (logits, features))
    return [ReIDOutput(f, f, x) for x, f in zip(logits, features, strict=True)]
