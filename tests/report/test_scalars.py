import math

import pytest

from posegan_plugin.report.scalars import Scalars, Start, merge


def attempt(steps, epochs=(), start=None, value=1.0, name="loss"):
    return Scalars(
        {name: dict.fromkeys(steps, value)} if steps else {},
        {"reid/R1": dict.fromkeys(epochs, value)} if epochs else {},
        [start or Start()],
        epoch=max(epochs, default=None),
    )


def test_one_start_is_the_history():
    merged = merge([attempt([10, 20], [1, 2], Start(0, 0))])
    assert merged.training == {"loss": {10: 1.0, 20: 1.0}}
    assert merged.evaluation == {"reid/R1": {1: 1.0, 2: 1.0}}
    assert (merged.last_evaluation, merged.epoch) == (2, 2)
    assert merged.starts == [Start(0, 0)]


def test_resumed_start_takes_the_place_of_what_came_after_it():
    first = attempt([10, 20, 30, 40], [1, 2, 3, 4], Start(0, 0), 1.0)
    second = attempt([25, 30, 35], [3], Start(20, 2), 2.0)
    merged = merge([first, second])
    assert merged.training == {"loss": {10: 1.0, 20: 1.0, 25: 2.0, 30: 2.0, 35: 2.0}}
    assert merged.evaluation == {"reid/R1": {1: 1.0, 2: 1.0, 3: 2.0}}
    assert merged.starts == [Start(0, 0), Start(20, 2)]
    assert merged.epoch == 3


def test_start_from_the_beginning_forgets_the_older_training():
    old = attempt([10, 20, 30], [1, 2, 3], Start(0, 0), 1.0)
    merged = merge([old, attempt([25], [], Start(15, 1)), attempt([4], [], Start(0, 0), 2.0)])
    assert merged.training == {"loss": {4: 2.0}}
    assert merged.evaluation == {}
    assert merged.last_evaluation is None
    assert merged.starts == [Start(0, 0)]


def test_unknown_start_is_before_the_first_step_logged():
    merged = merge([attempt([10, 20, 30], [1, 2, 3]), attempt([20, 30], [2], value=2.0)])
    assert merged.training == {"loss": {10: 1.0, 20: 2.0, 30: 2.0}}
    assert merged.evaluation == {"reid/R1": {1: 1.0, 2: 2.0}}
    assert merged.starts == [Start(9), Start(19)]


def test_start_that_trained_nothing_takes_no_place():
    history = attempt([10], [1], Start(0, 0))
    crashed = attempt([], [], Start(0, 0))
    crashed.notes.append("a note")
    merged = merge([history, crashed])
    assert merged.training == history.training
    assert merged.notes == ["a note"]


def test_start_that_only_made_up_for_a_validation():
    history = attempt([10, 20], [1], Start(0, 0))
    merged = merge([history, attempt([], [2], Start(20, 2), 2.0), attempt([], [0])])
    assert merged.training == history.training
    assert merged.evaluation == {"reid/R1": {1: 1.0, 2: 2.0}}
    assert merged.starts == [Start(0, 0)]


def test_names_of_both_starts_in_order_of_steps():
    merged = merge(
        [attempt([10], start=Start(0, 0)), attempt([20], start=Start(10, 1), name="loss_S")]
    )
    assert merged.training == {"loss": {10: 1.0}, "loss_S": {20: 1.0}}
    assert merge([]).training == {}


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_curves_that_break(value):
    found = Scalars({"loss": {1: 1.0, 2: value, 3: value}}, {"reid/R1": {1: 5.0}})
    (sentence,) = found.broken()
    assert sentence.startswith("loss is not a finite number at 2 of 3 logged steps, first at 2")
    assert Scalars({"loss": {1: 1.0}}).broken() == []
