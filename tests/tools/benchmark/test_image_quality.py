"""``tools/benchmark/image_quality.py`` with its tiny preset, on tiny procedural people."""

import contextlib
import importlib
import io
import json
import math
import re
import shutil
import sys
from types import SimpleNamespace

import pytest
import torch

from posegan_plugin.errors import UserError
from posegan_plugin.models import PoseTransferGenerator

SCRIPT = "image_quality"
pytestmark = pytest.mark.filterwarnings("ignore:Detected call of")  # run_command ignores it too
ROWS = ["camera_mean", "patn", "structural"]


@pytest.fixture(scope="module")
def benchmark(tool, tmp_path_factory):
    """Runs it in this process; folders of work, data and table, and what it printed."""
    folder = tmp_path_factory.mktemp("quality")

    def run(work, *options):
        line = ["image_quality.py", "--preset", "tiny", "--data-root", str(folder / "data")]
        line += ["--work-dir", str(work), "--out", str(work / "out"), *options]
        output = io.StringIO()
        with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(output):
            patch.setattr(sys, "argv", line)
            patch.setenv("LOCAL_RANK", "0")
            tool.main()
        table = work / "out" / "image_quality_procedural_tiny"
        return SimpleNamespace(
            work=work / "procedural_tiny",
            numbers=json.loads(table.with_suffix(".json").read_text()),
            text=table.with_suffix(".md").read_text(),
            plot=table.with_suffix(".svg").read_text(),
            output=output.getvalue(),
        )

    run.folder = folder
    return run


@pytest.fixture(scope="module")
def whole(benchmark):
    return benchmark(benchmark.folder / "whole", "--rows", *ROWS, "--seeds", "0", "1")


def test_every_row_and_seed_is_there(whole):
    runs = whole.numbers["rows"]
    assert [(r["row"], r["seed"]) for r in runs] == [
        ("camera_mean", None),
        *((row, seed) for row in ROWS[1:] for seed in (0, 1)),
    ]
    names = {"SSIM", "SSIM_patn", "mask_SSIM", "PSNR", "pose_gap", "R1_generated", "mAP_generated"}
    for run in runs:
        assert (
            names | {"diversity", "sharpness"}
            <= set(run["scores"])
            <= set(whole.numbers["protocols"])
        )
        assert all(math.isfinite(run["scores"][name]["value"]) for name in names)
        assert "LPIPS" not in run["scores"]
        assert run["scored_by"]["pairs"] == 16


def test_rows_train_on_the_same_pairs(whole):
    trained = [r for r in whole.numbers["rows"] if r["seed"] is not None]
    seen = {seed: {r["fingerprint"] for r in trained if r["seed"] == seed} for seed in (0, 1)}
    assert len(seen[0]) == len(seen[1]) == 1
    assert seen[0] != seen[1]
    # 72 people, 8 a batch: 9 batches of 4 pairs, twice.
    assert {r["samples"] for r in trained} == {72}
    assert whole.numbers["same_samples"]


def test_rows_cost_about_the_same(whole):
    cost = {r["row"]: r["gmac"] for r in whole.numbers["rows"]}
    assert cost.pop("camera_mean") == 0
    assert all(0.5 < gmac / 0.004 < 1.5 for gmac in cost.values())


def test_table(whole):
    lines = [line.split("|")[1:-1] for line in whole.text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line] for line in lines]
    head, _, *rows, real = cells
    assert [row[0] for row in rows] == [
        "mean training image of the target's camera",
        "PATN",
        "... + structural loss",
    ]
    assert {len(line) for line in cells} == {len(head)}
    column = head.index("SSIM")
    values = [r["scores"]["SSIM"]["value"] for r in whole.numbers["rows"] if r["row"] == "patn"]
    mean, spread = sum(values) / 2, abs(values[0] - values[1]) / 2**0.5
    assert rows[1][column] == f"{mean:.3f} ± {spread:.3f}"
    assert "±" not in rows[0][column]
    assert {row[head.index("LPIPS")] for row in rows} == {"not measured"}
    assert real[head.index("R1")] == (
        f"{whole.numbers['rows'][0]['scores']['R1_real']['value']:.1f}"
    )
    assert "same pairs" in whole.text
    command = "--data procedural --preset tiny --rows camera_mean patn structural --seeds 0 1`"
    assert f"`python tools/benchmark/image_quality.py {command}" in whole.text
    assert "- R1_generated: percent; nearest test image" in whole.text
    assert str(whole.work) not in whole.text + json.dumps(whole.numbers)


