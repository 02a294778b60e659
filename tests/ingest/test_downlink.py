"""What a gateway says of itself and the tables refuse is told, and what comes after it is heard."""

import asyncio
from datetime import UTC, datetime

import psycopg
from structlog.testing import capture_logs

from ingest.downlink import Downlink
from ingest.pack import Delivery
from store.pool import pool
from telemetry.birth import Configured, encode
from telemetry.topics import Kind, Topic


def configured(revision):
    said = Configured(revision=revision, outcome="applied", time=datetime(2026, 1, 1, tzinfo=UTC).isoformat())
    return Delivery("topic", encode(said), "application/json", [], 0, 0)


async def test_a_message_that_breaks_a_constraint_is_refused_and_holds_up_nothing(database):
    with psycopg.connect(database) as connection:
        connection.execute("INSERT INTO gateway (code, name) VALUES ('gw1', 'gw1')")
        connection.execute(
            "INSERT INTO gateway_config (gateway, revision, toml, who, desired_at)"
            " SELECT id, n, '', 'test', now() FROM gateway, generate_series(1, 2) AS n WHERE code = 'gw1'"
        )
        connection.execute("ALTER TABLE gateway_config ADD CHECK (revision <> 1 OR outcome IS NULL)")
    topic = Topic("gw1", Kind.CONFIGURED)
    async with pool(database, name="test", most=2) as connections:
        downlink = Downlink(connections, None, None, None, frozenset())
        with capture_logs() as logs:
            for revision in (1, 2):
                await asyncio.wait_for(downlink.hear(topic, configured(revision)), 5)
    assert [(entry["event"], entry["gateway"]) for entry in logs] == [("refused", "gw1")]
    with psycopg.connect(database) as connection:
        outcomes = connection.execute("SELECT revision, outcome FROM gateway_config ORDER BY 1").fetchall()
    assert outcomes == [(1, None), (2, "applied")]
