"""A worker between a real broker and a real database: what is sent is stored once, receipted, marked."""

import asyncio
import datetime as dt

import msgspec
import psycopg

from telemetry import topics, wire
from telemetry.clock import encode_tick
from telemetry.pack import JSON, DroppedReadings, Label, PackKind, Stream, encode_drops
from tests.ingest.field import NOW, Gateway, until


async def test_a_pack_is_stored_marked_and_receipted(make_worker, gateway, database, rows):
    gateway.register(database, "air_temperature", "soil_moisture/-0.30m")
    worker = await make_worker().ready()
    readings = [gateway.reading(20 + n, NOW + n * 60_000) for n in range(5)] + [
        gateway.reading(0.31, NOW, "soil_moisture/-0.30m")
    ]
    receipt = await gateway.receipted(await gateway.send(readings))
    assert (receipt.stored, receipt.repeated, receipt.set_aside) == (6, 0, 0)
    assert rows("SELECT count(*), min(result), max(result), min(flag), max(flag) FROM reading") == [
        (6, 0.31, 24.0, 1, 1)
    ]
    assert rows("SELECT quantity, latest.result FROM latest JOIN datastream ON id = datastream_id ORDER BY 1") == [
        ("air_temperature", 24.0),
        ("soil_moisture", 0.31),
    ]
    (mark,) = rows("SELECT from_time, to_time, cause FROM mark")
    assert mark[2] == "reading"
    assert mark[1] - mark[0] == dt.timedelta(minutes=4)
    assert rows("SELECT count(*) FROM touched") == [(1,)]
    assert rows("SELECT boot, stream, sequence, records FROM batch") == [(gateway.boot, "live", 1, 6)]
    assert worker.stop() == 0


async def test_repeats_change_nothing_and_are_receipted(make_worker, gateway, database, rows):
    gateway.register(database, "air_temperature")
    await make_worker().ready()
    readings = [gateway.reading(20 + n / 10, NOW + n * 60_000) for n in range(300)]
    sequence = await gateway.send(readings)
    assert (await gateway.receipted(sequence)).stored == 300
    gateway.receipts.clear()
    await gateway.send(readings, label=Label(gateway.boot, Stream.LIVE, sequence))  # the very pack again
    receipt = await gateway.receipted(sequence)
    assert (receipt.stored, receipt.repeated) == (0, 300)
    again = await gateway.send([*readings[100:], *[gateway.reading(1, NOW + n * 60_000) for n in range(300, 400)]])
    receipt = await gateway.receipted(again)  # other pack, readings partly known
    assert (receipt.stored, receipt.repeated, receipt.set_aside) == (100, 200, 0)
    assert rows("SELECT count(*) FROM reading") == [(400,)]
    assert rows("SELECT count(*) FROM set_aside") == [(0,)]


async def test_conflict_and_correction(make_worker, gateway, database, rows):
    gateway.register(database, "air_temperature")
    await make_worker().ready()
    await gateway.receipted(await gateway.send([gateway.reading(20.0)]))
    receipt = await gateway.receipted(await gateway.send([gateway.reading(21.0), gateway.reading(5.0, NOW + 60_000)]))
    assert (receipt.stored, receipt.set_aside) == (1, 1)
    assert receipt.problems[0].reason == "conflict"
    (payload,) = rows("SELECT payload FROM set_aside WHERE reason = 'conflict'")[0]
    assert wire.resolve(wire.decode(bytes(payload), "application/senml+cbor")[0]).value == [21.0]
    # a correction supersedes visibly; the older revision that comes later changes nothing
    for revision, value in ((2, 22.0), (1, 21.5)):
        gateway.sequence[Stream.LIVE] += 1
        label = Label(gateway.boot, Stream.LIVE, gateway.sequence[Stream.LIVE], revision=revision)
        await gateway.receipted(await gateway.send([gateway.reading(value)], label=label))
    assert rows("SELECT result FROM reading ORDER BY phenomenon_time") == [(22.0,), (5.0,)]
    assert rows("SELECT result, revision, by_revision FROM superseded ORDER BY revision") == [
        (20.0, 0, 2),
        (21.5, 1, 2),
    ]
    assert rows("SELECT action FROM audit") == [("correct readings",)]
    assert rows("SELECT cause FROM mark ORDER BY id")[-1] == ("correction",)
    receipt = await gateway.receipted(await gateway.send([gateway.reading(20.0)]))
    assert receipt.repeated == 1  # equal to a superseded value


