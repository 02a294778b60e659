"""The languages in which quantities and what is not known are named: one TOML file each (`telemetry.language`)."""

from pathlib import Path

from telemetry.language import OFFICIAL, Shelf

__all__ = ["OFFICIAL", "SHELF"]

SHELF = Shelf.of(Path(__file__).parent)
