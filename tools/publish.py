"""Take the networks out of a checkpoint: python tools/publish.py CHECKPOINT OUT.safetensors."""

from __future__ import annotations

import argparse
from pathlib import Path

from posegan_plugin import __version__
from posegan_plugin.for_mmengine.cli import run_command
from posegan_plugin.for_mmengine.pretrained import MODEL_CONFIG, load_pretrained
from posegan_plugin.published import write_weights


def parse_args() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", help="a checkpoint, or the work dir of a run for its newest")
    parser.add_argument("out", help="the weight file to write, *.safetensors")
    parser.add_argument("--half", action="store_true", help="store float16: half the size")
    parser.add_argument(
        "--about", default="", help="a line to store, as the command of the training"
    )
    parser.add_argument("--model-config", help=MODEL_CONFIG)
    return parser.parse_args()


def main() -> None:
    """Write generator and re-ID network, without optimisers and discriminators."""
    args = parse_args()
    run = load_pretrained(args.checkpoint, args.model_config)
    networks = {"generator": run.generator, "reid": run.reid}
    state = {
        f"{name}.{key}": tensor
        for name, network in networks.items()
        if network is not None
        for key, tensor in network.state_dict().items()
    }
    about = {"version": __version__, "about": args.about}
    write_weights(args.out, state, run.architecture, about, args.half)
    size = Path(args.out).stat().st_size
    print(f"{args.out}: {len(state)} tensors, {size / 1e6:.2f} MB")


if __name__ == "__main__":
    run_command(main)
