"""Everything that this package changes inside torchreid for good: one table.

Only what torchreid has no hook for. ``register()`` applies the table once; importing applies nothing.
While one of this package's engines tests, ``metrics.evaluate_rank`` is replaced too, see
:func:`posegan_plugin.for_torchreid.ranking.plugin_ranking`, and put back.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import NamedTuple

from posegan_plugin.errors import UserError
from posegan_plugin.for_torchreid.resolver import torchreid_module
from posegan_plugin.for_torchreid.transforms import accept_pose_transfer


def refuse_download(original: Callable) -> Callable:
    """``Dataset.download_dataset`` that only says where the data set was looked for."""

    def download_dataset(self: object, dataset_dir: str, dataset_url: str | None) -> None:
        if not os.path.exists(dataset_dir):  # noqa: PTH110 (a string, as in torchreid)
            source = f" (torchreid's address for it is {dataset_url})" if dataset_url else ""
            raise UserError(
                f"data set {type(self).__name__} was not found: expected the folder {dataset_dir}; "
                f"unpack it there or give another root{source}"
            )

    return download_dataset


def look_first(original: Callable) -> Callable:
    """``__init__`` of a data set that fetches itself, and here asks ``download_dataset`` before."""

    def __init__(self: object, root: str = "", **options: object) -> None:  # noqa: N807 (likewise)
        folder = Path(root).expanduser().absolute() / type(self).dataset_dir
        self.download_dataset(str(folder), self.dataset_url)
        original(self, root, **options)

    return __init__


def keep_k_tfm(original: Callable) -> Callable:
    """``Dataset.__add__`` whose result keeps the number of augmentations of an image."""

    def __add__(self: object, other: object) -> object:  # noqa: N807 (takes that one's place)
        joined = original(self, other)
        joined.k_tfm = self.k_tfm
        return joined

    return __add__


class Patch(NamedTuple):
    """One change.

    Attributes:
        module: Module of torchreid below its root.
        name: What is replaced in it, with dots for an attribute of a class.
        replace: The original -> its replacement.
        why: What is wrong with the original.
    """

    module: str
    name: str
    replace: Callable[[Callable], Callable]
    why: str


PATCHES = (
    Patch(
        "data.datamanager",
        "build_transforms",
        accept_pose_transfer,
        "a chain of ifs over the names of transforms, with no way to add one",
    ),
    Patch(
        "data.datasets.dataset",
        "Dataset.download_dataset",
        refuse_download,
        "downloads without asking, from addresses that are dead, and leaves an empty folder behind",
    ),
    Patch(
        "data.datasets.image.university1652",
        "University1652.__init__",
        look_first,
        "downloads and unzips without asking, past download_dataset",
    ),
    Patch(
        "data.datasets.dataset",
        "Dataset.__add__",
        keep_k_tfm,
        "several sources lose k_tfm",
    ),
)


def apply_patches() -> list[str]:
    """Apply what is not applied yet.

    Returns:
        What was replaced, as ``module.name``.
    """
    applied = []
    for patch in PATCHES:
        owner = torchreid_module(patch.module)
        *classes, name = patch.name.split(".")
        for part in classes:
            owner = getattr(owner, part)
        original = getattr(owner, name)
        if getattr(original, "posegan_plugin", False):
            continue
        replacement = wraps(original)(patch.replace(original))
        replacement.posegan_plugin = True
        setattr(owner, name, replacement)
        applied.append(f"{patch.module}.{patch.name}")
    return applied
