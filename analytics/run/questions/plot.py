"""Charts of stored index values of a season, each with an independent reference drawn beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np

from analytics.indices import BY_NAME
from analytics.run.window.place_facts import midnight
from store import index_value, work
from store.pool import Connection
from store.rule_setting import area
from store.work import Span, Spot
from telemetry.instant import INSTANT

if TYPE_CHECKING:
    import pandas as pd

    Daily = Mapping[str, pd.Series[float]]


class NotPlotted(ValueError):  # noqa: N818 — says what it is
    """There is nothing to draw; says why."""


@dataclass(frozen=True, slots=True)
class Given:
    """What references are computed from: a place, its daily values and its raw readings; never our own kernels."""

    spot: Spot
    #: Index → stored values by local date: daily extremes, sums and means.
    daily: Daily
    #: Quantity → trusted readings by local time.
    raw: Daily


@dataclass(frozen=True, slots=True)
class Reference:
    """Who else computes an index."""

    library: str
    compute: Callable[[Given], pd.Series[float]]


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture drawn, and how far both series lie apart [the index's unit]."""

    index: str
    file: Path
    library: str
    days: int
    mean_difference: float
    largest_difference: float


def _penman(given: Given) -> pd.Series[float]:
    import pyet  # noqa: PLC0415 — an extra

    found: pd.Series[float] = pyet.pm_fao56(**_weather(given))
    return found


def _tall(given: Given) -> pd.Series[float]:
    import pyet  # noqa: PLC0415

    found: pd.Series[float] = pyet.pm_asce(**_weather(given), etype="rs")
    return found


def _weather(given: Given) -> dict[str, Any]:
    daily, low, high = given.daily, given.daily["air_temperature_minimum"], given.daily["air_temperature_maximum"]
    height = given.spot.wind_height or 2.0
    down = 1.0 if height == 2.0 else 4.87 / np.log(67.8 * height - 5.42)
    return {
        "tmean": (low + high) / 2, "tmin": low, "tmax": high, "wind": daily["wind_speed_mean"] * down,
        "rs": daily["radiation_sum"], "rhmin": daily["relative_humidity_minimum"],
        "rhmax": daily["relative_humidity_maximum"], "elevation": given.spot.elevation or 0.0, "lat": _phi(given),
    }  # fmt: skip


def _phi(given: Given) -> float:
    return float(np.radians(given.spot.latitude if given.spot.latitude is not None else np.nan))


def _hargreaves(given: Given) -> pd.Series[float]:
    import pyet  # noqa: PLC0415

    low, high = given.daily["air_temperature_minimum"], given.daily["air_temperature_maximum"]
    found: pd.Series[float] = pyet.hargreaves((low + high) / 2, high, low, lat=_phi(given))
    return found


def _daylight(given: Given) -> pd.Series[float]:
    import pandas as pd  # noqa: PLC0415
    import pyet  # noqa: PLC0415

    days = given.daily["day_length"].index
    return pd.Series(np.asarray(pyet.daylight_hours(days, _phi(given)), float), index=days)


def _resampled(quantity: str, how: str) -> Callable[[Given], pd.Series[float]]:
    def compute(given: Given) -> pd.Series[float]:
        readings = given.raw[quantity]
        hours = readings.resample("1h").mean() if how == "mean" else readings
        found = hours.resample("1D").agg(how if how != "sum" else "sum")
        full = readings.resample("1h").count().gt(0).resample("1D").sum() >= 20
        return found.where(full.reindex(found.index, fill_value=False)).tz_localize(None)

    return compute


#: Index → an independent reference.
REFERENCES: Mapping[str, Reference] = {
    "air_temperature_mean": Reference("pandas, from the readings", _resampled("air_temperature", "mean")),
    "air_temperature_maximum": Reference("pandas, from the readings", _resampled("air_temperature", "max")),
    "air_temperature_minimum": Reference("pandas, from the readings", _resampled("air_temperature", "min")),
    "precipitation_sum": Reference("pandas, from the readings", _resampled("precipitation", "sum")),
    "reference_evapotranspiration": Reference("pyet pm_fao56", _penman),
    "reference_evapotranspiration_tall": Reference("pyet pm_asce", _tall),
    "evapotranspiration_hargreaves": Reference("pyet hargreaves", _hargreaves),
    "day_length": Reference("pyet daylight_hours", _daylight),
}


