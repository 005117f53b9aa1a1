"""What ``tools/benchmark/reid_accuracy.py`` makes of trained networks: results, poses."""

import threading
from types import SimpleNamespace

import pytest
import torch

pytest.importorskip("torchreid")


def test_two_processes_share_a_store(parts, tmp_path):
    first, second = (parts.store.Store(tmp_path / "runs.json") for _ in range(2))
    first.put("a", {"seed": 0})
    second.put("b", {"seed": 1})
    first.put("c", {"seed": 2})
    assert (first.get("b"), second.get("c")) == ({"seed": 1}, {"seed": 2})


def test_no_result_is_lost_where_two_are_put_at_once(parts, tmp_path, monkeypatch):
    """The second comes while the first has read the file and not yet written it."""
    stores = [parts.store.Store(tmp_path / "runs.json") for _ in range(2)]
    other = threading.Thread(target=stores[1].put, args=("b", {"seed": 1}))
    write = parts.store.write_atomic

    def slowly(*args):
        if threading.current_thread() is not other:
            other.start()
            other.join(timeout=0.2)
        write(*args)

    monkeypatch.setattr(parts.store, "write_atomic", slowly)
    stores[0].put("a", {"seed": 0})
    other.join()
    assert (stores[0].get("a"), stores[0].get("b")) == ({"seed": 0}, {"seed": 1})


def drawer(weight):
    network = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.constant_(network.weight, weight)
    return SimpleNamespace(generator=network, need_generator=lambda: network)


def test_poses_belong_to_the_generator_that_drew_them(parts, people, tmp_path):
    preset = parts.presets.PRESETS["tiny"]
    settings = {"softmax": parts.search.untuned(parts.families.FAMILIES["softmax"], preset)}
    store = parts.store.Store(tmp_path / "runs.json")
    first, second = (drawer(weight) for weight in (1.0, 2.0))

    def poses(generator, *names, trains=True):
        views = [parts.scoring.Views.parse(name) for name in names]
        runs = parts.runs.Runs(people, preset, tmp_path, generator, "cpu", store, trains)
        trained = parts.trained.Trained(None, None, 1.0, 1)
        training = SimpleNamespace(train=lambda folder: trained)
        runs._named = lambda *_: ("softmax_1/seed0", training)
        runs._scorer = SimpleNamespace(
            plain=lambda network: {"R1": 0.0},
            averaged=lambda network, k: [network.generator.weight.item(), str(k)],
        )
        return runs.result("softmax", 0, settings, views)["poses"]

    assert poses(first, "2", "mirror") == {"mirror": [1.0, "mirror"], "2": [1.0, "2"]}
    assert poses(None, "mirror") == {"mirror": [1.0, "mirror"]}
    kept = poses(second, "2", "mirror", trains=False)
    assert kept == {"mirror": [1.0, "mirror"]}
    assert poses(second, "2+mirror") == {"2+mirror": [2.0, "2+mirror"]}
    assert poses(second, "2") == {"2": [2.0, "2"]}
    assert poses(drawer(1.0), "2", trains=False) == {"2": [1.0, "2"]}  # of equal weights


def test_where_and_when_a_network_was_trained(parts, people, tmp_path, monkeypatch):
    """A score that is added to a kept result leaves that; a training made anew does not."""
    preset = parts.presets.PRESETS["tiny"]
    settings = {"softmax": parts.search.untuned(parts.families.FAMILIES["softmax"], preset)}
    store = parts.store.Store(tmp_path / "runs.json")
    view = parts.scoring.Views(mirror=True)

    def made(day, seconds, *views):
        monkeypatch.setattr(
            parts.runs,
            "environment",
            lambda _: {"hardware": "an abacus", "versions": "1", "date": day},
        )
        runs = parts.runs.Runs(people, preset, tmp_path, None, "cpu", store)
        trained = parts.trained.Trained(None, None, seconds, 1)
        runs._named = lambda *_: ("softmax_1/seed0", SimpleNamespace(train=lambda _: trained))
        runs._scorer = SimpleNamespace(plain=lambda _: {}, averaged=lambda *_: {})
        return runs.result("softmax", 0, settings, views)["date"]

    assert made("Monday", 1.0) == "Monday"
    assert made("Tuesday", 1.0, view) == "Monday"
    assert made("Wednesday", 2.0, view, parts.scoring.Views(poses=0)) == "Wednesday"


def test_a_person_and_its_mirror_image(parts, monkeypatch):
    scoring = parts.scoring
    images = torch.zeros(1, 3, 2, 2)
    images[..., 0] = 3.0
    monkeypatch.setattr(scoring, "read_images", lambda people, rows: images)
    monkeypatch.setattr(scoring.Scorer, "_test", None)
    monkeypatch.setattr(scoring.Scorer, "_scores", lambda self, describe: describe(None))
    scorer = scoring.Scorer(None, parts.presets.PRESETS["tiny"], "cpu")
    offset = torch.tensor([0.0, 4.0])
    columns = parts.trained.Trained(lambda x: x[:, 0].mean(dim=1) + offset, None, 0.0, 0)
    # (3, 4) / 5 and (0, 4) / 4, whose mean is (0.3, 0.9)
    found = scorer.averaged(columns, scoring.Views.parse("mirror"))
    assert found[0].tolist() == pytest.approx([0.1**0.5, 0.9**0.5])


@pytest.mark.parametrize(
    ("text", "poses", "mirror", "label"),
    [
        ("0", 0, False, "image"),
        ("12", 12, False, "12 poses"),
        ("mirror", 0, True, "mirror"),
        ("2+mirror", 2, True, "2 poses and mirror"),
    ],
)
def test_views_by_name(parts, text, poses, mirror, label):
    views = parts.scoring.Views.parse(text)
    assert views == parts.scoring.Views(poses, mirror)
    assert str(views) == text
    assert views.label == label


def test_poses_and_their_mirror_images(parts, monkeypatch):
    scoring, given = parts.scoring, []
    monkeypatch.setattr(scoring, "read_images", lambda people, rows: "images")
    monkeypatch.setattr(scoring, "describe_in_poses", lambda *args: given.extend(args))
    monkeypatch.setattr(scoring.Scorer, "_test", SimpleNamespace(keypoints="keypoints"))
    monkeypatch.setattr(scoring.Scorer, "_poses", lambda self, count: count)
    monkeypatch.setattr(scoring.Scorer, "_scores", lambda self, describe, *rest: describe(0, *rest))
    scorer = scoring.Scorer(None, parts.presets.PRESETS["tiny"], "cpu")
    left = parts.trained.Trained(lambda x: x[:, 0, 0] + 1, "generator", 0.0, 0)
    scorer.averaged(left, scoring.Views(2, mirror=True))
    assert given[1:] == ["generator", "images", "keypoints", 2]
    one_sided = torch.tensor([[[[3.0, 0.0]]]])  # (4, 1) and (1, 4)
    assert given[0](one_sided)[0].tolist() == pytest.approx([0.5**0.5] * 2)
