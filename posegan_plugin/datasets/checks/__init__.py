"""What would go wrong with a data set, before hours are spent."""

from __future__ import annotations

from posegan_plugin.datasets.checks.cleaning import clean
from posegan_plugin.datasets.checks.coordinates import check_coordinates
from posegan_plugin.datasets.checks.coverage import check_coverage
from posegan_plugin.datasets.checks.duplicates import check_duplicates
from posegan_plugin.datasets.checks.finding import ERROR, WARNING, Finding
from posegan_plugin.datasets.checks.identities import check_identities
from posegan_plugin.datasets.checks.images import check_images
from posegan_plugin.datasets.checks.inventory import Inventory, take_inventory
from posegan_plugin.datasets.checks.joint_order import check_joint_order
from posegan_plugin.datasets.checks.names import check_names
from posegan_plugin.datasets.checks.report import render_report, statistics, write_json

CHECKS = (
    check_names,
    check_images,
    check_duplicates,
    check_identities,
    check_coverage,
    check_coordinates,
    check_joint_order,
)
"""All checks: an :class:`Inventory` in, :class:`Finding` objects out."""


def check_people(inventory: Inventory) -> list[Finding]:
    """All findings, errors first."""
    findings = [finding for check in CHECKS for finding in check(inventory)]
    return sorted(findings, key=lambda finding: finding.severity != ERROR)


__all__ = [
    "CHECKS",
    "ERROR",
    "WARNING",
    "Finding",
    "Inventory",
    "check_people",
    "clean",
    "render_report",
    "statistics",
    "take_inventory",
    "write_json",
]