def test_what_it_says(whole):
    # Between mmengine's lines.
    lines = [line for line in whole.output.splitlines() if re.match(r"\d/5 |table ", line)]
    assert lines[0].startswith("1/5 camera_mean seed None: SSIM 0.")
    assert "left" not in lines[0]
    assert lines[1].startswith("2/5 patn seed 0: SSIM ")
    assert lines[1].endswith("of training left")
    assert "left" not in lines[4]
    assert lines[5].startswith("table ")


def test_plot_and_pictures(whole):
    assert "<svg" in whole.plot
    assert len(list(whole.work.glob("*/seed?/grid.png"))) == 4
    assert (whole.work / "camera_mean" / "grid.png").is_file()


def test_what_is_there_is_not_made_again(benchmark, whole, tool, monkeypatch):
    def fail(*args):
        raise AssertionError

    monkeypatch.setattr(tool.Scorer, "score", fail)
    monkeypatch.setattr("quality.training.build_runner", fail)
    again = benchmark(benchmark.folder / "whole", "--rows", *ROWS, "--seeds", "0", "1")
    assert again.numbers == whole.numbers
    with pytest.raises(AssertionError):  # other pairs: scored again, but not trained
        benchmark(benchmark.folder / "whole", "--rows", "patn", "--pairs", "15")


def test_other_key_points_need_another_folder(benchmark, whole, tool, monkeypatch, tmp_path):
    data = tmp_path / "data"
    shutil.copytree(benchmark.folder / "data", data)
    monkeypatch.setattr(tool, "train", None)  # what follows if the folder is of these people
    line = ("--data-root", str(data), "--rows", "camera_mean")
    for _ in range(2):
        with pytest.raises(TypeError):
            benchmark(tmp_path, *line)
    (file,) = data.rglob("*annotation-test.csv")
    file.write_text(file.read_text().replace(", ", ",  ", 1))
    with pytest.raises(UserError, match="holds trainings on other images or key points"):
        benchmark(tmp_path, *line)


def test_width_of_the_wanted_cost(tool):
    module = importlib.import_module("quality.cost")
    width_for, gmac = module.width_for, module.gmac

    def build(width):
        return PoseTransferGenerator((32, 16), width, num_blocks=2)

    costs = {width: gmac(build(width)) for width in (12, 16, 20)}
    assert width_for(build, 0.4 * costs[12] + 0.6 * costs[16]) == 16
    assert width_for(build, 0.6 * costs[16] + 0.4 * costs[20]) == 16
    assert width_for(build, 0) == 4
    with pytest.raises(UserError, match="costs 1000"):
        width_for(lambda width: PoseTransferGenerator((32, 16), 4, num_blocks=1), 1000)
    # By hand: a 1x1 convolution of 3 to 5 channels on 4 x 2 pixels.
    layer = torch.nn.Conv2d(3, 5, 1)
    layer.image_size, layer.num_cameras = (4, 2), 0
    layer.forward = lambda image, *poses: torch.nn.Conv2d.forward(layer, image)
    assert gmac(layer) == 3 * 5 * 4 * 2 / 1e9


@pytest.mark.parametrize(
    "row", ["no_judges", "best", "best_spectral", "paper_without_L_S", "patn_full"]
)
def test_what_a_row_changes(benchmark, whole, tool, row):
    """The full preset, whose re-ID network is not the one of the config, in small."""
    tiny = tool.PRESETS["tiny"]
    small = {"image_size": tiny.image_size, "gmac": tiny.gmac, "people": tiny.people, "batch": 4}
    preset = tool.replace(tool.PRESETS["full"], **small)
    data = ("procedural", str(benchmark.folder / "data"), preset)
    encoder = next((whole.work / "encoder").glob("*.pth"))
    configs = [
        tool.row_config(tool.base_config(*data, seed=0), preset, tool.RECIPES[name], encoder)
        for name in ("paper_4", row)
    ]
    expected, found = (c.model.to_dict() for c in configs)
    assert found["backbone"]["name"] == "osnet_x1_0"
    assert found["max_pairs"] == 4
    assert (configs[1].train_dataloader.batch_size, found["reid_checkpoint"]) == (8, str(encoder))
    different = {key for key in expected if expected[key] != found[key]}
    judges = {"appearance_discriminator", "pose_discriminator"}
    ours = {"generator", "condition_on_camera", *judges}
    assert (
        different
        == {
            "no_judges": ours,
            "best": {"generator", "condition_on_camera", "pose_discriminator", "objective"},
            "best_spectral": {*ours, "objective"},
            "paper_without_L_S": {"objective"},
            "patn_full": {"generator"},
        }[row]
    )
    digests = {tool.digest(config, encoder) for config in configs}
    assert len(digests) == 2
    for key, value in (("test_poses", 5), ("test_mirror", False)):  # no training depends on them
        assert configs[0].model[key] != value
        configs[0].model[key] = value
    assert tool.digest(configs[0], encoder) in digests


