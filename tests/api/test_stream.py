"""Server-sent events over a real server, and readings posted through broker and ingest."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import httpx
import psycopg
import pytest
import uvicorn

from api.app import create
from api.routes.stream import PATIENCE, Cursor
from api.run import Server, opened
from api.settings import ApiSettings
from standalone.services import Broker

from .conftest import StoppedClock


@asynccontextmanager
async def served(url: str, **settings: object) -> AsyncIterator[str]:
    """A running server's address."""
    told = ApiSettings(database_url=url, **({"per_minute": 100_000} | settings))
    async with opened(told) as resources:
        resources.clock = StoppedClock()
        server = Server(uvicorn.Config(create(resources), port=0, lifespan="off", log_config=None))
        task = asyncio.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        try:
            yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        finally:
            resources.stopping = True
            server.should_exit = True
            await task


class Listening:
    """Events of one listener, gathered."""

    def __init__(self, address: str, headers: dict[str, str]) -> None:
        self.address, self.headers = address, headers
        self.events: list[tuple[str, dict]] = []
        self.last = ""
        self.ready = asyncio.Event()

    async def run(self) -> None:
        kind = ""
        async with (
            httpx.AsyncClient(timeout=None) as client,
            client.stream("GET", self.address + "/v1/stream", headers=self.headers) as answer,
        ):
            assert answer.status_code == 200
            async for line in answer.aiter_lines():
                name, _, value = line.partition(": ")
                if name == "event":
                    kind = value
                    if kind == "hello":
                        self.ready.set()
                elif name == "id":
                    self.last = value
                elif name == "data" and value != "{}":
                    self.events.append((kind, json.loads(value)))

    async def until(self, count: int, seconds: float = 5.0) -> list[tuple[str, dict]]:
        deadline = time.monotonic() + seconds
        while len(self.events) < count and time.monotonic() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        return self.events


@asynccontextmanager
async def listening(address: str, headers: dict[str, str]) -> AsyncIterator[Listening]:
    listener = Listening(address, headers)
    task = asyncio.create_task(listener.run())
    await asyncio.wait_for(listener.ready.wait(), 5)
    try:
        yield listener
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


NEW = """
WITH made AS (INSERT INTO batch (gateway, received_at) SELECT id, clock_timestamp() FROM gateway WHERE code = 'api'
              RETURNING id)
UPDATE latest SET result = 42, phenomenon_time = '2026-01-31 14:10Z', batch_id = made.id FROM made, datastream, place
WHERE datastream.id = datastream_id AND place.id = place AND quantity = 'air_temperature'
  AND code IN ('huu-lung-1', 'farm-a-1')
"""


async def test_listeners_hear_within_a_second_what_they_may(province: str, keys: dict[str, dict[str, str]]) -> None:
    async with served(province) as address:
        async with listening(address, {}) as public, listening(address, keys["farmer-a"]) as farmer:
            with psycopg.connect(province, autocommit=True) as connection:
                connection.execute(NEW)
                began = time.monotonic()
                await public.until(1)
                assert time.monotonic() - began < 1.0
                connection.execute(
                    "INSERT INTO alert_step (alert, number, kind, level, at, known_at, expires)"
                    " SELECT alert.id, 2, 'end', 1, now(), now(), now() FROM alert JOIN place ON place.id = place"
                    " WHERE state = 'open'"
                )
            assert [(kind, event.get("station") or event["place"]) for kind, event in await public.until(2)] == [
                ("reading", "huu-lung-1"), ("alert", "huu-lung-1"),
            ]  # fmt: skip
            step = public.events[-1][1]
            assert (step["category"], step["article"]) == ("advice", None), "as the REST routes say it"
            heard = {(kind, event.get("station") or event["place"]) for kind, event in await farmer.until(4)}
            assert {("reading", "farm-a-1"), ("alert", "farm-a-1")} < heard
        with psycopg.connect(province, autocommit=True) as connection:
            connection.execute(NEW)
        async with listening(address, {"last-event-id": public.last}) as again:
            assert [event["value"] for _, event in await again.until(1)] == [42]
        async with listening(address, {}) as fresh:
            await asyncio.sleep(0.5)
            assert fresh.events == []


