"""What was sown where and when, as an operator types it or keeps it in a list."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from psycopg import Connection
from psycopg.rows import DictRow, TupleRow, dict_row
from psycopg.types.json import Jsonb

from store import audit
from store.csv_list import Row, read_list
from store.property import Limits, checked, known
from store.statements import statement

#: Columns of a list of seasons that are no properties.
COLUMNS = ("place", "crop", "variety", "sown", "ended")
#: How a day is written: ISO 8601, or as on a Vietnamese form.
_DAYS = ("%Y-%m-%d", "%d/%m/%Y")


class SeasonError(ValueError):
    """A season that cannot be; never worth another try."""


@dataclass(frozen=True, slots=True)
class Season:
    """One crop on one field; what is None is not said."""

    place: str
    crop: str
    sown: date
    variety: str | None = None
    ended: date | None = None
    properties: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what cannot be, in words that help."""
        if self.ended is not None and self.ended < self.sown:
            raise SeasonError(
                f"{self.place}, {self.crop}: it cannot end ({self.ended}) before it was sown ({self.sown})"
            )


def day(text: str) -> date:
    """Day of ``2026-02-10`` or ``10/02/2026``."""
    for form in _DAYS:
        try:
            return datetime.strptime(text.strip(), form).date()  # noqa: DTZ007 — a day has no zone
        except ValueError:
            continue
    raise SeasonError(f"{text!r} is no day: write 2026-02-10 or 10/02/2026")


def put(connection: Connection[TupleRow], season: Season, allowed: Mapping[str, Limits]) -> tuple[int, bool]:
    """Write a season, or bring the one of the same crop sown that day up to date; its id, and whether it is new."""
    given = checked(allowed, season.properties, f"season of {season.crop} at {season.place}")
    values = {
        "place": season.place, "crop": season.crop, "variety": season.variety, "sown": season.sown,
        "ended": season.ended, "properties": Jsonb(given),
    }  # fmt: skip
    found = connection.execute(statement("season", "same"), values).fetchone()
    if found is None:
        raise SeasonError(f"there is no place {season.place!r}: see 'nongvu place list'")
    if found[0] is None:
        row = connection.execute(statement("season", "add"), values | {"variety": season.variety or ""}).fetchone()
    else:
        row = connection.execute(statement("season", "put"), values | {"id": found[0]}).fetchone()
    assert row is not None  # noqa: S101 — both return what they wrote
    _changed(connection, row[0], season)
    return row[0], found[0] is None


def put_all(connection: Connection[TupleRow], seasons: Iterable[Season]) -> tuple[int, int]:
    """Write seasons in one transaction, all or none; how many are new, and how many were brought up to date."""
    allowed = known(connection, "season")
    with connection.transaction():
        new = [put(connection, season, allowed)[1] for season in seasons]
    return sum(new), len(new) - sum(new)


def end(connection: Connection[TupleRow], number: int, ended: date) -> None:
    """Say on which day a season ended."""
    found = connection.execute(statement("season", "one"), {"id": number}).fetchone()
    if found is None:
        raise SeasonError(f"there is no season {number}: see 'nongvu season list'")
    if ended < found[0]:
        raise SeasonError(f"season {number} cannot end ({ended}) before it was sown ({found[0]})")
    change = {"id": number, "ended": ended, "variety": None, "properties": Jsonb({})}
    connection.execute(statement("season", "put"), change)
    connection.execute(statement("season", "mark"), {"id": number})
    audit.record(connection, "season end", f"season:{number}", ended=str(ended))


def change(connection: Connection[TupleRow], number: int, given: Mapping[str, object]) -> None:
    """Give a season's properties, or take them away."""
    if connection.execute(statement("season", "one"), {"id": number}).fetchone() is None:
        raise SeasonError(f"there is no season {number}: see 'nongvu season list'")
    numbers = checked(known(connection, "season"), given, f"season {number}")
    values = {"id": number, "ended": None, "variety": None, "properties": Jsonb(numbers)}
    connection.execute(statement("season", "put"), values)
    connection.execute(statement("season", "mark"), {"id": number})
    audit.record(connection, "season set", f"season:{number}", **numbers)


def _changed(connection: Connection[TupleRow], number: int, season: Season) -> None:
    connection.execute(statement("season", "mark"), {"id": number})
    audit.record(
        connection, "season put", f"season:{number}", place=season.place, crop=season.crop, sown=str(season.sown)
    )


def listed(
    connection: Connection[TupleRow], below: str | None = None, crop: str | None = None, *, open_only: bool = False
) -> list[DictRow]:
    """Seasons of a place and what lies in it, of one crop, or only those that go on."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(
            statement("season", "listed"), {"below": below, "crop": crop, "open": open_only}
        ).fetchall()


def unknown_crops(connection: Connection[TupleRow], crops: Iterable[str]) -> dict[str, list[str]]:
    """Crops that are not in the crop table, each with all that are."""
    table = [row[0] for row in connection.execute(statement("catalogue", "crops")).fetchall()]
    return {crop: table for crop in crops if crop not in table}


def from_csv(path: Path) -> Iterator[Season]:
    """Seasons of a CSV file: place, crop, sown, as wanted variety and ended; every further column is a property."""
    for _, season in read_list(path, COLUMNS, ("place", "crop", "sown"), _season, SeasonError):
        yield season


def _season(row: Row, further: Row) -> Season:
    ended = day(row["ended"]) if row.get("ended") else None
    return Season(row["place"], row["crop"], day(row["sown"]), row.get("variety") or None, ended, further)
