"""One door to torchreid's two layouts: ``torchreid.reid.*`` (PyPI) and ``torchreid.*`` (upstream)."""

from __future__ import annotations

import importlib
import warnings
from functools import lru_cache
from types import ModuleType

from posegan_plugin.errors import UserError


@lru_cache(maxsize=1)
def torchreid_root() -> str:
    """The package under which torchreid's ``data``, ``models``, ... lie.

    Raises:
        UserError: torchreid, or something it needs, is not installed.
    """
    for root in ("torchreid.reid", "torchreid"):
        try:
            with warnings.catch_warnings():
                # The Cython ranking that it misses is slower than this package's own.
                warnings.filterwarnings("ignore", message="Cython evaluation")
                importlib.import_module(f"{root}.data")
        except ModuleNotFoundError as error:
            if error.name in ("torchreid", root, f"{root}.data"):
                continue
            raise UserError(
                f"torchreid needs the package {error.name}, which is not installed: "
                f"pip install {error.name}"
            ) from error
        return root
    raise UserError("torchreid is not installed: pip install torchreid")


def torchreid_module(path: str) -> ModuleType:
    """A module of torchreid by its path below the root, for example ``data.datasets``."""
    return importlib.import_module(f"{torchreid_root()}.{path}")
