"""torchreid's batch dict with synthesised people behind the real ones."""

from __future__ import annotations

import torch
from torch import Tensor

from posegan_plugin.augment import PersonBatch


def mixed_batch(
    data: dict[str, object], mixed: PersonBatch, images: Tensor, soft_labels: int = 0
) -> dict[str, object]:
    """Extend a batch.

    Every entry that has a value for each real person gets its condition's for a synthesised one;
    ``img``, ``pid`` and ``camid`` get its own. ``synthesised``, ``weight``, ``smoothing`` and
    ``teacher`` are added, which torchreid has no words for.

    Args:
        data: A batch of torchreid's training loader, B people.
        mixed: The same people, and K synthesised ones behind them.
        images: Those K as torchreid's batches have images, on the training device.
        soft_labels: Identities of a teacher's soft labels; 0: there is no teacher.

    Returns:
        B + K people; ``img``, ``pid`` and what is added lie on the training device, the rest where
        it was.
    """
    count = len(mixed) - len(images)
    # An image that is twice in the batch is the same condition either way.
    row_of = {index: row for row, index in enumerate(mixed.indices[:count].tolist())}
    rows = [row_of[index] for index in mixed.indices[count:].tolist()]
    batch = {key: _extended(value, rows, count) for key, value in data.items()}
    batch["img"] = _with_images(data["img"], images)
    batch["pid"] = mixed.pids
    batch["camid"] = mixed.camids.to(data["camid"].device)
    batch["synthesised"] = mixed.synthesised
    batch["weight"] = mixed.weights
    batch["smoothing"] = mixed.smoothing
    if soft_labels:
        nobody = images.new_full((len(mixed), soft_labels), float("nan"))
        batch["teacher"] = nobody if mixed.teacher is None else mixed.teacher
    return batch


def _with_images(real: Tensor | list[Tensor], added: Tensor) -> Tensor | list[Tensor]:
    if isinstance(real, list):  # torchreid's k_tfm: several augmentations of each image
        return [_with_images(view, added) for view in real]
    return torch.cat((real.to(added.device, non_blocking=True), added.to(real.dtype)))


def _extended(value: object, rows: list[int], count: int) -> object:
    """An entry with those of the given rows behind; one that is not by person stays."""
    if isinstance(value, Tensor) and value.ndim and len(value) == count:
        return torch.cat((value, value[rows]))
    if isinstance(value, list | tuple) and len(value) == count:
        return [*value, *(value[row] for row in rows)]
    return value
