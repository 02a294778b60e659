"""The languages of warnings: one TOML file each, found by its name (`telemetry.language`).

A rule that nobody has translated whole is said in Vietnamese alone (`analytics.rule.Rule.languages`).
"""

from pathlib import Path

from telemetry.language import OFFICIAL, Shelf

__all__ = ["OFFICIAL", "SHELF"]

SHELF = Shelf.of(Path(__file__).parent)
