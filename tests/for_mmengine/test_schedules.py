import pytest

from posegan_plugin.for_mmengine.schedules import stretched

STEPS = {"type": "MultiStepLR", "milestones": [20, 30]}
LONGER = {"type": "MultiStepLR", "milestones": [40, 60]}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (STEPS, LONGER),
        ([STEPS, STEPS], [LONGER, LONGER]),
        ({"reid": STEPS, "generator": [STEPS]}, {"reid": LONGER, "generator": [LONGER]}),
        ([], []),
    ],
)
def test_all_forms_that_mmengine_takes(given, expected):
    assert stretched(given, 40, 80) == expected


@pytest.mark.parametrize(
    ("new", "given", "expected"),
    [
        (80, {"step_size": 10}, {"step_size": 20}),
        (80, {"begin": 20, "end": 40, "T_max": 20}, {"begin": 40, "end": 80, "T_max": 40}),
        (80, {"T_max": None}, {"T_max": None}),
        # The last epoch keeps its rate above 0.
        (80, {"begin": 20, "end": 41}, {"begin": 40, "end": 81}),
        (4, {"begin": 20, "end": 41}, {"begin": 2, "end": 5}),
        (80, {"end": 100, "by_epoch": False}, {"end": 200, "by_epoch": False}),
        # Shorter than one epoch.
        (4, {"begin": 0, "end": 4}, {"begin": 0, "end": 1}),
        (1, {"begin": 30, "end": 40}, {"begin": 1, "end": 2}),
        (1, {"milestones": [10, 30], "step_size": 2}, {"milestones": [1, 1], "step_size": 1}),
    ],
)
def test_what_is_counted_in_epochs(new, given, expected):
    schedule = {"type": "", "gamma": 0.1, **given}
    assert stretched(schedule, 40, new) == {"type": "", "gamma": 0.1, **expected}
