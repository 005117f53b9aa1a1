import io
import logging
import sys
from types import SimpleNamespace

import pytest
import torch

from posegan_plugin.for_mmengine.hooks import ProgressBarHook
from posegan_plugin.for_mmengine.hooks import progress_bar as module


class Terminal(io.StringIO):
    def __init__(self, terminal):
        super().__init__()
        self.terminal = terminal

    def isatty(self):
        return self.terminal


def shown(monkeypatch, terminal=True, main=True, start=0):
    stream = Terminal(terminal)
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(module, "is_main_process", lambda: main)
    logger = logging.Logger("test_progress_bar")
    logger.addHandler(logging.StreamHandler(stream))
    handlers = list(logger.handlers)
    runner = SimpleNamespace(max_iters=8, iter=start, epoch=1, max_epochs=4, logger=logger)
    hook = ProgressBarHook()
    hook.before_train(runner)
    outputs = {"loss_id": torch.tensor(1.25), "loss_quartet": torch.tensor(-0.5), "loss": 3}
    for i in range(start, 8):
        hook.after_train_iter(runner, i, outputs=outputs)
        if i == 6:
            logger.warning("A line of the log.")
    hook.after_train(runner)
    assert logger.handlers == handlers
    return stream.getvalue()


def test_on_a_terminal(monkeypatch):
    text = shown(monkeypatch)
    assert "training: 100%" in text
    assert "8/8" in text
    assert "epoch=2/4" in text
    assert "loss_id=1.250" in text
    assert "loss_quartet=-0.500" in text


def test_lines_of_the_log_go_above_the_bar(monkeypatch):
    screen = shown(monkeypatch)
    lines = [part for row in screen.split("\n") for part in row.split("\r")]
    assert "A line of the log." in [line.strip() for line in lines]


def test_a_resumed_training_starts_where_it_stands(monkeypatch):
    text = shown(monkeypatch, start=6)
    assert "6/8" in text
    assert "8/8" in text
    assert " 0/8" not in text


@pytest.mark.parametrize(("terminal", "main"), [(False, True), (True, False)])
def test_silent_elsewhere(monkeypatch, terminal, main):
    assert shown(monkeypatch, terminal, main) == "A line of the log.\n"
