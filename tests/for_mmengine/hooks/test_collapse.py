import logging
from collections import OrderedDict
from types import SimpleNamespace

import pytest
from mmengine.logging import HistoryBuffer

from posegan_plugin.for_mmengine.hooks import CollapseHook


def warnings(caplog, spreads, **options):
    scalars = OrderedDict()
    if spreads:
        scalars["train/embedding_spread"] = HistoryBuffer(spreads, [1] * len(spreads))
    runner = SimpleNamespace(
        message_hub=SimpleNamespace(log_scalars=scalars),
        train_dataloader=range(10),
        logger=logging.getLogger("test_collapse"),
    )
    caplog.clear()
    CollapseHook(**options).after_train_epoch(runner)
    return [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]


def test_collapsed(caplog):
    (warning,) = warnings(caplog, [1.0] * 90 + [0.01] * 10)
    assert "collapsed" in warning
    assert "0.01" in warning
    assert "quartet_ramp" in warning


@pytest.mark.parametrize("spreads", [[0.06] * 10, [0.0] * 90 + [0.5] * 10, []])
def test_not_collapsed(caplog, spreads):
    assert warnings(caplog, spreads) == []


def test_threshold(caplog):
    assert warnings(caplog, [0.3] * 10) == []
    assert len(warnings(caplog, [0.3] * 10, threshold=0.4)) == 1
