"""How many messages a mixed farm gets in a year of hourly record, and of what; each can be read.

Data: an hourly record of a city (the "PM2.5 Data of Five Chinese Cities", 2010–2015, UCI; not part of the project), named
by `NONGVU_RECORD`, its year by `NONGVU_RECORD_YEAR` (2014): air temperature, humidity, pressure and rain of one station in
a commune, told hour by hour to the engine, which has two months of history. Rice twice, potatoes, tomatoes, maize and fruit
stand there in their months. One farmer who is told of everything hears it by the real dispatcher, with the usual inhibition.
What is counted are messages that say something new (begin, get worse), and beside them all that came, reminders included.
With `NONGVU_TRANSCRIPT` every message and every alert is written there in sequence.

Without a record nothing is measured, and the row says so.
"""

import asyncio
import csv
import json
import os
import sys
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg
from psycopg.rows import dict_row

from analytics.run.engine.engine import Engine
from benchmarks import stage
from notify.dispatcher import Dispatcher
from notify.grouping import escalation_policy
from notify.people.subscriber import Person, add
from notify.settings import NotifySettings
from store import season
from store.lease import Waits
from store.pool import pool

BAR = 50
HOUR = timedelta(hours=1)
AT_ONCE = Waits(timedelta(0), timedelta(0))
#: Column → quantity, and what the column's value is multiplied with.
COLUMNS = {
    "TEMP": "air_temperature",
    "HUMI": "relative_humidity",
    "PRES": "air_pressure",
    "precipitation": "precipitation",
}
#: File's name → where the record was made, and its time zone.
PLACES = {
    "Guangzhou": (113.26, 23.13, 20), "Chengdu": (104.06, 30.66, 500), "Shanghai": (121.47, 31.23, 5),
    "Beijing": (116.4, 39.9, 44), "Shenyang": (123.43, 41.8, 45),
}  # fmt: skip
ZONE = "Asia/Shanghai"
#: What stands on the farm: crop, month and day of sowing, days.
SOWN = (("rice_spring", 2, 20, 120), ("rice_summer", 7, 1, 115), ("potato", 11, 5, 95), ("tomato", 9, 20, 140),
        ("maize", 3, 1, 110), ("custard_apple", 1, 1, 364))  # fmt: skip
NEW = frozenset({"open", "raise"})


@dataclass
class Clock:
    """The hour that is being told."""

    moment: datetime

    def now(self):
        """Event time."""
        return self.moment


def run():
    """Rows of the record, or one that says that there is none."""
    record = os.environ.get("NONGVU_RECORD")
    if not record:
        return [{"name": "messages_a_year", "not_measured": "NONGVU_RECORD names no hourly record"}]
    year = int(os.environ.get("NONGVU_RECORD_YEAR", "2014"))
    with stage.services() as (database, _):
        url = stage.fresh(database)
        asyncio.run(told(url, Path(record), year))
        rows = messages(url, datetime(year, 1, 1, tzinfo=ZoneInfo(ZONE)))
        steps = alerts(url)
    if path := os.environ.get("NONGVU_TRANSCRIPT"):
        Path(path).write_text(
            json.dumps({"messages": rows, "alerts": steps}, default=str, ensure_ascii=False, indent=1)
        )
    new = [row for row in rows if row["kind"] in NEW and not row["rung"]]
    for name, counted in (("new", new), ("all", rows)):
        table = Counter(row["hazard"] for row in counted)
        print(f"  {name}: {len(counted)}", dict(table.most_common()), file=sys.stderr)
    print("  by month:", dict(sorted(Counter(f"{row['at']:%m}" for row in new).items())), file=sys.stderr)
    return [
        {"name": "messages_a_year", "value": len(new), "unit": "messages that begin or get worse, a mixed farm",
         "peer": "all messages", "peer_value": len(rows), "ratio": round(len(rows) / max(1, len(new)), 2),
         "bar": f"≤ {BAR}", "met": len(new) <= BAR},
    ]  # fmt: skip


def read(record, first, last):
    """Hour (UTC) → quantity → value."""
    found = {}
    with record.open(encoding="utf-8-sig") as file:
        for row in csv.DictReader(file):
            local = datetime(
                int(row["year"]), int(row["month"]), int(row["day"]), int(row["hour"]), tzinfo=ZoneInfo(ZONE)
            )
            moment = local.astimezone(UTC)
            if not first <= moment < last:
                continue
            values = {quantity: float(row[name]) for name, quantity in COLUMNS.items() if row[name] not in {"NA", ""}}
            # rows without a reading carry sentinels
            found[moment] = {
                quantity: value
                for quantity, value in values.items()
                if -60 < value < (1100 if "pres" in quantity else 500)
            }
    return found


