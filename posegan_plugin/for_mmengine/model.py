"""The paper's networks as one mmengine model, trained by ``train_step``."""

from __future__ import annotations

from contextlib import nullcontext
from functools import partial

import torch
from mmengine.device import get_device
from mmengine.optim import OptimWrapperDict
from torch import Tensor

from posegan_plugin.augment import PersonBatch, PoseTransferAugment, SynthesisPolicy
from posegan_plugin.checkpoint import load_network
from posegan_plugin.for_mmengine.describer import PersonDescriber
from posegan_plugin.for_mmengine.distributed import every_process
from posegan_plugin.for_mmengine.modes import check_mode
from posegan_plugin.for_mmengine.networks import architecture_of_model, build_reid
from posegan_plugin.for_mmengine.optim import update_together
from posegan_plugin.for_mmengine.progress import training_progress
from posegan_plugin.pose import PoseBank
from posegan_plugin.registry import MODELS
from posegan_plugin.training import (
    GenerationStep,
    PosePairs,
    add_generated,
    build_objectives,
    compile_networks,
    frozen,
    pairs_of_batch,
    running_statistics,
    unwrap,
)


class PoseGANReID(PersonDescriber):
    """Trains a re-ID network on real and synthesised people.

    Modes: ``joint`` trains generator, discriminators and re-ID network together (equation 14);
    ``online`` mixes people of a trained, frozen generator into each batch; ``baseline`` sees real
    people only. Networks that a mode does not need are not built.

    Args:
        mode: ``joint``, ``online`` or ``baseline``.
        num_identities: Training identities; ``tools/train.py`` fills it in from the data set.
        num_cameras: Cameras of the data set; likewise.
        backbone: Config of the re-ID backbone.
        reid: Options of :class:`posegan_plugin.models.ReIDNetwork`.
        reid_input: Options of :class:`posegan_plugin.augment.ReIDInput`.
        generator: Config of the generator.
        condition_on_camera: Whether the generator is told the target's camera.
        appearance_discriminator: Config of D_I; ``None`` leaves it out.
        pose_discriminator: Config of D_P; ``None`` leaves it out.
        objective: Options of :func:`posegan_plugin.training.build_objectives`.
        augment: Options of :class:`posegan_plugin.augment.SynthesisPolicy`. With ratio 0 the re-ID
            network of ``joint`` learns from real people alone, as in ``baseline``.
        generator_checkpoint: Checkpoint that holds the trained generator, for ``online``.
        teacher_checkpoint: Checkpoint that holds a re-ID network of the same configuration, for
            ``label='teacher'``.
        reid_checkpoint: Checkpoint that holds a trained re-ID network of the same configuration. It is
            then frozen, and ``joint`` trains the generator and the discriminators alone.
        reid_to_generator: Whether the re-ID losses of synthesised people also train the generator
            (``joint``; equation 14 says yes).
        test_poses: Standard poses that people are also described in when they are searched for, see
            :func:`posegan_plugin.evaluation.standard_poses.describe_in_poses`; 0: by their own image
            alone, as in mode ``baseline``, which has no generator. Training takes no notice.
        test_mirror: Whether the mirror images of people, and of what is drawn of them, describe them
            too, see :func:`posegan_plugin.evaluation.mirror.mirrored`; in all modes.
        max_pairs: At most so many condition-target pairs of a batch train the generator, and at most
            so many people are synthesised in ``joint``, whatever ``augment``'s ratio; ``None`` takes
            all. The re-ID network likes larger batches than a CPU likes for the generator.
        channels_last: Memory layout of the convolutions; faster on CPUs and on GPUs with AMP.
        compile: Whether, or in which of its modes, ``torch.compile`` makes the networks' code.
        data_preprocessor: Config of the data preprocessor.

    Attributes:
        trained_networks: Names of the networks that have an optimiser.

    Raises:
        UserError: An unknown mode, or a key that the mode needs is missing.
    """

    def __init__(
        self,
        mode: str,
        num_identities: int | None,
        num_cameras: int | None,
        backbone: dict,
        reid: dict | None = None,
        reid_input: dict | None = None,
        generator: dict | None = None,
        condition_on_camera: bool = False,
        appearance_discriminator: dict | None = None,
        pose_discriminator: dict | None = None,
        objective: dict | None = None,
        augment: dict | None = None,
        generator_checkpoint: str | None = None,
        teacher_checkpoint: str | None = None,
        reid_checkpoint: str | None = None,
        reid_to_generator: bool = True,
        test_poses: int = 0,
        test_mirror: bool = False,
        max_pairs: int | None = None,
        channels_last: bool = True,
        compile: bool | str = False,
        data_preprocessor: dict | None = None,
    ) -> None:
        policy = SynthesisPolicy(**(augment or {}))
        check_mode(
            mode,
            target=policy.target,
            ratio=policy.ratio,
            num_identities=num_identities,
            num_cameras=num_cameras,
            generator=generator,
            condition_on_camera=condition_on_camera,
            generator_checkpoint=generator_checkpoint,
            reid_checkpoint=reid_checkpoint,
        )
        architecture = architecture_of_model(
            {
                "mode": mode,
                "num_identities": num_identities,
                "num_cameras": num_cameras,
                "backbone": backbone,
                "reid": reid,
                "reid_input": reid_input,
                "generator": generator,
                "condition_on_camera": condition_on_camera,
            }
        )
        tested = (test_poses, test_mirror)
        super().__init__(architecture, reid_input, *tested, data_preprocessor, policy.min_joints)
        self.mode = mode
        self.policy = policy
        self.reid_to_generator = reid_to_generator
        self.max_pairs = max_pairs
        self.generation_objective, self.reid_objective = build_objectives(**(objective or {}))
        self.teacher = None
        if teacher_checkpoint:
            self.teacher = build_reid(architecture["reid"]).requires_grad_(False)
            load_network(self.teacher, teacher_checkpoint, "reid")
        self.appearance_discriminator = self.pose_discriminator = None
        if mode == "joint":
            if appearance_discriminator is not None:
                self.appearance_discriminator = MODELS.build(appearance_discriminator)
            if pose_discriminator is not None:
                self.pose_discriminator = MODELS.build(pose_discriminator)
        if mode == "online":
            load_network(self.generator, generator_checkpoint, "generator")
            self.generator.requires_grad_(False)
        if reid_checkpoint:
            load_network(self.reid, reid_checkpoint, "reid")
            self.reid.requires_grad_(False)
        if channels_last:
            self.to(memory_format=torch.channels_last)
        if compile:
            judges = (self.appearance_discriminator, self.pose_discriminator)
            # Not the backbone of a joint step, which runs it in two states: twice the compiling, for a
            # step that is 1.05 times as fast on a CPU.
            backbone = None if mode == "joint" else self.reid.backbone
            compile_networks((self.generator, *judges, backbone), get_device(), compile)
        trained = ("reid", "generator", "appearance_discriminator", "pose_discriminator")
        self.trained_networks = [
            n
            for n in trained
            if (m := getattr(self, n)) is not None and any(p.requires_grad for p in m.parameters())
        ]

    @property
    def needs_poses(self) -> bool:
        """Whether training needs key points."""
        return self.mode != "baseline"

    def use_poses(self, keypoints: Tensor, pids: Tensor, camids: Tensor) -> None:
        """Give mode ``online`` the poses of the training set to choose from.

        Args:
            keypoints: (M, 18, 3) in pixels of the training images.
            pids: (M,).
            camids: (M,).
        """
        if self.mode == "online":
            self.data_preprocessor.augment = PoseTransferAugment(
                self.generator,
                PoseBank(keypoints, pids, camids, self.policy.min_joints),
                self.policy,
                teacher=self._teach if self.teacher is not None else None,
            )

    def train_step(
        self, data: dict[str, Tensor], optim_wrapper: OptimWrapperDict
    ) -> dict[str, Tensor]:
        """One step of every network that the mode trains.

        Args:
            data: A batch of the loader.
            optim_wrapper: One optimiser wrapper for each name in ``trained_networks``.

        Returns:
            Unweighted losses and statistics to log.

        Raises:
            NonFiniteError: A loss or a gradient is nan or infinite.
        """
        progress = training_progress()
        # Not the context of the losses: autocast would keep weights from in here, without gradient.
        online = self.mode == "online"
        with optim_wrapper["reid"].optim_context(self.reid) if online else nullcontext():
            batch = self.data_preprocessor(
                data, training=True, progress=progress, encoder=self._encode_only
            )
        if self.mode == "joint":
            step = self._generation_step(optim_wrapper)
            pairs, rows = pairs_of_batch(batch, step.size, self.policy, self.max_pairs)
            # A process without pairs would leave the others waiting for its gradients.
            if every_process(len(rows) > 0):
                return self._joint_step(step, batch, pairs, rows, progress, optim_wrapper)
            if "reid" not in self.trained_networks:
                return {"loss": torch.zeros(())}
        with optim_wrapper["reid"].optim_context(self.reid):
            total, log = self._reid_losses(batch, progress)
        return update_together(total, {"reid": optim_wrapper["reid"]}, log)

    def _joint_step(
        self,
        step: GenerationStep,
        batch: PersonBatch,
        pairs: PosePairs,
        rows: Tensor,
        progress: float,
        optim_wrapper: OptimWrapperDict,
    ) -> dict[str, Tensor]:
        generated = step.draw(pairs)
        judged = step.discriminator_losses(pairs, generated, progress)
        if judged:
            names = [n for n in self.trained_networks if n.endswith("discriminator")]
            judges = {n: optim_wrapper[n] for n in names}
            loss = torch.stack(list(judged.values())).sum()
            judged = update_together(loss, judges, judged)
            del judged["loss"]
        total, log = 0.0, {}
        # Before the generator's losses: it moves the statistics of E's batch norms, and the gradient
        # through E would be taken with others than its output.
        if "reid" in self.trained_networks:
            with step.precision():
                mixed = add_generated(
                    batch,
                    rows,
                    pairs,
                    generated if self.reid_to_generator else generated.detach(),
                    self.policy,
                    progress,
                    step.moves_camera,
                    self._encode_only,
                    self._teach if self.teacher is not None else None,
                )
                total, log = self._reid_losses(mixed, progress)
        generator_total, generator_log = step.generator_losses(pairs, generated, progress)
        total, log = total + generator_total, {**log, **generator_log}
        trained = {n: optim_wrapper[n] for n in ("generator", "reid") if n in self.trained_networks}
        return {**update_together(total, trained, log), **judged}

    def _generation_step(self, optim_wrapper: OptimWrapperDict) -> GenerationStep:
        judges = (self.appearance_discriminator, self.pose_discriminator)
        return GenerationStep(
            self.generator,
            judges,
            (True, True),
            unwrap(self.reid),
            self,
            self.generation_objective,
            partial(optim_wrapper["generator"].optim_context, self.generator),
        )

    def _reid_losses(self, batch: PersonBatch, progress: float) -> tuple[Tensor, dict[str, Tensor]]:
        images = self.reid_input(batch.images, augment=True)
        with running_statistics(self.reid) if len(images) == 1 else nullcontext():
            output = self.reid(images)
        return self.reid_objective(output, batch, progress)

    def _encode_only(self, images: Tensor) -> Tensor:
        with torch.no_grad(), frozen(unwrap(self.reid), evaluation=True):
            return self(images)

    def _teach(self, images: Tensor) -> Tensor:
        self.teacher.eval()
        return self.teacher(self.reid_input(images, augment=False)).logits
