"""How fast is a joint step, and what does each measure give?"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Sequence

import torch
from harness import measure, parser, report
from mmengine.config import Config
from mmengine.logging import MessageHub
from mmengine.registry import init_default_scope
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode, conv_flop_count

from posegan_plugin import config_path
from posegan_plugin.augment import PersonBatch
from posegan_plugin.errors import UserError
from posegan_plugin.for_mmengine import MultiOptimWrapperConstructor, ReIDDataPreprocessor
from posegan_plugin.for_mmengine.cli import run_command
from posegan_plugin.for_mmengine.config import load_config, use_amp
from posegan_plugin.memory import keep_freed_memory
from posegan_plugin.registry import MODELS
from posegan_plugin.training import GenerationObjective, PosePairs

PRESETS = {"small": "pose_quartet_market_small.py", "full": "pose_quartet_market.py"}
ONE_FORWARD, CHANNELS_LAST, FUSED = "one discriminator forward", "channels_last", "fused"
AMP, COMPILE = "AMP", "compile"
ROWS = {
    "plain": set(),
    ONE_FORWARD: {ONE_FORWARD},
    CHANNELS_LAST: {CHANNELS_LAST},
    FUSED: {FUSED},
    AMP: {AMP},
    COMPILE: {COMPILE},
    "defaults": {ONE_FORWARD, CHANNELS_LAST, FUSED},
    "defaults + AMP": {ONE_FORWARD, CHANNELS_LAST, FUSED, AMP},
    "defaults + compile": {ONE_FORWARD, CHANNELS_LAST, FUSED, COMPILE},
    "all": {ONE_FORWARD, CHANNELS_LAST, FUSED, AMP, COMPILE},
}
"""What each row does; ``plain`` is the step without any of it."""
NOT_MEASURED = (
    "Not measured: a GPU (the same command there); compiled code on a CPU, unless a row says so "
    "(`--rows plain compile defaults all`; minutes of compiling)."
)
IDENTITIES, CAMERAS = 751, 6


class TwoForwards(GenerationObjective):
    """Real and generated people go through the discriminators one after the other."""

    def discriminator_losses(
        self, pairs: PosePairs, generated: Tensor, *networks: object
    ) -> dict[str, Tensor]:
        """As those of one forward."""
        return {
            f"loss_{name}": self.adversarial.discriminator(
                network(given, pairs.target), network(given, generated.detach())
            )
            for name, network, given in self._judges(pairs, *networks)
        }


class Contiguous(ReIDDataPreprocessor):
    """Images in torch's usual memory layout."""

    def forward(self, *args: object, **kwargs: object) -> PersonBatch:
        """As usual."""
        batch = super().forward(*args, **kwargs)
        batch.images = batch.images.contiguous()
        return batch


def step_of(config: Config, measures: set[str], device: str, batch: int) -> Callable[[], object]:
    """A function that makes one step of a new model."""
    model = config.model.copy()
    model.update(num_identities=IDENTITIES, num_cameras=CAMERAS)
    model.augment.ratio = 1.0  # everybody who is drawn is in the re-ID network's batch too
    model.update(channels_last=CHANNELS_LAST in measures, compile=COMPILE in measures)
    config = Config({"optim_wrapper": config.optim_wrapper.to_dict(), "model": model})
    if AMP in measures:
        use_amp(config)
    torch.manual_seed(0)
    network = MODELS.build(config.model)
    if CHANNELS_LAST not in measures:
        network.data_preprocessor = Contiguous()
    if ONE_FORWARD not in measures:
        network.generation_objective.__class__ = TwoForwards
    network.to(device).train()
    wrappers = {k: v for k, v in config.optim_wrapper.items() if isinstance(v, dict)}
    if FUSED not in measures:
        for wrapper in wrappers.values():  # torch's own choice
            wrapper.optimizer.foreach = device.startswith("cuda")
    optimizers = MultiOptimWrapperConstructor(wrappers)(network)
    data = people(batch, model.generator.image_size, device)
    return lambda: network.train_step(data, optimizers)


