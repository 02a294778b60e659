"""Answers over Modbus TCP with what was measured at this hour and day of 2013."""

from __future__ import annotations

import argparse
import asyncio
import logging
from datetime import UTC, datetime, timedelta

from standalone.field.record import STATIONS, observations
from standalone.field.weather_station import WeatherStation

RECORDED = 2013


def recorded_hour(now: datetime) -> datetime:
    """The hour of the record that stands for now; 29 February is answered with the day before."""
    day = 28 if (now.month, now.day) == (2, 29) else now.day
    return datetime(RECORDED, now.month, day, now.hour, tzinfo=UTC)


async def serve(code: str, host: str, port: int) -> None:
    """Answer until cancelled, with the next observation at every full hour."""
    station = WeatherStation(observations(code), STATIONS[code].elevation, recorded_hour(datetime.now(UTC)))
    station.show(recorded_hour(datetime.now(UTC)))
    await station.serve(port, host)
    while True:
        now = datetime.now(UTC)
        following = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        await asyncio.sleep((following - now).total_seconds())
        station.show(recorded_hour(following))


def main() -> None:
    """Serve one recorded station."""
    parser = argparse.ArgumentParser(prog="python -m standalone.field", description=__doc__)
    parser.add_argument("--station", choices=sorted(STATIONS), default="ewr")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=5020)
    chosen = parser.parse_args()
    logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL)  # a scan of the line is no fault
    asyncio.run(serve(chosen.station, chosen.host, chosen.port))


if __name__ == "__main__":
    main()
