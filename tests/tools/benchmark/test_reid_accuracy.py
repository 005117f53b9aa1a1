"""``tools/benchmark/reid_accuracy.py`` with its tiny preset, on tiny procedural people."""

import contextlib
import io
import json
import shutil
import sys
from types import SimpleNamespace

import pytest
import torch

pytest.importorskip("torchreid")

from posegan_plugin.augment import pose_transfer as augment
from posegan_plugin.errors import UserError
from posegan_plugin.for_torchreid.resolver import torchreid_module
from posegan_plugin.images import resize_images

SCRIPT = "reid_accuracy"
SCORES = ["R1", "R5", "R10", "mAP", "mINP"]
pytestmark = pytest.mark.filterwarnings("ignore:Detected call of")  # run_command ignores it too


@pytest.fixture(scope="module")
def benchmark(tool, tmp_path_factory):
    """Runs it in this process; folders of work and results, and what it printed."""
    folder = tmp_path_factory.mktemp("accuracy")

    def run(work, *options):
        line = ["reid_accuracy.py", "--preset", "tiny", "--work-dir", str(work)]
        output = io.StringIO()
        with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(output):
            patch.setattr(sys, "argv", [*line, "--out", str(work / "out"), *options])
            patch.setenv("LOCAL_RANK", "0")
            tool.Benchmark(tool.parse_args()).run()
        path = work / "out" / "reid_accuracy_procedural_tiny"
        return SimpleNamespace(
            work=work / "procedural_tiny",
            numbers=json.loads(path.with_suffix(".json").read_text()),
            text=path.with_suffix(".md").read_text(),
            plot=path.with_suffix(".svg").read_text(),
            output=output.getvalue(),
        )

    run.folder = folder
    return run


@pytest.fixture(scope="module")
def joint(benchmark):
    """One row of mmengine, whose generator the others use."""
    line = ("--rows", "joint", "--seeds", "0", "--tune", "none", "--poses", "mirror", "0", "2")
    return benchmark(benchmark.folder / "all", *line)


@pytest.fixture(scope="module")
def generator(joint):
    return str(next(joint.work.glob("joint_*/seed0/epoch_2.pth")))


@pytest.fixture(scope="module")
def whole(benchmark, generator):
    """Two seeds of two rows, one of which has no generator of its own."""
    line = ("--rows", "softmax", "online_4", "--seeds", "0", "1", "--tune", "none", "--poses", "2")
    return benchmark(benchmark.folder / "all", *line, "--generator", generator)


def cells(text, heading):
    """Rows of the table behind a heading."""
    lines = text.split(heading)[1].strip().split("\n\n")[0].splitlines()
    return [[c.strip() for c in line.split("|")[1:-1]] for line in lines]


def test_every_row_and_seed_is_there(whole):
    runs = whole.numbers["rows"]
    names = ("softmax", "online_4")
    assert [(r["row"], r["seed"]) for r in runs] == [(n, s) for n in names for s in (0, 1)]
    for run in runs:
        assert list(run["scores"]) == SCORES
        assert all(0 <= value <= 100 for value in run["scores"].values())
        assert run["setting"] == {
            **{"lr": 2e-3, "epochs": 2, "erase": False},
            "knob": "cross_camera" if run["row"] == "online_4" else None,
        }
        # 15 people in 2 cameras, 2 images each: 5 batches of 12.
        assert (run["steps"], list(run["poses"])) == (10, ["2"])
        assert run["seconds"] > 0


def test_scores_are_those_of_the_toolbox(whole):
    for run in whole.numbers["rows"]:
        for name, value in run["toolbox"].items():
            assert run["scores"][name] == pytest.approx(value, abs=1e-4)


def test_table(whole):
    head, _, softmax, online = cells(whole.text, "Equal number of epochs:")
    runs = whole.numbers["rows"]
    names = ("softmax", "online_4")
    values = [[r["scores"]["mAP"] for r in runs if r["row"] == n] for n in names]
    scores, column = [sum(v) / 2 for v in values], head.index("mAP")
    spread = abs(values[1][0] - values[1][1]) / 2**0.5
    assert online[column] == f"{scores[1]:.1f} ± {spread:.1f}"
    assert softmax[head.index("mAP gain")] == "+0.0"
    assert online[head.index("mAP gain")] == f"{scores[1] - scores[0]:+.1f}"
    assert (softmax[0], online[0]) == ("toolbox softmax", "softmax + online synthesis 1/4")
    posed = cells(whole.text, "Averaged over standard poses:")
    assert [line[2] for line in posed[2:]] == ["2", "2"]
    means = [sum(r["poses"]["2"]["mAP"] for r in runs if r["row"] == n) / 2 for n in names]
    gains = [f"{mean - means[0]:+.1f}" for mean in means]
    assert [line[posed[0].index("mAP gain")] for line in posed[2:]] == gains
    assert "--rows softmax online_4 --seeds 0 1 --generator CHECKPOINT --poses 2" in whole.text
    assert "<svg" in whole.plot
    assert str(whole.work) not in whole.text + json.dumps(whole.numbers)


