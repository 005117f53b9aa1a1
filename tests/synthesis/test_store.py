import errno
import json
import os
from pathlib import Path

import pytest

from posegan_plugin.errors import UserError
from posegan_plugin.synthesis.store import SynthesisStore
from posegan_plugin.synthesis.tables import MANIFEST_COLUMNS, from_csv, to_csv

SETTINGS = {"target": "any", "size": (64, 32), "limit": None}


def line(file, kept="1", **values):
    return {**dict.fromkeys(MANIFEST_COLUMNS, ""), "file": file, "kept": kept, **values}


@pytest.fixture
def store(tmp_path):
    return SynthesisStore(tmp_path / "new" / "set", SETTINGS)


def files(root):
    return sorted(str(p.relative_to(root)) for p in root.rglob("*") if p.is_file())


def test_a_new_folder_says_what_it_is(store):
    assert json.loads((store.root / "synthesis.json").read_text()) == {**SETTINGS, "size": [64, 32]}
    assert not store.finished


def test_the_same_settings_go_on(store):
    before = (store.root / "synthesis.json").read_bytes()
    SynthesisStore(store.root, dict(SETTINGS))
    assert (store.root / "synthesis.json").read_bytes() == before


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"target": "same_id"}, 'was begun with target "any", and this run has "same_id"'),
        ({"size": (64, 33), "limit": 4}, "begun with size [64, 32], and this run has [64, 33]"),
        ({"limit": 4}, "begun with limit none, and this run has 4"),
        ({"torch": "9"}, 'begun with torch none, and this run has "9"'),
    ],
)
def test_the_first_setting_that_differs_is_named(store, changed, message):
    with pytest.raises(UserError) as error:
        SynthesisStore(store.root, {**SETTINGS, **changed})
    assert message in str(error.value)
    assert str(store.root) in str(error.value)


def test_a_setting_that_is_no_more(store):
    with pytest.raises(UserError, match="limit"):
        SynthesisStore(store.root, {"target": "any", "size": (64, 32), "limit": 1})
    with pytest.raises(UserError, match=r"target \"any\", and this run has none"):
        SynthesisStore(store.root, {"size": (64, 32), "limit": None})


@pytest.mark.parametrize("name", ["photo.jpg", "manifest.csv", ".hidden"])
def test_a_folder_with_something_else(tmp_path, name):
    (tmp_path / name).write_bytes(b"mine")
    with pytest.raises(UserError, match="holds something else"):
        SynthesisStore(tmp_path, SETTINGS)
    assert files(tmp_path) == [name]


def test_killed_before_its_first_file(tmp_path):
    (tmp_path / ".0123456789abcdef.tmp").write_bytes(b"{")
    SynthesisStore(tmp_path, SETTINGS)
    assert "synthesis.json" in files(tmp_path)


@pytest.mark.parametrize("text", ["{", "[]", "\xff"])
def test_settings_that_cannot_be_read(tmp_path, text):
    (tmp_path / "synthesis.json").write_text(text, encoding="latin-1")
    with pytest.raises(UserError, match=r"synthesis\.json .*choose a new folder"):
        SynthesisStore(tmp_path, SETTINGS)


def test_parts(store):
    assert store.recorded("a") is None
    lines = [line("train/x.jpg"), line("train/y.jpg", "0", reason="identity")]
    store.record("a", {"train/x.jpg": b"X"}, lines)
    assert (store.root / "train" / "x.jpg").read_bytes() == b"X"
    assert store.recorded("a") == lines
    assert SynthesisStore(store.root, SETTINGS).recorded("a") == lines
    assert store.recorded("b") is None


def test_a_part_whose_file_is_gone_is_to_do_again(store):
    store.record("a", {"x.jpg": b"X"}, [line("x.jpg")])
    (store.root / "x.jpg").unlink()
    assert store.recorded("a") is None


def test_a_journal_comes_after_its_files(store, monkeypatch):
    order = []
    replace = Path.replace

    def remember(source, target):
        order.append(Path(target).name)
        return replace(source, target)

    monkeypatch.setattr(Path, "replace", remember)
    store.record("a", {"x.jpg": b"X", "y.jpg": b"Y"}, [line("x.jpg"), line("y.jpg")])
    assert order == ["x.jpg", "y.jpg", "a.csv"]


def test_finish_leaves_the_set_and_nothing_else(store):
    store.record("a", {"x.jpg": b"X"}, [line("x.jpg")])
    (store.root / ".0123456789abcdef.tmp").write_bytes(b"half")
    store.finish([line("x.jpg")], [{"file": "r.jpg", "source": "s.jpg"}])
    assert store.finished
    assert store.manifest() == [line("x.jpg")]
    assert files(store.root) == ["manifest.csv", "real.csv", "synthesis.json", "x.jpg"]
    assert not (store.root / ".journal").exists()


def test_a_finished_set_that_lost_an_image(store):
    store.record("a", {"x.jpg": b"X"}, [line("x.jpg")])
    store.finish([line("x.jpg"), line("y.jpg"), line("z.jpg", "0")], [])
    with pytest.raises(UserError, match=r"1 of its images are gone \(y\.jpg\)"):
        store.manifest()


@pytest.mark.parametrize(
    ("code", "advice"), [(errno.ENOSPC, "make room"), (errno.EROFS, "make this one writable")]
)
def test_disk_full_and_read_only(store, monkeypatch, code, advice):
    store.record("a", {"x.jpg": b"X"}, [line("x.jpg")])
    before = files(store.root)

    def fail(_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(UserError) as error:
        store.record("b", {"y.jpg": b"Y"}, [line("y.jpg")])
    assert f"y.jpg: the file cannot be written ({os.strerror(code)})" in str(error.value)
    assert advice in str(error.value)
    assert files(store.root) == before
    monkeypatch.undo()
    assert store.recorded("a") is not None
    assert store.recorded("b") is None


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    for path in (tmp_path / "file", tmp_path / "file" / "set"):
        with pytest.raises(UserError, match="the folder cannot be made or read"):
            SynthesisStore(path, SETTINGS)


@pytest.mark.parametrize(
    "name", ["a,b.jpg", 'say "x".jpg', "two\nlines.jpg", "re\rturn.jpg", "\udcff.jpg", "ü.jpg", ""]
)
def test_tables_keep_any_name(name):
    rows = [line("x.jpg", source=name), line("y.jpg", source="plain")]
    assert from_csv(to_csv(MANIFEST_COLUMNS, rows)) == rows
