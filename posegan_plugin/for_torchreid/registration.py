"""Makes torchreid know this package's data sets, networks and transform."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from posegan_plugin.errors import UserError
from posegan_plugin.for_torchreid.models import (
    GENERATOR,
    PREFIX,
    UNSUITABLE,
    build_generator,
    reid_factory,
)
from posegan_plugin.for_torchreid.patches import apply_patches
from posegan_plugin.for_torchreid.resolver import torchreid_module

_PACKAGE = "posegan_plugin."


@dataclass(frozen=True)
class Registered:
    """What a call of :func:`register` added.

    Attributes:
        datasets: Names of image data sets.
        models: Names in the model factory.
        patches: What was replaced inside torchreid; see :mod:`posegan_plugin.for_torchreid.patches`.
    """

    datasets: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    patches: tuple[str, ...] = ()

    def __str__(self) -> str:
        backbones = [n.removeprefix(PREFIX) for n in self.models if n != GENERATOR]
        parts = [
            f"data sets {', '.join(self.datasets)}" if self.datasets else "",
            f"model {GENERATOR}" if GENERATOR in self.models else "",
            f"models {PREFIX}<backbone> for {', '.join(backbones)}" if backbones else "",
            f"replaced {', '.join(self.patches)}" if self.patches else "",
        ]
        said = "; ".join(part for part in parts if part)
        return f"posegan_plugin in torchreid: {said or 'nothing to add'}"


def register(force: bool = False) -> Registered:
    """Add to torchreid what is not there yet.

    Data sets ``procedural_people`` and ``augmented_market``; models ``posegan_generator`` and
    ``posegan_<backbone>`` for every backbone that torchreid knows by now; the transform
    ``pose_transfer``; and the patches. A second call does nothing.

    Args:
        force: Take names that somebody else has registered.

    Returns:
        What was added; ``str()`` of it is a line to print.

    Raises:
        UserError: A name is taken, and not by this package; nothing is added then.
    """
    # Its classes derive from torchreid's, so torchreid is imported here and no sooner.
    from posegan_plugin.for_torchreid.image_datasets import DATASETS

    datasets = vars(torchreid_module("data.datasets"))["__image_datasets"]
    models = vars(torchreid_module("models"))["__model_factory"]
    backbones = [n for n, entry in models.items() if n not in UNSUITABLE and not _is_ours(entry)]
    # With force, a name with our prefix is not a backbone but in our way.
    backbones = [n for n in backbones if not n.startswith(PREFIX)]
    networks = {PREFIX + name: reid_factory(name) for name in backbones}
    networks[GENERATOR] = build_generator
    new_datasets = _missing(DATASETS, datasets, "data set", force)
    new_models = _missing(networks, models, "model", force)
    datasets.update(new_datasets)
    models.update(new_models)
    return Registered(tuple(new_datasets), tuple(new_models), tuple(apply_patches()))


def _missing(ours: Mapping, table: Mapping, kind: str, force: bool) -> dict[str, object]:
    missing = {name: entry for name, entry in ours.items() if not _is_ours(table.get(name))}
    taken = [name for name in missing if name in table]
    if taken and not force:
        raise UserError(
            f"torchreid has another {kind} of the name {taken[0]!r}; register yours under another "
            "name, or call register(force=True) to replace it"
        )
    return missing


def _is_ours(entry: object) -> bool:
    return str(getattr(entry, "__module__", "")).startswith(_PACKAGE)
