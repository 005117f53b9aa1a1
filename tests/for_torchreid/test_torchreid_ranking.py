import numpy as np
import pytest

pytest.importorskip("torchreid")

from posegan_plugin.for_torchreid.ranking import plugin_ranking
from posegan_plugin.for_torchreid.resolver import torchreid_module


def test_ranking_is_torchreids():
    metrics = torchreid_module("metrics")
    random = np.random.default_rng(0)
    distances = random.random((20, 200)).astype(np.float32)
    ids = [random.integers(0, high, n) for high, n in ((10, 20), (10, 200), (3, 20), (3, 200))]
    original = metrics.evaluate_rank
    cmc, mean = original(distances, *ids, use_cython=False)
    with plugin_ranking():
        assert metrics.evaluate_rank is not original
        found_cmc, found_mean = metrics.evaluate_rank(distances, *ids)
        single = metrics.evaluate_rank(distances, *ids, max_rank=5, use_metric_cuhk03=True)
    assert metrics.evaluate_rank is original
    assert np.array_equal(found_cmc, cmc)
    assert found_mean == pytest.approx(mean, abs=1e-12)
    assert len(single[0]) == 5
