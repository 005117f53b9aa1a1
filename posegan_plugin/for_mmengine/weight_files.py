"""Published weight files (``*.safetensors``) wherever mmengine loads a checkpoint."""

from __future__ import annotations

from mmengine.runner import CheckpointLoader

from posegan_plugin.published import SUFFIX, read_weights


# mmengine matches these as regular expressions from the start of the path.
@CheckpointLoader.register_scheme(prefixes=rf".*\{SUFFIX}$")
def load_from_weight_file(filename: str, map_location: object = None) -> dict:
    """Read a weight file.

    Args:
        filename: Its path.
        map_location: Not used: tensors come on the CPU, and mmengine moves them to the model.

    Returns:
        As a checkpoint, with ``state_dict`` and ``meta``.

    Raises:
        UserError: The file is missing or damaged.
    """
    return read_weights(filename)
