"""Looks at everything there is to look at, says what is wrong and what to do about it."""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

import aiomqtt
import psycopg
from pydantic import ValidationError

from notify.settings import NotifySettings
from standalone.doctor_connections import Named, api, broker
from standalone.doctor_messages import messages
from standalone.doctor_service import overdue, troubled
from standalone.finding import Finding
from standalone.remedy import remedy
from standalone.services import ServicesUnavailableError, programs
from store import delivery, standalone
from store.check import check as check_tables
from store.gateway_remarks import remarks
from store.pool import ConnectionNow
from store.unjudged import counted_now
from telemetry.broker import BrokerAddressError
from telemetry.settings import Settings
from telemetry.unknown import Why, words

#: A mark that waits longer than this [s] means that analytics does not work, or not fast enough.
LATE = 120.0
#: A gateway says its status at least every five minutes; three missed are silence [s].
SILENT = 900.0
#: Free disk [bytes] below which something will fail soon.
LITTLE = 2 * 2**30
#: Difference between two machines' clocks [s] that is worth a word.
SKEW = 5.0
#: What `adjtimex` returns while nothing keeps the machine's clock right (Linux).
UNSYNCHRONISED = 5
PACKAGES = ("ingest", "analytics.run", "notify", "api", "store", "dashboards")
PROCESSES = ("ingest", "analytics", "notify", "api")
#: Names that are read outside of the settings: passwords, programs, their cache, tests and measurements.
FURTHER = (
    "workers", "front", "cache", "programs", "mqtt_password", "mqtt_passwords", "webhook_secret", "secrets",
    "shared", "test_database_url", "test_folder", "bench_turns", "soak_seconds",
)  # fmt: skip


def examine(folder: Path | None) -> Iterator[Finding]:
    """Look at this installation, then at what `NONGVU_*` names."""
    yield from _installation()
    yield from _unknown_settings()
    yield from _disk(folder)
    yield from _clock()
    try:
        named = Named()
    except ValidationError as error:
        for problem in error.errors(include_url=False, include_input=False):
            name = f"NONGVU_{problem['loc'][0]}".upper()
            yield Finding("wrong", "settings", f"{name}: {problem['msg']}", "correct it")
        return
    if url := named.database_url:
        yield from _guarded("database", lambda: _database(url))
    else:
        yield from _services()
        yield Finding("note", "database", "NONGVU_DATABASE_URL is not set: the tables were not looked at",
                      "load the settings that 'nongvu up' wrote: set -a; . <folder>/environment; set +a")  # fmt: skip
    if named.mqtt_url:
        yield from _guarded("broker", lambda: broker(named))
    if named.api_url or named.api_port:
        yield from api((named.api_url or f"http://127.0.0.1:{named.api_port}").rstrip("/"))


