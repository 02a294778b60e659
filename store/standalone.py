"""What ``nongvu up`` and ``nongvu doctor`` ask of the tables; but for `admitted` over a connection that waits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from store import query
from store.pool import Connection, ConnectionNow


@dataclass(frozen=True, slots=True)
class Server:
    """The database server and its extension."""

    version: str
    synchronous_commit: str
    #: TimescaleDB of this database, and of the server's programs; None: not there.
    timescaledb: str | None
    offered: str | None
    license: str | None
    now: datetime


@dataclass(frozen=True, slots=True)
class Waiting:
    """What is still to be done; of places that are set apart `store.uncomputed` tells."""

    marks: int
    #: Since when [s of real time] the oldest mark waits.
    oldest: float
    #: Whose worker died.
    leases: int
    sending: int
    #: Messages that failed or are doubtful.
    failed: int
    due: int


@dataclass(frozen=True, slots=True)
class Workers:
    """How many workers of an owner live, and what those say that goes wrong with them."""

    count: int
    troubles: list[str]


@dataclass(frozen=True, slots=True)
class Gateway:
    """A gateway as it told of itself."""

    code: str
    online: bool | None
    status_at: datetime | None
    #: Readings that wait there.
    waiting: int
    #: Of its clock [s].
    offset: float | None
    #: Newest reading of its stations.
    latest: datetime | None
    status: object


@dataclass(frozen=True, slots=True)
class Process:
    """A process that has a connection."""

    name: str


@dataclass(frozen=True, slots=True)
class Signs:
    """What each process left behind; None: nothing."""

    last_pack: datetime | None
    oldest_step: datetime | None
    oldest_mark: datetime | None


@dataclass(frozen=True, slots=True)
class Overdue:
    """Things whose time came and went, and when the first of them was due."""

    count: int
    first: datetime | None


@dataclass(frozen=True, slots=True)
class Ended:
    """A station that stopped for good, and its last local day (ISO 8601)."""

    code: str
    day: str


@dataclass(frozen=True, slots=True)
class Counts:
    """How many stations and subscribers there are."""

    stations: int
    subscribers: int


async def admitted(connection: Connection) -> list[str]:
    """Codes of gateways that may speak to the broker."""
    return await query.words(connection, "standalone", "admitted")


def server(connection: ConnectionNow) -> Server | None:
    """The server that this connection is to."""
    return query.row_now(connection, Server, "standalone", "server")


def waiting(connection: ConnectionNow, now: datetime) -> Waiting | None:
    """What is still to be done now."""
    return query.row_now(connection, Waiting, "standalone", "waiting", now=now)


def workers(connection: ConnectionNow, owner: str) -> Workers:
    """Workers of ``analytics`` or ``notify`` that live."""
    return query.row_now(connection, Workers, "standalone", "troubled", owner=owner) or Workers(0, [])


def gateways(connection: ConnectionNow) -> list[Gateway]:
    """Every gateway that is not revoked."""
    return query.rows_now(connection, Gateway, "standalone", "gateways")


def connected(connection: ConnectionNow, processes: Sequence[str]) -> set[str]:
    """Those of these processes that have a connection to this database."""
    rows = query.rows_now(connection, Process, "standalone", "processes", names=list(processes))
    return {process.name for process in rows}


def signs(connection: ConnectionNow, now: datetime) -> Signs:
    """What processes left behind."""
    return query.row_now(connection, Signs, "standalone", "signs", now=now) or Signs(None, None, None)


def overdue(connection: ConnectionNow, owner: str, before: datetime) -> Overdue:
    """What was due before a moment and is not done."""
    found = query.row_now(connection, Overdue, "standalone", "overdue", owner=owner, before=before)
    return found or Overdue(0, None)


def ended(connection: ConnectionNow, now: datetime) -> list[Ended]:
    """Stations that stopped for good: as was said, or heard last over 400 days ago."""
    return query.rows_now(connection, Ended, "standalone", "ended", now=now)


def counts(connection: ConnectionNow) -> Counts:
    """How many stations and subscribers there are."""
    return query.row_now(connection, Counts, "standalone", "people") or Counts(0, 0)
