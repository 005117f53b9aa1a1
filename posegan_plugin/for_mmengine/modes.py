"""How a training may use synthesised people, and what each way needs."""

from __future__ import annotations

from posegan_plugin.errors import UserError

MODES = ("joint", "online", "baseline")


def check_known(mode: str) -> None:
    """Refuse what is no mode.

    Raises:
        UserError: It is none of :data:`MODES`.
    """
    if mode not in MODES:
        raise UserError(f"model mode={mode!r} is unknown; choose one of {', '.join(MODES)}")


def check_mode(
    mode: str,
    *,
    target: str,
    ratio: float,
    num_identities: int | None,
    num_cameras: int | None,
    generator: dict | None,
    condition_on_camera: bool,
    generator_checkpoint: str | None,
    reid_checkpoint: str | None,
) -> None:
    """Refuse a model whose keys do not belong together.

    Args:
        mode: See :class:`posegan_plugin.for_mmengine.PoseGANReID`, also for the others.
        target: Whose poses the policy takes.
        ratio: How many people it synthesises.
        num_identities: Of the training set.
        num_cameras: Of the training set.
        generator: Config of the generator.
        condition_on_camera: Whether it is told the target's camera.
        generator_checkpoint: Checkpoint of a trained generator.
        reid_checkpoint: Checkpoint of a trained re-ID network.

    Raises:
        UserError: An unknown mode, or a key that it needs is missing, or one that it cannot use.
    """
    check_known(mode)
    if num_identities is None:
        raise UserError("model num_identities is not set: start with tools/train.py, or set it")
    if mode != "baseline" and generator is None:
        raise UserError(f"model mode={mode!r} needs a generator")
    if mode != "baseline" and condition_on_camera and num_cameras is None:
        raise UserError("model num_cameras is not set, but condition_on_camera needs it")
    if mode == "joint" and target == "any":
        raise UserError(
            "augment target='any' has no true target image to learn from in mode 'joint'; choose "
            "'same_id' or 'cross_camera'"
        )
    if mode == "online" and ratio == 0:
        raise UserError(
            "augment ratio=0 synthesises nobody in mode 'online'; set it, for example to 0.25 (a "
            "quarter as many as real people), or choose mode='baseline'"
        )
    if mode == "online" and generator_checkpoint is None:
        raise UserError(
            "model mode='online' needs generator_checkpoint, the checkpoint of a trained generator "
            "(for example of a joint run)"
        )
    if mode == "joint" and generator_checkpoint is not None:
        raise UserError(
            "model generator_checkpoint: in mode 'joint' the generator is trained, not loaded; leave "
            "it out, or start from the weights of all networks with load_from=CHECKPOINT"
        )
    if mode != "joint" and reid_checkpoint is not None:
        raise UserError(f"model reid_checkpoint: mode={mode!r} would train nothing; use 'joint'")
