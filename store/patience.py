"""What a process does while the database is away or refuses: it tells, waits, tries again; here and nowhere else."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

import psycopg
import structlog
from prometheus_client import Counter, Gauge

log = structlog.get_logger(__name__)
ERRORS = Counter("nongvu_database_errors", "Tries that the database refused or did not answer", ["task"])
UNAVAILABLE = Gauge("nongvu_database_unavailable", "Tasks that wait for the database, by name", ["task"])
#: Errors that are the database's, not those of a thing that was being done: whoever does many things one by one lets
#: them through to the patience around it.
ABSENT = (psycopg.OperationalError, psycopg.InterfaceError)
#: Waits after the first error, and at most [s].
FIRST, LONGEST = 0.1, 5.0
#: What lasts is told again after so long [s].
AGAIN = 600.0
#: SQLSTATEs by which the database itself is away or full, or asks to try the same again: no fault of what was asked.
_AWAY = frozenset({"08", "57"})
_AGAIN = frozenset({"25006", "25P03", "40001", "40P01", "53100", "53300", "55P03"})
_CANCELLED = "57014"
_REMEDIES = {
    "does not answer": "start the database, or mend NONGVU_DATABASE_URL; 'nongvu doctor' says more",
    "refuses": "'nongvu doctor' names the right or the table that is missing",
}

T = TypeVar("T")


def is_away(error: BaseException) -> bool:
    """Whether the database did not answer, or has no room for anybody; not: it answered that this cannot be done."""
    if not isinstance(error, psycopg.Error):
        return isinstance(error, ConnectionError | TimeoutError)
    state = error.sqlstate
    if state is None:
        # an aborted pipeline says that a statement before it failed
        return isinstance(error, ABSENT) and not isinstance(error, psycopg.errors.PipelineAborted)
    return (state[:2] in _AWAY and state != _CANCELLED) or state in _AGAIN


def reason_of(error: BaseException) -> str:
    """An error in a line, without the rows that a database's message may hold."""
    said = error.diag.message_primary if isinstance(error, psycopg.Error) else None
    lines = (said or str(error)).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:300]}" if lines else type(error).__name__


@dataclass(slots=True)
class Patience:
    """Of one task of a process: ``async with`` it around every try at the database.

    An error of the database (psycopg's, or the network's: OSError) goes no further: it is counted, told, and waited
    out, each time longer. Then `worked` is false, and the task tries again. What comes in the way of a task is told
    as ``database_unavailable`` when it begins, changes, or has lasted `AGAIN`; ``database_available`` when it is over.
    """

    task: str
    #: Longest wait between two tries [s].
    longest: float = LONGEST
    #: What a person can do, where more is known than usual.
    remedy: str = ""
    #: False: only a database that is away is waited for; what it refuses is raised.
    refusals: bool = True
    #: Failures in a row, and what the last one was.
    tries: int = 0
    error: str = ""
    _since: str = ""
    _began: float = 0.0
    _told: float = 0.0

    @property
    def worked(self) -> bool:
        """Whether the last try worked."""
        return not self.tries

    async def until(self, work: Callable[[], Awaitable[T]]) -> T:
        """Try until it works."""
        while True:
            async with self:
                return await work()

    def works(self) -> None:
        """Tell that it is over, where something was: for those who stay within once they have a connection."""
        if self.tries:
            seconds = round(time.monotonic() - self._began, 1)
            log.info("database_available", task=self.task, tries=self.tries, seconds=seconds)
            self._forget()

    async def __aenter__(self) -> None:
        """Nothing to do before."""

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> bool:
        """Whether it was an error of the database: then it was told and waited out, and goes no further."""
        del kind, trace
        if isinstance(error, psycopg.Error | OSError) and (self.refusals or is_away(error)):
            wait = self._fail(error)
            try:
                await asyncio.sleep(wait)
            except BaseException:
                self._forget()  # told to stop
                raise
            return True
        if error is None:
            self.works()
        else:
            self._forget()
        return False

    def _fail(self, error: Exception) -> float:
        """Count, and tell what is new or has lasted; how long to wait [s]."""
        now, text = time.monotonic(), reason_of(error)
        if not self.tries:
            self._since, self._began = datetime.now(UTC).isoformat(timespec="seconds"), now
            UNAVAILABLE.labels(self.task).inc()
        ERRORS.labels(self.task).inc()
        self.tries += 1
        wait = min(FIRST * 2.0 ** min(self.tries - 1, 20), self.longest) * random.uniform(0.5, 1.0)  # noqa: S311 — jitter
        if text != self.error or now >= self._told + AGAIN:
            self._told, self.error = now, text
            why = "does not answer" if is_away(error) else "refuses"
            log.warning("database_unavailable", task=self.task, why=why, error=text, tries=self.tries,
                        since=self._since, again_in=round(wait, 1),
                        remedy=self.remedy or _REMEDIES[why])  # fmt: skip
        return wait

    def _forget(self) -> None:
        if self.tries:
            UNAVAILABLE.labels(self.task).dec()
        self.tries, self.error = 0, ""
