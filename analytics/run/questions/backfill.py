"""Any span of any places computed again, by this process, several, or a Dask cluster.

It is the engine's own work: marks say what to compute and leases who does it, so a backfill that was stopped goes on
where it was, `nongvu analytics run` beside it helps, and nothing is computed twice at the same time.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from typing import Any

import structlog

from analytics.run.engine.engine import Engine
from store import lease, mark, uncomputed
from store.lease import Waits
from store.pool import pool
from store.rule_setting import area
from store.settings import connect_async
from telemetry.instant import EPOCH

CAUSE = "backfill"
#: Places a worker takes at once: chunks of work well above 100 ms, small enough to share.
MOST = 20


def work(url: str, moment: str) -> tuple[int, float]:
    """Compute until nothing waits; return places and CPU seconds. Runs in a process or a Dask worker of its own."""
    # what it says of each step of an old alert is no news, and results go to standard output
    warnings = structlog.make_filtering_bound_logger(logging.WARNING)
    structlog.configure(wrapper_class=warnings, logger_factory=structlog.WriteLoggerFactory(file=sys.stderr))
    begin = time.process_time()
    done = asyncio.run(_work(url, datetime.fromisoformat(moment)))
    return done, time.process_time() - begin


async def _work(url: str, now: datetime) -> int:
    done = 0
    waits = Waits(timedelta(seconds=30), timedelta(minutes=5), timedelta(seconds=60))
    async with pool(url, name="backfill", most=2) as connections:
        engine = Engine(connections, waits, MOST)
        while True:
            taken = await engine.step(now)
            done += taken
            if taken:
                continue
            async with connections.connection() as connection:
                if not await mark.left(connection, CAUSE):
                    return done
                await lease.expire(connection)  # others hold what is left: should they have died, it comes back
            await asyncio.sleep(0.2)


async def begin(url: str, codes: Sequence[str] | None, first: datetime, now: datetime) -> int:
    """Mark the span, and return how many places are to do, those of an earlier backfill included."""
    async with connect_async("backfill", autocommit=True, url=url) as connection:
        for code in codes or ():
            await area(connection, code)  # says so where there is none
        await uncomputed.again(connection)
        await mark.span(connection, codes, first, now, CAUSE)
        return await mark.left(connection, CAUSE)


def run(
    url: str,
    now: datetime,
    workers: int,
    scheduler: str | None,
    progress: Callable[[int], None],
) -> dict[str, Any]:
    """Let workers compute what is marked; ``progress`` is told how many places are left."""
    begin_at = time.perf_counter()
    if scheduler is not None:
        results = _on_cluster(url, now, scheduler, progress)
    else:
        results = _here(url, now, workers, progress)
    progress(0)
    failed = asyncio.run(_failed(url))
    return {
        "places": sum(done for done, _ in results),
        "workers": len(results),
        "cpu_seconds": round(sum(spent for _, spent in results), 2),
        "wall_seconds": round(time.perf_counter() - begin_at, 2),
        "failed": [{"place": one.code, "reason": one.reason} for one in failed],
    }


def _here(url: str, now: datetime, workers: int, progress: Callable[[int], None]) -> list[tuple[int, float]]:
    """On this machine: one worker in a thread, so that progress is told, several in processes."""
    spawn = get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=spawn) if workers > 1 else ThreadPoolExecutor(1) as executor:
        futures = [executor.submit(work, url, now.isoformat()) for _ in range(workers)]
        while not all(future.done() for future in futures):
            progress(asyncio.run(_left(url)))
            time.sleep(0.5)
        return [future.result() for future in futures]


def _on_cluster(url: str, now: datetime, scheduler: str, progress: Callable[[int], None]) -> list[tuple[int, float]]:
    from distributed import Client  # noqa: PLC0415 — an extra: only who has a cluster needs it

    with Client(scheduler) as client:  # type: ignore[no-untyped-call]
        nodes = list(client.scheduler_info()["workers"])
        futures = [client.submit(work, url, now.isoformat(), workers=[node], pure=False) for node in nodes]
        while not all(future.done() for future in futures):
            progress(asyncio.run(_left(url)))
            time.sleep(0.5)
        return [future.result() for future in futures]


async def _left(url: str) -> int:
    async with connect_async("backfill", autocommit=True, url=url) as connection:
        return await mark.left(connection, CAUSE)


async def _failed(url: str) -> list[uncomputed.Uncomputed]:
    async with connect_async("backfill", autocommit=True, url=url) as connection:
        return await uncomputed.everything(connection)


def start_of(day: datetime | None) -> datetime:
    """First moment of a backfill; the beginning of the record where no day is given."""
    return EPOCH if day is None else day.replace(tzinfo=UTC)
