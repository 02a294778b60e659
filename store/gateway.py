"""Who may send for which station, what a gateway said of itself, and what it is told."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime

from psycopg import AsyncConnection, Connection, errors
from psycopg.rows import DictRow, TupleRow, dict_row
from psycopg.types.json import Jsonb

from store.statements import statement
from telemetry.birth import Birth
from telemetry.quantities import QUANTITIES
from telemetry.reading import CODE, LEVEL


class GatewayError(ValueError):
    """A gateway, or a station for it, that cannot be; never worth another try."""


@dataclass(frozen=True, slots=True)
class Datastream:
    """One datastream as ingest needs it."""

    id: int
    station: str
    quantity: str
    level: str
    #: Derived by the sensor, not measured.
    estimated: bool
    #: What the place has; None where nobody said [stored unit].
    minimum: float | None
    maximum: float | None
    #: Between readings as born [s]; 0 where they are not regular.
    interval: float = 0.0


@dataclass(frozen=True, slots=True)
class Registry:
    """Everything that is registered, read at one moment."""

    #: Gateway code → id; those that are revoked are missing.
    gateways: dict[str, int]
    #: Station code → (id, code of the gateway it was given to).
    stations: dict[str, tuple[int, str | None]]
    datastreams: list[Datastream]


def add(connection: Connection[TupleRow], code: str, name: str = "") -> int:
    """Add a gateway and return its id; `GatewayError` if its code is taken or none."""
    if not CODE.match(code):
        raise GatewayError(f"{code!r} is no gateway code: use a-z, 0-9 and '-', at most 63 characters")
    try:
        with connection.transaction():
            row = connection.execute(statement("gateway", "add"), {"code": code, "name": name}).fetchone()
    except errors.UniqueViolation as error:
        raise GatewayError(f"gateway {code!r} is there already") from error
    return int(row[0]) if row else 0


def give(connection: Connection[TupleRow], gateway: str, station: str, now: datetime | None = None) -> str | None:
    """Let a gateway send for a station from now on; code of the gateway that had it until now, if another did.

    `GatewayError` where gateway or station is unknown.
    """
    parameters = {"gateway": gateway, "station": station, "now": now or datetime.now(UTC)}
    row = connection.execute(statement("gateway", "give"), parameters).fetchone()
    if row is None:
        if not listed(connection, gateway):
            raise GatewayError(f"no gateway {gateway!r}: see 'nongvu gateway list'")
        raise GatewayError(f"no station {station!r}: see 'nongvu place list'; 'nongvu place add' makes one")
    former: str | None = row[0]
    return former


def listed(connection: Connection[TupleRow], code: str | None = None) -> list[DictRow]:
    """Gateways with their stations, last status, packs that never came and readings declared as dropped."""
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(statement("gateway", "listed"), {"code": code}).fetchall()
        gaps = cursor.execute(statement("gateway", "gaps"), {"code": code}).fetchall()
        declared = cursor.execute(statement("gateway", "declared"), {"code": code}).fetchall()
    lost = {row["code"]: row["readings"] for row in declared}
    for row in rows:
        own = [gap for gap in gaps if gap["code"] == row["code"]]
        row["gaps"] = [
            {key: gap[key] for key in ("boot", "stream", "missing", "declared", "first", "last")} for gap in own
        ]
        row["missing_packs"] = sum(max(gap["missing"] - gap["declared"], 0) for gap in own)
        row["declared_dropped"] = lost.get(row["code"], 0)
    return rows


async def registry(connection: AsyncConnection[TupleRow], now: datetime) -> Registry:
    """Read the whole registry."""
    gateways = await (await connection.execute(statement("gateway", "registry"))).fetchall()
    stations = await (await connection.execute(statement("gateway", "stations"), {"now": now})).fetchall()
    rows = await (await connection.execute(statement("gateway", "datastreams"))).fetchall()
    return Registry(
        {code: id_ for id_, code, revoked in gateways if not revoked},
        {station: (id_, gateway) for station, id_, gateway in stations},
        [_datastream(row) for row in rows],
    )


async def datastreams_of(connection: AsyncConnection[TupleRow], stations: list[int]) -> list[Datastream]:
    """Datastreams of stations (ids)."""
    rows = await (await connection.execute(statement("gateway", "datastreams_of"), {"stations": stations})).fetchall()
    return [_datastream(row) for row in rows]


def _datastream(row: TupleRow) -> Datastream:
    id_, station, quantity, level, basis, minimum, maximum, interval = row
    limits = _number(minimum), _number(maximum)
    return Datastream(id_, station, quantity, level, basis == "estimated", *limits, interval)


def _number(text: str | None) -> float | None:
    return None if text is None else float(text)


async def high_water(connection: AsyncConnection[TupleRow]) -> list[tuple[int, datetime]]:
    """Time of the latest reading of every datastream that has one."""
    return await (await connection.execute(statement("gateway", "high_water"))).fetchall()


async def bear(
    connection: AsyncConnection[TupleRow], birth: Birth, time: datetime, stations: dict[str, int]
) -> tuple[int, list[str]]:
    """Create the datastreams and deployments of a birth, for the stations given; what was refused is said.

    Returns the number of datastreams and the refusals.
    """
    refused = [
        f"station {station.code!r} was not given to it" for station in birth.stations if station.code not in stations
    ]
    born = [
        (stations[station.code], row)
        for station in birth.stations
        if station.code in stations
        for row in station.datastreams
    ]
    fit = [
        (place, row)
        for place, row in born
        if row.quantity in QUANTITIES and (row.level == "" or LEVEL.match(row.level))
    ]
    refused += [
        f"unknown quantity or level {row.quantity}/{row.level}" for place, row in born if (place, row) not in fit
    ]
    columns = {
        "place": [place for place, _ in fit],
        "quantity": [row.quantity for _, row in fit],
        "level": [row.level for _, row in fit],
        "interval": [row.interval for _, row in fit],
        "basis": [row.basis for _, row in fit],
        "sensor_model": [row.sensor_model for _, row in fit],
        "serial": [row.serial for _, row in fit],
        "height": [row.height for _, row in fit],
        "time": time,
    }
    # a birth may name a datastream twice, which ON CONFLICT refuses: the last word counts
    keep = sorted({(place, row.quantity, row.level): index for index, (place, row) in enumerate(fit)}.values())
    columns = {
        key: [value[index] for index in keep] if isinstance(value, list) else value for key, value in columns.items()
    }
    await connection.execute(statement("gateway", "bear"), columns)
    await connection.execute(statement("gateway", "deploy"), columns)
    return len(keep), refused


def audit(
    connection: Connection[TupleRow], who: str, action: str, subject: str, detail: dict[str, object] | None = None
) -> None:
    """Write down who did what to a gateway."""
    connection.execute(
        statement("gateway", "audit"),
        {"who": who, "action": action, "subject": subject, "detail": Jsonb(detail or {})},
    )


def revoke(connection: Connection[TupleRow], code: str, *, undo: bool = False) -> None:
    """Mark a gateway as revoked, or as admitted again."""
    connection.execute(statement("gateway", "restore" if undo else "revoke"), {"code": code})


def order(
    connection: Connection[TupleRow],
    gateway: str,
    action: str,
    arguments: dict[str, object],
    who: str,
    now: datetime,
    expires: datetime,
) -> str:
    """Order something of a gateway, with an audit, and return the order's id; ingest publishes it."""
    if action not in ("read_now", "restart", "set_relay"):
        raise GatewayError(f"{action!r} is no order: read_now, restart or set_relay")
    said = {"gateway": gateway, "action": action, "arguments": Jsonb(arguments), "who": who}
    row = connection.execute(statement("gateway", "order"), said | {"now": now, "expires": expires}).fetchone()
    if row is None:
        raise GatewayError(f"no gateway {gateway!r}")
    audit(connection, who, "gateway command", gateway, {"id": row[0], "action": action, "arguments": arguments})
    return str(row[0])


def configure(connection: Connection[TupleRow], gateway: str, toml: str, who: str, now: datetime) -> int:
    """Want a configuration of a gateway, with an audit, and return its revision; ingest publishes it."""
    try:
        tomllib.loads(toml)
    except tomllib.TOMLDecodeError as error:
        raise GatewayError(f"not TOML: {error}") from error
    row = connection.execute(
        statement("gateway", "configure"), {"gateway": gateway, "toml": toml, "who": who, "now": now}
    ).fetchone()
    if row is None:
        raise GatewayError(f"no gateway {gateway!r}")
    audit(connection, who, "gateway configure", gateway, {"revision": row[0]})
    return int(row[0])


def outcome(connection: Connection[TupleRow], order: str) -> tuple[str, str] | None:
    """What became of an order, and details; None while nobody knows."""
    row = connection.execute(statement("gateway", "outcome"), {"id": order}).fetchone()
    return (str(row[0]), str(row[1])) if row is not None else None


def orders(connection: Connection[TupleRow], gateway: str, now: datetime) -> list[DictRow]:
    """What became of commands and configurations, newest first; of what expired without an answer that is said."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(statement("gateway", "orders"), {"gateway": gateway, "now": now}).fetchall()
