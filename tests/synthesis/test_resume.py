import itertools
import os
import threading
from dataclasses import replace

import pytest

from posegan_plugin.errors import UserError
from posegan_plugin.pose import write_atomic
from posegan_plugin.synthesis import Process, run

MODULES = ("synthesis.store", "pose.keypoint_csv", "visualization.grid")


class Killed(BaseException):
    """Ends a run as a signal would: no handler of the package sees it coming."""


@pytest.fixture
def killed_at(monkeypatch):
    """Makes the n-th file that is written from now on the last; it stays behind half-written."""

    def arm(last):
        count, lock = iter(range(1, 100000)), threading.Lock()

        def write(path, data):
            with lock:
                number = next(count)
            if number >= last:
                path.parent.mkdir(exist_ok=True)
                path.with_name(f".{number:016x}.tmp").write_bytes(data[: len(data) // 2])
                raise Killed
            write_atomic(path, data)

        for module in MODULES:
            monkeypatch.setattr(f"posegan_plugin.{module}.write_atomic", write)

    return arm


def visible(files):
    return {k: v for k, v in files.items() if "/." not in f"/{k}"}


@pytest.mark.parametrize("workers", [1, 3])
def test_killed_again_and_again(make, whole, content, tmp_path, killed_at, workers):
    expected, kills = content(whole), 0
    for last in (1, 2, 60, 3, 97, 1, 80, 17, 5, 3):
        killed_at(last)
        try:
            make(tmp_path, workers=workers)
        except Killed:
            kills += 1
        found = visible(content(tmp_path))
        assert found == {k: expected[k] for k in found}  # what can be seen is whole
    assert kills == 10
    killed_at(100000)
    make(tmp_path, workers=workers)
    assert content(tmp_path) == expected


@pytest.mark.parametrize("before_the_end", [0, 2, 4, 5])
def test_killed_while_finishing(make, whole, content, tmp_path, killed_at, before_the_end):
    # 240 images, 10 journals (9 of 16 images, 1 of copies), then two csv files of key points, the
    # preview, real.csv and manifest.csv, after the settings.
    last = 1 + 240 + 10 + 5 - before_the_end
    killed_at(last)
    with pytest.raises(Killed):
        make(tmp_path)
    assert not (tmp_path / "manifest.csv").exists()
    killed_at(100000)
    assert make(tmp_path).made == (0 if before_the_end < 5 else 16)
    assert content(tmp_path) == content(whole)


def test_killed_between_manifest_and_tidying(make, whole, content, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("shutil.rmtree", lambda *_, **__: (_ for _ in ()).throw(Killed))
        with pytest.raises(Killed):
            make(tmp_path)
    assert (tmp_path / ".journal").is_dir()
    make(tmp_path)
    assert content(tmp_path) == content(whole)
    assert not (tmp_path / ".journal").exists()


def test_full_disk_is_one_sentence_and_loses_nothing(
    make, whole, content, tmp_path, monkeypatch, killed_at
):
    with monkeypatch.context() as patch:
        calls = iter(range(1000))

        def fsync(_):
            if next(calls) > 300:  # two for each file: its content and its name
                raise OSError(28, "No space left on device")

        patch.setattr("os.fsync", fsync)
        with pytest.raises(UserError, match=r"No space left on device.*make room"):
            make(tmp_path)
    assert not list(tmp_path.rglob("*.tmp"))
    expected, found = content(whole), visible(content(tmp_path))
    assert len(found) > 100
    assert found == {k: expected[k] for k in found}
    assert make(tmp_path).made < 144
    assert content(tmp_path) == expected


class TestProcesses:
    def test_the_last_one_finishes(self, make, whole, content, tmp_path):
        first = make(tmp_path, process=Process(0, 2))
        assert (first.missing, first.manifest) == (4, [])
        assert "4 parts are left to other processes" in first.table()
        assert not (tmp_path / "manifest.csv").exists()
        second = make(tmp_path, process=Process(1, 2))
        assert (first.made + second.made, second.missing) == (144, 0)
        assert content(tmp_path) == content(whole)

    def test_side_by_side(self, make, whole, content, tmp_path):
        threads = [
            threading.Thread(target=make, args=(tmp_path,), kwargs={"process": Process(rank, 3)})
            for rank in range(3)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert content(tmp_path) == content(whole)

    def test_one_that_died_is_made_up_for_by_another_number_of_them(
        self, make, whole, content, tmp_path, killed_at
    ):
        make(tmp_path, process=Process(0, 3))
        killed_at(30)
        with pytest.raises(Killed):
            make(tmp_path, process=Process(1, 3))
        killed_at(100000)
        assert make(tmp_path, process=Process(2, 3)).missing > 0
        assert make(tmp_path).missing == 0
        assert content(tmp_path) == content(whole)

    def test_one_that_comes_late(self, make, tmp_path, monkeypatch):
        """Another process finishes the set while this one is at work."""
        work = run._work

        def meanwhile(*arguments):
            done = work(*arguments)
            if arguments[3] == "synthesising":
                with monkeypatch.context() as patch:
                    patch.setattr(run, "_work", work)
                    make(tmp_path, limit=4)
            return done

        monkeypatch.setattr(run, "_work", meanwhile)
        report = make(tmp_path, limit=4)
        assert report.finished_elsewhere
        assert "finished by another process" in report.table()

    def test_one_that_works_on_the_same_share(self, make, content, tmp_path, monkeypatch):
        """Another process finishes the set while this one is writing an image."""
        fsync, calls = os.fsync, itertools.count()

        def meanwhile(descriptor):
            if next(calls) == 2:  # after the settings and their folder: the first image
                make(tmp_path / "a", limit=4)
            fsync(descriptor)

        monkeypatch.setattr(os, "fsync", meanwhile)
        report = make(tmp_path / "a", limit=4)
        assert report.finished_elsewhere
        make(tmp_path / "b", limit=4)
        assert content(tmp_path / "a") == content(tmp_path / "b")


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"seed": 1}, "seed 0"),
        ({"poses": 3}, "poses none"),
        ({"amp": True}, "amp false"),
        ({"batch_size": 8}, "batch_size 16"),
        ({"real": "none"}, 'real "copy"'),
        ({"target": "any"}, 'target "same_id"'),
    ],
)
def test_other_options(make, whole, content, changed, name):
    before = content(whole)
    with pytest.raises(UserError, match=f"was begun with {name}"):
        make(whole, **changed)
    assert content(whole) == before


def test_another_checkpoint(make, whole, other_networks):
    networks = other_networks()
    networks.hashes["checkpoint_sha256"] = "d" * 64
    with pytest.raises(
        UserError, match=f'begun with checkpoint_sha256 "{"c" * 64}", .*"{"d" * 64}"'
    ):
        make(whole, networks=networks)


def test_other_people(make, whole, people, keypoints):
    with pytest.raises(UserError, match="begun with people_sha256"):
        make(whole, splits=replace(people, train=people.train[1:]))
    name = people.train[0].path.rsplit("/", 1)[1]
    moved = {**keypoints, name: keypoints[name] + [1, 0, 0]}
    with pytest.raises(UserError, match="begun with people_sha256"):
        make(whole, points=moved)


def test_an_image_that_was_removed(make, content, whole, tmp_path):
    make(tmp_path, limit=4)
    next((tmp_path / "bounding_box_train").glob("*s0_*")).unlink()
    with pytest.raises(UserError, match="is a finished set, but 1 of its images are gone"):
        make(tmp_path, limit=4)
