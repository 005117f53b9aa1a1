import random

import numpy as np
import torch

from posegan_plugin.checkpoint import read_checkpoint, save_checkpoint
from posegan_plugin.training import random_state, restore_random_state


def draw():
    """Numbers of every generator; both normal ones keep a second number for later."""
    return (
        [random.random(), random.gauss(0, 1)],
        [float(np.random.rand()), float(np.random.normal())],
        torch.randn(3).tolist(),
    )


def test_numbers_go_on_after_a_stay_on_the_disk(tmp_path):
    draw()
    save_checkpoint({"random": random_state()}, tmp_path / "a.pth")
    expected = [draw() for _ in range(3)]
    random.seed(1), np.random.seed(1), torch.manual_seed(1)
    assert draw() != expected[0]
    restore_random_state(read_checkpoint(tmp_path / "a.pth")["random"])
    assert [draw() for _ in range(3)] == expected


def test_looking_draws_nothing():
    torch.manual_seed(0), np.random.seed(0), random.seed(0)
    expected = draw()
    torch.manual_seed(0), np.random.seed(0), random.seed(0)
    random_state()
    assert draw() == expected


class OnAnotherDevice(torch.Tensor):
    """As on a GPU, where mmengine loads the checkpoint that it resumes from: no NumPy array."""

    def numpy(self):
        raise TypeError("can't convert cuda:0 device type tensor to numpy")

    def cpu(self):
        return self.as_subclass(torch.Tensor)


def test_state_that_was_loaded_to_another_device():
    state = random_state()
    expected = draw()
    state["numpy"][1] = state["numpy"][1].as_subclass(OnAnotherDevice)
    state["torch"] = state["torch"].as_subclass(OnAnotherDevice)
    restore_random_state(state)
    assert draw() == expected
