"""Trainings that are made once: finished ones are kept, a killed one goes on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from harness import environment, weights_hash

from posegan_plugin.errors import UserError
from posegan_plugin.for_mmengine.pretrained import Pretrained
from posegan_plugin.synthesis import Networks
from reid.families import FAMILIES, SYNTHESIS_SHRUNK, SYNTHESIS_TARGET
from reid.joint import JointTraining, joint_config
from reid.main_rows import QUARTET
from reid.offline import render_people
from reid.people import People
from reid.presets import Preset, Setting
from reid.rows import ROWS
from reid.scoring import Scorer, Views
from reid.store import Store
from reid.toolbox import ToolboxTraining, generator_options, toolbox_options
from reid.trained import Training

_NOBODY = "nobody"
"""Has drawn what descriptors are averaged over without a generator."""


class Runs:
    """All trainings on one data set.

    Args:
        people: The data set.
        preset: The size.
        folder: Where they go: ``FAMILY_DIGEST/seedN``; rows that come to the same share a training.
        store: Keeps the results, by these names.
        trains: Whether what is not kept is trained.
        generator: A trained generator, for rows that need one and for standard poses.
        device: Where networks are tested.
    """

    def __init__(
        self,
        people: People,
        preset: Preset,
        folder: Path,
        generator: Pretrained | None,
        device: str,
        store: Store,
        trains: bool = True,
    ) -> None:
        self._people = people
        self._preset = preset
        self._folder = folder
        self._generator = generator
        self._drawer = weights_hash(generator.need_generator()) if generator else None
        self._store = store
        self._trains = trains
        now = environment(device)
        self._made = {key: now[key] for key in ("hardware", "versions", "date")}
        self._scorer = Scorer(people, preset, device)

    def kept(self, name: str, seed: int, settings: Mapping[str, Setting]) -> bool:
        """Whether there is a result of a row and seed."""
        return self._store.get(self._named(name, seed, settings)[0]) is not None

    def result(
        self,
        name: str,
        seed: int,
        settings: Mapping[str, Setting],
        poses: Sequence[Views] = (),
    ) -> dict:
        """The result of a row and seed; it is trained and scored if need be.

        Args:
            name: The row.
            seed: Of networks and of the order of the data.
            settings: Setting of each family; that of ``softmax`` where a teacher is needed.
            poses: What to score besides, see :meth:`reid.scoring.Scorer.averaged`.

        Raises:
            UserError: There is no result and nothing is to be trained.
        """
        setting = settings[ROWS[name].family]
        key, training = self._named(name, seed, settings)
        kept = self._store.get(key) or {}
        posed = kept.get("poses", {})
        missing = [k for k in poses if str(k) not in posed.get(self._drawn_by(k), {})]
        if kept and not (missing and self._trains):
            return self._shown(name, kept, poses)
        if not self._trains:
            raise UserError(
                f"--kept: {name} with {setting} and seed {seed} is not among the results; leave --kept "
                "out to train it"
            )
        folder = self._folder / key
        print(f"{name} seed {seed}: {setting} in {folder}", flush=True)
        self._prepare(name, seed, settings)
        trained = training.train(folder)
        if self._generator:
            trained = replace(trained, generator=self._generator.generator)
        for k in missing:
            scores = self._scorer.averaged(trained, k)
            posed.setdefault(self._drawn_by(k), {})[str(k)] = scores
        same = kept.get("seconds") == trained.seconds  # and not made again, as on another machine
        found = {
            **_named_row(name),
            **{key: kept.get(key, now) if same else now for key, now in self._made.items()},
            "seed": seed,
            "setting": asdict(setting),
            "seconds": trained.seconds,
            "steps": trained.steps,
            "scores": self._scorer.plain(trained),
            "toolbox": trained.toolbox,
            "poses": posed,
        }
        self._store.put(key, found)
        return self._shown(name, found, poses)

    def _drawn_by(self, views: Views) -> str:
        """Whose images stand in the average: those of the row's own generator, of the one given."""
        if not views.poses:
            return _NOBODY
        return self._drawer or "own"

    def _shown(self, name: str, found: Mapping, views: Sequence[Views]) -> dict:
        """A result as this row's; of its poses what is asked for and drawn by the generator in use."""
        posed = {str(k): found["poses"].get(self._drawn_by(k), {}).get(str(k)) for k in views}
        posed = {k: scores for k, scores in posed.items() if scores is not None}
        drawn_by = self._drawn_by(Views(poses=1))
        about = {**_named_row(name), "poses": posed, "poses_drawn_by": drawn_by}
        return {**found, **about}  # several rows may share one training

    def _named(self, name: str, seed: int, settings: Mapping[str, Setting]) -> tuple[str, Training]:
        training = self._training(name, seed, settings)
        return f"{self._place(name, training).name}/seed{seed}", training

    def _place(self, name: str, training: Training) -> Path:
        """Where a row's seeds go; its name changes with anything that the row depends on."""
        parts = {**training.content, "people": self._people.digest}
        text = json.dumps(parts, sort_keys=True, default=str)
        return self._folder / f"{ROWS[name].family}_{hashlib.sha256(text.encode()).hexdigest()[:8]}"

    def _training(self, name: str, seed: int, settings: Mapping[str, Setting]) -> Training:
        row, setting = ROWS[name], settings[ROWS[name].family]
        family = FAMILIES[row.family]
        tuned = {} if family.knob is None else {family.knob: setting.knob}
        options = {**family.options, **tuned, **row.options}
        if not family.toolbox:
            config = joint_config(self._preset, setting, self._people, seed, options)
            return JointTraining(config)
        people, trained_on = self._people, self._people.digest
        if SYNTHESIS_TARGET in options:
            target = options.pop(SYNTHESIS_TARGET)
            people = People(self._rendered_to(target))
            trained_on += f" with {target} of {self._drawer}"
        shared = toolbox_options(self._preset, setting, people, seed)
        mode = options.get("posegan.mode", "")
        if mode.startswith("online"):
            shared |= generator_options(self._generator, people)
        if QUARTET in options:
            shared["posegan.num_partners"] = self._preset.num_partners
        if row.teacher:
            shared["posegan.teacher_checkpoint"] = str(self._teacher(seed, settings)[0])
        shrunk = options.pop(SYNTHESIS_SHRUNK, False)
        return ToolboxTraining({**shared, **options}, trained_on, self._drawer, shrunk)

    def _teacher(self, seed: int, settings: Mapping[str, Setting]) -> tuple[Path, Training]:
        """Where the network that labels synthesised people is, and how it is trained."""
        key, training = self._named("softmax", seed, settings)
        return self._folder / key, training

    def _prepare(self, name: str, seed: int, settings: Mapping[str, Setting]) -> None:
        """Make what a training reads besides the people: a rendered set, a teacher."""
        row = ROWS[name]
        if FAMILIES[row.family].knob == SYNTHESIS_TARGET:
            target = settings[row.family].knob
            # By its weights, as the folder is named: another file may hold the same.
            hashes = {"checkpoint_sha256": self._drawer}
            networks = Networks(self._generator.need_generator(), None, hashes)
            render_people(self._people, networks, target, self._rendered_to(target))
        if row.teacher:
            self.result("softmax", seed, settings)
            folder, training = self._teacher(seed, settings)
            if not (folder / "model" / f"model.pth.tar-{settings['softmax'].epochs}").is_file():
                training.train(folder)  # its result came from another machine

    def _rendered_to(self, target: str) -> Path:
        # No "_c": torchreid looks for the camera in the whole path.
        made = f"offline-{target}-{self._drawer[:8]}-{self._people.digest[:8]}"
        return self._folder / made


def _named_row(name: str) -> dict[str, str]:
    return {"row": name, "label": ROWS[name].label}
