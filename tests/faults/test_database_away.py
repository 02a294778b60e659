"""PostgreSQL goes, comes back, refuses and ends connections: every process lives on, and says so in one event."""

import asyncio
import json
import os
import re
import subprocess
import sys
import uuid
from contextlib import ExitStack

import httpx
import psycopg
import pytest
from psycopg import sql

from store.migrate import migrate
from store.roles import put_user

PROCESSES = ("ingest", "analytics", "notify", "api")


class Process:
    """`nongvu <name> run` as a user of its least role, its log as JSON."""

    def __init__(self, name, url, broker, folder):
        self.name, self.log = name, folder / f"{name}.log"
        self.user = f"{name}_{uuid.uuid4().hex[:6]}"
        with psycopg.connect(url, autocommit=True) as owner:
            password = put_user(owner, self.user, f"nongvu_{name}")
        settings = os.environ | {
            "NONGVU_DATABASE_URL": psycopg.conninfo.make_conninfo(url, user=self.user, password=password),
            "NONGVU_LOG_FORMAT": "json",
            "NONGVU_ANALYTICS_QUIET": "PT0S",
            "NONGVU_API_PORT": "0",
        }
        if name == "ingest":
            settings["NONGVU_MQTT_URL"] = broker.url
        if name == "notify":
            settings["NONGVU_MESSAGES"] = str(folder / "messages")
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", "nongvu", name, "run"], env=settings, stdout=log, stderr=log
            )

    def lines(self):
        text = self.log.read_text()
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]

    def tasks(self, event, **fields):
        """Tasks that said an event, and how often together."""
        return [
            line["task"]
            for line in self.lines()
            if line["event"] == event and all(re.search(wanted, line[name]) for name, wanted in fields.items())
        ]

    async def until(self, holds, what, within=60):
        for _ in range(within * 10):
            assert self.process.poll() is None, f"{self.name} ended: {self.log.read_text()[-3000:]}"
            if holds():
                return
            await asyncio.sleep(0.1)
        pytest.fail(f"{self.name}: {what}: {self.log.read_text()[-3000:]}")

    async def says(self, event, before, **fields):
        await self.until(lambda: len(self.tasks(event, **fields)) > before, f"never said {event} {fields}")

    async def waits_for_nothing(self):
        """Every task that said that the database is away said that it is back."""

        def back():
            gone, found = self.tasks("database_unavailable"), self.tasks("database_available")
            last = {}
            for line in self.lines():
                if line["event"] in {"database_unavailable", "database_available"}:
                    last[line["task"]] = line["event"]
            return gone and found and set(last.values()) == {"database_available"}

        await self.until(back, "still waits")


def told(url, order, *names):
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute(sql.SQL(order).format(*map(sql.Identifier, names)))


def sessions(url, user):
    with psycopg.connect(url, autocommit=True) as owner:
        return owner.execute("SELECT count(*) FROM pg_stat_activity WHERE usename = %s", [user]).fetchone()[0]


async def listens(process):
    """Somebody who listens, so that the API asks the tables."""
    await process.until(lambda: any(line["event"] == "serving" for line in process.lines()), "does not serve")
    address = next(line["address"] for line in process.lines() if line["event"] == "serving")
    async with httpx.AsyncClient(timeout=None) as client, client.stream("GET", f"{address}v1/stream") as answer:
        async for _ in answer.aiter_bytes():
            pass


@pytest.mark.faults
async def test_every_process_waits_for_the_database_and_says_so(own_server, broker, tmp_path):
    url = own_server.create("nongvu")
    migrate(url)
    with ExitStack() as ends:
        processes = [Process(name, url, broker, tmp_path) for name in PROCESSES]
        for one in processes:
            ends.callback(one.process.wait)
            ends.callback(one.process.kill)
        listening = asyncio.create_task(listens(processes[-1]))
        for one in processes:
            await one.until(lambda one=one: sessions(url, one.user) > 0, "has no session")
        await asyncio.sleep(2)

        own_server.kill()
        for one in processes:
            await one.says("database_unavailable", 0, why="does not answer")
        own_server.restart()
        for one in processes:
            await one.waits_for_nothing()

        before = [
            len(one.tasks("database_unavailable", why="refuses", error="permission denied|does not exist"))
            for one in processes
        ]
        for one in processes:
            told(url, "GRANT CONNECT ON DATABASE nongvu TO {}", one.user)
            told(url, "REVOKE {} FROM {}", f"nongvu_{one.name}", one.user)
        for one, said in zip(processes, before, strict=True):
            await one.says("database_unavailable", said, why="refuses", error="permission denied|does not exist")
        for one in processes:
            told(url, "GRANT {} TO {}", f"nongvu_{one.name}", one.user)
        for one in processes:
            await one.waits_for_nothing()
        listening.cancel()
        for one in processes:
            one.process.terminate()
        for one in processes:
            assert one.process.wait(30) == 0, one.log.read_text()[-3000:]
