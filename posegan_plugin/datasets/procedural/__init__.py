"""People that the package renders itself: re-identification data for those who have none."""

from posegan_plugin.datasets.procedural.renderer import render_person
from posegan_plugin.datasets.procedural.spec import ProceduralPeopleSpec
from posegan_plugin.datasets.procedural.writer import write_procedural_people

__all__ = ["ProceduralPeopleSpec", "render_person", "write_procedural_people"]
