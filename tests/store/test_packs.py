"""What is recorded of packs: each label once, what was set aside, what was dropped, who changed what, old files."""

import getpass
import hashlib
from datetime import UTC, datetime, timedelta, timezone

import psycopg
import pytest
from psycopg import AsyncConnection

from store import audit, batch, history
from store.batch import Aside, Batch

NOW = datetime(2026, 1, 15, 3, 0, 0, 250, tzinfo=UTC)


@pytest.fixture
def gateways(database):
    with psycopg.connect(database) as connection:
        return [
            connection.execute("INSERT INTO gateway (code) VALUES (%s) RETURNING id", (code,)).fetchone()[0]
            for code in ("g-1", "g-2")
        ]


def rows(database, statement):
    with psycopg.connect(database, options="-c timezone=UTC") as connection:
        return connection.execute(statement).fetchall()


async def test_a_label_is_recorded_once_and_ids_come_in_order(database, gateways):
    def pack(sequence, gateway=0, boot="b", stream="live", **rest):
        return Batch(gateways[gateway], boot, stream, sequence, NOW, 7, **rest)

    async with await AsyncConnection.connect(database) as connection:
        assert await batch.record(connection, []) == []
        packs = [
            pack(2, trace="t"),
            pack(0),
            pack(2),
            pack(0, 1),
            pack(0, boot="c"),
            pack(0, stream="backlog", revision=3),
        ]
        ids = await batch.record(connection, packs)
        assert ids[2] is None, "the same label twice in one go"
        assert len({one for one in ids if one}) == 5
        again = await batch.record(connection, [pack(5), pack(0), pack(2)])
        assert again[1:] == [None, None]
        assert again[0]
        for one, number in zip(packs, ids, strict=True):
            assert await batch.id_of(connection, one) == (number or ids[0])
        assert await batch.id_of(connection, pack(6)) is None
        await connection.commit()
    found = dict(
        rows(
            database, "SELECT id, row(gateway, boot, stream, sequence, kind, revision, records, trace)::text FROM batch"
        )
    )
    assert found[ids[0]] == f"({gateways[0]},b,live,2,readings,0,7,t)"
    assert found[ids[5]] == f'({gateways[0]},b,backlog,0,readings,3,7,"")'
    assert packs[0].label == (gateways[0], "b", "live", 2)


async def test_packs_without_a_label_are_each_their_own(database, gateways):
    def pack(gateway=0, stream="live"):
        return Batch(gateways[gateway], "", stream, -1, NOW.astimezone(timezone(timedelta(hours=7))), 1)

    async with await AsyncConnection.connect(database) as connection:
        ids = await batch.record(connection, [pack(), pack(), pack(1), pack(0, "backlog")])
        assert len(set(ids)) == 4
        assert None not in ids
        assert len(set(ids + await batch.record(connection, [pack(), pack()]))) == 6
        assert await batch.id_of(connection, pack()) is None, "nothing says which it is"
        await connection.commit()
    of = dict(rows(database, "SELECT id, gateway FROM batch"))
    assert [of[one] for one in ids] == [gateways[0], gateways[0], gateways[1], gateways[0]]
    assert {at for (at,) in rows(database, "SELECT received_at FROM batch")} == {NOW}


async def test_what_is_set_aside_stays_as_it_was_kept_first(database):
    def aside(record=0, **rest):
        given = {"reason": "unreadable", "detail": "byte 3", "payload": b"\0\xff"} | rest
        return Aside(
            "g-1", "b", "r", 4, record, station=None, content_type="application/cbor", received_at=NOW, **given
        )

    async with await AsyncConnection.connect(database) as connection:
        await batch.set_aside(connection, [])
        await batch.set_aside(connection, [aside(), aside(1, sha256=b"whole")])
        await batch.set_aside(connection, [aside(detail="another word")])
        await connection.commit()
    assert rows(database, "SELECT record, detail, payload, payload_sha256 FROM set_aside ORDER BY record") == [
        (0, "byte 3", b"\0\xff", hashlib.sha256(b"\0\xff").digest()), (1, "byte 3", b"\0\xff", b"whole"),
    ]  # fmt: skip


async def test_what_a_gateway_dropped_is_kept_once(database, gateways):
    async with await AsyncConnection.connect(database) as connection:
        (number,) = await batch.record(connection, [Batch(gateways[0], "b", "live", 0, NOW, 1)])
        row = {"gateway": gateways[0], "batch": number, "number": 0, "boot": "b", "stream": "r", "first_sequence": 3,
               "last_sequence": 5, "station": "s", "datastream": "precipitation", "first_time": NOW, "last_time": NOW,
               "readings": 12}  # fmt: skip
        await batch.declare_dropped(connection, [])
        await batch.declare_dropped(connection, [row, row])
        await connection.commit()
    assert rows(database, "SELECT boot, stream, first_sequence, last_sequence, readings FROM dropped") == [
        ("b", "r", 3, 5, 12)
    ]


async def test_who_changed_what_is_written_with_the_change(database):
    with psycopg.connect(database) as connection:
        audit.record(connection, "place add", "hl", kind="commune")
    async with await AsyncConnection.connect(database) as connection:
        await audit.record_asked(connection, "officer", "verdict", "reading:1", flag=4)
        await connection.rollback()
        await audit.record_asked(connection, "officer", "season end", "season:2")
        await connection.commit()
    assert rows(database, "SELECT who, action, subject, detail FROM audit ORDER BY at") == [
        (f"command:{getpass.getuser()}", "place add", "hl", {"kind": "commune"}), ("officer", "season end", "season:2", {}),
    ]  # fmt: skip


async def test_a_file_of_old_readings_fills_what_is_there_and_makes_what_is_asked_for(database, gateways):
    with psycopg.connect(database) as connection:
        api = connection.execute("SELECT id FROM gateway WHERE code = 'api'").fetchone()[0]
        made = [
            connection.execute(
                "INSERT INTO place (code, kind, name) VALUES (%s, %s, 'x') RETURNING id", one
            ).fetchone()[0]
            for one in (("s-1", "station"), ("s-2", "station"), ("hl", "commune"))
        ]
        connection.execute("INSERT INTO gateway_station (gateway, station, valid_from, valid_to) VALUES"
                           " (%s, %s, '2025-01-01', '2025-06-01'), (%s, %s, '2025-06-01', 'infinity')",
                           (gateways[0], made[0], gateways[1], made[0]))  # fmt: skip
    async with await AsyncConnection.connect(database) as connection:
        assert await history.station(connection, "s-1") == history.Station(made[0], gateways[1])
        assert await history.station(connection, "s-2") == history.Station(made[1], api), "given to none"
        assert await history.station(connection, "hl") is None
        assert await history.station(connection, "nowhere") is None
        names = [("air_temperature", ""), ("soil_moisture", "10cm")]
        none = await history.datastreams(connection, made[0], names, create=False)
        assert (none.known, none.created) == ({}, [])
        new = await history.datastreams(connection, made[0], names, create=True)
        assert (set(new.known), new.created) == (set(names), ["air_temperature", "soil_moisture/10cm"])
        again = await history.datastreams(connection, made[0], [*names, ("precipitation", "")], create=True)
        assert again.created == ["precipitation"]
        assert new.known.items() <= again.known.items()
        assert (await history.datastreams(connection, made[1], [], create=True)).known == {}
