"""Tests in which another run's generator draws: a re-ID network needs none of its own."""

from __future__ import annotations

from pathlib import Path

from posegan_plugin.for_mmengine.pretrained import load_pretrained


def use_generator(model: dict, source: str | Path) -> str:
    """Put a trained generator into a config's ``model``, in place of its own if it has one.

    Args:
        model: A config's ``model``, of any mode; changed in place to mode ``online``. A camera
            number of the data set that the generator does not know is refused later, by
            :func:`posegan_plugin.for_mmengine.config.prepare_for_dataset`.
        source: A checkpoint of ``tools/train.py``, its work dir, a published weight file, or
            ``demo``.

    Returns:
        The file that holds it.

    Raises:
        UserError: There is no such file, it holds no generator, or does not say how to build it.
    """
    trained = load_pretrained(source)
    trained.need_generator()
    generator = dict(trained.architecture["generator"])
    cameras = generator.pop("num_cameras", 0)
    changes = {
        "mode": "online",
        "generator": generator,
        "condition_on_camera": cameras > 0,
        "generator_checkpoint": str(trained.path),
        "reid_checkpoint": None,
    }
    if cameras:
        changes["num_cameras"] = cameras
    model.update(changes)
    return str(trained.path)
