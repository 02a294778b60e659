"""The languages of messages: one TOML file each, found by its name (`telemetry.language`)."""

from pathlib import Path

from telemetry.language import OFFICIAL, Shelf

__all__ = ["OFFICIAL", "OWN", "SHELF"]

#: How a text is read aloud is each language's own: its numerals, its units, its short forms.
OWN = ("spoken",)
SHELF = Shelf.of(Path(__file__).parent, OWN)
