import subprocess
import sys

import posegan_plugin.synthesis as synthesis


def test_all_names_exist():
    assert all(hasattr(synthesis, name) for name in synthesis.__all__)


def test_synthesis_needs_no_toolbox():
    code = (
        "import sys, posegan_plugin.synthesis\n"
        "print(*sorted({'mmengine', 'torchreid'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