def people(count: int, size: tuple[int, int], device: str) -> dict[str, Tensor]:
    """A batch of noise, with as many second images of its people as the configs draw (a quarter)."""
    torch.manual_seed(0)
    height, width = size
    data = {
        "image": torch.randint(0, 256, (count, 3, height, width), dtype=torch.uint8),
        "keypoints": torch.rand(count, 18, 3) * torch.tensor([width, height, 1.0]),
        "pid": torch.arange(count) % (count - count // 4),
        "camid": torch.randint(0, CAMERAS, (count,)),
        "index": torch.arange(count),
    }
    return {k: v.to(device) for k, v in data.items()}


def prepared(step: Callable[[], object], device: str) -> float | None:
    """Warm a step up; the memory in GB that it takes beside weights, ``None`` on a CPU."""
    step()
    step()  # optimisers have their state now, compiled code its second shape
    if not device.startswith("cuda"):
        return None
    before = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    step()
    return (torch.cuda.max_memory_allocated() - before) / 1e9


def products(device: str) -> tuple[dict[bool, Callable[[], object]], int]:
    """The product of two large square matrices with and without AMP, and its FLOPs."""
    side = 8192 if device.startswith("cuda") else 1536
    a = torch.randn(side, side, device=device)
    b = a.to(torch.bfloat16)
    return {False: lambda: a @ a, True: lambda: b @ b}, 2 * side**3


def flops(step: Callable[[], object]) -> float:
    """Of one step, forward and backward."""
    own = {torch.ops.aten.convolution_backward: convolution_backward_flops}
    with FlopCounterMode(display=False, custom_mapping=own) as counter:
        step()
    return float(counter.get_total_flops())


def convolution_backward_flops(
    grad: Sequence[int], x: Sequence[int], weight: Sequence[int], *options: object, **_: object
) -> int:
    """As many as forward for each gradient that is wanted; torch's own count ignores the groups."""
    transposed, (of_input, of_weight, _) = options[4], options[7]
    return conv_flop_count(x, weight, grad, transposed) * (of_input + of_weight)


def parse_args() -> argparse.Namespace:
    """The command line."""
    options = parser(__doc__)
    options.add_argument("--preset", choices=PRESETS, help="default: full on a GPU, small on a CPU")
    options.add_argument("--batches", type=int, nargs="+", help="default: 64, on a GPU also 256")
    options.add_argument(
        "--rows", nargs="+", choices=ROWS, help="default: all, on a CPU those that need no compiler"
    )
    args = options.parse_args()
    compiled = args.device.startswith("cuda")  # elsewhere it takes longer than all the rest
    args.rows = args.rows or [n for n, m in ROWS.items() if compiled or COMPILE not in m]
    return args


def main() -> None:
    """Time the rows in turn."""
    args = parse_args()
    gpu = args.device.startswith("cuda")
    preset = args.preset or ("full" if gpu else "small")
    config = load_config(config_path(PRESETS[preset]))
    init_default_scope(config.default_scope)
    hub = MessageHub.get_instance("joint_step")
    hub.update_info("iter", 99)  # all ramps are over
    hub.update_info("max_iters", 100)
    keep_freed_memory()
    rows, peaks = [], {}
    for batch in args.batches or ([64, 256] if gpu else [64]):
        rows += rows_of(config, batch, args, peaks)
    report(
        "joint_step",
        f"A joint step (equation 14) of the preset {preset}, against the same without our measures",
        ["ratio to plain", "row", "batch", "samples/s", "share of matrix peak", "GB a step"],
        rows,
        args.out,
        args.device,
        [
            "A sample is a real image; data lie on the device; all ramps are over.",
            "Matrix peak measured here: "
            f"{peaks[False] / 1e12:.3g} TFLOP/s in float32, {peaks[True] / 1e12:.3g} in bfloat16.",
            *([NOT_MEASURED] if not gpu else []),
        ],
    )


def rows_of(
    config: Config, batch: int, args: argparse.Namespace, peaks: dict[bool, float]
) -> list[list[object]]:
    """The table's rows of one batch size; the highest matrix peaks that were seen go to ``peaks``."""
    steps, memory, missing = {}, {}, []
    for name in args.rows:
        start = time.perf_counter()
        try:
            step = step_of(config, ROWS[name], args.device, batch)
            memory[name] = prepared(step, args.device)
        except (UserError, torch.OutOfMemoryError) as error:
            missing.append(name)
            print(f"{name}: {str(error).splitlines()[0]}")
            continue
        steps[name] = step
        print(f"{name}: ready after {time.perf_counter() - start:.0f} s", flush=True)
    work = flops(step_of(config, {ONE_FORWARD}, args.device, batch)) if steps else 0.0
    matrices, size = products(args.device)
    timings = measure({**steps, **matrices}, args.repeats, args.device, settle=1)
    for amp in matrices:
        peaks[amp] = max(peaks.get(amp, 0.0), size / min(timings[amp].seconds))
    plain = timings.get("plain")
    rows: list[list[object]] = []
    for name in args.rows:
        if name in missing:
            rows.append([None, name, batch, None, None, None])
            continue
        seconds = timings[name].seconds
        # Turn by turn: what else the machine does meets both.
        ratios = [p / s for p, s in zip(plain.seconds, seconds, strict=True)] if plain else None
        share = work / timings[name].median / peaks[AMP in ROWS[name]]
        rows.append(
            [
                statistics.median(ratios) if ratios else None,
                name,
                batch,
                batch / timings[name].median,
                share,
                memory[name],
            ]
        )
    return rows


if __name__ == "__main__":
    run_command(main)