def enter(url, record, year):
    """A station in its commune, what stands there, and a farmer; datastreams by quantity."""
    longitude, latitude, elevation = next(at for name, at in PLACES.items() if record.name.startswith(name))
    with psycopg.connect(url) as connection:
        parent = None
        for code, kind in (("gz", "province"), ("gz-1", "commune"), ("gz-1-a", "station")):
            parent = connection.execute(
                "INSERT INTO place (code, kind, name, parent, longitude, latitude, elevation, time_zone, properties)"
                " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s::jsonb) RETURNING id",
                (code, kind, "Hữu Lũng", parent, longitude, latitude, elevation, ZONE, PROPERTIES),
            ).fetchone()[0]
        streams = {
            quantity: connection.execute(
                "INSERT INTO datastream (place, quantity, interval_seconds) VALUES (%s, %s, 3600) RETURNING id",
                (parent, quantity),
            ).fetchone()[0]
            for quantity in COLUMNS.values()
        }
        sown = [
            season.Season("gz-1-a", crop, date(of, month, day), ended=date(of, month, day) + timedelta(days=days))
            for crop, month, day, days in SOWN
            for of in (year - 1, year)
        ]
        season.put_all(connection, sown)
        person = Person(address="+84912345678", places=("gz-1",), consent_channel="paper", consent_at=date(2009, 1, 1),
                        daily_cap=1000, time_zone=ZONE)  # fmt: skip
        add(connection, person, datetime(2009, 1, 1, tzinfo=UTC), "benchmark")
    return streams


#: What people know of the place: the worst susceptibility but one of Điều 46 in region 2, the yearly rain.
PROPERTIES = json.dumps({"flash_flood_susceptibility": 3, "flash_flood_region": 2, "annual_precipitation": 1700})


class Awake:
    """Nobody sends: messages stay in the table."""

    wake = asyncio.Event()


async def told(url, record, year):
    """Tell a winter of history at once, then a year hour by hour."""
    streams = enter(url, record, year)
    first = datetime(year, 1, 1, tzinfo=ZoneInfo(ZONE)).astimezone(UTC)
    values = read(record, first - timedelta(days=60), datetime(year + 1, 1, 1, tzinfo=ZoneInfo(ZONE)).astimezone(UTC))
    settings = NotifySettings(database_url=url, grouping_wait=0, bundle_wait=0)
    clock = Clock(first)
    async with pool(url, name="bench", most=6) as connections:
        engine = Engine(connections, AT_ONCE, worker="one")
        dispatcher = Dispatcher(connections, clock, settings, Awake(), escalation_policy.read(None))

        async def settled():
            while await engine.step(clock.moment):
                pass
            for _ in range(3):
                await dispatcher.look()

        hours = sorted(values)
        with psycopg.connect(url, autocommit=True) as connection:
            deliver(connection, streams, {hour: values[hour] for hour in hours if hour < first})
            await settled()
            for hour in (hour for hour in hours if hour >= first):
                clock.moment = hour
                deliver(connection, streams, {hour: values[hour]})
                await settled()


def deliver(connection, streams, readings):
    """Store readings and their marks, as ingest does."""
    rows = [(streams[quantity], hour, value) for hour, values in readings.items() for quantity, value in values.items()]
    if not rows:
        return
    with connection.transaction(), connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO reading (datastream_id, phenomenon_time, result, flag, batch_id) VALUES (%s, %s, %s, 1, 0)"
            " ON CONFLICT DO NOTHING", rows)  # fmt: skip
        cursor.executemany(
            "INSERT INTO latest VALUES (%s, %s, %s, 1, 0) ON CONFLICT (datastream_id) DO UPDATE"
            " SET phenomenon_time = excluded.phenomenon_time, result = excluded.result"
            " WHERE latest.phenomenon_time <= excluded.phenomenon_time", rows)  # fmt: skip
        ids = sorted({row[0] for row in rows})
        times = [[row[1] for row in rows if row[0] == id_] for id_ in ids]
        cursor.execute(
            "SELECT append_marks(%s, %s, %s, 'reading')", (ids, [min(t) for t in times], [max(t) for t in times])
        )


def messages(url, since):
    """The farmer's messages in sequence."""
    with psycopg.connect(url, row_factory=dict_row, options="-c timezone=Asia/Shanghai") as connection:
        return connection.execute(
            "SELECT delivery.at, bundle.kind, bundle.hazard, delivery.level, delivery.rung, delivery.state, delivery.text FROM delivery"
            " JOIN bundle ON bundle.id = delivery.bundle WHERE delivery.at >= %s ORDER BY delivery.at, delivery.id", (since,)
        ).fetchall()  # fmt: skip


def alerts(url):
    """Every episode with its course, and when each of its steps was known."""
    with psycopg.connect(url, row_factory=dict_row, options="-c timezone=Asia/Shanghai") as connection:
        return connection.execute(
            "SELECT rule, hazard, subject, basis, state, started, ended, course, (SELECT jsonb_agg(jsonb_build_array(kind, level,"
            " at, known_at) ORDER BY number) FROM alert_step WHERE alert = alert.id) AS steps FROM alert ORDER BY started, id"
        ).fetchall()  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(run(), ensure_ascii=False, indent=1))
