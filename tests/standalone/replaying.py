"""Replays for tests: a span of the record through everything, with kills at chosen hours."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import psycopg
from plain_scan import RULES, Found

from standalone.replay import Options, Replay, Report
from standalone.services import temporary_folder
from store.statements import statement

#: What to do to a running platform.
Kill = Callable[[Replay], Any]
#: Seconds after the beginning of an hour at which a kill strikes: in the middle of its work.
MIDDLE = 0.02


@dataclass
class Outcome:
    report: Report
    episodes: list[Found]
    files: int
    twice: int
    unclean: list[str]
    start: datetime
    end: datetime
    health: dict[str, Any]


async def replayed(
    first: date, last: date, stations: tuple[str, ...] = (), kills: Mapping[int, Kill] | None = None
) -> Outcome:
    with ExitStack() as stack:
        folder = stack.enter_context(temporary_folder())
        replay = Replay(Options(folder, first, last, stations))
        async with replay.opened():
            await replay.run(_killing(replay, kills or {}))
            report = await replay.report()
            episodes, twice = await _meaning(replay.platform.database_url)
            files = len(list((folder / "messages").glob("**/*.txt")))
            health = await asyncio.to_thread(_fetched, replay.platform.page + "healthz")
        return Outcome(report, episodes, files, twice, replay.unclean(), replay.start, replay.end, health)


def _killing(replay: Replay, kills: Mapping[int, Kill]):
    struck: set[asyncio.Task[Any]] = set()

    async def strike(kill: Kill) -> None:
        await asyncio.sleep(MIDDLE)
        await asyncio.to_thread(kill, replay)

    async def passed(number: int, total: int, moment: datetime) -> None:
        if number in kills:
            task = asyncio.create_task(strike(kills[number]))
            struck.add(task)
        for task in [task for task in struck if task.done()]:
            struck.discard(task)
            task.result()  # a kill that could not be done fails the test
        if number == total:
            await asyncio.gather(*struck)

    return passed


async def _meaning(url: str) -> tuple[list[Found], int]:
    async with await psycopg.AsyncConnection.connect(url) as connection:
        rows = await (await connection.execute(statement("replay", "episodes"))).fetchall()
        found = [
            Found(rule, place, started.astimezone(UTC), ended.astimezone(UTC) if ended else None, _course(course))
            for rule, place, started, ended, course in rows
            if rule in RULES
        ]
        row = await (
            await connection.execute("SELECT count(*) - count(DISTINCT (step, subscriber, rung)) FROM delivery_step")
        ).fetchone()
    return sorted(found, key=lambda one: (one.rule, one.place, one.started)), row[0]


def _course(course: list[tuple[Any, int]]) -> tuple[tuple[datetime, int], ...]:
    return tuple((_moment(at), level) for at, level in course)


def _moment(at: Any) -> datetime:
    return (
        datetime.fromtimestamp(at, UTC) if isinstance(at, int | float) else datetime.fromisoformat(at).astimezone(UTC)
    )


def _fetched(url: str) -> dict[str, Any]:
    import json
    import urllib.request

    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.load(answer)
