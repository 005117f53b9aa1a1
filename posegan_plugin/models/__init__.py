"""The networks of the paper, one file each; none of them knows a toolbox."""

from posegan_plugin.models.discriminator import (
    AppearanceDiscriminator,
    PatchDiscriminator,
    PoseDiscriminator,
)
from posegan_plugin.models.encoder import Encoder
from posegan_plugin.models.generator import PoseTransferGenerator
from posegan_plugin.models.paan import PAAN
from posegan_plugin.models.pagn import PAGN
from posegan_plugin.models.patn import PATNGenerator
from posegan_plugin.models.reid import ReIDNetwork, ReIDOutput

__all__ = [
    "PAAN",
    "PAGN",
    "AppearanceDiscriminator",
    "Encoder",
    "PATNGenerator",
    "PatchDiscriminator",
    "PoseDiscriminator",
    "PoseTransferGenerator",
    "ReIDNetwork",
    "ReIDOutput",
]
