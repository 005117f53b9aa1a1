"""Networks from plain values, so that a checkpoint can say how it is built."""

from __future__ import annotations

from torch import nn

from posegan_plugin.models import ReIDNetwork
from posegan_plugin.registry import MODELS


def architecture_of_model(model: dict) -> dict:
    """How the networks of a config's ``model`` are built, as plain values.

    Args:
        model: Arguments of :class:`posegan_plugin.for_mmengine.PoseGANReID`.
    """
    cameras = model.get("num_cameras") if model.get("condition_on_camera") else 0
    generator = model.get("generator") if model["mode"] != "baseline" else None
    return {
        "generator": generator and {"num_cameras": cameras, **generator},
        "reid": {
            "backbone": dict(model["backbone"]),
            "image_size": list((model.get("reid_input") or {}).get("size", (256, 128))),
            "num_identities": model["num_identities"],
            "options": dict(model.get("reid") or {}),
        },
    }


def without_download(architecture: dict) -> dict:
    """The same networks, whose backbone fetches no weights: a checkpoint overwrites them at once.

    Args:
        architecture: See :func:`build_networks`; changed in place.
    """
    backbone = (architecture.get("reid") or {}).get("backbone", {})
    if "pretrained" in backbone:
        backbone["pretrained"] = False
    return architecture


def build_networks(architecture: dict) -> dict[str, nn.Module]:
    """Build the networks that an architecture describes.

    Args:
        architecture: ``generator``: a type and its options. ``reid``: ``backbone`` (a type and its
            options), ``image_size`` (height, width), ``num_identities``, ``options`` (further ones of
            :class:`posegan_plugin.models.ReIDNetwork`). Either may be missing or ``None``.

    Returns:
        The networks by name, untrained.

    Raises:
        UserError: A value that a network refuses.
    """
    builders = {"reid": build_reid, "generator": MODELS.build}
    return {
        name: build(dict(architecture[name]))
        for name, build in builders.items()
        if architecture.get(name)
    }


def build_reid(description: dict) -> ReIDNetwork:
    """The re-ID network of an architecture's ``reid`` entry, untrained."""
    size = {"image_size": tuple(description["image_size"])}
    backbone = MODELS.build(dict(description["backbone"]), default_args=size)
    return ReIDNetwork(backbone, description["num_identities"], **description["options"])
