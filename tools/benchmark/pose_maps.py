"""Pose maps for a batch: drawn from key points, against PATN's way of loading stored ones."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import torch
from harness import measure, parser, report

from posegan_plugin.memory import keep_freed_memory
from posegan_plugin.pose import render_heatmaps

SIZE = (128, 64)


def main() -> None:
    """Time both for three batch sizes; the files are in the disk cache after the warm-up."""
    options = parser(__doc__, repeats=21)
    options.add_argument("--return-memory", action="store_true", help="unlike the package's tools")
    args = options.parse_args()
    if args.device == "cpu" and not args.return_memory:
        keep_freed_memory()
    device = torch.device(args.device)
    rows = []
    for batch in (16, 64, 256):
        torch.manual_seed(0)
        poses = torch.rand(batch, 18, 3) * torch.tensor([SIZE[1], SIZE[0], 1.0])
        with tempfile.TemporaryDirectory() as folder:
            # PATN stores (H, W, 18) float32 maps, one file an image.
            for index, maps in enumerate(render_heatmaps(poses, SIZE)):
                np.save(Path(folder) / f"{index}.npy", maps.permute(1, 2, 0).contiguous().numpy())
            stored = sum(f.stat().st_size for f in Path(folder).iterdir())

            def load(folder: str = folder, batch: int = batch) -> torch.Tensor:
                maps = [
                    torch.from_numpy(np.load(Path(folder) / f"{i}.npy")).permute(2, 0, 1)
                    for i in range(batch)
                ]
                return torch.stack(maps).to(device)

            def draw(poses: torch.Tensor = poses) -> torch.Tensor:
                return render_heatmaps(poses.to(device), SIZE)

            def draw_half(poses: torch.Tensor = poses) -> torch.Tensor:
                return render_heatmaps(poses.to(device), SIZE, dtype=torch.bfloat16)

            assert torch.allclose(load(), draw(), atol=1e-6)
            timings = measure(
                {"draw": draw, "half": draw_half, "load": load}, args.repeats, args.device
            )
        ms = {name: 1000 * t.median for name, t in timings.items()}
        rows.append(
            [
                ms["load"] / ms["draw"],
                ms["load"] / ms["half"],
                batch,
                ms["draw"],
                ms["half"],
                ms["load"],
                0,
                stored / 1000000.0,
            ]
        )
    report(
        "pose_maps",
        "Pose maps of a batch, 18 x 128 x 64, drawn from key points against loaded from disk",
        [
            "stored : drawn",
            "stored : drawn bfloat16",
            "batch",
            "drawn, ms",
            "drawn bfloat16, ms",
            "stored, ms",
            "drawn, MB on disk",
            "stored, MB on disk",
        ],
        rows,
        args.out,
        args.device,
    )


if __name__ == "__main__":
    main()
