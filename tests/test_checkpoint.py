import argparse
import os
import pickle
import zipfile
from pathlib import Path

import pytest
import torch
from torch import nn

from posegan_plugin.checkpoint import (
    check_state,
    load_network,
    read_checkpoint,
    save_checkpoint,
)
from posegan_plugin.errors import UserError


def network(seed, width=3):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(2, width), nn.BatchNorm1d(width))


def same(first, second):
    pairs = zip(first.state_dict().values(), second.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


def prefixed(name, module):
    return {f"{name}.{key}": value for key, value in module.state_dict().items()}


class Malicious:
    """Creates a file when it is unpickled."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return Path.touch, (Path(self.path),)


def test_contents_come_back(tmp_path):
    content = {"state_dict": network(0).state_dict(), "meta": {"epoch": 3, "name": "x"}}
    torch.save(content, tmp_path / "a.pth")
    read = read_checkpoint(tmp_path / "a.pth")
    assert read["meta"] == content["meta"]
    assert torch.equal(read["state_dict"]["0.weight"], content["state_dict"]["0.weight"])
    assert read_checkpoint(str(tmp_path / "a.pth"))["meta"]["epoch"] == 3


@pytest.mark.parametrize(
    ("name", "meant"), [("missing.pth", "missing.pth"), (".", "last_checkpoint")]
)
def test_missing_file(tmp_path, name, meant):
    with pytest.raises(UserError) as error:
        read_checkpoint(tmp_path / name)
    assert str(error.value) == f"checkpoint {tmp_path / meant} does not exist: check the path"


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("share", [0.0, 0.05, 0.2, 0.5, 0.9])
def test_truncated_file(tmp_path, zipped, share):
    path = tmp_path / "cut.pth"
    torch.save({"a": torch.randn(50)}, path, _use_new_zipfile_serialization=zipped)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(UserError, match=r"cut\.pth cannot be read .*cut off"):
        read_checkpoint(path)


@pytest.mark.parametrize(
    "content",
    [
        b"hello",
        b"<html>404</html>",
        b"\x80",
        b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n",
        bytes(range(256)),
        b"PK\x03\x04",
    ],
)
def test_file_that_is_no_checkpoint(tmp_path, content):
    path = tmp_path / "no.pth"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"no\.pth cannot be read .*no checkpoint"):
        read_checkpoint(path)


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("nested", [True, False])
def test_code_is_refused_and_not_run(tmp_path, zipped, nested):
    path, made = tmp_path / "bad.pth", tmp_path / "made"
    evil = Malicious(made)
    content = {"state_dict": {"a": torch.zeros(1)}, "x": evil} if nested else evil
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(UserError, match=r"bad\.pth holds code \(\S+\)") as error:
        read_checkpoint(path)
    assert not made.exists()
    # torch's message advises to switch the protection off.
    assert "weights_only" not in str(error.value)
    torch.load(path, weights_only=False)
    assert made.exists()  # it would have run


def test_plain_pickle_with_code_is_refused(tmp_path):
    path, made = tmp_path / "bad.pth", tmp_path / "made"
    path.write_bytes(pickle.dumps(Malicious(made), protocol=2))
    with pytest.raises(UserError, match=r"bad\.pth"):
        read_checkpoint(path)
    assert not made.exists()


def test_other_classes_are_named(tmp_path):
    torch.save({"args": argparse.Namespace(lr=1)}, tmp_path / "a.pth")
    with pytest.raises(UserError, match=r"a\.pth holds code \(argparse\.Namespace\)"):
        read_checkpoint(tmp_path / "a.pth")


@pytest.mark.parametrize("content", [[1, 2], torch.zeros(3), 5])
def test_no_dictionary(tmp_path, content):
    torch.save(content, tmp_path / "a.pth")
    with pytest.raises(UserError, match=rf"a\.pth holds a {type(content).__name__}, not a state"):
        read_checkpoint(tmp_path / "a.pth")


def test_matching_state_and_other_networks_pass():
    state = {**network(0).state_dict(), "discriminator.weight": torch.zeros(1), "2.bias": 0}
    check_state(network(1), state, "it", alone=False)
    with pytest.raises(UserError, match=r"2 entries too many \(discriminator\.weight, 2\.bias\)"):
        check_state(network(1), state, "it")


def test_every_fault_is_listed():
    state = network(0, width=4).state_dict()
    state["1.extra"] = torch.zeros(1)
    del state["0.bias"], state["1.num_batches_tracked"]
    with pytest.raises(UserError) as error:
        check_state(network(1), state, "the checkpoint")
    message = str(error.value)
    assert message.startswith("the checkpoint belongs to another architecture: ")
    assert "2 entries missing (0.bias, 1.num_batches_tracked)" in message
    assert "1 entries too many (1.extra)" in message
    assert "5 shapes differ (0.weight is (4, 2) instead of (3, 2), 1.weight is (4,)" in message
    assert message.count("instead of") == 3
    assert ", ...)" in message
    assert "config" in message
    assert "\n" not in message
    # What the sentence leaves out stands below it.
    assert error.value.details == (
        "entries missing: 0.bias",
        "entries missing: 1.num_batches_tracked",
        "entries too many: 1.extra",
        "shapes differ: 0.weight is (4, 2) instead of (3, 2)",
        *(f"shapes differ: 1.{n} is (4,) instead of (3,)" for n in ("weight", "bias")),
        *(f"shapes differ: 1.running_{n} is (4,) instead of (3,)" for n in ("mean", "var")),
    )
    assert error.value.report().count("\n  shapes differ: ") == 5


def test_a_short_list_needs_no_second_one():
    state = network(0).state_dict()
    del state["0.bias"]
    with pytest.raises(UserError, match=r"1 entries missing \(0\.bias\)") as error:
        check_state(network(1), state, "it")
    assert error.value.details == ()
    assert error.value.report() == f"error: {error.value}"


@pytest.mark.parametrize("value", [3, None, "x", [1.0], {"a": 1}])
def test_values_that_are_no_tensors(value):
    state = {**network(0).state_dict(), "0.bias": value, 7: value}
    kind = type(value).__name__
    with pytest.raises(UserError, match=rf"0\.bias is a {kind} instead of \(3,\)"):
        check_state(network(1), state, "it")


def test_state_that_is_no_dictionary(tmp_path):
    torch.save({"state_dict": [1, 2]}, tmp_path / "a.pth")
    with pytest.raises(UserError, match=r"a\.pth: its state_dict is not tensors"):
        load_network(network(0), tmp_path / "a.pth", "reid")


def test_one_network_out_of_several(tmp_path):
    generator, reid, loaded = network(0), network(1), network(2)
    state = {**prefixed("generator", generator), **prefixed("reid", reid)}
    torch.save({"state_dict": state, "meta": {}}, tmp_path / "a.pth")
    load_network(loaded, tmp_path / "a.pth", "generator")
    assert same(loaded, generator)
    load_network(loaded, tmp_path / "a.pth", "reid")
    assert same(loaded, reid)


def test_a_network_with_a_part_more(tmp_path):
    """As a generator with correspondence, loaded into one without."""
    more = network(0)
    more.add_module("more", torch.nn.Linear(1, 1))
    torch.save({"state_dict": prefixed("generator", more)}, tmp_path / "a.pth")
    with pytest.raises(UserError, match=r"2 entries too many \(more\.weight, more\.bias\)"):
        load_network(network(1), tmp_path / "a.pth", "generator")


@pytest.mark.parametrize("wrapped", [True, False])
def test_bare_state_dict(tmp_path, wrapped):
    source, loaded = network(0), network(1)
    state = source.state_dict()
    torch.save({"state_dict": state} if wrapped else state, tmp_path / "a.pth")
    load_network(loaded, tmp_path / "a.pth", "generator")
    assert same(loaded, source)


def test_network_that_is_not_in_the_checkpoint(tmp_path):
    torch.save({"state_dict": prefixed("reid", network(0))}, tmp_path / "a.pth")
    loaded = network(1)
    with pytest.raises(UserError) as error:
        load_network(loaded, tmp_path / "a.pth", "generator")
    message = str(error.value)
    assert message.startswith(f"the generator in checkpoint {tmp_path / 'a.pth'}")
    assert "7 entries missing (0.weight, 0.bias, 1.weight, ...)" in message
    assert same(loaded, network(1))


def test_other_architecture_loads_nothing(tmp_path):
    torch.save({"state_dict": prefixed("reid", network(0, width=4))}, tmp_path / "a.pth")
    loaded = network(1)
    with pytest.raises(UserError, match=r"shapes differ \(0\.weight is \(4, 2\)"):
        load_network(loaded, tmp_path / "a.pth", "reid")
    assert same(loaded, network(1))


@pytest.mark.parametrize("part", ["a/data/0", "a/data.pkl"])
def test_one_wrong_bit(tmp_path, part):
    """torch itself does not look at the checksums that it writes."""
    path = tmp_path / "a.pth"
    torch.save({"a": torch.arange(1000.0), "name": "nobody"}, path)
    with zipfile.ZipFile(path) as file:
        inside = {info.filename: info for info in file.infolist()}[part]
        content = file.read(part)
    data = bytearray(path.read_bytes())
    place = data.index(content, inside.header_offset) + content.find(b"nobody")
    data[place + 1 if b"nobody" in content else place + 2001] ^= 2
    path.write_bytes(data)
    torch.load(path, weights_only=True)
    with pytest.raises(UserError, match=rf"a\.pth is damaged \(the checksum of {part} is wrong\)"):
        read_checkpoint(path)


def test_saved_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "new" / "a.pth"
    save_checkpoint({"a": torch.ones(2)}, path)

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError, match=r"a\.pth: .*No space left"):
        save_checkpoint({"a": torch.zeros(2)}, path)
    assert read_checkpoint(path)["a"].tolist() == [1, 1]
    assert list(path.parent.iterdir()) == [path]
