"""What each process of ``processes.py`` does: joint training steps, timed, and one to compare."""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import replace
from pathlib import Path

import torch
from harness import measure
from torch import Tensor, distributed, nn

from posegan_plugin.for_mmengine import MultiOptimWrapperConstructor, SeparateDDP
from posegan_plugin.for_mmengine.config import load_config
from posegan_plugin.registry import MODELS
from posegan_plugin.training import running_statistics, unwrap

IDENTITIES, CAMERAS = 751, 6
# Every term from the first step on.
TERMS = {
    "model.mode": "joint",
    "model.num_identities": IDENTITIES,
    "model.num_cameras": CAMERAS,
    "model.objective.adversarial_ramp": (0.0, 0.0),
    "model.objective.semantic_ramp": (0.0, 0.0),
    "model.objective.quartet_ramp": (0.0, 0.0),
    "model.augment.ratio": 0.25,
    "model.augment.warmup": 0.0,
    "model.augment.min_joints": 1,
}
# Where the mean over two halves of a batch is the mean over the batch: nothing is drawn, both have
# as many people, real and generated, and no quartet, since these are found within a process.
HALVES = {
    **TERMS,
    "model.data_preprocessor": {"type": "ReIDDataPreprocessor", "flip": 0.0},
    "model.reid.dropout": 0.0,
    "model.reid_input.crop": 0.0,
    "model.reid_input.erase": 0.0,
    "model.objective.weights.quartet": 0.0,
    "model.augment.ratio": 1.0,
    "model.max_pairs": None,
}
RATE = 0.01


def people(count: int, size: tuple[int, int], seed: int = 0) -> dict[str, Tensor]:
    """A loader's batch of noise: two images of each person, all joints visible."""
    random = torch.Generator().manual_seed(seed)
    rows = torch.arange(count)
    corner = torch.tensor([size[1], size[0], 1.0])
    return {
        "image": torch.randint(256, (count, 3, *size), generator=random).byte(),
        "keypoints": torch.rand(count, 18, 3, generator=random) * corner,
        "pid": rows // 2 % IDENTITIES,
        "camid": rows % CAMERAS,
        "index": rows,
    }


def spread(model: nn.Module, device: str) -> nn.Module:
    """The model as ``tools/train.py`` would train it: wrapped where there are several processes."""
    model.train()
    if distributed.get_world_size() == 1:
        return model.to(device)
    return SeparateDDP(model, device_ids=None if device == "cpu" else [torch.device(device).index])


def time_steps(args: argparse.Namespace, device: str) -> dict[str, tuple[float, ...]]:
    """Seconds of steps of each batch size."""
    config = load_config(args.config, TERMS)
    torch.manual_seed(distributed.get_rank())
    model = spread(MODELS.build(config.model), device)
    entries = {k: v for k, v in config.optim_wrapper.items() if isinstance(v, dict)}
    wrappers = MultiOptimWrapperConstructor(entries)(model)
    size = tuple(config.train_dataloader.dataset.image_size)

    def step(data: dict[str, Tensor]) -> None:
        model.train_step(data, wrappers)

    batches = {str(count): people(count, size) for count in args.batches}
    steps = {name: lambda d=data: step(d) for name, data in batches.items()}
    return {name: t.seconds for name, t in measure(steps, args.repeats, device).items()}


def gradients(args: argparse.Namespace, device: str, count: int) -> dict[str, Tensor]:
    """What one step of plain gradient descent adds to the weights, in units of its rate.

    Args:
        args: The command line.
        device: Of this process.
        count: Images of each of two processes; one process has them all.

    Returns:
        All gradients of each network, in float64.
    """
    config = load_config(args.config, HALVES)
    torch.manual_seed(0)
    plain = MODELS.build(config.model).double()
    plain.data_preprocessor.register_forward_hook(
        lambda module, given, batch: replace(
            batch, images=batch.images.double(), keypoints=batch.keypoints.double()
        )
    )
    model = spread(plain, device)
    descent = {"optimizer": {"type": "SGD", "lr": RATE}}
    wrappers = MultiOptimWrapperConstructor(dict.fromkeys(plain.trained_networks, descent))(model)
    data = people(2 * count, tuple(config.train_dataloader.dataset.image_size))
    own = slice(distributed.get_rank(), None, distributed.get_world_size())
    pairs = {k: v.unflatten(0, (-1, 2))[own].flatten(0, 1) for k, v in data.items()}
    before = weights(plain)
    with running_statistics(plain):
        model.train_step(pairs, wrappers)
    after = weights(plain)
    return {name: (before[name] - after[name]) / RATE for name in before}


def weights(model: nn.Module) -> dict[str, Tensor]:
    """All weights of each network, as one vector."""
    networks = {name: unwrap(getattr(model, name)) for name in model.trained_networks}
    return {
        name: torch.cat([p.detach().flatten().cpu() for p in network.parameters()])
        for name, network in networks.items()
    }


def main() -> None:
    """Write ``seconds.json`` and ``gradients.pt``."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("config")
    options.add_argument("folder", type=Path)
    options.add_argument("--device", required=True)
    options.add_argument("--batches", type=int, nargs="+", required=True)
    options.add_argument("--repeats", type=int, required=True)
    options.add_argument("--gradients", action="store_true")
    args = options.parse_args()
    device, backend = args.device, "gloo"
    if device != "cpu":
        device, backend = f"{device}:{os.environ['LOCAL_RANK']}", "nccl"
        torch.cuda.set_device(device)
    distributed.init_process_group(backend)
    seconds = time_steps(args, device)
    found = {c: gradients(args, device, c) for c in args.batches if args.gradients}
    if distributed.get_rank() == 0:
        (args.folder / "seconds.json").write_text(json.dumps(seconds))
        torch.save(found, args.folder / "gradients.pt")
    distributed.destroy_process_group()


if __name__ == "__main__":
    main()
