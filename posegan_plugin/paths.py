"""Where the configs and weights that travel with the package lie."""

from __future__ import annotations

from pathlib import Path

from posegan_plugin.errors import UserError


def config_path(name: str = "") -> str:
    """Absolute path of a config shipped with the package, for the ``_base_`` of a user's own config.

    mmengine evaluates ``_base_`` before a config's imports, and closes its ``pkg::`` form to other
    packages, so a config says
    ``_base_ = [__import__("posegan_plugin").config_path("pose_quartet_market.py")]``.

    Args:
        name: Path below ``configs``, for example ``"pose_quartet_market.py"``; empty for the folder.

    Returns:
        The path as a string, whether the package is installed or used from a checkout.

    Raises:
        UserError: There is no config of that name.
    """
    package = Path(__file__).resolve().parent
    installed = package / "configs"  # a wheel carries the configs inside the package
    root = installed if installed.is_dir() else package.parent / "configs"
    path = root / name
    if not path.exists():
        known = sorted(
            str(p.relative_to(root)) for p in root.rglob("*.py") if "_base_" not in p.parts
        )
        raise UserError(f"there is no config {name!r}; choose one of: {', '.join(known)}")
    return str(path)


def weights_path(name: str) -> str:
    """Absolute path of a weight file shipped with the package.

    Args:
        name: ``demo``: generator and re-ID network of ``configs/pose_quartet_demo_weights.py``.

    Raises:
        UserError: There is none of that name.
    """
    path = Path(__file__).resolve().parent / "weights" / f"{name}.safetensors"
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in path.parent.glob("*.safetensors")))
        raise UserError(f"there are no weights {name!r}; choose one of: {known}")
    return str(path)
