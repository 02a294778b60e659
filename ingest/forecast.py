"""Reads forecasts of weather services (JSON of Open-Meteo or like GFS, CSV) into values in stored units; pure."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from ingest.conversion import ConversionError, conversion
from store.csv_list import Row, lines
from store.forecast import Said
from telemetry.quantities import QUANTITIES


class ForecastError(ValueError):
    """A forecast that cannot be read; never worth another try."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """One issue of a forecast for one place."""

    #: When it was issued; None where the file does not say.
    reference_time: datetime | None
    source: str
    values: list[Said]


#: Variables of Open-Meteo's forecast API → quantity; their units stand beside them.
OPEN_METEO = {
    "temperature_2m": "air_temperature", "relative_humidity_2m": "relative_humidity",
    "relativehumidity_2m": "relative_humidity",
    "dew_point_2m": "dew_point", "dewpoint_2m": "dew_point", "surface_pressure": "air_pressure",
    "precipitation": "precipitation", "wind_speed_10m": "wind_speed", "windspeed_10m": "wind_speed",
    "wind_gusts_10m": "wind_gust", "windgusts_10m": "wind_gust", "wind_direction_10m": "wind_direction",
    "winddirection_10m": "wind_direction", "shortwave_radiation": "global_radiation",
    "sunshine_duration": "sunshine_duration",
}  # fmt: skip
#: Variables of NCEP's GFS (GRIB2 table 4.2 abbreviations) → quantity and the unit in which GFS gives them.
GFS = {
    "TMP": ("air_temperature", "K"), "DPT": ("dew_point", "K"), "RH": ("relative_humidity", "%"),
    "PRES": ("air_pressure", "Pa"), "APCP": ("precipitation", "mm"), "GUST": ("wind_gust", "m/s"),
    "DSWRF": ("global_radiation", "W/m2"),
}  # fmt: skip


def read(payload: bytes, *, source: str = "") -> Forecast:
    """Read a forecast, whichever of the three it is; `ForecastError` says what is wrong."""
    text = payload.decode("utf-8-sig", "replace").lstrip()
    if not text.startswith(("{", "[")):
        return _csv(text, source)
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ForecastError(f"not JSON: {str(error)[:200]}") from error
    try:
        if isinstance(document, dict) and isinstance(document.get("hourly"), dict):
            return _open_meteo(document, source or "open-meteo")
        return _gfs(document, source or "gfs")
    except ForecastError:
        raise
    except (KeyError, TypeError, AttributeError, ValueError, OverflowError) as error:
        raise ForecastError(f"neither Open-Meteo nor GFS-style JSON: {error!r}") from error


def _open_meteo(document: dict[str, Any], source: str) -> Forecast:
    hourly, units = document["hourly"], document.get("hourly_units", {})
    zone = timezone(timedelta(seconds=float(document.get("utc_offset_seconds", 0))))
    times = [_moment(text, zone) for text in hourly["time"]]
    values: list[Said] = []
    for name, column in hourly.items():
        if name not in OPEN_METEO:
            continue
        quantity = OPEN_METEO[name]
        values += _said(quantity, units.get(name, ""), zip(times, column, strict=True))
    issued = document.get("reference_time")
    return Forecast(_moment(issued, UTC) if issued else None, source, values)


def _gfs(document: Any, source: str) -> Forecast:
    """``{"reference_time": …, "forecasts": [{"valid_time": …, "TMP": 290.1, "UGRD": …, "VGRD": …}, …]}``."""
    values: list[Said] = []
    for step in document["forecasts"]:
        time = _moment(step["valid_time"], UTC)
        fields = {name.split("_")[0].upper(): value for name, value in step.items() if name != "valid_time"}
        for name, (quantity, unit) in GFS.items():
            if name in fields:
                values += _said(quantity, unit, [(time, fields[name])])
        if fields.get("UGRD") is not None and fields.get("VGRD") is not None:
            east, north = float(fields["UGRD"]), float(fields["VGRD"])
            values += _said("wind_speed", "m/s", [(time, math.hypot(east, north))])
            # where the wind comes from
            values += _said("wind_direction", "deg", [(time, math.degrees(math.atan2(-east, -north)) % 360)])
    return Forecast(_moment(document["reference_time"], UTC), source, values)


def _csv(text: str, source: str) -> Forecast:
    """Columns valid_time and quantities (unit in brackets, as ``air_temperature (degF)``), or quantity and value."""
    rows = list(lines(text, "the forecast", ForecastError))
    if not rows or "valid_time" not in rows[0].cells:
        raise ForecastError("a forecast's CSV has a column valid_time, and reference_time or --issued")
    values: list[Said] = []
    for line, row, problem in rows:
        try:
            if problem:
                raise ForecastError(problem)
            values += _row(row)
        except (ForecastError, ValueError, TypeError) as error:
            message = f"line {line}: {error}"
            raise ForecastError(message) from error
    issued = rows[0].cells.get("reference_time")
    try:
        return Forecast(_moment(issued, UTC) if issued else None, source or "csv", values)
    except (ValueError, TypeError) as error:
        message = f"reference_time: {error}"
        raise ForecastError(message) from error


def _row(row: Row) -> Iterator[Said]:
    time = _moment(row["valid_time"], UTC)
    if "quantity" in row and "value" in row:
        yield from _said(row["quantity"], row.get("unit") or "", [(time, row["value"])])
        return
    for name, value in row.items():
        quantity, _, unit = name.partition(" (")
        if quantity in QUANTITIES:
            yield from _said(quantity, unit.rstrip(")"), [(time, value)])


def _said(quantity: str, unit: str, pairs: Any) -> Iterator[Said]:
    try:
        factor, offset = conversion(unit, quantity)
    except (ConversionError, ValueError) as error:
        raise ForecastError(str(error)) from error
    limits = QUANTITIES[quantity]
    for time, raw in pairs:
        if raw is None or raw == "":
            continue
        value = float(raw) * factor + offset
        if math.isfinite(value) and limits.minimum <= value <= limits.maximum:
            yield Said(quantity, time, value)


def _moment(text: str, zone: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ForecastError(f"{text!r} is no time: write 2026-01-31T07:00:00Z") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
