import pytest
from mmengine.hooks import Hook

from posegan_plugin.for_mmengine.hooks import CheckpointFormatHook, ScheduleHook

DECAY = {"type": "LinearLR", "start_factor": 1.0, "end_factor": 0.0}
WARMUP = {"type": "LinearLR", "start_factor": 0.5, "by_epoch": False, "end": 3}


class Rates(Hook):
    """The rate of each step; a factor stands for a user's own ways to change it."""

    def __init__(self, factor):
        self.found, self.factor = {}, factor

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        self.found[runner.iter] = runner.optim_wrapper.get_lr()["line.lr"][0]

    def before_save_checkpoint(self, runner, checkpoint):
        checkpoint["optimizer"]["line"]["param_groups"][0]["lr"] *= self.factor


@pytest.fixture
def rates(line_runner, tmp_path):
    """Rates of a training of two steps an epoch."""

    def train(schedulers, epochs, resume=None, rate=0.1, factor=1):
        seen = Rates(factor)
        line_runner(
            train_cfg={"by_epoch": True, "max_epochs": epochs},
            optim_wrapper={
                "constructor": "MultiOptimWrapperConstructor",
                "line": {"optimizer": {"type": "SGD", "lr": rate, "momentum": 0.9}},
            },
            param_scheduler=schedulers,
            custom_hooks=[ScheduleHook(), CheckpointFormatHook(), seen],
            load_from=resume and str(tmp_path / f"epoch_{resume}.pth"),
            resume=bool(resume),
        ).train()
        return seen.found

    return train


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ([{**DECAY, "begin": 2, "end": 4}], [{**DECAY, "begin": 3, "end": 7}]),
        (
            [WARMUP, {"type": "MultiStepLR", "milestones": [2]}],
            [WARMUP, {"type": "MultiStepLR", "milestones": [1, 4]}],
        ),
        ([WARMUP], [{**WARMUP, "end": 9}, {**DECAY, "begin": 2, "end": 7}]),
    ],
)
def test_a_longer_run_goes_on_at_its_own_rates(rates, short, long):
    expected = rates(long, 6)
    rates(short, 3)
    assert rates(long, 6, resume=3) == {step: expected[step] for step in range(6, 12)}


def test_another_rate(rates):
    schedule = [{**DECAY, "begin": 1, "end": 6}]
    expected = rates(schedule, 4, rate=0.3)
    rates(schedule, 2)
    assert rates(schedule, 4, 2, rate=0.3) == {step: expected[step] for step in range(4, 8)}


def test_the_same_schedule_goes_on_from_the_checkpoints_rates(rates):
    schedule = [{**DECAY, "begin": 0, "end": 5}]
    expected = rates(schedule, 4)
    rates(schedule, 2, factor=0.5)
    assert rates(schedule, 4, 2)[4] == expected[4] / 2