async def test_bad_records_do_not_cost_their_neighbours(make_worker, gateway, database, rows):
    gateway.register(database, "air_temperature", "precipitation")
    await make_worker().ready()
    future = int((dt.datetime.now().timestamp() + 3600) * 1000)
    base = f"urn:nongvu:{gateway.station}:"
    records = [
        {"bn": base, "bt": NOW / 1000, "n": "air_temperature", "u": "Cel", "v": 1.0},
        {"n": "air_temperatur", "u": "Cel", "v": 1.0},
        {"n": "precipitation", "u": "m", "v": 1.0},
        {"n": "precipitation", "u": "mm", "vs": "wet"},
        {"n": "precipitation", "u": "mm", "v": 1.0, "t": (future - NOW) / 1000},
        {"n": "precipitation", "u": "mm", "v": 1.0, "t": -(10**9)},
        {"n": "wind_speed", "u": "m/s", "v": 1.0},
        {"n": "precipitation", "u": "mm", "v": "1"},
        {"n": "precipitation", "u": "mm", "v": 3.0},
        {"bn": "urn:nongvu:nobody:", "n": "precipitation", "u": "mm", "v": 3.0},
        {"bn": "http://", "n": "precipitation", "u": "mm", "v": 3.0},
        {"bn": base, "n": "precipitation", "u": "mm", "v": -3.0, "t": 60},
    ]
    payload = msgspec.json.encode(records)
    receipt = await gateway.receipted(await gateway.send(None, payload=payload, content_type=JSON))
    assert (receipt.stored, receipt.set_aside) == (3, 9)
    assert {problem.record: problem.reason for problem in receipt.problems} == {
        1: "unknown_quantity", 2: "wrong_unit", 3: "not_a_number", 4: "in_future", 5: "too_old",
        6: "unknown_datastream", 7: "record", 9: "unknown_station", 10: "name",
    }  # fmt: skip
    assert rows("SELECT result, flag FROM reading ORDER BY result") == [(-3.0, 4 | 1 << 8), (1.0, 1), (3.0, 1)]
    kept = dict(rows("SELECT record, payload FROM set_aside"))
    assert msgspec.json.decode(kept[6]) == [{"bn": base, "bt": NOW / 1000, "n": "wind_speed", "u": "m/s", "v": 1.0}]


async def test_poison_packs_are_set_aside_whole_and_receipted(make_worker, gateway, database, rows):
    gateway.register(database, "air_temperature")
    await make_worker().ready()
    poison = {
        "malformed": b"\xff\x00\xfe", "empty": b"[]", "oversized": b"[" + b" " * 300_000 + b"]",
    }  # fmt: skip
    for reason, payload in poison.items():
        receipt = await gateway.receipted(await gateway.send(None, payload=payload, content_type=JSON))
        assert [problem.reason for problem in receipt.problems] == [reason]
    receipt = await gateway.receipted(await gateway.send(None, payload=b"hello", content_type="text/plain"))
    assert receipt.problems[0].reason == "content_type"
    await gateway.send(None, payload=b"[]", properties=[("boot", "x"), ("sequence", "minus one")])
    receipt = await gateway.receipted(await gateway.send([gateway.reading()]))
    assert receipt.stored == 1
    reasons = dict(rows("SELECT reason, octet_length(payload) FROM set_aside"))
    assert reasons == {"malformed": 3, "empty": 2, "oversized": 65536, "content_type": 5, "label": 2}


