"""Care of the network: gateways offline, clocks wrong, holes in numbered packs, sensors that drift; from table to alert."""

import asyncio
import json
import sys
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from field import AT_ONCE, HOUR, START, deliver, settle, station

from analytics.run.engine.engine import Engine
from store import care
from store.flag import Check
from store.pool import pool

NOON = START + 12 * HOUR
#: Rules of gateways.
RULES = ("clock_wrong", "gateway_offline", "sequence_gap")


class Network:
    """A gateway with two stations, of which one is read every hour, and what the tables say of it."""

    def __init__(self, database):
        self.database = database
        self.stations = [station(database, code) for code in ("ls01", "ls02")]
        with self.connected() as connection:
            connection.execute("INSERT INTO gateway (code) VALUES ('gw'), ('other')")
            connection.execute(
                "INSERT INTO gateway_station (gateway, station) SELECT gateway.id, place.id FROM gateway, place"
                " WHERE gateway.code = 'gw' AND place.kind = 'station'"
            )

    def connected(self):
        return psycopg.connect(self.database)

    def status(self, at, **said):
        with self.connected() as connection:
            connection.execute(
                "UPDATE gateway SET status = %s, status_at = %s WHERE code = 'gw'",
                [json.dumps({"gateway": "gw", "online": True} | said), at],
            )

    def packs(self, sequences, boot="b1", stream="live"):
        with self.connected() as connection:
            connection.cursor().executemany(
                "INSERT INTO batch (gateway, boot, stream, sequence, received_at)"
                " SELECT id, %s, %s, %s, clock_timestamp() FROM gateway WHERE code = 'gw'",
                [(boot, stream, sequence) for sequence in sequences],
            )

    def look(self, now):
        """Look after the network and compute what that marked, as the process does."""

        async def both():
            async with await psycopg.AsyncConnection.connect(self.database, autocommit=True) as connection:
                changed = await care.look(connection, now)
            await settle(self.database, now)
            return changed

        return asyncio.run(both())

    def alerts(self):
        with self.connected() as connection:
            return connection.execute(
                "SELECT rule, place.code, state, level, started, ended FROM alert JOIN place ON place.id = alert.place"
                " WHERE rule = ANY (%s) ORDER BY rule, place.code, started",
                [list(RULES)],
            ).fetchall()


@pytest.fixture
def network(database):
    return Network(database)


def test_a_gateway_offline_is_told_after_half_an_hour_at_its_stations_and_ends_when_it_is_back(network):
    network.status(NOON)
    assert network.look(NOON) == 0
    network.status(NOON, online=False, cause="will")
    assert network.look(NOON + timedelta(seconds=30)) == 1
    assert network.look(NOON + timedelta(minutes=10)) == 0
    assert network.alerts() == []
    # no reading comes any more: a due row of its own brings the places
    asyncio.run(settle(network.database, NOON + timedelta(minutes=31)))
    assert [row[:4] for row in network.alerts()] == [("gateway_offline", c, "open", 1) for c in ("ls01", "ls02")]
    asyncio.run(settle(network.database, NOON + 25 * HOUR))
    assert [row[3] for row in network.alerts()] == [2, 2]
    back = NOON + 26 * HOUR
    network.status(back)
    assert network.look(back + timedelta(seconds=20)) == 1
    assert [row[2] for row in network.alerts()] == ["open", "open"], "it may go again at once"
    asyncio.run(settle(network.database, NOON + 50 * HOUR))
    (one, other) = network.alerts()
    assert one[2:4] == other[2:4] == ("ended", 2)
    assert abs(one[5] - back) <= timedelta(minutes=10)


