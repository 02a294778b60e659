"""The table of quantities as SensorThings ObservedProperties, written as SQL that migrate repeats."""

from __future__ import annotations

import sys
from pathlib import Path

from telemetry.quantities import QUANTITIES, Quantity

FILE = Path(__file__).parents[2] / "store" / "repeatable" / "40_observed_property.sql"
HEAD = """\
-- The table of quantities (telemetry/quantities.py) as observed properties; `python -m api.sensorthings.properties`
-- writes this file, a test compares it.
INSERT INTO observed_property (name, title, definition, description, unit) VALUES
"""
TAIL = """
ON CONFLICT (name) DO UPDATE SET title = excluded.title, definition = excluded.definition,
    description = excluded.description, unit = excluded.unit;
"""


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _row(quantity: Quantity) -> str:
    """Row of a quantity; CF names are resolved by the NERC vocabulary server's standard names."""
    definition = f"urn:nongvu:quantity:{quantity.name}"
    if quantity.cf_name:
        definition = f"http://vocab.nerc.ac.uk/standard_name/{quantity.cf_name}/"
    cells = (quantity.name, quantity.title("en"), definition, quantity.title("vi"), quantity.unit)
    return f"    ({', '.join(map(_quoted, cells))})"


def text() -> str:
    """Text of the file."""
    return HEAD + ",\n".join(map(_row, QUANTITIES.values())) + TAIL


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
    sys.stdout.write(f"{FILE}\n")
