"""Leased places in portions that are computed and written by themselves, and what becomes of one that fails.

A portion is bounded by the readings it is expected to read and by what will come of it. What cannot be computed is
tried again by halves until the place is found that fails: that one is set apart with its reason, its marks are kept,
and it is tried again later, after all others.
"""

from __future__ import annotations

import traceback
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime
from uuid import UUID

import structlog
from prometheus_client import Counter

from analytics.run.engine.job import Job
from analytics.run.engine.load import rate
from analytics.run.window.place_facts import local_date
from store import uncomputed
from store.lease import Leased, LeaseLost
from store.patience import is_away, reason_of
from store.pool import Connection

log = structlog.get_logger(__name__)
FAILED = Counter("nongvu_analytics_places_failed", "Places that could not be computed, each try")
#: Readings that a portion is expected to read at most; one place alone may be more. About five seconds of work.
READINGS = 2_000_000
#: Place-days that come of it: two million index values, held until they are written.
DAYS = 20_000
#: Steps of the grid in a day.
_STEPS = 144

Work = Callable[[Sequence[Leased]], Awaitable[None]]
#: What is said of a failure, and what becomes of it.
_SAID: dict[uncomputed.Task, tuple[str, str]] = {
    "past": ("place not computed", "its marks are kept"),
    "ahead": ("place not looked ahead", "its readings are computed; its forecast is tried again"),
    "area": ("stations not compared with each other", "they are computed; what is to be compared is kept"),
}


def portions(groups: Sequence[Sequence[Job]], now: datetime, lead: int, last: Collection[int]) -> list[list[Job]]:
    """Cut groups of jobs into portions; places in ``last``, which failed before, come alone and after all others."""
    healthy: list[list[Job]] = []
    ailing: list[list[Job]] = []
    for group in groups:
        room, days_left = 0.0, 0
        fresh = True
        for job in sorted(group, key=lambda job: job.first, reverse=True):
            if job.known.spot.id in last:
                ailing.append([job])
                continue
            readings, days = expected(job, now, lead)
            if fresh or readings > room or days > days_left:
                healthy.append([])
                room, days_left, fresh = float(READINGS), DAYS, False
            healthy[-1].append(job)
            room, days_left = room - readings, days_left - days
    return healthy + ailing


def expected(job: Job, now: datetime, lead: int) -> tuple[float, int]:
    """Readings that a job is expected to read, by the intervals of its datastreams, and days that come of it."""
    days = (local_date(now, job.known.spot.time_zone) - job.first).days + 1
    if job.cached is None:
        return rate(job.known) * _STEPS * (days + lead), days
    return 0.0, days


async def each(
    connection: Connection, token: UUID, taken: Sequence[Leased], work: Work, task: uncomputed.Task = "past"
) -> None:
    """Do some work on leased places; where it fails, on halves of them, and set apart the one that cannot be done.

    What says that the database is away, or that a lease is lost, is raised: it is no fault of a place.
    """
    try:
        await work(taken)
    except LeaseLost:
        raise
    except Exception as error:
        if is_away(error) or connection.broken:
            raise
        if len(taken) > 1:
            for half in (taken[: len(taken) // 2], taken[len(taken) // 2 :]):
                await each(connection, token, half, work, task)
            return
        await set_apart(connection, token, taken[0].place, error, task)


async def set_apart(connection: Connection, token: UUID, place: int, error: Exception, task: uncomputed.Task) -> None:
    """Set a leased place apart that failed, and say so; `LeaseLost` if somebody else has it."""
    FAILED.inc()
    failed = await uncomputed.set_apart(connection, token, place, reason_of(error), task)
    if failed is None:
        raise LeaseLost([place]) from error
    event, remedy = _SAID[task]
    log.error(
        event, place=failed.code, reason=reason_of(error), where=_where(error), times=failed.failures,
        again_at=failed.again_at.isoformat(timespec="seconds"),
        remedy=f"{remedy}; nongvu doctor names it as long as it lasts",
    )  # fmt: skip


def _where(error: BaseException) -> str:
    """The line of the program that failed."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{last.filename}:{last.lineno} in {last.name}"
