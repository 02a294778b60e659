"""Away: what is told while the database refuses a task, or does not answer; caught here and nowhere else."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import psycopg
import structlog
from prometheus_client import Counter, Gauge

from store.uncomputed import is_away, reason_of

log = structlog.get_logger(__name__)
ERRORS = Counter("nongvu_analytics_database_errors", "Tries that the database refused or did not answer", ["task"])
AWAY = Gauge("nongvu_analytics_database_away", "1 while the database refuses or does not answer a task", ["task"])
#: What lasts is told again after so long [s].
AGAIN = 600.0


@dataclass(slots=True)
class _Trouble:
    since: float
    told: float
    error: str
    tries: int = 1


@dataclass(slots=True)
class Away:
    """What the database refuses which task of a process; told when it begins, changes, lasts and ends."""

    troubles: dict[str, _Trouble] = field(default_factory=dict)

    def told(self, task: str, again_in: float, remedy: str = "") -> Told:
        """Catch and tell errors of the database within; what comes after says how the task goes on."""
        return Told(self, task, again_in, remedy)

    def failed(self, task: str, error: Exception, again_in: float, remedy: str = "") -> None:
        """Count, and tell what is new or has lasted."""
        ERRORS.labels(task).inc()
        AWAY.labels(task).set(1)
        now, text = time.monotonic(), reason_of(error)
        trouble = self.troubles.get(task)
        if trouble is not None:
            trouble.tries += 1
            if trouble.error == text and now < trouble.told + AGAIN:
                return
            trouble.told, trouble.error = now, text
        self.troubles[task] = trouble = trouble or _Trouble(now, now, text)
        event = "the database does not answer" if is_away(error) else "the database refuses"
        more = {"remedy": remedy} if remedy else {}
        log.warning(event, task=task, error=text, tries=trouble.tries, again_in=again_in, **more)

    def worked(self, task: str) -> None:
        """Tell that it is over, where something was."""
        if (trouble := self.troubles.pop(task, None)) is not None:
            AWAY.labels(task).set(0)
            seconds = round(time.monotonic() - trouble.since, 1)
            log.info("the database answers again", task=task, tries=trouble.tries, seconds=seconds)

    def said(self) -> str:
        """All that goes wrong now, in a line; empty: nothing."""
        return "; ".join(f"{task}: {trouble.error}" for task, trouble in sorted(self.troubles.items()))


@dataclass(frozen=True, slots=True)
class Told:
    """A try at the database, whose failure is told and goes no further."""

    away: Away
    task: str
    again_in: float
    remedy: str

    def __enter__(self) -> None:
        """Nothing to do before."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> bool:
        """Whether it was an error of the database: then it goes no further."""
        del kind, trace
        if isinstance(error, psycopg.Error):
            self.away.failed(self.task, error, self.again_in, self.remedy)
            return True
        if error is None:
            self.away.worked(self.task)
        return False