def test_what_the_past_was_is_not_forgotten_when_it_is_computed_again(network):
    """Late readings recompute days of which the gateway's present status says nothing."""
    network.status(NOON, online=False)
    network.look(NOON)
    network.status(NOON + 5 * HOUR)
    network.look(NOON + 5 * HOUR)
    asyncio.run(settle(network.database, NOON + 30 * HOUR))
    before = network.alerts()
    assert [row[2] for row in before] == ["ended", "ended"]
    deliver(network.database, network.stations[0][1]["air_temperature"], [(NOON + 2 * HOUR, 20.0)])
    asyncio.run(settle(network.database, NOON + 31 * HOUR))
    assert network.alerts() == before


def test_a_clock_that_is_wrong_is_told_and_one_that_was_corrected_is_not(network):
    network.status(NOON, clock_offset=2.0)
    assert network.look(NOON) == 0
    network.status(NOON, clock_right=False)
    assert network.look(NOON) == 1
    asyncio.run(settle(network.database, NOON + 2 * HOUR))
    assert [row[:3] for row in network.alerts()] == [("clock_wrong", c, "open") for c in ("ls01", "ls02")]


def test_a_hole_in_the_numbered_packs_is_told_unless_it_is_filled_or_declared(network):
    network.status(NOON)
    network.packs([1, 2, 3, 7, 8])
    assert network.look(NOON) == 0, "what has just been under way is no hole yet"
    assert network.look(NOON) == 1
    network.packs([5, 6])
    assert network.look(NOON + HOUR) == 0
    asyncio.run(settle(network.database, NOON + 3 * HOUR))
    assert [row[:3] for row in network.alerts()] == [("sequence_gap", c, "open") for c in ("ls01", "ls02")]
    with network.connected() as connection:
        connection.execute(
            "INSERT INTO dropped (gateway, batch_id, number, boot, stream, first_sequence, last_sequence, readings)"
            " SELECT id, 1, 0, 'b1', 'live', 4, 4, 12 FROM gateway WHERE code = 'gw'"
        )
    assert network.look(NOON + 4 * HOUR) == 1
    asyncio.run(settle(network.database, NOON + 30 * HOUR))
    assert [row[2] for row in network.alerts()] == ["ended", "ended"]


def test_packs_in_any_order_make_no_hole_and_another_boot_is_another_stream(network):
    network.packs([5, 1, 3])
    network.packs([9, 7, 8], stream="backlog")
    network.look(NOON)
    network.packs([2, 4])
    network.packs([100, 101], boot="b2")
    assert network.look(NOON) == 0
    assert network.look(NOON) == 0
    assert network.alerts() == []


def test_a_sensor_that_the_neighbours_contradict_is_told(network):
    place, streams = network.stations[0]
    readings = [(START + HOUR * hour, 20.0 + hour % 7) for hour in range(72)]
    deliver(network.database, streams["air_temperature"], readings)
    with network.connected() as connection:
        connection.execute(
            "INSERT INTO verdict (datastream_id, valid_from, valid_to, flag, reason, who, said_at)"
            " VALUES (%s, %s, %s, %s, 'drift', 'spatial', %s)",
            [streams["air_temperature"], START, START + 48 * HOUR, 3 | Check.DRIFT, START + 72 * HOUR],
        )
        connection.execute("SELECT mark_places(ARRAY[%s], %s, %s, 'spatial')", [place, START, START + 48 * HOUR])
    asyncio.run(settle(network.database, START + 73 * HOUR))
    with network.connected() as connection:
        found = connection.execute("SELECT place, state, values ->> 'days' FROM alert WHERE rule = 'sensor_drift'")
        assert found.fetchall() == [(place, "ended", "2")]


async def test_a_healthy_network_costs_nothing(database):
    """Rules of gateways are not even looked at where nothing was ever wrong."""
    from analytics.rules import BY_NAME
    from analytics.run.alerts.evaluation import applies

    place, _ = station(database)
    async with pool(database, name="test") as connections, connections.connection() as connection:
        engine = Engine(connections, AT_ONCE)
        known, _ = await engine.acquainted.ask(connection, [place], set())
    assert not any(applies(BY_NAME[name], known[place]) for name in RULES)
