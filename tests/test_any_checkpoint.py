"""Whatever a weight file holds, it is loaded or refused, and never loaded in part."""

import json
import tempfile
from pathlib import Path

import pytest
import torch
from safetensors.torch import save
from torch import nn

pytest.importorskip("hypothesis")

from hypothesis import given, settings
from hypothesis import strategies as st

from posegan_plugin.checkpoint import load_network, read_checkpoint
from posegan_plugin.errors import UserError
from posegan_plugin.published import architecture_of, write_weights

pytestmark = pytest.mark.filterwarnings("ignore:Detected pickle protocol")
SETTINGS = settings(max_examples=150, deadline=None, derandomize=True, database=None)
STATE = {"net.weight": torch.arange(6.0).reshape(2, 3), "net.bias": torch.ones(2)}


def weights(path):
    write_weights(path, STATE, {"generator": {}}, {"command": "train"})


def checkpoint(path):
    torch.save({"state_dict": STATE, "meta": {"architecture": "{}"}}, path)


def loaded(path):
    """A network with the file's weights; None if the file was refused, with its name."""
    network = nn.Linear(3, 2)
    try:
        architecture_of(read_checkpoint(path))
        load_network(network, path, "net")
    except UserError as error:
        assert "checkpoint" in str(error) or str(path) in str(error)
        return None
    return network


@pytest.mark.parametrize(("name", "write"), [("a.safetensors", weights), ("a.pth", checkpoint)])
def test_damaged_files(tmp_path, name, write):
    write(tmp_path / name)
    whole = (tmp_path / name).read_bytes()
    outcomes = set()

    @SETTINGS
    @given(st.data())
    def check(data):
        content = bytearray(whole[: data.draw(st.none() | st.integers(0, len(whole)))])
        # The header of a safetensors file is in the first few hundred bytes.
        places = st.integers(0, min(len(content), 400) - 1) if content else st.nothing()
        for place in data.draw(st.lists(places, max_size=3)) if content else ():
            content[place] ^= 1 << data.draw(st.integers(0, 7))
        path = tmp_path / f"damaged{Path(name).suffix}"
        path.write_bytes(content)
        network = loaded(path)
        outcomes.add("refused" if network is None else "loaded")
        if bytes(content) == whole:
            assert torch.equal(network.weight, STATE["net.weight"])
        if len(content) < len(whole):
            assert network is None

    check()
    assert outcomes == {"refused", "loaded"}


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-9, 9)
    | st.floats()
    | st.text(max_size=3)
    | st.sampled_from([torch.zeros(2), torch.zeros(2, 3), torch.zeros(())]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["state_dict", "meta", "architecture", "net.weight", "net.bias", 1]),
            inner,
        )
    ),
    max_leaves=6,
)


def test_anything_in_a_pickle():
    @SETTINGS
    @given(anything, st.sampled_from([(), ("state_dict",), ("meta",), ("meta", "architecture")]))
    def check(value, keys):
        for key in reversed(keys):
            value = {key: value}
        with tempfile.TemporaryDirectory() as folder:
            torch.save(value, Path(folder) / "a.pth")
            loaded(Path(folder) / "a.pth")

    check()


def test_anything_in_the_header_of_weights():
    texts = st.text(max_size=20) | st.recursive(
        st.none() | st.integers() | st.text(max_size=3),
        lambda inner: (
            st.lists(inner, max_size=2)
            | st.dictionaries(st.sampled_from(["architecture", "x"]), inner)
        ),
        max_leaves=4,
    ).map(json.dumps)

    @SETTINGS
    @given(texts)
    def check(text):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "a.safetensors"
            path.write_bytes(save(STATE, {"posegan_plugin": text}))
            loaded(path)

    check()