def test_joint(joint, generator):
    (run,) = joint.numbers["rows"]
    # 60 images: 6 batches of 9, and second images of 3 people.
    assert (run["row"], run["steps"], run["toolbox"]) == ("joint", 12, None)
    assert list(run["poses"]) == ["mirror", "0", "2"]
    assert run["poses_drawn_by"] == "own"
    info = torch.load(generator, weights_only=False)["message_hub"]["runtime_info"]
    assert info["seconds"] == run["seconds"] > 0


def test_what_is_there_is_not_made_again(benchmark, whole, generator, monkeypatch):
    def fail(*args):
        raise AssertionError

    monkeypatch.setattr("reid.toolbox.build_engine", fail)
    line = ("--rows", "softmax", "online_4", "--seeds", "0", "1", "--tune", "none", "--poses", "2")
    again = benchmark(benchmark.folder / "all", *line, "--generator", generator)
    assert again.numbers == whole.numbers
    assert "in " + str(whole.work) not in again.output
    with pytest.raises(AssertionError):
        benchmark(benchmark.folder / "all", "--rows", "triplet", "--seeds", "0", "--tune", "none")


def test_tables_of_what_is_there(benchmark, whole, generator, monkeypatch):
    monkeypatch.setattr("reid.toolbox.build_engine", None)
    line = ("--rows", "softmax", "offline", "online_4", "--seeds", "1", "2", "--kept")
    line += ("--equal-time", "softmax", "--generator", generator)
    kept = benchmark(benchmark.folder / "all", *line, "--tune", "none", "--poses", "2", "3")
    assert "offline seed 1: no result is kept" in kept.output
    assert [(r["row"], r["seed"]) for r in kept.numbers["rows"]] == [
        ("softmax", 1),
        ("online_4", 1),
    ]
    assert kept.numbers["rows"][0]["poses"].keys() == {"2"}
    assert kept.numbers["equal_time"][0] == kept.numbers["rows"][0]
    posed = cells(kept.text, "Averaged over standard poses, equal time:")
    assert posed[2][:3] == ["toolbox softmax", "1", "2"]
    assert not list(whole.work.glob("offline*"))
    benchmark(benchmark.folder / "all", *line, "--tune", "none", "--table", "again")
    text = (benchmark.folder / "all/out/reid_accuracy_procedural_tiny_again.md").read_text()
    assert cells(text, "Equal number of epochs:") == cells(kept.text, "Equal number of epochs:")
    assert "--kept --table again`" in text
    none = ("--rows", "softmax", "triplet", "--seeds", "0", "--kept", "--equal-time", "triplet")
    with pytest.raises(UserError, match=r"--equal-time triplet: that row has no result"):
        benchmark(benchmark.folder / "all", *none, "--tune", "none")
    with pytest.raises(UserError, match=r"--kept: softmax with Setting.* 1000 is not among"):
        benchmark(benchmark.folder / "all", *line)


def test_results_of_another_machine_count(benchmark, whole, generator, tmp_path, monkeypatch):
    """The file of results alone, without the work dir."""
    shutil.copytree(whole.work / "people", tmp_path / "procedural_tiny" / "people")
    name = "reid_accuracy_procedural_tiny_runs.json"
    (tmp_path / "out").mkdir()
    shutil.copy(whole.work.parent / "out" / name, tmp_path / "out" / name)
    line = ("--rows", "softmax", "online_4", "--seeds", "0", "1", "--tune", "none", "--poses", "2")
    with monkeypatch.context() as patch:
        patch.setattr("reid.toolbox.build_engine", None)
        found = benchmark(tmp_path, *line, "--generator", generator)
    assert found.numbers["rows"] == whole.numbers["rows"]
    # A teacher's result is there, and its weights are not.
    line = ("--rows", "label_teacher", "--seeds", "0", "--tune", "none")
    asked = benchmark(tmp_path, *line, "--generator", generator, "--kept")
    assert "label_teacher seed 0: no result is kept" in asked.output
    assert not list(asked.work.glob("softmax_*"))  # it is not trained to say so
    (taught,) = benchmark(tmp_path, *line, "--generator", generator).numbers["rows"]
    assert taught["steps"] == 10
    assert len(list(found.work.glob("softmax_*/seed0/model/*-2"))) == 1


