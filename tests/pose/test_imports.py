import subprocess
import sys

import posegan_plugin.pose as pose


def test_all_names_exist():
    assert all(hasattr(pose, name) for name in pose.__all__)


def test_pose_needs_numpy_and_torch_only():
    code = (
        "import sys, posegan_plugin.pose\n"
        "print(*sorted({'cv2', 'PIL', 'mmengine', 'torchreid', 'torchvision',"
        " 'posegan_plugin.visualization'} & set(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == ""
