"""Tuning: the same number of trials for each family, on people that no test person is among."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from reid.families import FAMILIES, Family
from reid.presets import Preset, Setting

CRITERION = "mAP"


def axes(family: Family, preset: Preset) -> list[tuple[str, tuple]]:
    """What is tuned, one after the other, and the values that are tried."""
    own = ("epochs", preset.epochs) if family.knob is None else ("knob", family.values)
    return [("lr", preset.lrs), own, ("erase", (False, True))]


def start(family: Family, preset: Preset) -> Setting:
    """The first trial."""
    return Setting(preset.lr, preset.epochs[0], knob=next(iter(family.values), None))


def untuned(family: Family, preset: Preset) -> Setting:
    """What a family trains with where nothing is searched."""
    return replace(start(family, preset), epochs=preset.epochs[1])


@dataclass(frozen=True)
class Search:
    """The trials of one family.

    Attributes:
        trials: Setting and result of each, in their order.
        best: The setting that came out best.
    """

    trials: list[tuple[Setting, dict]]
    best: Setting


def search(name: str, preset: Preset, run: Callable[[Setting], dict]) -> Search:
    """Tune a family: each axis in turn, at the best values of those before it.

    Args:
        name: The family.
        preset: Says which values.
        run: Trains with a setting; its result holds ``scores``.
    """
    family = FAMILIES[name]
    results: dict[Setting, dict] = {}

    def score(setting: Setting) -> float:
        if setting not in results:
            results[setting] = run(setting)
        return results[setting]["scores"][CRITERION]

    best = start(family, preset)
    for key, values in axes(family, preset):
        # Of equal scores the one that stands already.
        best = max((best, *_others(best, key, values)), key=score)
    return Search(list(results.items()), best)


def _others(best: Setting, key: str, values: tuple) -> Iterator[Setting]:
    for value in values:
        if value != getattr(best, key):
            yield replace(best, **{key: value})
