"""How good the forecast of a frost night is, on hourly records that the caller brings; no record is part of the project.

    python -m benchmarks.frost_skill Guangzhou.csv@23.13,113.26,Asia/Shanghai Chengdu.csv@30.67,104.06,Asia/Shanghai,2013-01-01

Each record is followed by its latitude, longitude, time zone and, if not all of it is to be judged, the first night that
is; it learns from all nights. A record is a CSV of local hours: columns year, month, day, hour, TEMP [°C] and as far as
there are HUMI [%], Iws [m/s, added up while the direction cbwd holds] and precipitation [mm], as the public records of
PM2.5 of five cities have them; or time (local, ISO), air_temperature, relative_humidity, wind_speed, precipitation.

A night is told where the rule's decision, the forecast less a share of its error, is below the threshold before dusk or
after it; it is a frost night where its own minimum was below. "Former" is what the rule did before: FAO's regression at
dusk alone, learned from calm dry nights, without gates. Prints a table, or with ``--json`` a list.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, astuple, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from analytics import grid as grids
from analytics.grid import Array
from analytics.index import Places, Window, evaluate
from analytics.indices import frost, frost_night
from analytics.rules.crop import FROST_TONIGHT
from analytics.skill import contingency

_COLUMNS = {"TEMP": "air_temperature", "HUMI": "relative_humidity", "precipitation": "precipitation"}
#: Values that such records write for what was not measured.
_LEAST = -90.0
#: Errors are told of nights colder than this [°C].
COLD = 10.0


@dataclass(frozen=True, slots=True)
class Record:
    """An hourly record of one place; every column is (hours,) [the quantity's unit], NaN where not measured."""

    name: str
    latitude: float
    longitude: float
    zone: str
    #: First night that is judged.
    first: np.datetime64
    table: pd.DataFrame


def read(said: str) -> Record:
    """An hourly record as the command line names it; `ValueError` says what it lacks."""
    path, _, rest = said.partition("@")
    parts = rest.split(",")
    if len(parts) not in (3, 4):
        message = f"{said}: after @ a latitude, a longitude, a time zone and perhaps a first night, split by commas"
        raise ValueError(message)
    table = _table(Path(path))
    days = table.index.normalize()
    whole = pd.date_range(days.min(), days.max() + pd.Timedelta(hours=23), freq="h")
    table = table.where(table > _LEAST)[~table.index.duplicated()].reindex(whole)
    first = np.datetime64(parts[3] if len(parts) == 4 else whole[0], "D")
    return Record(Path(path).stem, float(parts[0]), float(parts[1]), parts[2], first, table)


def _table(path: Path) -> pd.DataFrame:
    rows = pd.read_csv(path)
    if "TEMP" in rows:
        rows.index = pd.DatetimeIndex(pd.to_datetime(rows[["year", "month", "day", "hour"]]))
        table = rows[[name for name in _COLUMNS if name in rows]].rename(columns=_COLUMNS).astype(float)
        if {"Iws", "cbwd"} <= set(rows):
            table["wind_speed"] = _wind(rows["Iws"].astype(float), rows["cbwd"])
        return table
    if {"time", "air_temperature"} <= set(rows):
        rows.index = pd.DatetimeIndex(pd.to_datetime(rows["time"]))
        return rows.drop(columns="time").astype(float)
    message = f"{path} has neither TEMP nor time and air_temperature among its columns"
    raise ValueError(message)


def _wind(added: pd.Series, direction: pd.Series) -> pd.Series:
    """Wind of each hour from a speed that is added up while the direction holds."""
    apart = added - added.shift()
    return apart.where((direction == direction.shift()) & (apart >= 0), added)


def window(record: Record) -> Window:
    """The record as the engine would lay it: local days, hourly steps."""
    first, last = record.table.index[0].date(), record.table.index[-1].date()
    grid = grids.local_days(first, last, [record.zone], grids.HOUR)
    places = Places(*(np.array([one]) for one in (record.latitude, record.longitude, np.nan, np.nan)))
    readings = {name: grids.of_values(column.to_numpy()[None, :]) for name, column in record.table.items()}
    return Window(grid, places, readings, lead=1)


@dataclass(frozen=True, slots=True)
class Nights:
    """What was forecast and what came, (nights,) each, in order [°C]; NaN where not known."""

    #: Decision before dusk, and the lower one of both looks.
    before_dusk: Array
    told: Array
    #: Forecast at dusk, and that of the former method.
    dusk: Array
    former: Array
    minimum: Array


def nights(record: Record) -> Nights:
    """Forecast each night by what was known on its evening."""
    laid = window(record)
    found = {name: result.value[0] for name, result in evaluate(frost_night.INDICES, laid).items()}
    looks = [
        found[f"frost_night_minimum_{name}"] - FROST_TONIGHT.lean * found[f"frost_night_minimum_{error}"]
        for name, error in (("before_dusk", "before_dusk_error"), ("forecast", "error"))
    ]
    came = np.append(found["frost_night_minimum"][1:], np.nan)
    every = looks[0], np.fmin(*looks), found["frost_night_minimum_forecast"], former(laid, came), came
    judged = laid.grid.dates >= record.first
    return Nights(*(one[judged] for one in every))


def former(laid: Window, came: Array) -> Array:
    """FAO's regression on the temperature and dew point two hours after sunset, from all calm and dry nights before."""
    minimum = np.insert(came[:-1], 0, np.nan)[None, :]
    temperature, seen = frost_night.seen(laid, frost_night.DUSK, minimum)
    dusk, (deficit, _, _, windy, wet) = temperature[0], seen[0].T
    dew = dusk - deficit
    calm = ~(windy > 0) & ~(wet > 0) & np.isfinite(dusk + dew + came)
    value = np.full(len(came), np.nan)
    for night in range(len(came)):
        taught = np.flatnonzero(calm[:night])
        if len(taught) >= frost_night.LEAST_NIGHTS:
            a, b, c, _ = frost.frost_coefficients(dusk[taught], dew[taught], came[taught])
            value[night] = frost.night_minimum(dusk[night], dew[night], a, b, c)
    return value


def scores(name: str, found: Nights) -> list[dict[str, object]]:
    """A row for each threshold and way of telling, over nights that every way knew."""
    known = np.isfinite(found.told) & np.isfinite(found.former) & np.isfinite(found.minimum)
    rows: list[dict[str, object]] = []
    for threshold in (level.enter for level in FROST_TONIGHT.levels):
        came = found.minimum[known] < threshold
        ways = {"former": found.former, "before dusk": found.before_dusk, "told": found.told}
        for way, decision in ways.items():
            score = asdict(contingency(decision[known] < threshold, came))
            del score["lead"]
            rows.append({"record": name, "below": threshold, "way": way, "nights": int(known.sum())} | score)
    return rows


def errors(name: str, found: Nights) -> dict[str, object]:
    """Root mean square error [K] of both methods, on evenings after which it came to less than 10 °C."""
    cold = np.isfinite(found.dusk) & np.isfinite(found.former) & (found.minimum < COLD)
    said = {"former": found.former, "at dusk": found.dusk}
    return {"record": name, "nights": int(cold.sum())} | {
        way: round(float(np.sqrt(np.mean((value - found.minimum)[cold] ** 2))), 2) if cold.any() else None
        for way, value in said.items()
    }


def pooled(found: Sequence[Nights]) -> Nights:
    """Nights of several records as one."""
    return Nights(*(np.concatenate(one) for one in zip(*(astuple(each) for each in found), strict=True)))


def main(arguments: Sequence[str]) -> int:
    """Judge the records named and print what came of it."""
    if not [one for one in arguments if one != "--json"]:
        print(__doc__)
        return 2
    records = [read(one) for one in arguments if one != "--json"]
    found = {record.name: nights(record) for record in records}
    if len(found) > 1:
        found["pooled"] = pooled(list(found.values()))
    rows = [row for name, one in found.items() for row in scores(name, one)]
    off = [errors(name, one) for name, one in found.items()]
    if "--json" in arguments:
        print(json.dumps({"scores": rows, "errors": off}))
        return 0
    for table in (rows, off):
        print(pd.DataFrame(table).to_string(index=False, float_format="%.2f"), end="\n\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
