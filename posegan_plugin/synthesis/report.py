"""What a run made, in a few lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from posegan_plugin.synthesis.tables import Row, is_written


@dataclass(frozen=True)
class SynthesisReport:
    """What a run made.

    Attributes:
        root: The output folder.
        people: Training images of the data set.
        sources: How many of them images were made of.
        real: Real images in the output.
        manifest: A line for each image that was made; empty while other processes are at work.
        missing: Parts of the work that other processes have still to do.
        finished_elsewhere: Whether another process finished the set meanwhile.
        made: Images that this process made in this run.
        seconds: Time it took.
        training_alone: Whether the output has no query or no gallery.
        beyond_market: Whether an identity or a camera has a number that Market-1501 has not.
    """

    root: Path
    people: int
    sources: int
    real: int
    manifest: Sequence[Row]
    missing: int
    finished_elsewhere: bool
    made: int
    seconds: float
    training_alone: bool
    beyond_market: bool

    @property
    def rate(self) -> float | None:
        """Images per second of this process; ``None`` where it made none."""
        return self.made / self.seconds if self.made else None

    def table(self) -> str:
        """The lines that a tool prints at its end."""
        if self.finished_elsewhere:
            return f"{self.root}: done here, and finished by another process"
        if self.missing:
            return (
                f"{self.root}: done here, {self.missing} parts are left to other processes; if one "
                "of them ended early, start the same command again"
            )
        dropped = Counter(row["reason"] for row in self.manifest if not is_written(row))
        written = len(self.manifest) - dropped.total()
        lines = [
            ("sources", f"{self.sources} of {self.people} training images"),
            ("synthesised", f"{written} images"),
            ("dropped", ", ".join(f"{n} by {why}" for why, n in sorted(dropped.items())) or "none"),
            ("real", f"{self.real} images copied"),
        ]
        similarities = [float(row["similarity"]) for row in self.manifest if row["similarity"]]
        if similarities:
            mean = sum(similarities) / len(similarities)
            lines.append(("similarity", f"{mean:.3f} (mean cosine to the source, before dropping)"))
        rate = f", {self.rate:.1f} images/s" if self.rate else ""
        lines += [("made now", f"{self.made} images{rate}"), ("folder", str(self.root))]
        if not written:
            lines.append(("note", "every image was dropped: see similarity in manifest.csv"))
        if self.training_alone:
            lines.append(
                (
                    "note",
                    "a training set alone: readers of Market-1501 ask for the folders query and "
                    "bounding_box_test besides",
                )
            )
        if self.beyond_market:
            lines.append(
                (
                    "note",
                    "numbers of identities or cameras that Market-1501 has not: torchreid's own "
                    "market1501 does not read it; use a data set class of yours, or market_layout",
                )
            )
        rule = "-" * max(len(f"{name:<12} {text}") for name, text in lines)
        return "\n".join([rule, *(f"{name:<12} {text}" for name, text in lines), rule])
