"""Optimisers and learning rate schedules that go on from a checkpoint."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from pathlib import Path

from posegan_plugin.errors import UserError


def load_part(part: object | None, key: str, checkpoint: Mapping[str, object], file: Path) -> None:
    """Restore an optimiser or a scheduler; one that the checkpoint does not hold starts anew.

    A schedule of other settings, such as a longer one, takes over where the checkpoint's stood.

    Args:
        part: What to restore; ``None`` for nothing.
        key: ``optimizer`` or ``scheduler``.
        checkpoint: Holds its state.
        file: Where the checkpoint is from, for the message.

    Raises:
        UserError: The state is of other parameters, of another optimiser, or of a schedule that this
            one cannot take over.
    """
    if part is None:
        return
    if key not in checkpoint:
        print(f'"{file}" holds no {key}: it starts anew')
        return
    if key == "optimizer" and _rule(part.state_dict()) != _rule(checkpoint[key]):
        raise UserError(
            f"checkpoint {file} holds the optimizer of another train.optim: use the one it was trained "
            "with"
        )
    changed = _changed_settings(part, checkpoint[key]) if key == "scheduler" else []
    try:
        if changed:
            _take_over(part, checkpoint[key], changed, file)
        else:
            part.load_state_dict(checkpoint[key])
    except (ValueError, KeyError) as error:
        raise UserError(
            f"checkpoint {file} holds the {key} of other parameters ({error}): use the options it "
            "was trained with"
        ) from error


def _rule(state: Mapping[str, object]) -> set[str]:
    """What tells the optimisers apart that torchreid knows; torch adds other options with time."""
    group = state["param_groups"][0]
    return {"betas", "momentum", "alpha"} & group.keys()


def _changed_settings(scheduler: object, saved: Mapping[str, object]) -> list[str]:
    """What a scheduler is built with, and the saved one was not; how far it is does not count."""
    state = scheduler.state_dict()
    settings = [k for k in inspect.signature(type(scheduler)).parameters if k in state]
    progress = ("last_epoch", "verbose")
    return [k for k in settings if k not in progress and (k not in saved or saved[k] != state[k])]


def _take_over(
    scheduler: object, saved: Mapping[str, object], changed: list[str], file: Path
) -> None:
    own = scheduler.state_dict()
    settings = ", ".join(f"{k}={_plain(own[k])}" for k in changed)
    # Loading would bring the old settings back; and most schedules make a rate from the one before,
    # which is not on the new curve.
    if not hasattr(scheduler, "_get_closed_form_lr"):
        raise UserError(
            f"checkpoint {file} holds a schedule without {settings}, and {type(scheduler).__name__} "
            "cannot begin in the middle: use the options it was trained with"
        )
    scheduler.load_state_dict({k: v for k, v in saved.items() if k in own and k not in changed})
    rates = scheduler._get_closed_form_lr()
    for group, rate in zip(scheduler.optimizer.param_groups, rates, strict=True):
        group["lr"] = rate
    scheduler._last_lr = list(rates)
    print(
        f'"{file}" was trained on another schedule: it goes on with {settings}, '
        f"at rate {rates[-1]:.3g} after {scheduler.last_epoch} epochs"
    )


def _plain(value: object) -> object:
    # Milestones are counted in a mapping.
    return list(value) if isinstance(value, Mapping) else value
