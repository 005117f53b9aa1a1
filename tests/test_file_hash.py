import hashlib

import pytest

from posegan_plugin.file_hash import file_hash


@pytest.mark.parametrize("size", [0, 1, 2**20, 2**20 + 1])
def test_hash_is_that_of_the_whole_file(tmp_path, size):
    data = bytes(n % 251 for n in range(size))
    (tmp_path / "file").write_bytes(data)
    assert file_hash(tmp_path / "file") == hashlib.sha256(data).hexdigest()
