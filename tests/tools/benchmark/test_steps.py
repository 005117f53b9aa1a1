"""Tiny runs of the benchmarks of training steps; what they say, not how fast it is."""

from pathlib import Path

import pytest
import torch

from posegan_plugin.errors import UserError

FOLDER = Path(__file__).parents[3] / "tools" / "benchmark"


def test_joint_step(run, monkeypatch):
    def no_compiler(device):
        raise UserError("compile: torch.compile does not work on this machine")

    monkeypatch.setattr("posegan_plugin.training.compilation.check_compiler", no_compiler)
    names = ["plain", "AMP", "compile"]
    content, rows = run("joint_step", "--batches", 8, "--rows", *names)
    assert [r["row"] for r in rows] == names
    by_name = {r["row"]: r for r in rows}
    assert by_name["plain"]["ratio to plain"] == 1
    assert by_name["compile"]["samples/s"] is by_name["compile"]["ratio to plain"] is None
    for name in ("plain", "AMP"):
        assert by_name[name]["samples/s"] > 0
        assert 0 < by_name[name]["share of matrix peak"] < 2  # of other jobs' leavings
        assert by_name[name]["batch"] == 8
    assert any("Not measured: a GPU" in note for note in content["notes"])


@pytest.mark.parametrize("groups", [1, 2, 6])
@pytest.mark.parametrize("wanted", [(True, True), (False, True)])
def test_flops_of_a_convolution(load, groups, wanted):
    flops = load("joint_step").flops
    convolution = torch.nn.Conv2d(6, 12, 3, padding=1, groups=groups, bias=False)
    x = torch.randn(2, 6, 5, 4, requires_grad=wanted[0])
    products = 2 * 12 * 5 * 4 * 6 // groups * 9
    assert flops(lambda: convolution(x).sum().backward()) == 2 * products * (1 + sum(wanted))


def test_online_step(run):
    content, rows = run(
        "online_step", "--batches", 10, "--backbones", "osnet_x0_25", "--generators", "demo", "full"
    )
    assert [(r["backbone"], r["generator"], r["people"]) for r in rows] == [
        ("osnet_x0_25", "demo", 10),
        ("osnet_x0_25", "full", 10),
    ]
    for row in rows:
        assert row["ratio to plain"] == pytest.approx(row["mixed, ms"] / row["plain, ms"])
    # The same plain step stands beside both.
    assert rows[0]["plain, ms"] == rows[1]["plain, ms"]
    assert content["columns"][0] == "ratio to plain"
