"""Write one HTML page about a run: python tools/report.py WORK_DIR."""

from __future__ import annotations

import argparse

from posegan_plugin.for_mmengine.cli import run_command
from posegan_plugin.report import write_report


def parse_args() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "work_dir",
        nargs="+",
        help="work dir of a run, or torchreid's save_dir; several are shown side by side",
    )
    parser.add_argument("--out", help="the page; default: report.html in the first work dir")
    return parser.parse_args()


def main() -> None:
    """Write the page; also while the run is going."""
    args = parse_args()
    path = write_report(args.work_dir, args.out)
    print(f"{path}: {path.stat().st_size / 1e6:.1f} MB, to be opened in any browser")


if __name__ == "__main__":
    run_command(main)
