"""What ``PoseGANEngine`` is given, checked."""

from __future__ import annotations

from collections.abc import Mapping

from torch import nn

from posegan_plugin.augment import SynthesisPolicy
from posegan_plugin.errors import UserError
from posegan_plugin.models.pose_maps import check_cameras


def check_parts(
    networks: Mapping[str, nn.Module],
    optimizers: Mapping[str, object],
    schedulers: Mapping[str, object],
) -> None:
    """Refuse a network that trains without an optimiser, and what belongs to no network.

    Raises:
        UserError: Either is the case.
    """
    for kind, parts in (("optimizer", optimizers), ("scheduler", schedulers)):
        unknown = sorted(parts.keys() - networks.keys())
        if unknown:
            raise UserError(
                f"there is a {kind} for {unknown[0]!r}, but the networks are {', '.join(networks)}"
            )
    for name, network in networks.items():
        trains = any(p.requires_grad for p in network.parameters())
        if trains and optimizers.get(name) is None:
            raise UserError(
                f"there is no optimizer for {name!r}: add one to optimizers, or freeze the network "
                "with requires_grad_(False)"
            )


def joint_policy(
    policy: SynthesisPolicy | Mapping[str, object] | None, has_teacher: bool
) -> SynthesisPolicy:
    """The policy, if joint training can follow it.

    Raises:
        UserError: An unknown option, or one that joint training cannot follow.
    """
    if not isinstance(policy, SynthesisPolicy):
        try:
            policy = SynthesisPolicy(**(policy or {}))
        except TypeError as error:
            raise UserError(f"policy: {error}") from error
    if policy.target == "any":
        raise UserError(
            "policy target='any' has no true target image to learn from in joint training; choose "
            "'same_id' or 'cross_camera'"
        )
    if policy.label == "teacher" and not has_teacher:
        raise UserError("policy label='teacher' needs a teacher; give one, or another label")
    return policy


def check_data(datamanager: object, num_cameras: int, cameras: int) -> None:
    """Refuse a data manager that adds people itself, and a generator that knows too few cameras.

    Args:
        datamanager: The engine's.
        num_cameras: That the generator knows; 0 if it is not told the camera.
        cameras: Of the training set.

    Raises:
        UserError: Either is the case.
    """
    if hasattr(datamanager, "extra_keys_read"):
        raise UserError(
            "PoseGANEngine adds people to the batches itself: give it torchreid's data manager, not "
            "the wrapped one"
        )
    remedy = f"build it with num_cameras={cameras}, or 0"
    check_cameras(num_cameras, cameras, "the training set has", remedy)
