"""What a 10-minute reading takes with all that is made of it in TimescaleDB's Community edition, compressed.

Data: that of `disk`, bytes_all_in, of fewer stations: 2 stations × 180 days × 8 quantities every 10 minutes (415,000 readings),
backfilled, rolled up and closed on a real server of the Apache edition, since PGlite has one connection; then every table is
copied as it is into PGlite, which has the Community edition, the chunks of all tables that the migrations let it compress are
compressed as its policy does it, and what is not compressed is packed by VACUUM FULL.
"""

import asyncio
import tempfile
from pathlib import Path

import psycopg

from benchmarks import disk, judge, stage
from benchmarks.bytes_per_reading import community

STATIONS, DAYS, MOST = 2, stage.size(180, 20), 25
COLUMNS = (
    "SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute"
    " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''"
)


def copied(url, folder):
    """Write every table as COPY text into a folder, its columns into the name's first line."""
    with psycopg.connect(url) as connection:
        for table in disk.KEPT:
            (columns,) = connection.execute(COLUMNS, [table]).fetchone()
            with (
                Path(folder, table).open("wb") as file,
                connection.cursor().copy(f"COPY (SELECT {columns} FROM {table}) TO STDOUT") as rows,
            ):
                file.write(columns.encode() + b"\n")
                file.writelines(rows)


def run():
    with stage.services() as (database, _), tempfile.TemporaryDirectory() as folder:
        url = stage.fresh(database)
        asyncio.run(disk.all_in(url, STATIONS, DAYS))
        copied(url, folder)
        try:
            found = community("tables", folder)
        except judge.AbsentError as error:
            return [judge.absent("bytes_all_in Community", error)]
    print("  " + ", ".join(f"{name} {size / found['rows']:.1f}" for name, size in found["sizes"].items()))
    value = sum(found["sizes"].values()) / found["rows"]
    return [judge.at_most({"name": "bytes_all_in Community", "value": round(value, 1), "unit": "B a reading"}, MOST)]
