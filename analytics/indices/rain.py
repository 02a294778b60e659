"""Rain as it strikes: intensity over sliding spans, erosivity of storms, flash-flood criteria."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from analytics.grid import HOUR, Values
from analytics.index import Example, Index, Result, State, Window, series
from analytics.indices import flash_flood
from analytics.indices.air import SUM_COMPLETENESS
from analytics.indices.flash_flood import flash_flood_level
from analytics.indices.hours import sliding_sum
from telemetry.quantities import Aggregate

#: A storm (Brown and Foster 1987; RUSLE): at least 12.7 mm, ended by six hours of less than 1.27 mm.
STORM, GAP_HOURS, GAP_RAIN = 12.7, 6, 1.27


def rain_energy(intensity: Values) -> Values:
    """Kinetic energy of rain per depth.

    Parameters
    ----------
    intensity : (...) array
        Rain intensity [mm h-1].

    Returns
    -------
    (...) array
        Unit energy [MJ ha-1 mm-1].

    References
    ----------
    Brown and Foster (1987), Storm erosivity using idealized intensity distributions, Trans. ASAE 30, 379–386.
    """
    return 0.29 * (1.0 - 0.72 * np.exp(-0.05 * np.asarray(intensity, dtype=np.float64)))


def largest_intensity(rain: Values, steps: int, hours: float) -> Values:
    """Largest rain intensity over a sliding span.

    Parameters
    ----------
    rain : (..., steps) array
        Rain of each step [mm].
    steps : int
        Steps of the span [1].
    hours : float
        Length of the span [h].

    Returns
    -------
    (...) array
        Largest mean intensity of a span [mm h-1].

    References
    ----------
    WMO-No. 8 (2023), vol. I, ch. 6.
    """
    return np.fmax.reduce(sliding_sum(rain, steps), axis=-1) / hours


def storm_erosivity(
    rain: Values, per_hour: int, state: Values, gap: float = GAP_RAIN, least: float = STORM,
    earlier: Values | None = None,
) -> tuple[Values, Values]:  # fmt: skip
    """Erosivity of the storms that end within consecutive steps.

    Parameters
    ----------
    rain : (..., steps) array
        Rain of each step; one that was not measured counts as dry [mm].
    per_hour : int
        Steps in an hour, at least 2 [1].
    state : (..., 5) array
        Energy [MJ ha-1], depth [mm] and largest half-hour depth [mm] of the running storm, its dry hours [h] and the
        rain in them [mm] before the first step [mixed].
    gap : float
        Rain in six hours below which a storm has ended [mm].
    least : float
        Depth of a storm that counts [mm].
    earlier : (..., steps before) array
        Rain of the steps just before, which a half hour that runs on may have begun in; dry where not given [mm].

    Returns
    -------
    erosivity : (..., steps) array
        EI30 of a storm in the step in which it is known to have ended, else 0 [MJ mm ha-1 h-1].
    state : (..., steps, 5) array
        State after each step [mixed].

    References
    ----------
    Wischmeier and Smith (1978), USDA Handbook 537; Renard et al. (1997), USDA Handbook 703, with the energy of Brown
    and Foster (1987).
    """
    rain = np.asarray(rain, dtype=np.float64)
    joined = rain if earlier is None else np.concatenate((earlier, rain), axis=-1)
    half_hour = np.nan_to_num(sliding_sum(joined, max(1, per_hour // 2)))[..., joined.shape[-1] - rain.shape[-1] :]
    fallen = np.nan_to_num(rain)
    energy = rain_energy(fallen * per_hour) * fallen
    now = np.asarray(state, dtype=np.float64)
    found, states = np.zeros(rain.shape), np.zeros((*rain.shape, 5))
    for step in range(rain.shape[-1]):
        now, found[..., step] = _storm_step(now, fallen[..., step], energy[..., step], half_hour[..., step],
                                            1.0 / per_hour, gap, least)  # fmt: skip
        states[..., step, :] = now
    return np.where(np.isnan(rain), np.nan, found), states


def _storm_step(
    now: Values, rain: Values, energy: Values, half_hour: Values, step_hours: float, gap: float, least: float
) -> tuple[Values, Values]:
    total, depth, peak, calm, drizzle = (now[..., part] for part in range(5))
    total, depth, peak = total + energy, depth + rain, np.maximum(peak, half_hour)
    drizzle = drizzle + rain
    # the dry spell counts on while what falls in it stays below the gap's rain; more than that begins it anew
    wet = drizzle >= gap
    calm, drizzle = np.where(wet, 0.0, calm + step_hours), np.where(wet, 0.0, drizzle)
    # without a storm nothing dries: a dry place carries zeros, whatever its neighbours in the batch do
    runs = depth > 0.0
    calm, drizzle = np.where(runs, calm, 0.0), np.where(runs, drizzle, 0.0)
    ended = calm >= GAP_HOURS - 1e-9
    erosivity = np.where(ended & (depth >= least), total * peak * 2.0, 0.0)
    kept = [np.where(ended, 0.0, part) for part in (total, depth, peak)]
    # after the end the spell stays ended until rain comes
    return np.stack((*kept, np.where(ended, 0.0, calm), np.where(ended, 0.0, drizzle)), axis=-1), erosivity


#: Beaufort's numbers 0–17: least speed of each [m/s], as printed in Vietnam.
BEAUFORT = (
    0.0, 0.3, 1.6, 3.4, 5.5, 8.0, 10.8, 13.9, 17.2, 20.8, 24.5, 28.5, 32.7, 37.0, 41.5, 46.2, 51.0, 56.1,
)  # fmt: skip


def beaufort(speed: Values) -> Values:
    """Wind force by Vietnam's table.

    Parameters
    ----------
    speed : (...) array
        Mean wind speed at 10 m [m s-1].

    Returns
    -------
    (...) array
        Force, 0 to 17 [1].

    References
    ----------
    Bảng cấp gió Việt Nam; WMO-No. 306, code table 1100.
    """
    # the table's speeds have one digit
    rounded = np.floor(np.asarray(speed, dtype=np.float64) * 10.0 + 0.5) / 10.0
    return np.where(np.isnan(rounded), np.nan, np.searchsorted(BEAUFORT, rounded, side="right") - 1.0)


def _peak(minutes: int) -> Callable[[Window], Result]:
    """Daily maximum over the sums that end on the day; the day before is context."""

    def compute(window: Window) -> Result:
        step = window.grid.step
        summary = window.summary("precipitation")
        if step > minutes * 60:
            return Result(np.full(window.shape, np.nan), summary.completeness)
        sums = sliding_sum(window.series("precipitation"), minutes * 60 // step)
        hours = minutes / 60.0
        unit = 1.0 if minutes == 24 * 60 else hours
        return Result(np.fmax.reduce(window.grid.by_day(sums), axis=2) / unit, summary.completeness)

    return compute


def _erosivity(window: Window) -> Result:
    grid, summary = window.grid, window.summary("precipitation")
    states = np.full((*window.shape, 5), np.nan)
    if grid.step > HOUR // 2:
        return Result(np.full(window.shape, np.nan), summary.completeness, state=states)
    begin = int(grid.edges[:, window.lead].min())
    rain, state = window.series("precipitation"), window.state(EROSIVITY)
    if not (np.nan_to_num(rain[:, begin:]).any() or state.any()):
        # dry, and no storm runs: nothing begins and nothing ends
        states[:, window.lead :] = 0.0
        return Result(0.0 * summary.total, summary.completeness, state=states)
    found, after = np.full(rain.shape, np.nan), np.full((*rain.shape, 5), np.nan)
    found[:, begin:], after[:, begin:] = storm_erosivity(
        rain[:, begin:], HOUR // grid.step, state, earlier=rain[:, max(begin - HOUR // grid.step, 0) : begin]
    )
    for part in range(5):
        states[:, window.lead :, part] = grid.day_ends(after[:, :, part])[:, window.lead :]
    by_day = grid.by_day(found)
    total = np.where(np.isfinite(by_day).any(axis=2), np.nansum(by_day, axis=2), np.nan)
    return Result(total, summary.completeness, state=states)


def _row(minutes: int) -> Index:
    day = minutes == 24 * 60
    hours = minutes / 60.0
    example = Example({"rain": [0.0, 2.0, 4.0, 6.0, 1.0, 0.0], "steps": 3, "hours": 0.5}, 24.0, 1e-12, "by hand")
    return Index(
        name="precipitation_24h_maximum" if day else f"rain_intensity_{minutes}min_maximum",
        unit="mm" if day else "mm/h", needs=(series("precipitation", before=1),), compute=_peak(minutes),
        kernel=largest_intensity, source="WMO-No. 8 (2023), vol. I, ch. 6",
        equation="largest sum of 24 hours" if day else f"largest sum of {minutes} minutes / {hours:.2g} h",
        example=example, completeness=SUM_COMPLETENESS, aggregate=Aggregate.MAXIMUM,
        note="" if day else "Without a value where the grid is coarser than the span.",
    )  # fmt: skip


EROSIVITY = Index(
    name="rain_erosivity", unit="MJ.mm/(har.h)", needs=(series("precipitation", before=1),), compute=_erosivity,
    kernel=storm_erosivity,
    source="Renard et al. (1997), USDA Handbook 703; Brown and Foster (1987), Trans. ASAE 30, 379–386",
    equation="EI30 = Σ 0.29 (1 − 0.72 exp(−0.05 i)) p · I30, storms ≥ 12.7 mm",
    example=Example(
        {"rain": [10.0, 10.0] + [0.0] * 12, "per_hour": 2, "state": [0] * 5},
        20.0 * 0.29 * (1 - 0.72 * np.exp(-1.0)) * 20.0, 1e-9, "by hand: 20 mm/h for an hour", part=0, position=13,
    ),
    completeness=SUM_COMPLETENESS, aggregate=Aggregate.SUM,
    state=(State("energy", "MJ/har", 0.0), State("depth", "mm", 0.0), State("peak", "mm", 0.0),
           State("calm", "h", 0.0), State("drizzle", "mm", 0.0)),
    note="Counted on the day on which a storm is known to have ended; the grid must be half an hour or finer.",
)  # fmt: skip

INDICES: tuple[Index, ...] = (
    _row(10),
    _row(30),
    _row(60),
    _row(24 * 60),
    EROSIVITY,
    Index(
        name="flash_flood_rain_level", unit="1",
        needs=(series("precipitation", before=flash_flood.BEFORE), *flash_flood.OF_PLACE),
        compute=flash_flood.level_of_days, kernel=flash_flood_level,
        source="QĐ 18/2021/QĐ-TTg, Điều 46",
        equation="rain of 24 hours × days of rain before × susceptibility × region, the day's highest",
        example=Example({"day_rain": 150.0, "days_before": 2.0, "susceptibility": 3.0, "region": 2.0}, 2.0, 0.0,
                        "Điều 46, region 2"),
        completeness=0.0, aggregate=Aggregate.MAXIMUM, methods=flash_flood.METHODS,
        bounded=frozenset({"days_before", "susceptibility", "region"}),
        note="A station's proxy of an areal criterion of rain warned of: rain that fell stands for it, hour by hour. "
        "No value where 100 mm fell and no row's days before are met: not defined by rain alone. What is not known "
        "leaves the least level that is certain, and 1 where any possibility reaches it.",
    ),
)  # fmt: skip