@pytest.mark.parametrize("text", ["{", "[]", '{"softmax": 3}'])
def test_a_damaged_file_of_results_is_named(benchmark, tmp_path, text):
    path = tmp_path / "out" / "reid_accuracy_procedural_tiny_runs.json"
    path.parent.mkdir()
    path.write_text(text)
    with pytest.raises(UserError, match=f"{path.name} is no file of results"):
        benchmark(tmp_path, "--rows", "softmax", "--seeds", "0", "--tune", "none")
    assert path.read_text() == text


def test_offline_and_a_teacher(benchmark, whole, generator):
    line = ("--rows", "offline", "label_teacher", "--seeds", "0", "--tune", "none")
    found = benchmark(benchmark.folder / "all", *line, "--generator", generator)
    assert [(r["row"], r["steps"]) for r in found.numbers["rows"]] == [
        ("offline", 20),  # beside each real image one synthesised
        ("label_teacher", 10),
    ]
    (rendered,) = found.work.glob("offline-cross_camera-*")
    assert len(list(rendered.rglob("bounding_box_train/*.jpg"))) == 2 * 60
    assert found.output.count("softmax seed 0") == 0  # the teacher was there
    head, _, first, _ = cells(found.text, "Equal number of epochs:")
    assert first[head.index("mAP gain")] == ""  # there is no toolbox row to compare with


def test_real_people_in_place_of_synthesised_ones(benchmark, whole, generator, monkeypatch):
    added = []

    def transfer(network, conditions, *others):
        images = pose_transfer(network, conditions, *others)
        inner = resize_images(conditions, tuple(network.image_size))
        added.append(torch.equal(images, resize_images(inner, tuple(conditions.shape[-2:]))))
        return images

    pose_transfer = augment.transfer
    monkeypatch.setattr(augment, "transfer", transfer)
    line = ("--rows", "online_4", "shrunk_4", "--seeds", "0", "--tune", "none")
    found = benchmark(benchmark.folder / "all", *line, "--generator", generator)
    assert [(r["row"], r["steps"]) for r in found.numbers["rows"]] == [
        ("online_4", 10),  # not trained again
        ("shrunk_4", 10),
    ]
    assert added == [True] * 10


def test_a_killed_row_goes_on_to_the_same_bits(benchmark, whole, monkeypatch):
    work = benchmark.folder / "killed"
    shutil.copytree(whole.work / "people", work / "procedural_tiny" / "people", symlinks=True)
    base = torchreid_module("engine").Engine
    parse, seen = base.parse_data_for_train, []

    def kill(engine, batch):
        seen.append(batch)
        if len(seen) == 8:  # in the second of two epochs
            raise KeyboardInterrupt
        return parse(engine, batch)

    with monkeypatch.context() as patch:
        patch.setattr(base, "parse_data_for_train", kill)
        with pytest.raises(KeyboardInterrupt):
            benchmark(work, "--rows", "softmax", "--seeds", "0", "--tune", "none")
    (done,) = benchmark(work, "--rows", "softmax", "--seeds", "0", "--tune", "none").numbers["rows"]
    expected = next(r for r in whole.numbers["rows"] if (r["row"], r["seed"]) == ("softmax", 0))
    assert done["scores"] == expected["scores"]
    weights = [
        torch.load(next(folder.glob("softmax_*/seed0/model/*-2")), weights_only=True)["state_dict"]
        for folder in (whole.work, work / "procedural_tiny")
    ]
    assert all(torch.equal(value, weights[1][name]) for name, value in weights[0].items())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--rows", "softmaks"], "--rows softmaks: choose from main"),
        (["--rows", "main"], "--rows online_8 needs --generator"),
        (["--rows", "softmax", "--poses", "2"], "softmax has no generator of its own"),
        (["--rows", "real_joint", "--poses", "2"], "real_joint has no generator of its own"),
        (["--rows", "joint", "--seeds", "-1"], "--seeds must not be negative"),
        (["--rows", "joint", "--poses", "some"], "some is neither a number, nor mirror, nor"),
        (["--rows", "joint", "--epochs", "1", "3", "2"], "--epochs takes three rising numbers"),
        (["--rows", "joint", "--equal-time", "softmax"], "softmax is not among --rows"),
        (["--rows", "joint", "--table", "runs"], "--table takes letters"),
        (["--rows", "joint", "--table", "a/b"], "--table takes letters"),
    ],
)
def test_mistakes(benchmark, tmp_path, capsys, options, words):
    with pytest.raises(SystemExit):
        benchmark(tmp_path, *options)
    assert words in capsys.readouterr().err


def test_no_such_people(benchmark, tmp_path):
    with pytest.raises(UserError, match=r"--data-root .* has a folder bounding_box_train"):
        benchmark(tmp_path, "--data", "market", "--data-root", str(tmp_path), "--rows", "softmax")
