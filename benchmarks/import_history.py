"""Months of several stations' logger files through ``nongvu ingest import``, as an operator types it.

Data: 6 stations, half a year every 10 minutes, 8 quantities, as Campbell TOA5 files (2 MB each): 26,208 lines and 209,664
readings a file. Each file is a call of the command (its start counts), checks, marks and idempotence as on the wire; then
the first file once more, which changes nothing.
"""

import subprocess
import sys
import tempfile
import time
from os import environ
from pathlib import Path

import numpy as np
import psycopg

from benchmarks import stage

STATIONS, DAYS, EVERY = 6, 182, 600
NAMES = ("AirTC_Avg", "RH", "BP_mbar", "Rain_mm_Tot", "WS_ms_Avg", "WindDir", "SlrW_Avg", "BattV_Min")
UNITS = ("Deg C", "%", "mbar", "mm", "meters/second", "degrees", "W/m^2", "Volts")
BASES = (20.0, 80.0, 950.0, 0.2, 3.0, 180.0, 400.0, 12.6)


def write(path, station):
    """A file as the logger leaves it."""
    count = DAYS * 86_400 // EVERY
    times = np.datetime64("2025-01-01T00:10:00") + np.arange(count) * np.timedelta64(EVERY, "s")
    wave = 1 + 0.1 * np.sin(np.arange(count) / 7 + station)
    lines = [
        f'"TOA5","S{station}","CR1000X","{station}","CR1000X.Std.05","CPU:p.CR1X","1","Table1"',
        ",".join(f'"{name}"' for name in ("TIMESTAMP", "RECORD", *NAMES)),
        ",".join(f'"{unit}"' for unit in ("TS", "RN", *UNITS)),
        ",".join(['""'] * (2 + len(NAMES))),
    ]
    for n, (moment, factor) in enumerate(zip(times.astype(str).tolist(), wave.tolist(), strict=True)):
        values = ",".join(f"{base * factor:.2f}" for base in BASES)
        lines.append(f'"{moment.replace("T", " ")}",{n},{values}')
    path.write_text("\r\n".join(lines) + "\r\n")
    return count * len(NAMES)


def take(url, path, station):
    """Seconds of one call of the command."""
    command = [
        sys.executable,
        "-P",
        "-m",
        "nongvu",
        "ingest",
        "import",
        str(path),
        "--station",
        f"s-{station}",
        "--create",
    ]
    start = time.monotonic()
    subprocess.run([*command, "--json"], env=environ | {"NONGVU_DATABASE_URL": url}, check=True, capture_output=True)
    return time.monotonic() - start


def run():
    with stage.services() as (database, _), tempfile.TemporaryDirectory() as folder:
        url = stage.fresh(database)
        stage.register(url, STATIONS, ())
        files = [Path(folder, f"s-{station}.dat") for station in range(STATIONS)]
        total = sum(write(file, station) for station, file in enumerate(files))
        seconds = sum(take(url, file, station) for station, file in enumerate(files))
        again = take(url, files[0], 0)
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT count(*) FROM reading").fetchone() == (total,)
    return [
        {"name": "import_history", "value": round(seconds, 1), "bar": "< 180", "met": seconds < 180,
         "unit": f"s for half a year of {STATIONS} stations, {total:,} readings"},
        {"name": "import_history rate", "value": round(total / seconds), "unit": "readings/s"},
        {"name": "import_history again", "value": round(again, 1), "unit": "s for a file that is in already"},
    ]  # fmt: skip