async def test_birth_creates_only_where_an_operator_gave_the_station(make_worker, gateway, database, rows):
    gateway.register(database)
    worker = await make_worker().ready()
    await gateway.bear("air_temperature", "soil_moisture/-0.30m", "unheard_of", stations=[gateway.station, "stolen"],
                       sensor_model="renke-soil", serial="A1", height=-0.3)  # fmt: skip
    receipt = await gateway.receipted(await gateway.send([gateway.reading()]))
    assert receipt.stored == 1
    assert rows("SELECT quantity, level, interval_seconds FROM datastream ORDER BY 1") == [
        ("air_temperature", "", 60.0),
        ("soil_moisture", "-0.30m", 60.0),
    ]
    assert "stolen" in worker.log.read_text()
    await gateway.bear("air_temperature", time="2026-03-01T00:00:00+00:00", sensor_model="renke-soil", serial="B2")
    await gateway.receipted(await gateway.send([gateway.reading(3, NOW + 1000)]))
    history = rows(
        "SELECT serial, valid_to = 'infinity' FROM deployment JOIN datastream ON datastream.id = datastream"
        " WHERE quantity = 'air_temperature' ORDER BY valid_from"
    )
    assert history == [("A1", False), ("B2", True)]


async def test_set_aside_for_want_of_registration_is_reprocessed(make_worker, gateway, database, rows):
    await make_worker().ready()
    sequence = await gateway.send([gateway.reading(7.0)])  # nobody knows this gateway yet
    receipt = await gateway.receipted(sequence)
    assert receipt.set_aside == 1
    gateway.register(database)  # the station is given, its datastream is not born
    await asyncio.sleep(0.5)
    receipt = await gateway.receipted(await gateway.send([gateway.reading(8.0, NOW + 1000)]))
    assert receipt.problems[0].reason == "unknown_datastream"
    await gateway.bear("air_temperature")
    await until(lambda: rows("SELECT count(*) FROM reading") == [(2,)])
    assert rows("SELECT count(*) FROM set_aside WHERE replayed_at IS NULL") == [(0,)]
    assert rows(
        "SELECT array_agg(DISTINCT sequence ORDER BY sequence) FROM reading JOIN batch ON batch_id = batch.id"
    ) == [([1, 2],)]


async def test_foreign_station(make_worker, gateway, database, broker, rows):
    gateway.register(database, "air_temperature")
    async with Gateway(broker.url) as thief:
        thief.register(database, "air_temperature")
        await make_worker().ready()
        receipt = await thief.receipted(await thief.send([thief.reading(), thief.reading(station=gateway.station)]))
    assert (receipt.stored, receipt.set_aside) == (1, 1)
    assert receipt.problems[0].reason == "foreign_station"


async def test_declared_drops(make_worker, gateway, database, rows):
    gateway.register(database, "air_temperature")
    await make_worker().ready()
    gateway.sequence[Stream.BACKLOG] += 1
    label = Label(gateway.boot, Stream.BACKLOG, 1, PackKind.DROPPED)
    drops = [
        DroppedReadings(
            gateway.station, "air_temperature", "2026-01-01T00:00:00+00:00", "2026-01-02T00:00:00+00:00", 1440
        )
    ]
    await gateway.send(None, Stream.BACKLOG, payload=encode_drops(drops), label=label, content_type="application/json")
    receipt = await gateway.receipted(1, stream=Stream.BACKLOG)
    assert receipt.set_aside == 0
    assert rows("SELECT readings, station FROM dropped") == [(1440, gateway.station)]


