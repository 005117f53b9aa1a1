import numpy as np
import pytest
import torch

from posegan_plugin import UserError
from posegan_plugin.for_mmengine import ReIDMetric
from posegan_plugin.for_torchreid.resolver import torchreid_module


def people(seed, queries=17, gallery=60, cameras=3, identities=7):
    rng = np.random.default_rng(seed)
    count = queries + gallery
    return [
        {
            "feature": rng.standard_normal(16, dtype=np.float32),
            "pid": int(rng.integers(identities)),
            "camid": int(rng.integers(cameras)),
            "is_query": row < queries,
        }
        for row in range(count)
    ]


def evaluate(samples, batch=10, **options):
    metric = ReIDMetric(**options)
    for start in range(0, len(samples), batch):
        metric.process({}, samples[start : start + batch])
    return metric.evaluate(len(samples))


def by_torchreid(samples, distance):
    parts = [[s for s in samples if s["is_query"] == q] for q in (True, False)]
    features = [torch.from_numpy(np.stack([s["feature"] for s in part])) for part in parts]
    distances = torchreid_module("metrics").compute_distance_matrix(*features, distance).numpy()
    ids = [np.array([s[key] for s in part]) for key in ("pid", "camid") for part in parts]
    return torchreid_module("metrics").evaluate_rank(distances, *ids, use_cython=False)


@pytest.mark.parametrize("distance", ["euclidean", "cosine"])
@pytest.mark.parametrize("seed", range(4))
def test_torchreids_numbers(seed, distance):
    samples = people(seed)
    found = evaluate(samples, distance=distance, ranks=range(1, 51))
    cmc, mAP = by_torchreid(samples, distance)
    assert [found[f"reid/R{k}"] for k in range(1, 51)] == [100 * float(c) for c in cmc]
    assert found["reid/mAP"] == pytest.approx(100 * mAP, rel=1e-14)


def test_order_of_the_samples_does_not_matter():
    samples = people(0)
    shuffled = [samples[i] for i in np.random.default_rng(0).permutation(len(samples))]
    expected = evaluate(samples)
    assert evaluate(shuffled) == pytest.approx(expected, rel=1e-9)
    assert set(expected) == {"reid/R1", "reid/R5", "reid/R10", "reid/mAP", "reid/mINP"}


def test_percentages_by_hand():
    def person(place, pid, camid, is_query=False):
        feature = np.array([place, 0], dtype=np.float32)
        return {"feature": feature, "pid": pid, "camid": camid, "is_query": is_query}

    samples = [
        person(0, 0, 0, is_query=True),
        person(0.1, 0, 0),  # the query's own camera: not counted
        person(1, 1, 1),
        person(2, 0, 1),
        person(3, 0, 2),
    ]
    found = evaluate(samples, ranks=(1, 2))
    assert found["reid/R1"] == 0
    assert found["reid/R2"] == 100
    assert found["reid/mAP"] == pytest.approx(100 * (1 / 2 + 2 / 3) / 2)
    assert found["reid/mINP"] == pytest.approx(100 * 2 / 3)


def test_nobody_can_be_found():
    samples = people(0, cameras=1)
    with pytest.raises(UserError, match="true match"):
        evaluate(samples)


def test_metrics_are_forgotten_between_evaluations():
    metric = ReIDMetric()
    metric.process({}, people(0))
    first = metric.evaluate(77)
    metric.process({}, people(1))
    assert metric.evaluate(77) == evaluate(people(1)) != first
