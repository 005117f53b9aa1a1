"""Rows that differ from a main one in one thing: the paper's ablations, and ours."""

from __future__ import annotations

from dataclasses import replace

from reid.families import PAPER, SYNTHESIS_SHRUNK, TARGETS
from reid.main_rows import MAIN, SAME_LABELS, Row

PAPER_ABLATIONS = {
    **{
        f"joint_{n}_blocks": Row(f"joint, {n} blocks", "joint", {"model.generator.num_blocks": n})
        for n in (2, 3, 4, 5)
    },
    "joint_no_D_I": Row("joint, no D_I", "joint", {"model.appearance_discriminator": None}),
    "joint_no_D_P": Row("joint, no D_P", "joint", {"model.pose_discriminator": None}),
    "joint_no_L_S": Row("joint, no L_S", "joint", {"model.objective.weights.semantic": 0.0}),
}
# torchreid's own engines know no other labels and weights; with no quartet loss this one is theirs.
_SOFTMAX = {
    "posegan.mode": "online_quartet",
    "posegan.objective.weights.quartet": 0.0,
    **SAME_LABELS,
}


def _online(change: str, /, needs_teacher: bool = False, **augment: object) -> Row:
    options = {f"posegan.augment.{key}": value for key, value in augment.items()}
    return Row(f"online 1/4, {change}", "online", {**_SOFTMAX, **options}, needs_teacher, "softmax")


def _changed(row: str, label: str, options: dict) -> Row:
    main = MAIN[row]
    return replace(main, label=label, options={**main.options, **options})


_PAPERS_EMBEDDING = {"model.reid.embedding_dim": PAPER["model.reid.embedding_dim"]}
_PAPERS_CLASSIFIER = {**_PAPERS_EMBEDDING, "model.reid.hidden_dim": PAPER["model.reid.hidden_dim"]}
_BESIDE_QUARTETS = {
    f"{change}_{name}": _changed(row, f"{MAIN[row].label}, {label}", {f"{section}.{key}": value})
    for change, label, key, value in (
        ("hard", "hard labels", "augment.label", "hard"),
        ("real_quartets", "quartets of real people alone", "objective.quartet_people", "real"),
    )
    for name, row, section in (
        ("quartet_online_4", "quartet_online_4", "posegan"),
        ("joint", "correspondence", "model"),
    )
}
OUR_ABLATIONS = {
    **_BESIDE_QUARTETS,
    **{
        f"{prefix}papers_{part}": Row(
            f"{row.label}, the paper's {part}",
            row.family,
            options,
            without="" if prefix else f"real_papers_{part}",
        )
        for prefix, row in (("real_", MAIN["real_joint"]), ("", MAIN["correspondence"]))
        for part, options in (("embedding", _PAPERS_EMBEDDING), ("classifier", _PAPERS_CLASSIFIER))
    },
    "reid_to_generator": Row(
        "joint with correspondence, re-ID losses train the generator",
        "correspondence",
        {"model.reid_to_generator": True},
        without="real_joint",
    ),
    "reid_not_to_generator": Row(
        "joint with correspondence, they do not",
        "correspondence",
        {"model.reid_to_generator": False},
        without="real_joint",
    ),
    "joint_apart": Row(
        "joint with correspondence, re-ID network on real people alone",
        "correspondence",
        {"model.augment.ratio": 0.0},
        without="real_joint",
    ),
    "label_same": _online("real people's labels"),
    "label_hard": _online("hard labels", label="hard"),
    "label_teacher": _online("a teacher's labels", needs_teacher=True, label="teacher"),
    "filter": _online("filter at 0.5", filter=0.5),
    "warmup": _online("warm-up 0.5", warmup=0.5),
    "until": _online("until 0.7, then real people alone", until=0.7),
    **{f"target_{t}": _online(f"poses of {t}", target=t) for t in TARGETS},
    "online_1": Row(
        "softmax + online synthesis 1/1",
        "online",
        {"posegan.augment.ratio": 1.0},
        without="softmax",
    ),
    **{
        name: _changed(row, label, {SYNTHESIS_SHRUNK: True})
        for name, row, label in (
            ("shrunk_4", "online_4", "softmax + real people as small as synthesised ones 1/4"),
            ("shrunk_2", "online_2", "softmax + real people as small as synthesised ones 1/2"),
            (
                "quartet_shrunk_4",
                "quartet_online_4",
                "softmax + quartet loss + real people as small 1/4",
            ),
        )
    },
}
