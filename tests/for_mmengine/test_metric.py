from types import SimpleNamespace

import numpy as np
import pytest
import torch

from posegan_plugin import UserError
from posegan_plugin.for_mmengine import ReIDMetric
from posegan_plugin.for_mmengine.metric import find_metric
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


def on_a_line(*who):
    """Samples of (place, pid, camid, is_query); their rows in the data set are 100, 101, ..."""
    return [
        {
            "feature": np.array([place, 0], dtype=np.float32),
            "pid": pid,
            "camid": camid,
            "is_query": is_query,
            "index": 100 + row,
        }
        for row, (place, pid, camid, is_query) in enumerate(who)
    ]


def evaluated(samples, **options):
    metric = ReIDMetric(**options)
    metric.process({}, samples)
    metric.evaluate(len(samples))
    return metric


LINE = on_a_line(
    (3, 1, 1, False),
    (0, 0, 0, True),
    (0.1, 0, 0, False),  # the first query's own camera
    (2, 0, 1, False),
    (10, 1, 0, True),
    (9, 2, 0, False),
    (5, 7, 0, True),  # nobody to be found
)


def test_ranked_lists_by_hand():
    lists = evaluated(LINE, list_length=4).lists
    assert lists.queries.tolist() == [101, 104]
    assert lists.galleries.tolist() == [[103, 100, 105, -1], [105, 100, 103, 102]]
    assert lists.matches.tolist() == [[True, False, False, False], [False, True, False, False]]
    short = evaluated(LINE, list_length=1).lists
    assert short.galleries.tolist() == [[103], [105]]


@pytest.mark.parametrize(
    ("count", "expected"), [(0, []), (1, [0]), (3, [0, 8, 16]), (99, range(17))]
)
def test_lists_of_queries_spread_evenly(count, expected):
    samples = [{**s, "camid": s["camid"] + 10 * s["is_query"]} for s in people(0)]
    assert evaluated(samples, num_lists=count).lists.queries.tolist() == list(expected)


@pytest.mark.parametrize("options", [{"num_lists": -1}, {"list_length": 0}])
def test_lists_that_cannot_be(options):
    with pytest.raises(UserError, match=r"ReIDMetric num_lists=.* at least 1"):
        ReIDMetric(**options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"distance": "cosin"}, "distance='cosin' is unknown; choose one of euclidean, cosine"),
        ({"ranks": (1, 5, 60)}, r"ranks=\(1, 5, 60\) must be whole numbers, 1 to 50"),
        ({"ranks": (0, 1)}, "must be whole numbers, 1 to 50"),
    ],
)
def test_refused_before_the_first_evaluation(options, message):
    with pytest.raises(UserError, match=message):
        ReIDMetric(**options)


def test_the_protocol_names_the_distance():
    assert "single query, cosine distance: " in ReIDMetric(distance="cosine").protocol


def test_whole_cmc():
    scores = evaluated(people(0)).scores
    expected = evaluate(people(0), ranks=range(1, 51))
    assert [100 * float(c) for c in scores.cmc] == [expected[f"reid/R{k}"] for k in range(1, 51)]
    assert ReIDMetric().scores is ReIDMetric().lists is None


def test_finding_the_metric():
    metric = ReIDMetric()
    assert find_metric(SimpleNamespace(metrics=[object(), metric])) is metric
    assert find_metric(SimpleNamespace(metrics=[object()])) is None
