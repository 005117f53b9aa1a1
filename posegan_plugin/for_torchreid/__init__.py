"""The only modules that import torchreid.

``register()`` makes torchreid know the package; ``PoseTransferDataManager`` mixes synthesised people
into the batches of any engine. Names are loaded when they are first used: importing this package
imports neither torchreid nor torch.
"""

from importlib import import_module

_EXPORTS = {
    "ImageQuartetEngine": "quartet_engine",
    "PoseGANEngine": "pose_gan_engine",
    "PoseTransferDataManager": "data_manager",
    "Registered": "registration",
    "SafeEngine": "engine_base",
    "StandardPoses": "standard_poses",
    "TrainPeople": "people",
    "register": "registration",
    "trained_generator": "yaml_networks",
    "use_partners": "partners",
}
__all__ = sorted(_EXPORTS)


def __getattr__(name: str) -> object:
    if name not in _EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_EXPORTS[name]}"), name)
