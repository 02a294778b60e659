"""Readings side by side: whatever transactions overlap, each key is stored once and every row is told what became of it."""

import asyncio
from collections import defaultdict

import numpy as np
import psycopg
import pytest

from store import reading
from store.binary import READING

START = np.datetime64("2026-03-01", "us")
STREAMS, MOMENTS = 6, 60


@pytest.fixture
def streams(database):
    with psycopg.connect(database, autocommit=True) as connection:
        (place,) = connection.execute(
            "INSERT INTO place (code, kind, name) VALUES ('s', 'station', 's') RETURNING id"
        ).fetchone()
        return [
            connection.execute(
                "INSERT INTO datastream (place, quantity, level) VALUES (%s, 'soil_moisture', %s) RETURNING id",
                [place, f"-0.{n}0m"],
            ).fetchone()[0]
            for n in range(1, STREAMS + 1)
        ]


def some_rows(random, streams, count, batch, values=3):
    """Rows with keys from a small space, so that repeats and conflicts are frequent within an array and between them."""
    rows = np.zeros(count, READING.dtype)
    rows["datastream_id"] = random.choice(streams, count)
    rows["phenomenon_time"] = START + random.integers(0, MOMENTS, count) * np.timedelta64(1, "m")
    rows["result"] = random.integers(0, values, count)
    rows["flag"], rows["batch_id"] = 1, batch
    return rows


async def write(connection, rows, water, **how):
    """Write in a transaction of its own, again where the database gave way to another."""
    while True:
        try:
            await reading.prepare(connection)
            async with connection.transaction():
                written = await reading.write(connection, rows, water, **how)
        except psycopg.OperationalError:
            continue
        reading.risen(rows, water, backlog=how.get("backlog", False))
        return written


def stored_of(database):
    with psycopg.connect(database) as connection:
        found = connection.execute("SELECT datastream_id, phenomenon_time, result FROM reading").fetchall()
    contents = {(stream, np.datetime64(time.replace(tzinfo=None), "us")): result for stream, time, result in found}
    assert len(contents) == len(found)
    return contents


def key_of(row):
    return int(row["datastream_id"]), row["phenomenon_time"]


@pytest.mark.parametrize("count", [20, 400])
@pytest.mark.parametrize("seed", range(4))
async def test_transactions_that_overlap_store_each_key_once(database, streams, seed, count):
    random, water = np.random.default_rng(seed), reading.HighWater()
    arrays = [some_rows(random, streams, count, batch) for batch in range(1, 17)]
    connections = [await psycopg.AsyncConnection.connect(database) for _ in range(4)]

    async def lane(number):
        return [
            (rows, await write(connections[number], rows, water, backlog=bool(number % 2)))
            for rows in arrays[number::4]
        ]

    told = [pair for lane_told in await asyncio.gather(*map(lane, range(4))) for pair in lane_told]
    for connection in connections:
        await connection.close()
    contents, times_stored = stored_of(database), defaultdict(int)
    for rows, written in told:
        for index, row in enumerate(rows):
            present = contents[key_of(row)]
            if written.outcome[index] == reading.CONFLICT:
                assert written.present[index] == present != row["result"]
            else:
                assert row["result"] == present
                times_stored[key_of(row)] += written.outcome[index] == reading.STORED
    assert set(times_stored) == set(contents)
    assert set(times_stored.values()) == {1}
    with psycopg.connect(database) as connection:
        newest = connection.execute("SELECT datastream_id, phenomenon_time, result FROM latest").fetchall()
    for stream, time, result in newest:
        moment = np.datetime64(time.replace(tzinfo=None), "us")
        assert moment == max(when for of, when in contents if of == stream)
        assert result == contents[stream, moment]
    assert len(newest) == len({stream for stream, _ in contents})


async def test_corrections_come_to_the_same_in_any_order(database, streams):
    """The highest revision of a key is what is read in the end; what was said before is kept."""
    random = np.random.default_rng(7)
    with psycopg.connect(database, autocommit=True) as connection:
        (gateway,) = connection.execute("INSERT INTO gateway (code) VALUES ('g') RETURNING id").fetchone()
        for batch in range(1, 9):
            connection.execute(
                "INSERT INTO batch (id, gateway, boot, stream, sequence, kind, revision, received_at, records)"
                " OVERRIDING SYSTEM VALUE VALUES (%s, %s, 'b', 'live', %s, 'readings', %s, '2026-03-02Z', 1)",
                [batch, gateway, batch, batch - 1],
            )
    arrays = [some_rows(random, streams, 150, batch, values=1000) for batch in range(1, 9)]
    arrays = [rows[np.unique(rows[["datastream_id", "phenomenon_time"]], return_index=True)[1]] for rows in arrays]
    expected = {}
    for rows in arrays:  # in order of revision
        expected |= {key_of(row): float(row["result"]) for row in rows}
    for _ in range(3):
        async with await psycopg.AsyncConnection.connect(database) as connection:
            await connection.execute("TRUNCATE reading, latest, superseded")
            water = reading.HighWater()
            for batch in random.permutation(8).tolist():
                await write(connection, arrays[batch], water, revision=batch)
        assert stored_of(database) == expected
