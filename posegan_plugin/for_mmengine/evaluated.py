"""What an evaluation alone builds: the networks that describe people, and nothing that only trains."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from pathlib import Path

from posegan_plugin.augment import SynthesisPolicy
from posegan_plugin.errors import UserError
from posegan_plugin.for_mmengine.class_of import class_of
from posegan_plugin.for_mmengine.model import PoseGANReID
from posegan_plugin.for_mmengine.modes import check_known
from posegan_plugin.for_mmengine.networks import architecture_of_model, without_download
from posegan_plugin.published import architecture_of, no_generator
from posegan_plugin.registry import MODELS


def evaluated_model(model: dict) -> dict:
    """The config of a model that is tested, out of one that trains.

    A checkpoint holds all that a test needs: no other file is read, no discriminator and no teacher
    is built, no weights of a backbone are fetched, and nothing is compiled.

    Args:
        model: A config's ``model``, after
            :func:`posegan_plugin.for_mmengine.config.prepare_for_dataset`.

    Returns:
        Of a :class:`posegan_plugin.for_mmengine.PoseGANReID` a
        :class:`posegan_plugin.for_mmengine.PersonDescriber`; models of other types as they are.

    Raises:
        UserError: An unknown mode, or a key that the model does not know.
    """
    if class_of(MODELS, model) is not PoseGANReID:
        return model
    given = {key: value for key, value in model.items() if key != "type"}
    try:
        options = inspect.signature(PoseGANReID).bind(**given)
    except TypeError as error:
        raise UserError(f"config: PoseGANReID: {error}") from error
    options.apply_defaults()
    options = options.arguments
    check_known(options["mode"])
    same = ("reid_input", "test_poses", "test_mirror", "data_preprocessor", "channels_last")
    return {
        "type": "PersonDescriber",
        "architecture": without_download(architecture_of_model(options)),
        "min_joints": SynthesisPolicy(**(options["augment"] or {})).min_joints,
        **{key: options[key] for key in same},
    }


def use_generator(model: dict, checkpoint: Mapping[str, object], path: Path) -> None:
    """Put the generator of another run into a config's ``model``, in place of its own if it has one.

    Args:
        model: A config's ``model``, of any mode; changed in place to mode ``online``. A camera
            number of the data set that the generator does not know is refused later, by
            :func:`posegan_plugin.for_mmengine.config.prepare_for_dataset`.
        checkpoint: What holds the generator, see :func:`posegan_plugin.checkpoint.read_checkpoint`.
        path: Where it was read, for messages.

    Raises:
        UserError: It holds no generator, or does not say how to build it.
    """
    architecture = architecture_of(checkpoint)
    if architecture is None:
        raise UserError(
            f"checkpoint {path} does not say how its networks are built: use one that this version's "
            "tools/train.py or tools/publish.py wrote"
        )
    if not architecture.get("generator"):
        raise no_generator(path)
    generator = dict(architecture["generator"])
    cameras = generator.pop("num_cameras", 0)
    model.update(mode="online", generator=generator, condition_on_camera=cameras > 0)
    if cameras:
        model["num_cameras"] = cameras
