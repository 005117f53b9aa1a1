"""What does mixing synthesised people into torchreid's own training step cost?"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from types import SimpleNamespace

import torch
from harness import measure, parser, report
from torch import Tensor, nn

from posegan_plugin import config_path
from posegan_plugin.augment import PersonBatch, PoseTransferAugment, SynthesisPolicy
from posegan_plugin.for_mmengine.cli import run_command
from posegan_plugin.for_mmengine.config import load_config
from posegan_plugin.for_torchreid.mixed_batch import mixed_batch
from posegan_plugin.for_torchreid.resolver import torchreid_module
from posegan_plugin.images import resize_images, to_imagenet
from posegan_plugin.memory import keep_freed_memory
from posegan_plugin.models import PoseTransferGenerator
from posegan_plugin.pose import PoseBank

GENERATORS = {
    "demo": "pose_quartet_demo.py",
    "small": "pose_quartet_market_small.py",
    "full": "pose_quartet_market.py",
}
SIZE = (256, 128)
IDENTITIES, CAMERAS, POSES = 751, 6, 12936
RATIO = 1 / 4


def engine_of(backbone: str, device: str) -> object:
    """The toolbox's softmax engine with a new model; it takes batches as they come."""
    gpu = device.startswith("cuda")
    torch.manual_seed(0)
    model = (
        torchreid_module("models")
        .build_model(backbone, IDENTITIES, loss="softmax", pretrained=False, use_gpu=gpu)
        .to(device)
    )
    data = SimpleNamespace(num_train_pids=IDENTITIES, train_loader=None, test_loader=None)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-4, weight_decay=5e-4)
    engine = torchreid_module("engine").ImageSoftmaxEngine(data, model, optimizer, use_gpu=gpu)
    model.train()
    return engine


def generator_of(config: str, device: str) -> PoseTransferGenerator:
    """A generator of a config's size, in the layout that the tools give it."""
    options = dict(load_config(config_path(config)).model.generator)
    del options["type"]
    generator = PoseTransferGenerator(**options, num_cameras=CAMERAS)
    return generator.to(device, memory_format=torch.channels_last)


def batch_of(count: int, device: str) -> dict[str, object]:
    """A batch as torchreid's loader gives it; the images lie on the device."""
    torch.manual_seed(0)
    return {
        "img": torch.randn(count, 3, *SIZE).to(device),
        "pid": torch.arange(count).to(device),
        "camid": torch.randint(0, CAMERAS, (count,)),
        "impath": [f"{row}.jpg" for row in range(count)],
        "dsetid": torch.zeros(count, dtype=torch.int64),
    }


def mixed_step(
    engine: object, generator: nn.Module, batch: int, device: str
) -> Callable[[], object]:
    """A step on ``batch`` people, of whom ``RATIO`` of the others are synthesised in it."""
    count = round(batch / (1 + RATIO))
    data, size = batch_of(count, device), generator.image_size
    poses = random_poses(POSES, size)
    bank = PoseBank(poses, torch.arange(POSES), torch.arange(POSES) % CAMERAS)
    augment = PoseTransferAugment(generator, bank, SynthesisPolicy(ratio=RATIO, target="any"))
    real = PersonBatch.of_real(
        torch.rand(count, 3, *size).to(device) * 2 - 1,
        poses[:count].to(device),
        data["pid"],
        data["camid"].to(device),
        torch.arange(count).to(device),
    )

    def step() -> None:
        # What PoseTransferDataManager.mix does, but for reading the images.
        mixed: PersonBatch = augment(real)
        images = to_imagenet(resize_images(mixed.images[count:], SIZE))
        engine.forward_backward(mixed_batch(data, mixed, images))

    return step


def random_poses(count: int, size: tuple[int, int]) -> Tensor:
    """Key points anywhere on an image, (count, 18, 3)."""
    return torch.rand(count, 18, 3) * torch.tensor([size[1] - 1, size[0] - 1, 1.0])


def main() -> None:
    """Time a plain step and the mixed ones in turn."""
    options = parser(__doc__)
    options.add_argument("--batches", type=int, nargs="+", help="default: 64 on a GPU, else 16")
    options.add_argument("--backbones", nargs="+", default=["resnet50", "osnet_x1_0"])
    options.add_argument("--generators", nargs="+", choices=GENERATORS, default=list(GENERATORS))
    args = options.parse_args()
    gpu = args.device.startswith("cuda")
    keep_freed_memory()
    generators = {name: generator_of(GENERATORS[name], args.device) for name in args.generators}
    rows = []
    for backbone in args.backbones:
        engine = engine_of(backbone, args.device)
        for batch in args.batches or [64 if gpu else 16]:
            plain = batch_of(batch, args.device)
            steps = {"plain": lambda e=engine, b=plain: e.forward_backward(b)}
            steps |= {
                name: mixed_step(engine, g, batch, args.device) for name, g in generators.items()
            }
            timings = measure(steps, args.repeats, args.device)
            for name in generators:
                both = zip(timings[name].seconds, timings["plain"].seconds, strict=True)
                rows.append(
                    [
                        # Turn by turn: what else the machine does meets both.
                        statistics.median(mixed / alone for mixed, alone in both),
                        backbone,
                        name,
                        batch,
                        1000 * timings[name].median,
                        1000 * timings["plain"].median,
                    ]
                )
    report(
        "online_step",
        "A step of torchreid's softmax engine on people a fifth of whom are synthesised in it, "
        "against the same number of real people",
        ["ratio to plain", "backbone", "generator", "people", "mixed, ms", "plain, ms"],
        rows,
        args.out,
        args.device,
        [
            f"{SIZE[0]}x{SIZE[1]}, float32, Adam; real and synthesised people lie on the device; the "
            "generators are those of "
            + ", ".join(f"{n} ({GENERATORS[n]})" for n in generators)
            + ".",
            *(["The GPU is not measured: the same command there."] if not gpu else []),
        ],
    )


if __name__ == "__main__":
    run_command(main)
