"""The languages of the boards: one TOML file each, found by its name (`telemetry.language`)."""

from pathlib import Path

from telemetry.language import OFFICIAL, Shelf

__all__ = ["OFFICIAL", "SHELF"]

SHELF = Shelf.of(Path(__file__).parent)