def _guarded(subject: str, look: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """Findings of a look; what it could not do is a finding too."""
    try:
        yield from look()
    except (psycopg.Error, OSError, aiomqtt.MqttError, BrokerAddressError) as error:
        said = str(error).strip() or type(error).__name__
        yield Finding("wrong", subject, said.splitlines()[0], remedy(subject, error))


def _installation() -> Iterator[Finding]:
    yield Finding("fine", "python", f"{sys.version.split()[0]}")
    missing = []
    for line in requires("nongvu") or []:
        name, _, marker = line.partition(";")
        if marker and 'extra == "server"' not in marker:
            continue
        try:
            version(re.split(r"[^A-Za-z0-9._-]", name.strip(), maxsplit=1)[0])
        except PackageNotFoundError:
            missing.append(name.strip())
    if missing:
        yield Finding("wrong", "packages", f"missing: {', '.join(missing)}", "pip install 'nongvu[server]'")
    else:
        yield Finding("fine", "packages", "all there")


def _services() -> Iterator[Finding]:
    try:
        found = programs()
    except ServicesUnavailableError as error:
        yield Finding("wrong", "services", str(error).splitlines()[0], "see docs/operating.md")
        return
    numbers = ".".join(map(str, found.postgres_version))
    yield Finding("fine", "services", f"PostgreSQL {numbers} at {found.path('postgres')}")


def known_settings() -> set[str]:
    """Every `NONGVU_*` name that some process reads."""
    for package in PACKAGES:
        with contextlib.suppress(ModuleNotFoundError):
            importlib.import_module(f"{package}.settings")
    kinds, names = [Settings], set(FURTHER)
    while kinds:
        kind = kinds.pop()
        names |= set(kind.model_fields)
        kinds += kind.__subclasses__()
    return {f"NONGVU_{name.upper()}" for name in names}


def _unknown_settings() -> Iterator[Finding]:
    strange = sorted(name for name in os.environ if name.startswith("NONGVU_") and name not in known_settings())
    if strange:
        yield Finding("note", "settings", f"nobody reads {', '.join(strange)}", "correct or remove them")
    else:
        yield Finding("fine", "settings", "every NONGVU_* name is known")


def _disk(folder: Path | None) -> Iterator[Finding]:
    place = folder if folder and folder.exists() else Path.cwd()
    free = shutil.disk_usage(place).free
    text = f"{free / 2**30:.1f} GiB free where {place} lies"
    if free < LITTLE:
        yield Finding("wrong", "disk", text, "make room before the database stops")
    else:
        yield Finding("fine", "disk", text)


def _database(url: str) -> Iterator[Finding]:
    with psycopg.connect(url, autocommit=True, connect_timeout=5, options="-c timezone=UTC") as connection:
        yield from _server(connection)
        findings = check_tables(connection, url)
        yield from (Finding(item.grade, item.subject, item.says) for item in findings)
        if any(item.subject == "schema" for item in findings):
            return
        yield from _processes(connection)
        yield from _work(connection)
        yield from _gateways(connection)
        yield from _people(connection)
        yield from _unjudged(connection)

        yield from _ended(connection)
        yield from _routes(connection)
        yield from _messages(connection)


def _server(connection: ConnectionNow) -> Iterator[Finding]:
    server = standalone.server(connection)
    if server is None:
        return
    timescale, commit = server.timescaledb, server.synchronous_commit
    if timescale is None:
        yield Finding("wrong", "timescaledb", "the extension is missing", "run 'nongvu store migrate' as the owner")
    else:
        yield Finding("fine", "server", f"PostgreSQL {server.version}, TimescaleDB {timescale} ({server.license})")
    if timescale is not None and timescale != server.offered:
        says = f"the database's is {timescale}, the server's programs are {server.offered}"
        yield Finding("wrong", "timescaledb", says,
                      "run 'nongvu store migrate' as the owner: it brings the extension after them")  # fmt: skip
    if commit not in {"on", "remote_write", "remote_apply"}:
        yield Finding("wrong", "commits", f"synchronous_commit is {commit}: receipts could be untrue", "set it to on")
    skew = abs((datetime.now(UTC) - server.now).total_seconds())
    if skew > SKEW:
        yield Finding("wrong", "clock", f"this machine and the database are {skew:.0f} s apart", "set both by NTP")


def _clock() -> Iterator[Finding]:
    """Whether anything keeps this machine's clock right; a wrong one spoils every time that is taken here."""
    try:
        state = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(512))  # struct timex, modes 0: only asks
    except AttributeError:  # not Linux
        return
    if state == UNSYNCHRONISED:
        yield Finding("note", "clock", "nothing keeps this machine's clock right",
                      "install chrony or systemd-timesyncd and let it reach a time server")  # fmt: skip
    else:
        yield Finding("fine", "clock", "kept right by a time server")


def _processes(connection: ConnectionNow) -> Iterator[Finding]:
    there = standalone.connected(connection, PROCESSES)
    left = standalone.signs(connection, datetime.now(UTC))
    step, mark = left.oldest_step, left.oldest_mark
    signs = {
        "ingest": f"its last pack came {_at(left.last_pack)}",
        "analytics": f"what is new waits since {_at(mark)}" if mark else "nothing waits for it",
        "notify": f"what is to be told waits since {_at(step)}" if step else "nothing waits for it",
    }
    for process in PROCESSES:
        if process in there:
            yield Finding("fine", process, "is connected to the database")
        else:
            sign = f"; {signs[process]}" if process in signs else ""
            yield Finding("wrong", process, f"is not connected to the database{sign}",
                          f"is 'nongvu {process} run' running? its log names every setting that it lacks")  # fmt: skip


def _work(connection: ConnectionNow) -> Iterator[Finding]:
    waiting = standalone.waiting(connection, datetime.now(UTC))
    if waiting is None:
        return
    if waiting.marks and waiting.oldest > LATE:
        yield Finding("wrong", "marks", f"{waiting.marks} wait, the oldest for {waiting.oldest:.0f} s",
                      "see the log of 'nongvu analytics run'; start a second one if it is busy")  # fmt: skip
    else:
        yield Finding("fine", "marks", f"{waiting.marks} wait")
    if waiting.leases:
        yield Finding(
            "note", "leases", f"{waiting.leases} ran out: a worker died", "they are taken up again by themselves"
        )
    if waiting.failed:
        yield Finding("note", "messages", f"{waiting.failed} failed or doubtful", "see 'nongvu notify queue'")
    yield Finding("fine", "deliveries", f"{waiting.sending} on their way")
    for owner in ("analytics", "notify"):
        yield from overdue(connection, owner)
        yield from troubled(connection, owner)