def test_a_killed_row_goes_on_to_the_same_bits(benchmark, whole, tool, monkeypatch):
    work = benchmark.folder / "killed"
    for name in ("encoder", "judge"):
        shutil.copytree(whole.work / name, work / "procedural_tiny" / name)
    hook = tool.SamplesHook.after_train_iter

    def kill(self, runner, *args, **kwargs):
        hook(self, runner, *args, **kwargs)
        if runner.iter == 13:  # in the second of two epochs
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(tool.SamplesHook, "after_train_iter", kill)
        with pytest.raises(KeyboardInterrupt):
            benchmark(work, "--rows", "patn")
    done = benchmark(work, "--rows", "patn").numbers["rows"][0]
    expected = next(r for r in whole.numbers["rows"] if (r["row"], r["seed"]) == ("patn", 0))
    assert done["seconds"] != expected["seconds"]
    assert {**done, "seconds": 0} == {**expected, "seconds": 0}
    weights = [
        torch.load(next(folder.glob("patn_*/seed0/epoch_2.pth")), weights_only=True)["state_dict"]
        for folder in (whole.work, work / "procedural_tiny")
    ]
    assert all(torch.equal(value, weights[1][name]) for name, value in weights[0].items())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--rows", "pattn"], "--rows pattn: choose from copy"),
        (["--rows", "patn_full"], "--rows patn_full"),  # of the full preset only
        (["--seeds", "0", "-1"], "--seeds must not be negative"),
        (["--samples", "0"], "--samples must be at least 1"),
    ],
)
def test_mistakes(benchmark, tmp_path, capsys, options, words):
    with pytest.raises(SystemExit):
        benchmark(tmp_path, *options)
    assert words in capsys.readouterr().err


def test_the_table_of_what_is_finished(benchmark, whole, tool, monkeypatch):
    work = benchmark.folder / "finished"
    for name in ("encoder", "judge"):
        shutil.copytree(whole.work / name, work / "procedural_tiny" / name)
    (patn,) = whole.work.glob("patn_*")
    shutil.copytree(patn / "seed1", work / "procedural_tiny" / patn.name / "seed1")
    monkeypatch.setattr(tool, "SamplesHook", None)  # no row can be trained
    found = benchmark(work, "--rows", *ROWS, "--seeds", "0", "1", "--finished")
    assert [(r["row"], r["seed"]) for r in found.numbers["rows"]] == [
        ("camera_mean", None),
        ("patn", 1),
    ]
    assert "--seeds 0 1 --finished`" in found.text
    with pytest.raises(UserError, match=r"none of these rows is in .*; train some first"):
        benchmark(work, "--rows", "best", "--finished")


def test_how_the_judges_train_is_the_benchmarks_own(tool):
    preset = tool.PRESETS["small"]
    config = tool.encoder_config(tool.base_config("market", "data", preset, seed=0), preset)
    assert config.optim_wrapper.reid.optimizer.to_dict() == {"type": "Adam", "lr": 1.5e-3}
    assert [s.type for s in config.param_scheduler] == ["LinearLR"]
    assert (config.model.reid_input.erase, config.model.objective.label_smoothing) == (0, 0)


@pytest.mark.parametrize("name", ["tiny", "small", "small128", "full"])
def test_procedural_people_make_enough_pairs(tool, name):
    preset = tool.PRESETS[name]
    source = tool.base_config("procedural", "data", preset, seed=0).test_dataset.source
    images = source.cameras_per_id * source.images_per_camera
    assert source.num_test_ids * images * (images - 1) >= preset.pairs


def test_too_many_pairs(benchmark, tmp_path):
    with pytest.raises(UserError, match=r"--pairs 5000: .* only 120 pairs"):
        benchmark(tmp_path, "--pairs", "5000")
