"""Quantities, topics, labels, the clock, settings: what every process relies on."""

import asyncio
import socket
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry import topics
from telemetry.broker import BrokerAddressError, address
from telemetry.clock import RealClock, ReplayedClock, decode_tick, encode_tick
from telemetry.pack import Stream, label
from telemetry.quantities import QUANTITIES, UnknownQuantity, quantity
from telemetry.reading import Reading, milliseconds, moment
from telemetry.settings import BrokerSettings, DatabaseSettings, read

ISSUE_LIST = [
    "air_temperature",
    "relative_humidity",
    "dew_point",
    "air_pressure",
    "precipitation",
    "wind_speed",
    "wind_gust",
    "wind_direction",
    "global_radiation",
    "leaf_wetness",
    "soil_moisture",
    "soil_temperature",
    "soil_electrical_conductivity",
    "soil_ph",
    "water_level",
    "water_temperature",
    "dissolved_oxygen",
    "water_ph",
    "battery_voltage",
    "signal_strength",
]


@pytest.mark.parametrize("row", QUANTITIES.values(), ids=str)
def test_every_row_of_the_table_is_whole(row):
    assert row.unit
    assert row.senml_unit
    assert row.minimum < row.maximum
    assert row.factor > 0
    assert all(row.titles.values())
    assert row.from_senml(row.to_senml(1.25)) == pytest.approx(1.25)
    assert row.step is None or row.step > 0


def test_the_table_has_what_farms_measure():
    assert set(ISSUE_LIST) <= set(QUANTITIES)


def test_an_unknown_quantity_says_where_to_look():
    with pytest.raises(UnknownQuantity, match=r"do you mean .*air_temperature.*docs/quantities\.md"):
        quantity("temperatur")


@given(st.from_regex(r"[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True), st.sampled_from(list(topics.Kind)))
def test_topics_round_trip(gateway, kind):
    assert topics.parse(topics.topic(gateway, kind)) == topics.Topic(gateway, kind)


@pytest.mark.parametrize(
    "text", ["nongvu/v1/00/gw/live", "nongvu/v1/14/api/x", "a/b", "nongvu/v2/14/api/live", "nongvu/v1/14/API/live"]
)
def test_foreign_topics_are_refused(text):
    with pytest.raises(ValueError, match=r".+"):
        topics.parse(text)


@pytest.mark.parametrize("workers", [1, 2, 3, 256])
def test_every_shard_has_one_worker(workers):
    shards = [shard for worker in range(workers) for shard in topics.shards_of(worker, workers)]
    assert sorted(shards) == [f"{number:02x}" for number in range(256)]


def test_a_pack_without_boot_has_no_label_and_a_wrong_one_is_an_error():
    assert label([("sequence", "1")]) is None
    assert label(None) is None
    assert label([("boot", "b"), ("sequence", "1"), ("stream", "backlog")]).stream is Stream.BACKLOG
    for wrong in ([("boot", "b"), ("sequence", "-1")], [("boot", "b"), ("sequence", "x")], [("boot", ""), ("sequence", "1")],
                  [("boot", "b"), ("sequence", "1"), ("kind", "?")], [("boot", "b"), ("sequence", str(2**63))]):  # fmt: skip
        with pytest.raises(ValueError, match=r".*"):
            label(wrong)


@given(st.datetimes(min_value=datetime(1971, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC)))
def test_milliseconds_round_trip(when):
    assert moment(milliseconds(when)) == when.replace(microsecond=when.microsecond // 1000 * 1000)


def test_a_naive_time_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        milliseconds(datetime(2026, 1, 1))


def test_a_reading_is_named_as_it_travels():
    assert Reading("s", "soil_moisture", 0, 0.3, "-0.30m").datastream == "soil_moisture/-0.30m"
    assert Reading("s", "dew_point", 0, 3).datastream == "dew_point"


async def test_a_replayed_clock_goes_forward_only_and_wakes_who_waits():
    clock, start = ReplayedClock(), datetime(2013, 1, 1, tzinfo=UTC)
    with pytest.raises(RuntimeError):
        clock.now()
    clock.advance(start)
    waiting = asyncio.create_task(clock.wait_until(start + timedelta(hours=2)))
    moved = asyncio.create_task(clock.moved())
    await asyncio.sleep(0)
    clock.advance(start - timedelta(hours=1))
    assert clock.now() == start
    clock.advance(decode_tick(encode_tick(start + timedelta(hours=1), 1)))
    await moved
    assert not waiting.done()
    clock.advance(start + timedelta(hours=2))
    await asyncio.wait_for(waiting, 1)


async def test_the_real_clock_is_aware():
    clock = RealClock()
    assert clock.now().tzinfo is UTC
    await clock.wait_until(clock.now() + timedelta(milliseconds=20))


def test_broker_addresses(tmp_path, monkeypatch):
    monkeypatch.delenv("NONGVU_MQTT_PASSWORD", raising=False)
    assert address("mqtt://farm.example") == {
        "hostname": "farm.example", "port": 1883, "socket_options": [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
    }  # fmt: skip
    (tmp_path / "ingest-0-live").write_text("secret\n")
    monkeypatch.setenv("NONGVU_MQTT_PASSWORDS", str(tmp_path))
    assert address("mqtt://h:1999", "ingest-0-live")["password"] == "secret"
    assert address("mqtts://h")["tls_context"].check_hostname
    for wrong in ("http://h", "mqtt://", "h:1883"):
        with pytest.raises(BrokerAddressError, match="mqtt://host"):
            address(wrong)


def test_all_wrong_settings_are_named_together_and_nothing_starts(monkeypatch, capsys):
    class Everything(DatabaseSettings, BrokerSettings):
        pass

    for name in ("NONGVU_DATABASE_URL", "NONGVU_MQTT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NONGVU_CLOCK", "sundial")
    with pytest.raises(SystemExit) as caught:
        read(Everything)
    said = capsys.readouterr().err
    assert caught.value.code == 2
    assert all(name in said for name in ("NONGVU_DATABASE_URL", "NONGVU_MQTT_URL", "NONGVU_CLOCK"))


def test_a_wrong_secret_is_not_repeated(monkeypatch, capsys):
    monkeypatch.setenv("NONGVU_MQTT_URL", "mqtt://h")
    monkeypatch.setenv("NONGVU_METRICS_PORT", "hunter2")
    with pytest.raises(SystemExit):
        read(BrokerSettings)
    assert "hunter2" not in capsys.readouterr().err
