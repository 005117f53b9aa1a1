"""What is compared: each row of the table, and the families that are tuned together."""

from __future__ import annotations

from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class Family:
    """Rows with one tuned setting.

    Attributes:
        row: The row that it is tuned on.
        toolbox: Whether torchreid trains it, else mmengine.
        options: Of all its rows, dotted: keys of ``tools/train_torchreid.py`` or of the joint config.
        knob: Its own option that is tuned, likewise; ``None``: the number of epochs.
        values: Those that are tried; as many as numbers of epochs. The first stands untuned.
    """

    row: str
    toolbox: bool
    options: dict = field(default_factory=dict)
    knob: str | None = None
    values: tuple = ()


@dataclass(frozen=True)
class Row:
    """One row.

    Attributes:
        label: Its name in the table.
        family: The name of its family.
        options: What differs from the rest of the family, dotted.
        teacher: Whether it needs the softmax row of its seed as a teacher.
    """

    label: str
    family: str
    options: dict = field(default_factory=dict)
    teacher: bool = False


_WEIGHTS = (1.0, 0.3, 0.1)
_TARGETS = ("cross_camera", "any", "same_id")
_PAPER = {
    "model.reid.embedding_dim": 128,
    "model.reid.hidden_dim": 128,
    "model.generator.correspondence": None,
    "model.generator.part_warp": False,
    "model.condition_on_camera": False,
    "model.pose_discriminator": {"_delete_": True, "type": "PoseDiscriminator"},  # instead of None
    "model.objective.weights.adversarial": 5.0,
    "model.objective.weights.reconstruction": 10.0,
    "model.objective.weights.semantic": 10.0,
    "model.objective.weights.structural": 0.0,
    "model.objective.adversarial_ramp": (0.0, 0.0),
    "model.objective.semantic_ramp": (0.0, 0.0),
    "model.objective.quartet_ramp": (0.0, 0.05),
    "model.augment.ratio": 1.0,
    "model.augment.warmup": 0.0,
    "model.reid_to_generator": True,
}
SYNTHESIS_TARGET = "synthesis.target"
"""Stands among torchreid's keys: whose poses a set takes that is rendered before the training."""
SYNTHESIS_SHRUNK = "synthesis.shrunk"
"""Likewise: real people, only as small as the generator's, stand in for those that it would draw."""

FAMILIES = {
    "softmax": Family("softmax", True),
    "triplet": Family(
        "triplet",
        True,
        {
            # A batch must hold several images of a person, and torchreid has no other sampler for that.
            "sampler.train_sampler": "RandomIdentitySampler",
            "sampler.num_instances": 4,
            "loss.name": "triplet",
            "loss.triplet.weight_x": 1.0,
        },
        "loss.triplet.weight_t",
        _WEIGHTS,
    ),
    "quartet": Family(
        "quartet_random",
        True,
        {"posegan.mode": "quartet", "posegan.objective.quartet_ramp": [0.1, 0.3]},
        "posegan.objective.weights.quartet",
        _WEIGHTS,
    ),
    "online": Family(
        "online_4",
        True,
        {"posegan.mode": "online", "posegan.augment.ratio": 0.25},
        "posegan.augment.target",
        _TARGETS,
    ),
    "offline": Family("offline", True, {}, SYNTHESIS_TARGET, _TARGETS),
    "real_joint": Family(
        "real_joint",
        False,
        {"model.mode": "baseline"},
        "model.objective.weights.quartet",
        _WEIGHTS,
    ),
    "joint": Family("joint", False, _PAPER, "model.augment.weight", _WEIGHTS),
    "correspondence": Family("correspondence", False, {}, "model.augment.weight", _WEIGHTS),
}
"""Families by name; the first is the real-only baseline, whose tuned epochs are those of all rows."""