def _gateways(connection: ConnectionNow) -> Iterator[Finding]:
    gateways = standalone.gateways(connection)
    if not gateways:
        yield Finding("note", "gateways", "none is registered", "nongvu gateway add <code> --station <station>")
    now = datetime.now(UTC)
    for gateway in gateways:
        code, said_at = gateway.code, gateway.status_at
        text = f"{gateway.waiting} readings wait there; latest reading {_at(gateway.latest)}"
        if said_at is None:
            yield Finding("note", f"gateway {code}", "never heard of", "start it: nongvu edge run <its file>")
        elif not gateway.online or (now - said_at).total_seconds() > SILENT:
            yield Finding("wrong", f"gateway {code}", f"silent since {_at(said_at)}; {text}",
                          "look at its power, its line, and on it at 'nongvu edge check'")  # fmt: skip
        elif abs(gateway.offset or 0.0) > SKEW:
            yield Finding("wrong", f"gateway {code}", f"its clock is {gateway.offset:+.0f} s off; {text}",
                          "let it reach a time server, or give it a clock battery")  # fmt: skip
        else:
            yield Finding("fine", f"gateway {code}", text)
        for remark in remarks(gateway.status):
            yield Finding("note", f"gateway {code}, {remark.partition(':')[0]}", remark,
                          "docs/gateway.md, section 6, says what it means")  # fmt: skip


def _at(moment: datetime | None) -> str:
    """A moment as people read it."""
    return "never" if moment is None else f"{moment:%Y-%m-%d %H:%M} UTC"


def _unjudged(connection: ConnectionNow) -> Iterator[Finding]:
    """Rules and indices that cannot be judged where there is something to judge them by, and why."""
    rows = counted_now(connection)
    for row in rows:
        some = ", ".join(row.some) + (" …" if row.places > len(row.some) else "")
        how = "judged by what is certain alone" if row.holds else "not judged"
        says = f"{row.places} places are {how}: {words(row.reason, row.lacks, 'en')} ({some})"
        yield Finding("note", f"{row.kind} {row.name}", says, _REMEDIES.get(row.reason, "see docs/rules.md"))
    if not rows:
        yield Finding("fine", "rules", "all are judged where there is a sensor for them")


_REMEDIES: dict[int, str] = {
    Why.PROPERTY: "nongvu place set <place> <name>=<number> (of a crop: nongvu season set); 'nongvu place properties'",
    Why.OUTSIDE: "nongvu place set <place> <name>=<number>; 'nongvu place properties' says what can be",
    Why.READINGS: "look at the station and its sensors",
    Why.SELDOM: "let the station report oftener, or leave it",
    Why.UNDEFINED: "the rain rules speak meanwhile; look at the place itself",
    Why.RECORD: "import its history, or wait",
    Why.UNANSWERED: "enter the irrigation as water_volume; rain that fills the field tells again too",
}


def _ended(connection: ConnectionNow) -> Iterator[Finding]:
    """Stations of which no reading is expected any more, and which are therefore never told to be silent."""
    for station in standalone.ended(connection, datetime.now(UTC)):
        code = station.code
        yield Finding("note", f"station {code}", f"ended on {station.day}: its silence is no alarm",
                      f"if it should report, look at it; by mistake: nongvu place end {code} --again")  # fmt: skip


def _people(connection: ConnectionNow) -> Iterator[Finding]:
    counts = standalone.counts(connection)
    if not counts.stations:
        yield Finding("note", "places", "no station", "nongvu place add <code> station <name> --parent <commune>")
    if not counts.subscribers:
        yield Finding("note", "people", "nobody gets messages", "nongvu subscriber add")


def _routes(connection: ConnectionNow) -> Iterator[Finding]:
    """Budgets that are used up, and what providers report that nobody understands."""
    for used in delivery.exhausted_now(connection):
        yield Finding("wrong", f"route {used.route}",
                      f"its budget of 24 hours is used up since {_at(used.spent_at)} ({used.segments} segments, cost "
                      f"{used.cost:.0f}): only what is urgent goes on, {used.waiting} messages wait",
                      "raise daily_segments or daily_cost in the routes file")  # fmt: skip
    for said in delivery.unknown_receipts_now(connection):
        says = f"{said.count} receipts are {said.detail}: not counted as delivered"
        yield Finding("note", f"route {said.route}", says,
                      "set the route's callback by the service's documents")  # fmt: skip


def _messages(connection: ConnectionNow) -> Iterator[Finding]:
    """The ways out, where the settings that are here name any."""
    if not any(os.environ.get(name) for name in ("NONGVU_ROUTES", "NONGVU_MESSAGES")):
        return
    yield from messages(NotifySettings(), standalone.counts(connection).subscribers)
