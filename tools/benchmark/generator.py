"""How many images a second does the generator draw, against one of PATN's size?"""

from __future__ import annotations

import torch
from harness import measure, parser, report
from quality.cost import gmac
from torch import nn

from posegan_plugin.memory import keep_freed_memory
from posegan_plugin.models import PATNGenerator, PoseTransferGenerator

SIZE = (128, 64)


def inputs(batch: int, device: str) -> tuple[torch.Tensor, ...]:
    """Condition images and two poses."""
    torch.manual_seed(0)
    poses = torch.rand(2, batch, 18, 3) * torch.tensor([SIZE[1], SIZE[0], 1.0])
    images = (torch.rand(batch, 3, *SIZE) * 2 - 1).contiguous(memory_format=torch.channels_last)
    return tuple(t.to(device) for t in (images, *poses))


@torch.inference_mode()
def main() -> None:
    """Time both at several batch sizes, in float32 and with AMP."""
    options = parser(__doc__)
    options.add_argument("--batches", type=int, nargs="+", default=[1, 16, 64])
    options.add_argument("--return-memory", action="store_true", help="unlike the package's tools")
    args = options.parse_args()
    if args.device == "cpu" and not args.return_memory:
        keep_freed_memory()
    networks = {
        "ours": PoseTransferGenerator(SIZE, correspondence="attention", part_warp=True),
        "paper's": PoseTransferGenerator(SIZE),
        "patn": PATNGenerator(SIZE),
    }
    for network in networks.values():
        network.to(args.device, memory_format=torch.channels_last).eval()
    rows = []
    for precision in ("float32", "bfloat16 AMP"):
        for batch in args.batches:
            data = inputs(batch, args.device)

            def draw(
                network: nn.Module, data: tuple = data, amp: bool = precision != "float32"
            ) -> None:
                with torch.autocast(torch.device(args.device).type, torch.bfloat16, enabled=amp):
                    network(*data)

            timings = measure(
                {name: lambda n=network: draw(n) for name, network in networks.items()},
                args.repeats,
                args.device,
                settle=1,
            )
            speed = {name: batch / t.median for name, t in timings.items()}
            rows.append(
                [
                    speed["ours"] / speed["patn"],
                    speed["paper's"] / speed["patn"],
                    precision,
                    batch,
                    *(speed[name] for name in networks),
                ]
            )
    report(
        "generator",
        "Images a second out of the generator, 128x64, against a generator of PATN's size",
        [
            "ours : PATN",
            "paper's : PATN",
            "precision",
            "batch",
            *(f"{n}, images/s" for n in networks),
        ],
        rows,
        args.out,
        args.device,
        ["GMAC an image: " + ", ".join(f"{n} {gmac(x):.2f}" for n, x in networks.items())],
    )


if __name__ == "__main__":
    main()
