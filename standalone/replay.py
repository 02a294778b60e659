"""Recorded weather through the whole platform, from a sensor's register to a message and a page."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import psycopg
import structlog

from edge.device import Memory
from standalone.demonstration import NOTICE_EN, NOTICE_VI, TIME_ZONE, chosen, enter, gateway_file
from standalone.field.record import Station, observations, years_of_origin
from standalone.field.weather_station import WeatherStation
from standalone.lockstep import Lockstep
from standalone.platform import Plan, Platform, api_port
from standalone.services import free_port
from store import replay

log = structlog.get_logger(__name__)

HOUR = timedelta(hours=1)
#: Replayed where nothing else is asked for: a tropical storm, a heat wave, cool days; minutes on two processors.
FIRST, LAST = date(2013, 6, 1), date(2013, 7, 31)

#: Called after each tick that passed: number (from 1), how many there are, event time.
Passed = Callable[[int, int, datetime], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Options:
    """What to replay; dates are local days of the record, both included."""

    folder: Path
    first: date = FIRST
    last: date = LAST
    stations: Sequence[str] = ()
    #: Most event hours a second; none: as fast as the platform goes.
    speed: float | None = None
    port: int | None = None
    log: str = "info"


@dataclass(frozen=True, slots=True)
class Report:
    """What came of a replay."""

    readings_sent: int
    readings_stored: int
    duplicates: int
    set_aside: int
    alerts_opened: int
    messages_sent: int
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        """The line that ``--json`` prints."""
        return asdict(self)


@dataclass(slots=True)
class Field:
    """The stations' devices, by code, and the ports they listen on."""

    devices: dict[str, WeatherStation] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)

    async def serve(self, stations: Sequence[Station], start: datetime) -> None:
        """Start a Modbus TCP server for each station."""
        for station in stations:
            device = WeatherStation(observations(station.code), station.elevation, start)
            port = free_port()
            await device.serve(port)
            self.devices[station.code], self.ports[station.code] = device, port

    def show(self, moment: datetime) -> None:
        """Let all devices measure the weather of an hour."""
        for device in self.devices.values():
            device.show(moment)

    async def stop(self) -> None:
        """Stop all devices."""
        for device in self.devices.values():
            await device.stop()


def span(options: Options, stations: Sequence[Station]) -> tuple[datetime, datetime]:
    """First and last tick: local midnights, or where the record of a chosen station ends earlier."""
    records = [observations(station.code) for station in stations]
    start = max(_midnight(options.first), min(min(record) for record in records))
    end = min(_midnight(options.last + timedelta(days=1)), *(max(record) for record in records))
    if end <= start:
        message = f"nothing to replay between {start.isoformat()} and {end.isoformat()}"
        raise ValueError(message)
    return start, end


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(TIME_ZONE)).astimezone(UTC)


def announce(stations: Sequence[Station], start: datetime, end: datetime) -> None:
    """Say what is replayed and when it was recorded."""
    for station in stations:
        years = years_of_origin(station.code)
        origin = ", ".join(f"month {month}: {year}" for month, year in sorted(years.items())) or "2013"
        log.info("replay", station=station.code, says=station.says["en"], recorded=origin)
    log.info("replay", first=start.isoformat(), last=end.isoformat())


