"""CMC, mAP and mINP at Market-1501's size and at ten times its gallery, against torchreid."""

from __future__ import annotations

import resource

import numpy as np
import torch
from harness import measure, parser, report

from posegan_plugin.evaluation import evaluate_features
from posegan_plugin.for_torchreid.resolver import torchreid_module

CAMERAS, IDENTITIES, WIDTH = 6, 751, 512


def people(count: int, rng: np.random.Generator, centres: np.ndarray) -> tuple:
    """Features around a centre for each identity, with identities and cameras."""
    pids = rng.integers(IDENTITIES, size=count)
    noise = rng.normal(size=(count, WIDTH), scale=2.2)
    features = torch.from_numpy((centres[pids] + noise).astype(np.float32))
    return features, pids, rng.integers(CAMERAS, size=count)


def main() -> None:
    """Time the ranking of distances alone and of features, at three sizes."""
    options = parser(__doc__)
    options.add_argument(
        "--skip-largest", action="store_true", help="leave ten times the gallery out"
    )
    args = options.parse_args()
    theirs = torchreid_module("metrics")
    sizes = [(842, 3978), (3368, 15913), *([] if args.skip_largest else [(3368, 159130)])]
    rows = []
    for num_query, num_gallery in sizes:
        rng = np.random.default_rng(0)
        centres = rng.normal(size=(IDENTITIES, WIDTH))
        query, q_pids, q_cams = people(num_query, rng, centres)
        gallery, g_pids, g_cams = people(num_gallery, rng, centres)
        query, gallery = query.to(args.device), gallery.to(args.device)
        ids = (q_pids, g_pids, q_cams, g_cams)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        ours = evaluate_features(query, gallery, *ids)
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024

        def torchreids(query=query, gallery=gallery, ids=ids) -> tuple:  # noqa: ANN001
            distances = theirs.compute_distance_matrix(query, gallery).cpu().numpy()
            return theirs.evaluate_rank(distances, *ids, use_cython=False)

        def own(query=query, gallery=gallery, ids=ids) -> object:  # noqa: ANN001
            return evaluate_features(query, gallery, *ids)

        compared = num_gallery <= 15913  # torchreid holds the whole matrix, twice, and sorts it
        functions = {"own": own} | ({"torchreid": torchreids} if compared else {})
        timings = measure(functions, max(1, args.repeats // 3), args.device, warmup=0)
        same = None
        if compared:
            cmc, mean_precision = torchreids()
            same = "yes" if np.array_equal(cmc, ours.cmc) and mean_precision == ours.mAP else "no"
        seconds = {name: t.median for name, t in timings.items()}
        ratio = seconds["torchreid"] / seconds["own"] if compared else None
        rows.append(
            [
                ratio,
                f"{num_query:,} x {num_gallery:,}",
                seconds["own"],
                seconds.get("torchreid"),
                same,
                1000000000.0 * seconds["own"] / num_query / num_gallery,
                grown,
            ]
        )
    report(
        "ranking",
        "CMC, mAP and mINP from features of 512 numbers, against torchreid's Python evaluation",
        [
            "torchreid : ours",
            "query x gallery",
            "ours, s",
            "torchreid, s",
            "same CMC and mAP",
            "ours, ns a pair",
            "ours, MB more",
        ],
        rows,
        args.out,
        args.device,
        ["Both compute the distances; a whole matrix of ten times the gallery is not tried."],
    )


if __name__ == "__main__":
    main()