async def plot(
    connection: Connection, code: str, first: date, last: date, names: Sequence[str], folder: Path
) -> list[Picture]:
    """Draw each of some indices at a place, all that have a reference where none is named; return what was drawn."""
    if unknown := sorted(set(names) - set(REFERENCES)):
        message = f"no reference for {', '.join(unknown)}: there is one for {', '.join(REFERENCES)}"
        raise NotPlotted(message)
    place = next(one for one in await area(connection, code) if one.code == code)
    spot = (await work.spots(connection, [place.id]))[place.id]
    given = Given(spot, await _daily(connection, spot, first, last), await _raw(connection, spot, first, last))
    drawn = []
    for name in names or REFERENCES:
        if name in given.daily:
            try:
                peer = REFERENCES[name].compute(given)
            except KeyError:
                continue  # something that the reference needs is not measured here
            drawn.append(_draw(name, given, peer, folder))
    if not drawn:
        message = f"{code} has no value from {first} to {last} of an index with a reference"
        raise NotPlotted(message)
    return drawn


async def _daily(connection: Connection, spot: Spot, first: date, last: date) -> Daily:
    import pandas as pd  # noqa: PLC0415

    zone = spot.time_zone
    limits = midnight(first, zone), midnight(last + timedelta(days=1), zone)
    found = await index_value.read(connection, [spot.id], *limits)
    table = pd.DataFrame({"index": found.index, "value": found.value, "season": found.subject})
    table["day"] = pd.to_datetime(found.time).tz_localize(UTC).tz_convert(zone).tz_localize(None).normalize()
    table = table[table["season"] == 0]
    days = pd.date_range(first, last, freq="D")
    return {
        str(name): rows.drop_duplicates("day", keep="last").set_index("day")["value"].reindex(days)
        for name, rows in table.groupby("index")
    }


async def _raw(connection: Connection, spot: Spot, first: date, last: date) -> Daily:
    import pandas as pd  # noqa: PLC0415

    _, feeds = await work.reached_and_feeds(connection, [spot.id])
    zone = spot.time_zone
    limits = midnight(first, zone), midnight(last + timedelta(days=1), zone) - INSTANT
    series = {}
    for feed in feeds:
        array = await work.readings(connection, [Span(feed.datastream, *limits)])
        verdicts = await work.verdicts(connection, [feed.datastream], *limits)
        good = (array["flag"] & 255) <= 2
        for one in verdicts:
            begin, end = (np.datetime64(moment.astimezone(UTC).replace(tzinfo=None)) for moment in one[1:3])
            good &= (array["phenomenon_time"] < begin) | (array["phenomenon_time"] > end)
        if feed.level in {"", "2m"} and good.any():
            times = pd.to_datetime(array["phenomenon_time"][good]).tz_localize(UTC).tz_convert(ZoneInfo(zone))
            series[feed.quantity] = pd.Series(array["result"][good], index=times).sort_index()
    return series


def _draw(name: str, given: Given, peer: pd.Series[float], folder: Path) -> Picture:
    import matplotlib as mpl  # noqa: PLC0415 — an extra

    mpl.use("Agg")
    import matplotlib.pyplot as plt  # noqa: PLC0415

    index, reference, own = BY_NAME[name], REFERENCES[name], given.daily[name]
    peer = peer.reindex(own.index)
    apart = (own - peer).dropna()
    figure, (above, below) = plt.subplots(
        2, 1, sharex=True, figsize=(11, 6), height_ratios=(3, 1), layout="constrained"
    )
    above.plot(own.index, own, color="#00695c", linewidth=1.6, label="Nông Vụ")
    above.plot(peer.index, peer, "o", color="#ef6c00", markersize=3.5, alpha=0.8, label=reference.library)
    above.set_ylabel(f"{index.title['vi']} [{index.unit}]")
    above.set_title(f"{index.title['en']} · {given.spot.name}\n{index.source}", fontsize=9, loc="left")
    above.legend(frameon=False, loc="best")
    below.axhline(0.0, color="#888", linewidth=0.8)
    below.plot(apart.index, apart, color="#455a64", linewidth=1.0)
    below.set_ylabel(f"difference [{index.unit}]")
    for axes in (above, below):
        axes.grid(visible=True, color="#ddd", linewidth=0.5)
    file = folder / f"{given.spot.code}-{name}.png"
    figure.savefig(file, dpi=110)
    plt.close(figure)
    mean, largest = (float(apart.mean()), float(apart.abs().max())) if len(apart) else (np.nan, np.nan)
    return Picture(name, file, reference.library, len(apart), round(mean, 4), round(largest, 4))


def season(first: datetime | None, last: datetime | None, now: datetime) -> tuple[date, date]:
    """Days to draw: those given, else the last half year."""
    end = now.date() if last is None else last.date()
    return (end - timedelta(days=182) if first is None else first.date()), end
