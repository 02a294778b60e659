"""The languages of the pages: one TOML file each, found by its name (`telemetry.language`)."""

from pathlib import Path

from telemetry.language import OFFICIAL, Shelf

__all__ = ["HOLES", "OFFICIAL", "SHELF", "known"]

#: What a date may be written with; each language takes what it needs.
_DATE = ("day", "dd", "month", "mm", "month_name", "short_month", "year")
HOLES = {"time.date": _DATE, "time.short_date": _DATE, "time.time_and_date": ("time", "date")}
SHELF = Shelf.of(Path(__file__).parent, holes=HOLES)


def known(code: str) -> str:
    """The code of a language that there is; `ValueError` naming those that there are."""
    if code not in SHELF.codes:
        message = f"there is no language {code!r}, there are {', '.join(SHELF.codes)}"
        raise ValueError(message)
    return code
