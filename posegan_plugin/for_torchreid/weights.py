"""The weights of a trained re-ID network for another run."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor, nn

from posegan_plugin.checkpoint import check_state, read_checkpoint
from posegan_plugin.for_torchreid.checkpoint_files import find_checkpoints, numpy_scalars


def load_weights(
    model: nn.Module, path: str, key: str = "model.load_weights", same_people: bool = False
) -> None:
    """As torchreid's ``load_pretrained_weights``, but only the classifier may be of another size.

    torchreid loads whatever fits, and of any two networks something does: counters, some biases.

    Args:
        model: The network.
        path: A file that an engine or torchreid wrote, or a run's ``save_dir`` for the newest.
        key: The config's, for messages.
        same_people: The classifier has to fit too. Otherwise one of other people is left out.

    Raises:
        UserError: The file is missing, cannot be read, or is of another network.
    """
    name = "reid" if (Path(path) / "reid").is_dir() else "model"
    file = find_checkpoints(path, [name])[name]
    with numpy_scalars():
        checkpoint = read_checkpoint(file)
    state = checkpoint.get("state_dict", checkpoint)
    state = {str(k).removeprefix("module."): v for k, v in state.items() if isinstance(v, Tensor)}

    def optional(name: str) -> bool:
        # Old files have no counters, which nothing depends on where the momentum is given.
        return name.endswith("num_batches_tracked") or (
            name.startswith("classifier") and not same_people
        )

    own = {k: v for k, v in model.state_dict().items() if optional(k)}
    left_out = [
        k for k, v in state.items() if optional(k) and (k not in own or own[k].shape != v.shape)
    ]
    fitted = {**own, **{k: v for k, v in state.items() if k not in left_out}}
    check = "model.name" + " and that it was trained on these people" * same_people
    # A layer that this network has not is no fault.
    check_state(model, fitted, f"{key} {file} does not fit, check {check}: it", alone=False)
    model.load_state_dict(fitted, strict=False)
    print(f'Weights loaded from "{file}"' + f", without {', '.join(left_out)}" * bool(left_out))
