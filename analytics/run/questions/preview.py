"""What a rule's changed terms would have meant on history, from stored daily summaries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import Any

import numpy as np

from analytics import level
from analytics.grid import Array, Times
from analytics.index import Step
from analytics.rule import ALWAYS, Dated, Measure, Rule, Terms
from analytics.run.questions.preview_course import courses
from analytics.run.window.place_facts import midnight
from store import unjudged, work
from store.pool import Connection
from store.rule_setting import Below

#: Rule → the stored daily index that is its measure, or its extreme of the day.
SUMMARY = MappingProxyType(
    {
        "cold_spell": "air_temperature_mean",
        "no_sowing": "air_temperature_mean",
        "cattle_cold": "air_temperature_minimum",
        "frost": "air_temperature_minimum",
        "frost_tonight": "frost_night_minimum_forecast",
        "heat": "air_temperature_maximum",
        "heavy_rain": "precipitation_24h_maximum",
        "intense_rain_10min": "rain_intensity_10min_maximum",
        "intense_rain_60min": "rain_intensity_60min_maximum",
        "flash_flood_rain": "flash_flood_rain_level",
        "strong_wind": "wind_speed_maximum",
        "storm_level": "wind_speed_maximum",
        "gust": "wind_gust_maximum",
        "livestock_heat": "temperature_humidity_index_maximum",
        "buffalo_heat": "temperature_humidity_index_maximum",
        "pig_heat": "temperature_humidity_index_maximum",
        "rice_blast": "rice_blast_watch",
        "late_blight": "late_blight_pressure",
        "brown_planthopper_hatch": "brown_planthopper_hatch",
        "yellow_stem_borer_hatch": "yellow_stem_borer_hatch",
        "fall_armyworm_hatch": "fall_armyworm_hatch",
        "soil_dry": "soil_moisture_mean",
        "soil_wet": "soil_moisture_mean",
        "drought_spi": "spi_3",
        "fire_weather": "fire_weather_index",
        "fire_province": "fire_danger_level",
        "pond_oxygen": "dissolved_oxygen_dawn",
        "pond_oxygen_dawn": "dissolved_oxygen_dawn_forecast",
    }
)
#: Of so many place-days the course is followed from readings (some seconds a station and year); of more, days count.
COURSE = 20_000
#: What the summary is per hour, the rule may be per its own span.
FACTOR = MappingProxyType({"intense_rain_10min": 1 / 6})


class NoPreview(ValueError):  # noqa: N818 — says what it is
    """A rule of whose measure no daily summary is kept."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What terms would have meant."""

    episodes: int
    places: int
    #: Level → days at it, summed over places.
    days: dict[str, int]
    longest_days: int


@dataclass(frozen=True, slots=True)
class Preview:
    """Present and changed terms side by side."""

    rule: str
    summary: str
    first: str
    last: str
    places: int
    #: How episodes are counted: "course", hour by hour as alerts are made; "days", from the extremes of days, as for
    #: rules by the day, and where there are too many places.
    counted: str
    days_with_data: int
    #: Days of these places of which nothing is known: there none of its levels could be seen.
    days_unknown: int
    #: Places that cannot be judged today, or only by what is certain, and why; places where nothing measures it.
    unjudged: list[dict[str, Any]]
    unmeasured: int
    now: Effect
    then: Effect

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


def compare(rule: Rule, values: Array, first: date, now: Terms, then: Terms) -> tuple[Effect, Effect]:
    """Outcomes of two sets of terms on (places, days) of daily values."""
    return _effect(rule, values, first, now), _effect(rule, values, first, then)


def _effect(rule: Rule, values: Array, first: date, terms: Terms) -> Effect:
    days = np.datetime64(first, "D") + np.arange(values.shape[1])
    begins = np.broadcast_to(days.astype("datetime64[s]"), values.shape)
    codes = level.evaluate(rule, Measure(values), begins, [[Dated(ALWAYS, terms)]] * len(values))
    if terms.months:
        months = days.astype("datetime64[M]").astype(np.int64) % 12 + 1
        codes[:, ~np.isin(months, list(terms.months))] = 0
    levels = daily_levels(codes, 35 if rule.name == "drought_spi" else 2)
    going = np.pad(levels > 0, ((0, 0), (1, 1))).astype(np.int8)
    change = np.diff(going, axis=1)
    starts, ends = np.argwhere(change == 1), np.argwhere(change == -1)
    return _summed(levels, len(starts), int((ends[:, 1] - starts[:, 1]).max(initial=0)))


