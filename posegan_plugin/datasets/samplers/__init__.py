"""Which people meet in a batch."""

from posegan_plugin.datasets.samplers.identity import IdentitySampler
from posegan_plugin.datasets.samplers.partner import PartnerSampler
from posegan_plugin.datasets.samplers.quartet import QuartetSampler

__all__ = ["IdentitySampler", "PartnerSampler", "QuartetSampler"]
