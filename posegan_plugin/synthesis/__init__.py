"""Training sets with synthesised people, rendered to disk once and read by any toolbox."""

from posegan_plugin.synthesis.filter import filter_images
from posegan_plugin.synthesis.options import FORMATS, REAL_IMAGES, SynthesisOptions
from posegan_plugin.synthesis.plan import SynthesisPlan, make_plan
from posegan_plugin.synthesis.process import Process
from posegan_plugin.synthesis.render import Networks
from posegan_plugin.synthesis.report import SynthesisReport
from posegan_plugin.synthesis.run import synthesize

__all__ = [
    "FORMATS",
    "REAL_IMAGES",
    "Networks",
    "Process",
    "SynthesisOptions",
    "SynthesisPlan",
    "SynthesisReport",
    "filter_images",
    "make_plan",
    "synthesize",
]