def _summed(levels: level.Codes, episodes: int, longest: int) -> Effect:
    numbers, counts = np.unique(levels[levels > 0], return_counts=True)
    by_level = {str(number): int(count) for number, count in zip(numbers, counts, strict=True)}
    return Effect(episodes, int((levels > 0).any(axis=1).sum()), by_level, longest)


def daily_levels(codes: level.Codes, patience: int) -> level.Codes:
    """(places, days) levels of daily codes, held over unknown days, but not over ``patience`` of them."""
    levels = np.zeros_like(codes)
    now, gap = np.zeros(len(codes), codes.dtype), np.zeros(len(codes), np.int64)
    for day in range(codes.shape[1]):
        code = codes[:, day]
        unknown = level.is_unknown(code)
        gap = np.where(unknown, gap + 1, 0)
        now = np.where(unknown, now, np.maximum(code & 15, np.minimum(now, code >> 4)))
        for row in np.flatnonzero((gap == patience) & (now > 0)).tolist():
            levels[row, max(day + 1 - patience, 0) : day] = 0
        now = np.where(gap >= patience, 0, now)
        levels[:, day] = now
    return levels


async def preview(
    connection: Connection, rule: Rule, places: Sequence[Below], first: date, last: date, now: Terms, then: Terms
) -> Preview:
    """Compare terms over days already computed."""
    name = SUMMARY.get(rule.name)
    if name is None:
        message = f"{rule.name} cannot be previewed: no daily summary of its measure is kept"
        raise NoPreview(message)
    values = await daily_values(connection, places, name, first, last) * FACTOR.get(rule.name, 1.0)
    counted = "course" if rule.step in (Step.HOUR, Step.GRID) and values.size <= COURSE else "days"
    if counted == "course" and places:
        ids = [place.id for place in places]
        found = await courses(connection, rule, ids, first, last, (now, then))
        before, after = (_summed(one.levels, one.episodes, one.longest_days) for one in found)
    else:
        before, after = compare(rule, values, first, now, then)
    with_data = int(np.isfinite(values).sum())
    ids = [place.id for place in places]
    why = [one._asdict() for one in await unjudged.counted(connection, rule.name, ids)]
    unmeasured = await unjudged.unmeasured(connection, rule.name, ids)
    unknown = values.size - with_data
    return Preview(
        rule.name, name, first.isoformat(), last.isoformat(), len(places), counted, with_data, unknown, why, unmeasured,
        before, after,
    )  # fmt: skip


async def daily_values(connection: Connection, places: Sequence[Below], name: str, first: date, last: date) -> Array:
    """(places, days) stored values of a daily index."""
    zones = sorted({place.time_zone for place in places})
    starts = [midnight(first, zone) for zone in zones]
    ends = [midnight(last + timedelta(days=1), zone) for zone in zones]
    found = await work.long_past(connection, [place.id for place in places], name, min(starts), max(ends))
    length = (last - first).days + 1
    values = np.full((len(places), length), np.nan)
    if found.size:
        ids = np.array([place.id for place in places])
        row = np.searchsorted(ids, found["place"])
        column = _local_days(found["time"], np.array([_shift(first, place.time_zone) for place in places])[row], first)
        inside = (column >= 0) & (column < length)
        values[row[inside], column[inside]] = found["value"][inside]
    return values


def _shift(day: date, zone: str) -> np.timedelta64:
    """How far local midnight lies after that of UTC."""
    apart = midnight(day, zone) - datetime(day.year, day.month, day.day, tzinfo=UTC)
    return np.timedelta64(int(apart.total_seconds()), "s")


def _local_days(times: Times, shift: Times, first: date) -> Any:
    """Days since the first; six hours of play, since clocks may change by an hour or two in between."""
    local = (times.astype("datetime64[s]") - shift + np.timedelta64(6, "h")).astype("datetime64[D]")
    return (local - np.datetime64(first, "D")).astype(np.int64)