async def test_status_command_and_configuration(make_worker, gateway, database, rows):
    from telemetry.birth import Command, Config, Configured, Reply, Status, decode, encode

    gateway.register(database, "air_temperature")
    await make_worker().ready()
    with psycopg.connect(database) as connection:
        order = connection.execute(
            "INSERT INTO command (gateway, action, who, ordered_at, expires) SELECT id, 'read_now', 'test', now(), now() + '1 h'"
            " FROM gateway WHERE code = %s RETURNING id::text", [gateway.code]).fetchone()[0]  # fmt: skip
        connection.execute(
            "INSERT INTO gateway_config (gateway, revision, toml, who, desired_at) SELECT id, 1, 'a = 1', 'test', now()"
            " FROM gateway WHERE code = %s", [gateway.code])  # fmt: skip
    await until(lambda: len(gateway.said) == 2)
    assert decode(gateway.said[topics.Kind.COMMAND][0], Command).id == order
    assert decode(gateway.said[topics.Kind.CONFIG][0], Config).toml == "a = 1"
    say = gateway.client.publish
    now = "2026-11-01T00:00:00+00:00"
    await say(topics.topic(gateway.code, topics.Kind.REPLY), encode(Reply(order, "done", now)), qos=1)
    await say(topics.topic(gateway.code, topics.Kind.CONFIGURED), encode(Configured(1, "applied", now)), qos=1)
    await say(topics.topic(gateway.code, topics.Kind.STATUS), encode(Status(gateway.code, True, waiting=3)), qos=1)
    await until(lambda: rows("SELECT outcome FROM command") == [("done",)])
    sent = Reply(order, "failed", now, "sent, unconfirmed: no state_topic", evidence="unconfirmed")
    await say(topics.topic(gateway.code, topics.Kind.REPLY), encode(sent), qos=1)
    await until(lambda: rows("SELECT outcome FROM command") == [("unconfirmed",)])
    await until(lambda: rows("SELECT outcome FROM gateway_config") == [("applied",)])
    await until(lambda: rows("SELECT status -> 'waiting' FROM gateway WHERE code = %s", gateway.code) == [(3,)])


async def test_the_replayed_clock_drives_the_accepted_window(make_worker, gateway, database, own_broker, rows):
    """Under a replayed clock the worker takes nothing before the first tick, and judges times by ticks only."""
    async with Gateway(own_broker.url) as replayed:
        replayed.register(database, "air_temperature")
        worker = make_worker(broker=own_broker, NONGVU_CLOCK="replayed", NONGVU_OLDEST="P400D")
        worker.start()
        then = dt.datetime(2013, 7, 1, tzinfo=dt.UTC)
        await replayed.client.publish(topics.CLOCK, encode_tick(then, 1), qos=1, retain=True)
        await until(lambda: worker.log.read_text().count('"connected"') == 2, within=30)
        now = int(then.timestamp() * 1000)
        receipt = await replayed.receipted(
            await replayed.send([replayed.reading(1, now), replayed.reading(2, now + 900_000)])
        )
        assert [problem.reason for problem in receipt.problems] == ["in_future"]
        await replayed.client.publish(topics.CLOCK, encode_tick(then + dt.timedelta(minutes=15), 2), qos=1, retain=True)
        receipt = await replayed.receipted(await replayed.send([replayed.reading(2, now + 900_000)]))
        assert receipt.stored == 1
        assert worker.stop() == 0


async def test_a_second_worker_in_the_same_slot_ends_one_of_them(make_worker, database):
    first, second = await make_worker().ready(), make_worker()
    second.start()
    await until(lambda: any(worker.process.poll() is not None for worker in (first, second)), within=30)
    (ended,) = [worker for worker in (first, second) if worker.process.poll() is not None]
    assert ended.process.returncode == 1


async def test_one_worker_becomes_two_and_two_one(make_worker, database, own_broker, rows):
    """A session outlives its worker, with what it subscribed to when there were others: none may hear what is not its."""
    names = [next(f"g-{n}" for n in range(99) if topics.shard(f"g-{n}") in topics.shards_of(k, 2)) for k in (0, 1)]
    async with Gateway(own_broker.url, names[0]) as even, Gateway(own_broker.url, names[1]) as odd:
        for one in (even, odd):
            one.register(database, "air_temperature")
        for count in (1, 2, 1):
            workers = [
                make_worker(broker=own_broker, NONGVU_INGEST_WORKER=str(k), NONGVU_INGEST_WORKERS=str(count))
                for k in range(count)
            ]
            for worker in workers:
                await worker.ready()
            for one in (even, odd):
                for _ in range(5):
                    await one.receipted(await one.send([one.reading(time=NOW + one.sequence[Stream.LIVE] * 1000)]))
            await asyncio.sleep(0.3)  # a second receipt for the same pack would be here
            for worker in workers:
                assert worker.stop() == 0
        for one in (even, odd):
            said = [(receipt.stored, receipt.repeated) for receipt in one.receipts]
            assert said == [(1, 0)] * 15, "each pack went to one worker alone"
