import os
import re
import shlex
import signal
import sys

import pytest
import yaml

pytest.importorskip("torchreid")

from posegan_plugin.comparison import differing_entries
from posegan_plugin.for_torchreid.checkpoint_files import read_toolbox_checkpoint
from posegan_plugin.for_torchreid.resolver import torchreid_module

NAMES = ("reid", "generator", "appearance_discriminator", "pose_discriminator")


@pytest.fixture
def run(tool, market, base_config, tmp_path, monkeypatch, capfd):
    """Runs the tool's main(), with a signal at a step; its exit code and what it printed."""

    def main(section, *opts, signal_at=None):
        data = {**base_config["data"], "transforms": ["random_flip", "random_erase"]}
        config = {**base_config, "data": data, "posegan": section}
        (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
        line = ["tool.py", "--config-file", str(tmp_path / "config.yaml"), "--root", str(market)]
        steps = []
        with pytest.MonkeyPatch.context() as patch:
            update = torchreid_module("utils").MetricMeter.update

            def strike(meter, log):
                steps.append(log)
                if len(steps) == signal_at:
                    os.kill(os.getpid(), signal.SIGTERM)
                return update(meter, log)

            patch.setattr(torchreid_module("engine.engine").MetricMeter, "update", strike)
            patch.setattr(sys, "argv", [*line, *opts])
            try:
                tool.main()
                code = 0
            except SystemExit as stop:
                code = stop.code
        return code, capfd.readouterr()

    return main


def final(folder, names):
    states = {n: read_toolbox_checkpoint(folder / n / "model.pth.tar-2") for n in names}
    for state in states.values():
        del state["temporary"]
    return states


@pytest.mark.parametrize("workers", [0, 1])
@pytest.mark.parametrize("mode", ["joint", "online_quartet", "online", "baseline"])
def test_a_signal_loses_nothing(run, joint_training, posegan, tmp_path, mode, workers):
    options = {"checkpoint": str(joint_training[1])} if mode.startswith("online") else {}
    if mode == "online_quartet":
        options["augment"] = {"warmup": 0.5}
    section, names = posegan(mode, **options), NAMES if mode == "joint" else ("model",)
    opts = ("data.workers", str(workers))
    whole, folder = tmp_path / "whole", tmp_path / "run"
    code, printed = run(section, *opts, "data.save_dir", str(whole))
    assert code == 0, printed.err

    code, printed = run(section, *opts, "data.save_dir", str(folder), signal_at=6)
    assert code == 143
    message = printed.err.splitlines()[-1]
    # The sampler's first epoch has three batches or four.
    done = int(re.match(r"interrupted in epoch 2 after ([23]) of 4 batches, saved in ", message)[1])
    line = shlex.split(message.split("go on with: ")[1])
    assert line[-2:] == ["model.resume", str(folder)]
    code, printed = run(section, *line[6:])
    assert code == 0, printed.err
    assert f"after epoch 1 and {done} batches\n" in printed.out
    assert f"epoch: [2/2][{done}/4]" not in printed.out
    assert differing_entries(final(whole, names), final(folder, names)) == []
