"""What importing the plugin adds to importing torchreid."""

from __future__ import annotations

import subprocess
import sys

from harness import measure, parser, report

IMPORTS = {
    "torchreid": "import torchreid",
    "plugin": "import torchreid, posegan_plugin",
    "for_torchreid": "import torchreid, posegan_plugin.for_torchreid",
    "registry": "import torchreid, posegan_plugin.registry",
}
HEAVY = ("matplotlib.pyplot", "torchmetrics", "onnxruntime", "rtmlib", "tensorboard", "skimage")


def main() -> None:
    """Time whole processes."""
    args = parser(__doc__).parse_args()

    def start(code: str) -> None:
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)

    timings = measure({n: lambda c=c: start(c) for n, c in IMPORTS.items()}, args.repeats)
    base = timings["torchreid"].median
    rows = []
    for name, code in IMPORTS.items():
        median = timings[name].median
        check = f"{code}; import sys; print(*[m for m in {HEAVY} if m in sys.modules])"
        heavy = subprocess.run(
            [sys.executable, "-c", check], check=True, capture_output=True, text=True
        ).stdout.split("\n")[-2]
        rows.append([median / base, code, median, median - base, heavy or "none"])
    report(
        "startup",
        "Seconds to start Python and import",
        ["ratio to torchreid", "code", "seconds", "seconds more", "heavy modules imported"],
        rows,
        args.out,
    )


if __name__ == "__main__":
    main()
