"""What class a part of a config is of, before it is built."""

from __future__ import annotations

from collections.abc import Mapping

from mmengine.registry import Registry


def class_of(registry: Registry, config: Mapping[str, object]) -> type | None:
    """The class that a config builds.

    Args:
        registry: Where its type is looked up.
        config: With ``type``, a name or the class itself.

    Returns:
        ``None`` for one that is not known; the registry says so when it builds.
    """
    kind = config.get("type")
    kind = registry.get(kind) if isinstance(kind, str) else kind
    return kind if isinstance(kind, type) else None
