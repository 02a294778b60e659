"""Gateways: who may send for which station, what a birth makes, what is ordered of them; crops through the command."""

from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from psycopg import AsyncConnection
from typer.testing import CliRunner

from store import gateway
from store.commands.season import app as season_app
from store.gateway import GatewayError
from store.settings import connect
from telemetry.birth import Birth, BornDatastream, BornStation

NOW = datetime(2026, 1, 15, 3, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def stations(database):
    with psycopg.connect(database) as connection:
        ids = {
            code: connection.execute(
                "INSERT INTO place (code, kind, name) VALUES (%s, 'station', 'x') RETURNING id", (code,)
            ).fetchone()[0]
            for code in ("s-1", "s-2")
        }
        gateway.add(connection, "g-1", "Nhà kho")
        gateway.add(connection, "g-2")
    return ids


def test_a_code_is_one_gateways_and_has_its_form(database, stations):
    with psycopg.connect(database) as connection:
        with pytest.raises(GatewayError, match="'g-1' is there already"):
            gateway.add(connection, "g-1")
        for code in ("", "G-1", "-g", "g_1", "g" * 64):
            with pytest.raises(GatewayError, match="is no gateway code"):
                gateway.add(connection, code)
        assert gateway.add(connection, "g" * 63) > 0
        (row,) = gateway.listed(connection, "g-1")
        assert (row["name"], row["stations"], row["gaps"], row["missing_packs"], row["declared_dropped"]) == (
            "Nhà kho",
            [],
            [],
            0,
            0,
        )


async def test_a_station_is_one_gateways_at_a_time(database, stations):
    with psycopg.connect(database) as connection:
        assert gateway.give(connection, "g-1", "s-1", NOW) is None
        assert gateway.give(connection, "g-1", "s-1", NOW + HOUR) is None, "it had it"
        assert gateway.give(connection, "g-2", "s-1", NOW + 2 * HOUR) == "g-1"
        with pytest.raises(GatewayError, match="no gateway 'g-9'"):
            gateway.give(connection, "g-9", "s-1", NOW)
        with pytest.raises(GatewayError, match="no station 's-9'"):
            gateway.give(connection, "g-1", "s-9", NOW)
        gateway.revoke(connection, "g-1")
    async with await AsyncConnection.connect(database) as connection:
        found = await gateway.registry(connection, NOW + 3 * HOUR)
        assert {"g-2", "api"} <= found.gateways.keys()
        assert "g-1" not in found.gateways, "revoked"
        assert found.stations == {"s-1": (stations["s-1"], "g-2"), "s-2": (stations["s-2"], None)}
    with psycopg.connect(database) as connection:
        gateway.revoke(connection, "g-1", undo=True)
    async with await AsyncConnection.connect(database) as connection:
        assert "g-1" in (await gateway.registry(connection, NOW)).gateways


async def test_a_birth_makes_what_fits_and_says_what_does_not(database, stations):
    born = [
        BornDatastream("air_temperature", interval=600.0, sensor_model="old", serial="1"),
        BornDatastream("soil_moisture", "10cm", basis="estimated", height=-0.1),
        BornDatastream("happiness"),
        BornDatastream("soil_moisture", "10 CM"),
        BornDatastream("air_temperature", interval=300.0, sensor_model="new", serial="2", height=2.0),
    ]
    birth = Birth("g-1", "b", NOW.isoformat(), "1", [BornStation("s-1", born), BornStation("s-2", born[:1])])
    async with await AsyncConnection.connect(database) as connection:
        made, refused = await gateway.bear(connection, birth, NOW, {"s-1": stations["s-1"]})
        assert made == 2
        assert refused == [
            "station 's-2' was not given to it",
            "unknown quantity or level happiness/",
            "unknown quantity or level soil_moisture/10 CM",
        ]
        found = {(one.quantity, one.level): one for one in await gateway.datastreams_of(connection, [stations["s-1"]])}
        assert {key: (one.station, one.estimated, one.interval) for key, one in found.items()} == {
            ("air_temperature", ""): ("s-1", False, 300.0), ("soil_moisture", "10cm"): ("s-1", True, 0.0),
        }  # fmt: skip
        assert await gateway.datastreams_of(connection, [stations["s-2"]]) == []
        again, _ = await gateway.bear(connection, birth, NOW + HOUR, {"s-1": stations["s-1"], "s-2": stations["s-2"]})
        assert again == 3
        assert (await gateway.datastreams_of(connection, [stations["s-1"]]))[0].id in {one.id for one in found.values()}
        assert await gateway.high_water(connection) == []
        deployed = await (await connection.execute(
            "SELECT sensor_model, serial, height FROM deployment JOIN datastream ON datastream.id = datastream"
            " WHERE place = %s AND quantity = 'air_temperature'", (stations["s-1"],))).fetchall()  # fmt: skip
        assert deployed == [("new", "2", 2.0)], "the last word counts"


def test_orders_are_written_down_and_what_nobody_answered_is_said(database, stations):
    with psycopg.connect(database) as connection:
        first = gateway.order(connection, "g-1", "read_now", {}, "officer", NOW, NOW + HOUR)
        second = gateway.order(connection, "g-1", "set_relay", {"relay": "pump"}, "officer", NOW + HOUR, NOW + 2 * HOUR)
        with pytest.raises(GatewayError, match="'format' is no order: read_now, restart or set_relay"):
            gateway.order(connection, "g-1", "format", {}, "officer", NOW, NOW + HOUR)
        with pytest.raises(GatewayError, match="no gateway 'g-9'"):
            gateway.order(connection, "g-9", "restart", {}, "officer", NOW, NOW + HOUR)
        assert gateway.outcome(connection, first) is None
        connection.execute("UPDATE command SET published_at = ordered_at")
        connection.execute("UPDATE command SET outcome = 'done', detail = 'on' WHERE id = %s::uuid", (second,))
        assert gateway.outcome(connection, second) == ("done", "on")

        def told(now):
            return [(row["what"], row["outcome"]) for row in gateway.orders(connection, "g-1", now)]

        assert told(NOW + HOUR) == [("set_relay", "done"), ("read_now", None)], "it has not expired yet"
        assert told(NOW + HOUR + timedelta(seconds=1)) == [("set_relay", "done"), ("read_now", "no answer")]
        assert gateway.orders(connection, "g-2", NOW) == []
        subjects = connection.execute(
            "SELECT who, action, subject, detail ->> 'action' FROM audit ORDER BY at"
        ).fetchall()
        assert subjects == [("officer", "gateway command", "g-1", action) for action in ("read_now", "set_relay")]


def test_configurations_are_numbered_and_have_to_be_toml(database, stations):
    with psycopg.connect(database) as connection:
        assert [gateway.configure(connection, "g-1", "a = 1", "officer", NOW + HOUR * n) for n in range(2)] == [1, 2]
        assert gateway.configure(connection, "g-2", "a = 1", "officer", NOW) == 1
        with pytest.raises(GatewayError, match="not TOML"):
            gateway.configure(connection, "g-1", "a =", "officer", NOW)
        with pytest.raises(GatewayError, match="no gateway 'g-9'"):
            gateway.configure(connection, "g-9", "a = 1", "officer", NOW)
        assert [row["what"] for row in gateway.orders(connection, "g-1", NOW)] == ["configuration 2", "configuration 1"]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("add s-1 maize --sown tomorrow", "tomorrow"),
        ("add s-9 maize --sown 2026-02-10", "s-9"),
        ("end 7 --on 2026-02-10", "7"),
        ("set 7 field_capacity=0.3", "7"),
    ],
)
def test_what_cannot_be_a_season_is_refused_in_words(database, stations, monkeypatch, line, says):
    monkeypatch.setenv("NONGVU_DATABASE_URL", database)
    done = CliRunner().invoke(season_app, line.split())
    assert done.exit_code == 1
    assert says in done.output
    assert "Traceback" not in done.output


def taken_back():
    with connect("tried") as connection:
        gateway.listed(connection)
        gateway.add(connection, "g-2")
        gateway.give(connection, "g-2", "s-9", NOW)


def test_a_command_commits_or_rolls_back_in_utc(database, monkeypatch):
    monkeypatch.setenv("NONGVU_DATABASE_URL", database)
    with connect("tried") as connection:
        gateway.add(connection, "g-1")
        assert connection.execute("SELECT current_setting('timezone'), current_setting('application_name')").fetchone() == (
            "UTC", "nongvu-tried",
        )  # fmt: skip
    with pytest.raises(GatewayError, match="no station 's-9'"):
        taken_back()
    with connect("tried") as connection:
        assert gateway.listed(connection, "g-1")
        assert not gateway.listed(connection, "g-2"), "what failed left nothing behind"
