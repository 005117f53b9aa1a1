"""Train person re-identification networks on people in poses the cameras never saw.

A plugin for torchreid and mmengine after Khatun et al., *Pose-driven attention-guided image
generation for person re-ID*. The core packages (``pose``, ``models``, ``losses``, ``augment``,
``datasets``, ``evaluation``, ``visualization``) know no toolbox; ``for_mmengine`` and
``for_torchreid`` hold the thin toolbox-specific code. Importing this package imports none of them.
"""

from posegan_plugin.errors import UserError
from posegan_plugin.paths import config_path

__version__ = "0.1.0"
__all__ = ["UserError", "__version__", "config_path"]