def test_numbers_committed_out_of_order_are_not_missed() -> None:
    cursor = Cursor(10)
    assert cursor.take([12], 0.0) == [12]
    assert cursor.low == 10, "11 may still be on its way"
    assert cursor.take([11, 12], 1.0) == [11]
    assert cursor.low == 12
    assert cursor.take([14], 2.0) == [14]
    assert cursor.take([14, 15], 3.0 + PATIENCE) == [15]
    assert cursor.take([14, 15], 4.0 + PATIENCE) == []
    assert cursor.low == 15, "13 was never committed"
    assert not cursor.seen


@contextmanager
def ingest(url: str, broker: str) -> Iterator[None]:
    told = os.environ | {"NONGVU_DATABASE_URL": url, "NONGVU_MQTT_URL": broker}
    with subprocess.Popen([sys.executable, "-m", "nongvu", "ingest", "run"], env=told) as process:
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


async def test_readings_are_posted_through_broker_and_ingest(
    province: str, own_broker: Broker, keys: dict[str, dict[str, str]]
) -> None:
    moment = time.strftime("%Y-%m-%dT%H:%M:00Z", time.gmtime())

    def body(station: str, value: float, datastream: str = "air_temperature") -> dict:
        return {"readings": [{"station": station, "datastream": datastream, "time": moment, "value": value}]}

    with ingest(province, own_broker.url):
        async with served(province, mqtt_url=own_broker.url) as address, httpx.AsyncClient(timeout=30) as client:
            url = address + "/v1/readings"
            assert (await client.post(url, json=body("huu-lung-1", 1))).status_code == 401
            for name in ("farmer-a", "officer", "department"):
                assert (await client.post(url, json=body("farm-a-1", 1), headers=keys[name])).status_code == 403
            other = await client.post(url, json=body("mau-son-1", 1), headers=keys["gateway"])
            assert other.status_code == 404, "a station of another commune"
            posted = await client.post(url, json=body("huu-lung-1", 21.5), headers=keys["gateway"])
            assert posted.status_code == 200, posted.text
            assert posted.json()["stored"] == 1
            again = await client.post(url, json=body("huu-lung-1", 21.5), headers=keys["gateway"])
            assert again.json()["stored"] == 1, "a repeat changes nothing"
            clash = await client.post(url, json=body("huu-lung-1", 22.5), headers=keys["gateway"])
            assert clash.status_code == 422
            assert clash.json()["set_aside"][0]["reason"] == "conflict"
    with psycopg.connect(province) as connection:
        stored = connection.execute("SELECT count(*) FROM reading WHERE result = 21.5").fetchone()
        posts = connection.execute(
            "SELECT who, detail FROM audit WHERE action = 'readings posted' ORDER BY id"
        ).fetchall()
    assert stored == (1,)
    assert len(posts) == 3
    assert posts[0][0].startswith("key:")
    assert posts[2][1] == {"stations": ["huu-lung-1"], "readings": 1, "set_aside": 1}


async def test_without_a_receipt_the_answer_is_again_later(
    province: str, own_broker: Broker, keys: dict[str, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    from api.routes.publisher import NoReceipt, Uplink

    patient = Uplink.send

    async def hasty(self: Uplink, payload: bytes) -> object:
        return await patient(self, payload, patience=1.0)

    monkeypatch.setattr(Uplink, "send", hasty)
    assert NoReceipt
    async with served(province, mqtt_url=own_broker.url) as address, httpx.AsyncClient(timeout=30) as client:
        sent = {"readings": [{"station": "huu-lung-1", "datastream": "air_temperature", "time": "2026-01-31T14:00:00Z",
                              "value": 1}]}  # fmt: skip
        answer = await client.post(address + "/v1/readings", json=sent, headers=keys["gateway"])
        assert answer.status_code == 503
        assert answer.headers["retry-after"]
