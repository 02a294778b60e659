"""A changed rule previewed over a year of 1,000 stations, by the command that a department uses.

Data: one province of 1,000 stations, 365 days of 6 daily indices (2.19 million values, 3 % missing): temperatures of a winter and
a summer with a walk of their own for each station, rain on a third of the days. `nongvu rule preview` as a process of its own,
start included, 5 times each: `cold_spell` with other thresholds, `heavy_rain` likewise; the slowest. Peer: the same values by
binary COPY out of the table, without the process that asks.
"""

import json
import os
import subprocess
import sys
import time

import psycopg

from benchmarks import stage

STATIONS, DAYS, TIMES, BAR = 1000, 365, 5, 10.0
LAST = "2026-06-30"
ASKED = {"cold_spell": ("air_temperature_mean", "18,14,12"), "heavy_rain": ("precipitation_24h_maximum", "20,60,120")}
INDICES = ("air_temperature_mean", "air_temperature_minimum", "air_temperature_maximum", "precipitation_24h_maximum",
           "soil_moisture_mean", "wind_speed_maximum")  # fmt: skip


def run():
    with stage.services() as (database, _):
        url = stage.fresh(database)
        fill(url)
        return [row(url, rule, index, enter) for rule, (index, enter) in ASKED.items()]


def row(url, rule, index, enter):
    """One rule's slowest preview beside the bare reading of its values."""
    seconds, found = zip(*(asked(url, rule, enter) for _ in range(TIMES)), strict=True)
    assert len({json.dumps(each) for each in found}) == 1
    assert found[0]["places"] == STATIONS + 1  # the province itself among them
    assert found[0]["now"]["episodes"] > 0
    assert found[0]["now"] != found[0]["then"], "the change changes nothing"
    read = min(copied(url, index) for _ in range(TIMES))
    return {
        "name": f"rule_preview {rule}",
        "value": round(max(seconds), 2),
        "unit": f"s for {found[0]['days_with_data']:,} station-days, start of the command included",
        "peer": "COPY of the values",
        "peer_value": round(read, 3),
        "ratio": round(max(seconds) / read, 1),
        "bar": f"< {BAR:g} s",
        "met": max(seconds) < BAR,
    }


def asked(url, rule, enter):
    """Seconds of a preview, and what it says."""
    numbers = [word for number in enter.split(",") for word in ("--enter", number)]
    command = [
        sys.executable,
        "-P",
        "-m",
        "nongvu",
        "rule",
        "preview",
        rule,
        "--place",
        "province",
        *numbers,
        "--days",
        str(DAYS),
    ]
    began = time.perf_counter()
    done = subprocess.run(
        [*command, "--last", LAST, "--json"],
        env=os.environ | {"NONGVU_DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=True,
    )
    return time.perf_counter() - began, json.loads(done.stdout)


def copied(url, index):
    """Seconds to read an index's values."""
    began = time.perf_counter()
    with (
        psycopg.connect(url) as connection,
        connection.cursor() as cursor,
        cursor.copy(
            f"COPY (SELECT place, time, value FROM indexed WHERE index = '{index}') TO STDOUT (FORMAT BINARY)"
        ) as copy,
    ):
        for _ in copy:
            pass
    return time.perf_counter() - began


def fill(url):
    """The province, its stations and their daily indices."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("INSERT INTO place (code, kind, name) VALUES ('province', 'province', 'province')")
        connection.execute(
            "INSERT INTO place (code, kind, name, parent) SELECT 's-' || n, 'station', 's-' || n, place.id"
            " FROM place, generate_series(1, %s) AS n WHERE code = 'province'",
            [STATIONS],
        )
        connection.execute("SELECT setseed(0.5)")
        for index in INDICES:
            rain = "greatest(0, 90 * random() - 60) + 30 * (random() > 0.97)::int"
            warmth = "22 - 9 * cos(2 * pi() * (n + 165) / 365) + 4 * (random() + random() - 1)"
            connection.execute(
                "INSERT INTO index_value (place, index, time, value, completeness)"
                " SELECT place.id, index_id(%(index)s), (%(last)s::date - n)::timestamp AT TIME ZONE place.time_zone,"
                f" {rain if 'precipitation' in index else warmth}, 1"
                " FROM place, generate_series(0, %(days)s - 1) AS n WHERE kind = 'station' AND random() > 0.03",
                {"index": index, "last": LAST, "days": DAYS},
            )
        connection.execute("VACUUM ANALYZE index_value")
