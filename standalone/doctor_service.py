"""What the doctor asks of one process of the server, with that process's own settings: a container's health check.

Well is who works: has the settings it needs, is connected where it has to be, and lets nothing wait that is due.
"""

from __future__ import annotations

import re
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from importlib import import_module
from types import MappingProxyType
from typing import Any

import psycopg
from pydantic import ValidationError

from standalone.doctor_connections import api
from standalone.doctor_messages import messages
from standalone.finding import Finding
from standalone.remedy import remedy
from store import standalone
from store.pool import ConnectionNow
from telemetry.settings import DatabaseSettings

#: Work that was due and is not done after so long means that nobody does it.
OVERDUE = timedelta(minutes=15)
#: Process → where its settings are described.
SETTINGS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "ingest": ("ingest.settings", "IngestSettings"),
        "analytics": ("analytics.run.settings", "AnalyticsSettings"),
        "notify": ("notify.settings", "NotifySettings"),
        "api": ("api.settings", "ApiSettings"),
    }
)


def service(name: str) -> Iterator[Finding]:
    """Whether this process does its work, as far as its own settings and rights let anybody see."""
    module, kind = SETTINGS[name]
    try:
        settings = getattr(import_module(module), kind)()
    except ValidationError as error:
        for problem in error.errors(include_url=False, include_input=False):
            where = "_".join(str(part) for part in problem["loc"]).upper()
            yield Finding("wrong", name, f"NONGVU_{where}: {problem['msg']}", "correct it: the process ends without")
        return
    yield from _tables(name, settings)
    yield from _OWN.get(name, _nothing)(settings)


def _tables(name: str, settings: DatabaseSettings) -> Iterator[Finding]:
    try:
        with psycopg.connect(
            settings.database_url, autocommit=True, connect_timeout=5, options="-c timezone=UTC"
        ) as connection:
            if standalone.connected(connection, [name]):
                yield Finding("fine", name, "is connected to the database")
            else:
                yield Finding("wrong", name, "is not connected to the database", "see its log")
            if settings.clock == "real" and name in {"analytics", "notify"}:
                yield from overdue(connection, name)
            yield from troubled(connection, name)
    except psycopg.Error as error:
        said = str(error).strip() or type(error).__name__
        yield Finding("wrong", "database", said.splitlines()[0], remedy("database", error))


def overdue(connection: ConnectionNow, name: str) -> Iterator[Finding]:
    """Work of this process whose time came and went."""
    found = standalone.overdue(connection, name, datetime.now(UTC) - OVERDUE)
    if found.count:
        says = f"{found.count} things were due and are not done, the first at {found.first:%Y-%m-%d %H:%M} UTC"
        yield Finding("wrong", name, says, "see its log, and start it again")


def troubled(connection: ConnectionNow, name: str) -> Iterator[Finding]:
    """What workers of this process that live say goes wrong with them, and how many share its work."""
    workers = standalone.workers(connection, name)
    troubles = workers.troubles
    if workers.count > 1:
        yield Finding("fine", f"{name} workers", f"{workers.count} share the work")
    if troubles:
        more = f" and {len(troubles) - 3} more" if len(troubles) > 3 else ""
        says = f"the database does not do what it asks: {'; '.join(troubles[:3])}{more}"
        yield Finding(
            "wrong", f"{name} workers", says, "see its log; is the schema up to date, has its login its rights?"
        )


def _ingest(settings: Any) -> Iterator[Finding]:
    """Whether both sessions at the broker are up; only the process itself knows."""
    if not settings.metrics_port:
        return
    address = f"http://127.0.0.1:{settings.metrics_port}/metrics"
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            said = answer.read().decode()
    except OSError as error:
        yield Finding("wrong", "ingest", f"{address}: {error}", "see its log")
        return
    sessions = re.findall(r'^nongvu_ingest_connected\{session="([^"]*)"\} (\S+)$', said, re.MULTILINE)
    away = [session for session, connected in sessions if float(connected) != 1]
    if away or not sessions:
        text = f"has no connection to the broker: {', '.join(away) or 'neither session'}"
        yield Finding(
            "wrong", "ingest", text, "is the broker up, its certificate good, the password in the secrets its own?"
        )
    else:
        yield Finding("fine", "ingest", "both sessions at the broker are connected")


def _notify(settings: Any) -> Iterator[Finding]:
    yield from messages(settings, people=0)


def _api(settings: Any) -> Iterator[Finding]:
    yield from api(f"http://127.0.0.1:{settings.api_port}")


def _nothing(_settings: Any) -> Iterator[Finding]:
    yield from ()


_OWN: Mapping[str, Callable[[Any], Iterator[Finding]]] = MappingProxyType(
    {"ingest": _ingest, "notify": _notify, "api": _api}
)