QUARTET = "posegan.objective.quartet.mining"
"""Rows with a quartet loss name it; their batches need several images of a person."""
# Named although it is the default: results from when that was "hard" are not to stand for these rows.
_SAME_LABELS = {"posegan.augment.label": "same"}
MAIN = {
    "softmax": Row("toolbox softmax", "softmax"),
    "triplet": Row("toolbox softmax + triplet", "triplet"),
    "partners": Row(
        "softmax, batches with partners",
        "quartet",
        {QUARTET: "random", "posegan.objective.weights.quartet": 0.0},
    ),
    "quartet_random": Row("+ quartet, random", "quartet", {QUARTET: "random"}),
    "quartet_hard": Row("+ quartet, hard", "quartet", {QUARTET: "hard"}),
    **{
        f"online_{n}": Row(
            f"softmax + online synthesis 1/{n}", "online", {"posegan.augment.ratio": 1 / n}
        )
        for n in (8, 4, 2)
    },
    **{
        f"quartet_online_{n}": Row(
            f"+ quartet, random, + online synthesis 1/{n}",
            "online",
            {
                **FAMILIES["quartet"].options,
                QUARTET: "random",
                "posegan.mode": "online_quartet",
                "posegan.augment.ratio": 1 / n,
                **_SAME_LABELS,
            },
        )
        for n in (4, 2)
    },
    "offline": Row("softmax + offline synthesis", "offline"),
    "real_joint": Row("joint's re-ID network, real people only", "real_joint"),
    "joint": Row("joint (the paper)", "joint"),
    "correspondence": Row("joint with correspondence", "correspondence"),
}
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
    **_SAME_LABELS,
}


def _online(change: str, /, needs_teacher: bool = False, **augment: object) -> Row:
    options = {f"posegan.augment.{key}": value for key, value in augment.items()}
    return Row(f"online 1/4, {change}", "online", {**_SOFTMAX, **options}, needs_teacher)


def _changed(row: str, label: str, options: dict) -> Row:
    main = MAIN[row]
    return replace(main, label=label, options={**main.options, **options})


_PAPERS_EMBEDDING = {"model.reid.embedding_dim": _PAPER["model.reid.embedding_dim"]}
_PAPERS_CLASSIFIER = {**_PAPERS_EMBEDDING, "model.reid.hidden_dim": _PAPER["model.reid.hidden_dim"]}
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
        f"{prefix}papers_{part}": Row(f"{row.label}, the paper's {part}", row.family, options)
        for prefix, row in (("real_", MAIN["real_joint"]), ("", MAIN["correspondence"]))
        for part, options in (("embedding", _PAPERS_EMBEDDING), ("classifier", _PAPERS_CLASSIFIER))
    },
    "reid_to_generator": Row(
        "joint with correspondence, re-ID losses train the generator",
        "correspondence",
        {"model.reid_to_generator": True},
    ),
    "reid_not_to_generator": Row(
        "joint with correspondence, they do not",
        "correspondence",
        {"model.reid_to_generator": False},
    ),
    "label_same": _online("real people's labels"),
    "label_hard": _online("hard labels", label="hard"),
    "label_teacher": _online("a teacher's labels", needs_teacher=True, label="teacher"),
    "filter": _online("filter at 0.5", filter=0.5),
    "warmup": _online("warm-up 0.5", warmup=0.5),
    "until": _online("until 0.7, then real people alone", until=0.7),
    **{f"target_{t}": _online(f"poses of {t}", target=t) for t in _TARGETS},
    "online_1": Row("softmax + online synthesis 1/1", "online", {"posegan.augment.ratio": 1.0}),
    **{
        name: _changed(row, label, {SYNTHESIS_SHRUNK: True})
        for name, row, label in (
            ("shrunk_4", "online_4", "softmax + real people as small as synthesised ones 1/4"),
            ("shrunk_2", "online_2", "softmax + real people as small as synthesised ones 1/2"),
            ("quartet_shrunk_4", "quartet_online_4", "+ quartet, random, + such people 1/4"),
        )
    },
}
GROUPS = {"main": MAIN, "paper_ablations": PAPER_ABLATIONS, "our_ablations": OUR_ABLATIONS}
"""Names that stand for several rows."""
ROWS = {name: row for group in GROUPS.values() for name, row in group.items()}


def named_rows(names: list[str]) -> list[str]:
    """Rows and groups of rows as rows, each once, in the order given.

    Raises:
        KeyError: A name that is neither.
    """
    found = [row for name in names for row in GROUPS.get(name, [name])]
    for name in found:
        ROWS[name]
    return list(dict.fromkeys(found))


def needs_generator(name: str) -> bool:
    """Whether a row trains on people of a generator that was trained before."""
    row = ROWS[name]
    family = FAMILIES[row.family]
    mode = {**family.options, **row.options}.get("posegan.mode", "")
    return mode.startswith("online") or family.knob == SYNTHESIS_TARGET


def has_generator(name: str) -> bool:
    """Whether a row trains a generator of its own."""
    family = FAMILIES[ROWS[name].family]
    return not family.toolbox and family.options.get("model.mode") != "baseline"
