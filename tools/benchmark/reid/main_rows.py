"""The rows that answer the question, on real people alone and with synthesised ones."""

from __future__ import annotations

from dataclasses import dataclass, field

from reid.families import FAMILIES


@dataclass(frozen=True)
class Row:
    """One row.

    Attributes:
        label: Its name in the table.
        family: The name of its family.
        options: What differs from the rest of the family, dotted.
        teacher: Whether it needs the softmax row of its seed as a teacher.
        without: The row that is the same but for synthesised people; empty where none is.
    """

    label: str
    family: str
    options: dict = field(default_factory=dict)
    teacher: bool = False
    without: str = ""


QUARTET = "posegan.objective.quartet.mining"
"""Rows with a quartet loss name it; their batches need several images of a person."""
# Named although it is the default: results from when that was "hard" are not to stand for these rows.
SAME_LABELS = {"posegan.augment.label": "same"}
MAIN = {
    "softmax": Row("toolbox softmax", "softmax"),
    "triplet": Row("toolbox softmax + triplet", "triplet"),
    "partners": Row(
        "softmax, batches with partners",
        "quartet",
        {QUARTET: "random", "posegan.objective.weights.quartet": 0.0},
    ),
    "quartet_random": Row("softmax + quartet loss", "quartet", {QUARTET: "random"}),
    "quartet_hard": Row("softmax + quartet loss, hard mining", "quartet", {QUARTET: "hard"}),
    **{
        f"online_{n}": Row(
            f"softmax + online synthesis 1/{n}",
            "online",
            {"posegan.augment.ratio": 1 / n},
            without="softmax",
        )
        for n in (8, 4, 2)
    },
    **{
        f"quartet_online_{n}": Row(
            f"softmax + quartet loss + online synthesis 1/{n}",
            "online",
            {
                **FAMILIES["quartet"].options,
                QUARTET: "random",
                "posegan.mode": "online_quartet",
                "posegan.augment.ratio": 1 / n,
                **SAME_LABELS,
            },
            without="quartet_random",
        )
        for n in (4, 2)
    },
    "offline": Row("softmax + offline synthesis", "offline", without="softmax"),
    "real_joint": Row("joint's network and losses, real people only", "real_joint"),
    "joint": Row("joint (the paper)", "joint"),
    "correspondence": Row("joint with correspondence", "correspondence", without="real_joint"),
}
