"""Re-ID people with key points, from disk or rendered by the package, and samplers."""

from posegan_plugin.datasets.image_folder import read_image_folder
from posegan_plugin.datasets.market_layout import read_market_layout
from posegan_plugin.datasets.people import Person, ReIDSplits
from posegan_plugin.datasets.person_dataset import PersonDataset
from posegan_plugin.datasets.person_list import read_person_list, write_person_list
from posegan_plugin.datasets.read_images import read_image
from posegan_plugin.datasets.samplers import IdentitySampler, PartnerSampler, QuartetSampler

__all__ = [
    "IdentitySampler",
    "PartnerSampler",
    "Person",
    "PersonDataset",
    "QuartetSampler",
    "ReIDSplits",
    "read_image",
    "read_image_folder",
    "read_market_layout",
    "read_person_list",
    "write_person_list",
]
