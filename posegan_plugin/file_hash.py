"""The hash that tells which file was used."""

from __future__ import annotations

import hashlib
from pathlib import Path

_BLOCK = 2**20


def file_hash(path: str | Path) -> str:
    """SHA-256 of a file, in hexadecimal digits."""
    digest = hashlib.sha256()  # hashlib.file_digest came with Python 3.11
    with Path(path).open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