class Replay:
    """One replay: `open` starts everything, `run` turns the clock, `report` counts."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.stations = chosen(options.stations)
        self.start, self.end = span(options, self.stations)
        self.field = Field()
        self.gateways = list(dict.fromkeys(station.gateway for station in self.stations))
        plan = Plan(
            options.folder, self.gateways, "replayed", api_port(options.port),
            environment={
                "NONGVU_NOTICE": NOTICE_VI, "NONGVU_NOTICE_EN": NOTICE_EN,
                "NONGVU_LOG": options.log, "NONGVU_OLDEST": "P400D",
                "NONGVU_MESSAGES": str(options.folder / "messages"),
                # waits in real time; an hour of weather takes less than a tenth of a second here
                "NONGVU_GROUPING_WAIT": "0.02",
                "NONGVU_ANALYTICS_QUIET": "PT1S",
            },
        )  # fmt: skip
        self.platform = Platform(plan)
        self.began = time.monotonic()

    @property
    def ticks(self) -> int:
        """Number of hours to replay."""
        return (self.end - self.start) // HOUR + 1

    @contextlib.asynccontextmanager
    async def opened(self) -> AsyncIterator[Replay]:
        """Everything started; stopped at the end, whatever happens."""
        try:
            announce(self.stations, self.start, self.end)
            await self.field.serve(self.stations, self.start)
            await self.platform.start()
            await asyncio.to_thread(enter, self.platform.database_url, self.stations, self.start)
            await self.platform.run_server()
            for code in self.gateways:
                await self.platform.run(f"edge-{code}", "edge", "run", str(self._gateway_file(code)))
            yield self
        finally:
            await self.platform.stop()
            await self.field.stop()

    async def run(self, passed: Passed | None = None) -> None:
        """Turn the clock from the first to the last hour."""
        password = (self.platform.secrets / "standalone").read_text().strip()
        platform = self.platform
        lockstep = Lockstep(platform.broker.url, password, platform.database_url, self.gateways, platform.hopeless)
        async with lockstep:
            for number in range(self.ticks):
                turned = time.monotonic()
                moment = self.start + number * HOUR
                self.field.show(moment)
                await lockstep.tick(moment)
                if passed is not None:
                    await passed(number + 1, self.ticks, moment)
                if self.options.speed:
                    await asyncio.sleep(max(0.0, turned + 1 / self.options.speed - time.monotonic()))
        for code, device in self.field.devices.items():
            for moment, quantity in device.lost:
                log.warning("no register holds this recorded value", station=code, time=str(moment), quantity=quantity)

    def readings_sent(self) -> int:
        """Readings that the gateways took and sent, as their own buffers count them."""
        return sum(counted(self._buffer(code)) for code in self.gateways)

    async def report(self) -> Report:
        """Count on both sides: gateways' buffers, and tables."""
        async with await psycopg.AsyncConnection.connect(self.platform.database_url) as connection:
            stored = await replay.stored(connection)
        if stored is None:
            raise RuntimeError("the tables did not answer")
        return Report(
            readings_sent=self.readings_sent(),
            readings_stored=stored.readings,
            duplicates=stored.duplicates,
            set_aside=stored.set_aside,
            alerts_opened=stored.alerts_opened,
            messages_sent=stored.messages_sent,
            seconds=round(time.monotonic() - self.began, 1),
        )

    def unclean(self) -> list[str]:
        """Processes and services that did not live and end as they should."""
        found = [f"{name} ended with {process.exit_code}" for name, process in self.platform.processes.items()
                 if process.exit_code not in (0, None)]  # fmt: skip
        found += [f"{name} died with {code}" for name, process in self.platform.processes.items()
                  for code in process.deaths]  # fmt: skip
        return [*found, *(f"{name} died" for name in self.platform.revived)]

    def _buffer(self, code: str) -> Path:
        return self.options.folder / "gateways" / f"{code}.sqlite"

    def _gateway_file(self, code: str) -> Path:
        path = self.options.folder / "gateways" / f"{code}.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        password = self.platform.secrets / code
        path.write_text(
            gateway_file(code, self.stations, self.field.ports, self.platform.broker.url, password, self._buffer(code))
        )
        return path


def counted(buffer: Path) -> int:
    """Readings a gateway has taken since its buffer was made."""
    with contextlib.closing(sqlite3.connect(f"file:{buffer}?mode=ro", uri=True)) as connection:
        rows = connection.execute("SELECT value FROM memory WHERE name LIKE 'unit:%'").fetchall()
    return sum(msgspec.msgpack.decode(value, type=Memory).readings for (value,) in rows)
