"""All ordered checks of a window, in their order, with limits by quantity and reporting interval."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from analytics import solar
from analytics.grid import HOUR, Array, Series
from analytics.index import Window
from analytics.quality import bucket, consistency, ordered
from analytics.quality.evidence import buckets_of
from analytics.quality.finding import FAIL, GOOD, MISSING, SUSPECT, Findings, Flags, Reason
from telemetry.quantities import QUANTITIES, Quantity

#: Largest change between reports: hours apart → limit. WMO table as coded in dataresqc 1.1.1.
CHANGE_BETWEEN_REPORTS: dict[str, dict[int, float]] = {
    "air_temperature": {1: 4.0, 2: 7.0, 3: 9.0, 6: 15.0, 12: 25.0},
    "dew_point": {1: 4.0, 2: 6.0, 3: 8.0, 6: 12.0, 12: 20.0},
    "air_pressure": {1: 3.0, 2: 6.0, 3: 9.0, 6: 18.0, 12: 36.0},
}
#: One-minute limits above which a change is an error: Zahumenský (2004); air temperature by general knowledge.
CHANGE_FAILS = {
    "air_temperature": 10.0, "dew_point": 4.0, "relative_humidity": 15.0, "air_pressure": 2.0, "wind_speed": 20.0,
    "global_radiation": 1000.0,
}  # fmt: skip
#: Gross errors for 0–45° N, October–March then April–September, suspect and fail: WMO table in dataresqc 1.1.1.
GROSS: dict[str, tuple[tuple[tuple[float, float], tuple[float, float]], ...]] = {
    "air_temperature": (((-30.0, 50.0), (-40.0, 55.0)), ((-20.0, 50.0), (-30.0, 60.0))),
    "dew_point": (((-35.0, 35.0), (-45.0, 40.0)), ((-25.0, 35.0), (-35.0, 40.0))),
    "air_pressure": (((400.0, 1080.0), (300.0, 1100.0)), ((400.0, 1080.0), (300.0, 1100.0))),
}


def change_limit(name: str, step: int) -> tuple[float, float]:
    """Largest believable and possible change [unit] of a quantity between reports ``step`` seconds apart.

    Between a minute and an hour the one-minute limit grows with the root of time, as a random walk does, up to the
    hour's; the hour's limits are WMO's where it has them, else the square-root law goes on.
    """
    row = QUANTITIES[name]
    if row.step is None:
        return np.inf, np.inf
    hours = CHANGE_BETWEEN_REPORTS.get(name, {})
    limit = row.step * float(np.sqrt(max(step, 60) / 60.0))
    for apart, largest in sorted(hours.items()):
        if step <= apart * 3600:
            limit = min(limit, largest) if step < 3600 else largest
            break
    limit = max(limit, row.step)
    return limit, limit * CHANGE_FAILS.get(name, np.inf) / row.step


def check_window(window: Window) -> Findings:
    """Flags of every ordered check for each quantity of the window, by (quantity, reason)."""
    found: dict[tuple[str, Reason], Flags] = {}
    for name in sorted(window.readings):
        row, values = QUANTITIES[name.split("/")[0]], window.series(name)
        if row.name in GROSS:
            found[name, Reason.LOCAL_RANGE] = _gross(window, row.name, values)
        by_the_hour = _by_the_hour(values, HOUR // window.grid.step)
        exempt = _exempt(window, row.name, values)
        for reason, flags in _in_time(row, values, window.grid.step, exempt).items():
            found[name, reason] = flags
        if by_the_hour.any() and window.grid.step < HOUR:
            some = None if exempt is None else exempt[by_the_hour]
            for reason, flags in _hourly(row, values[by_the_hour], window.grid.step, some).items():
                found[name, reason][by_the_hour] = flags
    _between(window, found)
    return found


def _by_the_hour(values: Array, per_hour: int) -> NDArray[np.bool_]:
    """Rows that report once an hour: no hour of theirs has more than one filled step."""
    count = np.isfinite(values).reshape(values.shape[0], -1, per_hour).sum(axis=2)
    return np.asarray(count.max(axis=1, initial=0) <= 1)


def _hourly(row: Quantity, values: Array, step: int, exempt: NDArray[np.bool_] | None) -> dict[Reason, Flags]:
    """Checks of stations that report by the hour, on the hours; laid back on their steps."""
    per_hour = HOUR // step
    hours = np.fmax.reduce(values.reshape(values.shape[0], -1, per_hour), axis=2)
    free = None if exempt is None else np.asarray(exempt.reshape((*hours.shape, per_hour)).any(axis=2))
    found = _in_time(row, hours, HOUR, free)
    missing = np.isnan(values)
    return {r: np.where(missing, MISSING, np.repeat(f, per_hour, axis=1)).astype(np.uint8) for r, f in found.items()}


def _in_time(row: Quantity, values: Array, step: int, exempt: NDArray[np.bool_] | None) -> dict[Reason, Flags]:
    """Step, spike and persistence of one quantity whose reports are ``step`` seconds apart."""
    found: dict[Reason, Flags] = {}
    if row.step is not None:
        suspect, fail = change_limit(row.name, step)
        found[Reason.STEP] = ordered.step_change(values, suspect, fail)
        found[Reason.SPIKE] = ordered.spike(values, suspect, fail)
    if row.persistence is not None:
        # the hour of Zahumenský is one of minutes: fewer reports repeat a value by chance, so the span grows with
        # their distance, to the twelve hours of EPA's rule for hourly ones; wind may rest for three hours
        span = min(max(3 * HOUR if row.name.startswith("wind") else HOUR, 18 * step), 12 * HOUR)
        found[Reason.PERSISTENCE] = ordered.persistence(values, row.persistence, span // step, exempt)
    return found


def _gross(window: Window, name: str, values: Array) -> Flags:
    months = window.grid.shared_times().astype("datetime64[M]").astype(np.int64) % 12 + 1
    warm = (months >= 4) & (months <= 9)
    winter, summer = GROSS[name]
    bounds = [tuple(np.where(warm, summer[kind][side], winter[kind][side]) for side in (0, 1)) for kind in (0, 1)]
    return ordered.gross_range(values, bounds[0], bounds[1])  # type: ignore[arg-type]


def _exempt(window: Window, name: str, values: Array) -> NDArray[np.bool_] | None:
    """Where a constant value is normal (Zahumenský 2004): saturated air, calm, the vane in a calm."""
    with np.errstate(invalid="ignore"):
        if name == "relative_humidity":
            return np.asarray(values >= 95.0)
        if name == "wind_speed":
            return np.asarray(values <= 0.1)
        if name == "wind_direction":
            return np.asarray(~(window.series("wind_speed") > 0.3))
    return None


def clear_sky_flux(window: Window) -> Array:
    """(places, steps) mean clear-sky radiation of each step [W/m²], 0 while the sun is down."""
    flux = solar.clear_sky_flux(
        window.places.latitude[:, None], window.places.longitude[:, None], window.places.elevation[:, None],
        window.grid.shared_times() + np.timedelta64(window.grid.step // 2, "s"),
    )  # fmt: skip
    return np.asarray(flux)


def _between(window: Window, found: dict[tuple[str, Reason], Flags]) -> None:
    """Internal consistency of the quantities that the window has."""
    has, series = window.readings.__contains__, window.series
    with np.errstate(invalid="ignore"):
        if has("dew_point") and has("air_temperature"):
            found["dew_point", Reason.CONSISTENCY] = consistency.dew_point_within_temperature(
                series("dew_point"), series("air_temperature")
            )
        if has("wind_gust") and has("wind_speed"):
            gust = window.readings["wind_gust"].maximum
            found["wind_gust", Reason.CONSISTENCY] = consistency.gust_above_mean(gust, series("wind_speed"))
        if has("wind_direction") and has("wind_speed"):
            found["wind_direction", Reason.CONSISTENCY] = consistency.wind_vane_alive(
                series("wind_direction"), series("wind_speed")
            )
        if has("precipitation"):
            found["precipitation", Reason.CONSISTENCY] = consistency.rain_plausible(
                series("precipitation"), series("relative_humidity"), series("leaf_wetness")
            )
            _rain(window, found)
        if has("global_radiation") and np.isfinite(window.places.latitude + window.places.longitude).any():
            found["global_radiation", Reason.CLEAR_SKY] = consistency.radiation_plausible(
                series("global_radiation"), clear_sky_flux(window)
            )
        if has("sunshine_duration") and has("global_radiation"):
            found["sunshine_duration", Reason.CONSISTENCY] = consistency.sunshine_agrees(
                series("sunshine_duration"), series("global_radiation")
            )


def _rain(window: Window, found: dict[tuple[str, Reason], Flags]) -> None:
    """Bucket by bucket; a person has the last word."""
    series, (rain, large) = window.series, buckets_of(window)
    largest = window.readings["precipitation"].maximum
    ranged = bucket.within_records(largest, rain.period)
    # more than is usual is believed where the rain beside it bears it out
    borne = large.borne & (ranged[large.row, large.step] == SUSPECT)
    ranged[large.row[borne], large.step[borne]] = GOOD
    found["precipitation", Reason.LOCAL_RANGE] = ranged
    found["precipitation", Reason.SPIKE] = bucket.alone(
        largest.shape, large, series("relative_humidity"), window.grid.step
    )
    found["precipitation", Reason.PERSISTENCE] = bucket.stuck(series("precipitation"), rain.period, window.grid.step)
    for reason in (Reason.LOCAL_RANGE, Reason.SPIKE, Reason.PERSISTENCE, Reason.CONSISTENCY):
        flags = found["precipitation", reason]
        flags[np.isnan(largest)] = MISSING
        if "precipitation" in window.vouched:
            flags[window.vouched["precipitation"] & np.isfinite(largest)] = GOOD


#: What doubts a bucket of rain without speaking against it.
_OPEN = (Reason.LOCAL_RANGE, Reason.SPIKE)


def _in_doubt(window: Window, found: Findings) -> Mapping[str, Series]:
    """Rain in doubt: what came so, and what the checks found too much or alone; not what they found impossible."""
    rain = window.readings.get("precipitation")
    open_, against = (np.zeros((window.grid.places, window.grid.steps), np.bool_) for _ in range(2))
    for (quantity, reason), flags in found.items():
        if quantity == "precipitation":
            doubt = reason in _OPEN
            open_ |= doubt & (flags == SUSPECT)
            against |= (flags == FAIL) | ((not doubt) & (flags == SUSPECT))
    if rain is None or not (open_ & ~against).any():
        return window.doubted
    mine = open_ & ~against
    came = window.doubted.get("precipitation")
    values = [np.where(mine, array, np.nan) for array in (rain.value, rain.minimum, rain.maximum)]
    if came is not None:
        value = np.where(np.isnan(came.value), values[0], came.value + np.nan_to_num(values[0]))
        values = [value, np.fmin(came.minimum, values[1]), np.fmax(came.maximum, values[2])]
    return {"precipitation": Series(*values)}


def trusted(window: Window, found: Findings) -> Window:
    """The window with NaN for what a check found suspect or failed: what indices are to be computed from."""
    readings = {}
    for name, series in window.readings.items():
        bad = np.zeros(series.value.shape, dtype=np.bool_)
        for (quantity, _), flags in found.items():
            if quantity == name:
                bad |= (flags == SUSPECT) | (flags == FAIL)
        clean = (np.where(bad, np.nan, array) for array in (series.value, series.minimum, series.maximum))
        readings[name] = Series(*clean) if bad.any() else series
    return Window(
        window.grid, window.places, readings, window.past, window.states, window.lead, window.season,
        doubted=_in_doubt(window, found), vouched=window.vouched, declared=window.declared,
    )  # fmt: skip
