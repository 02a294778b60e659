"""Crop coefficients (single and dual) and the water balance of the root zone, of a field's crop season."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analytics.grid import Array, Values
from analytics.index import Example, Index, Result, State, Window, of_crop, of_index, series
from analytics.indices.crop_stage import days_since_sowing, season_of
from telemetry.quantities import Aggregate

_FAO = "Allen et al. (1998), FAO-56"
#: A loam of FAO-56, table 19, where the field's own soil is not given: middle of 0.20–0.30 and 0.07–0.17.
LOAM = (0.25, 0.12)


def climate_adjusted(coefficient: Values, wind: Values, humidity_minimum: Values, height: Values) -> Values:
    """Crop coefficient of the mid-season or end stage in another climate than the sub-humid of the table.

    Parameters
    ----------
    coefficient : (...) array
        Coefficient of the table; not adjusted below 0.45 [1].
    wind : (...) array
        Mean wind speed at 2 m, kept within 1 and 6 [m s-1].
    humidity_minimum : (...) array
        Mean daily minimum relative humidity, kept within 20 and 80 [%].
    height : (...) array
        Height of the crop, kept within 0.1 and 10 [m].

    Returns
    -------
    (...) array
        Adjusted coefficient [1].

    References
    ----------
    Allen et al. (1998), FAO-56, Eq. 62 and 65.
    """
    dryness = 0.04 * (np.clip(wind, 1.0, 6.0) - 2.0) - 0.004 * (np.clip(humidity_minimum, 20.0, 80.0) - 45.0)
    change = dryness * (np.clip(height, 0.1, 10.0) / 3.0) ** 0.3
    return np.where(np.asarray(coefficient) >= 0.45, coefficient + change, coefficient + 0.0 * change)


def crop_coefficient(
    day: Values, initial: Values, development: Values, middle: Values, late: Values,
    at_initial: Values, at_middle: Values, at_end: Values,
) -> Values:  # fmt: skip
    """Crop coefficient of a day of the season.

    Parameters
    ----------
    day : (...) array
        Day of the season, 1 on the day of sowing [d].
    initial : (...) array
        Length of the initial stage [d].
    development : (...) array
        Length of the development stage [d].
    middle : (...) array
        Length of the mid-season stage [d].
    late : (...) array
        Length of the late stage [d].
    at_initial : (...) array
        Coefficient of the initial stage [1].
    at_middle : (...) array
        Coefficient of the mid-season [1].
    at_end : (...) array
        Coefficient at the end of the late stage; kept after it [1].

    Returns
    -------
    (...) array
        Crop coefficient [1].

    References
    ----------
    Allen et al. (1998), FAO-56, Eq. 66 and Example 28.
    """
    day = np.asarray(day, dtype=np.float64)
    rise = np.clip((day - initial) / np.maximum(development, 1e-9), 0.0, 1.0)
    fall = np.clip((day - (np.asarray(initial) + development + middle)) / np.maximum(late, 1e-9), 0.0, 1.0)
    return at_initial + rise * (np.asarray(at_middle) - at_initial) + fall * (np.asarray(at_end) - at_middle)


def depletion_fraction(fraction: Values, evapotranspiration: Values) -> Values:
    """Share of the available water that a crop can use without stress, on a day of that evapotranspiration.

    Parameters
    ----------
    fraction : (...) array
        Share of the table, for 5 mm a day [1].
    evapotranspiration : (...) array
        Crop evapotranspiration of the day [mm d-1].

    Returns
    -------
    (...) array
        Adjusted share, 0.1 to 0.8 [1].

    References
    ----------
    Allen et al. (1998), FAO-56, table 22, footnote.
    """
    return np.clip(np.asarray(fraction) + 0.04 * (5.0 - np.asarray(evapotranspiration)), 0.1, 0.8)


def stress_coefficient(depletion: Values, available: Values, fraction: Values) -> Values:
    """How much of its evapotranspiration a crop keeps up in drying soil.

    Parameters
    ----------
    depletion : (...) array
        Depletion of the root zone at the end of the day before [mm].
    available : (...) array
        Total available water [mm].
    fraction : (...) array
        Share of it that is readily available [1].

    Returns
    -------
    (...) array
        Water stress coefficient, 0 to 1 [1].

    References
    ----------
    Allen et al. (1998), FAO-56, Eq. 84 and Example 37.
    """
    # a soil that holds nothing says nothing of stress
    held = np.where(np.asarray(available) > 0.0, available, np.nan)
    left = (held - depletion) / ((1.0 - np.asarray(fraction)) * held)
    return np.clip(left, 0.0, 1.0)


def root_zone(
    potential: Values, rain: Values, irrigation: Values, available: Values, fraction: Values, before: Values,
    measured: Values = np.nan, weight: Values = 0.5, reference: Values = np.nan,
) -> tuple[Values, Values]:  # fmt: skip
    """Water balance of the root zone after a day.

    Parameters
    ----------
    potential : (...) array
        Crop evapotranspiration without stress [mm].
    rain : (...) array
        Rain less runoff; below a fifth of the reference it is taken to evaporate before it reaches the roots [mm].
    irrigation : (...) array
        Net irrigation [mm].
    available : (...) array
        Total available water [mm].
    fraction : (...) array
        Share of it that is readily available [1].
    before : (...) array
        Depletion at the end of the day before [mm].
    measured : (...) array
        Depletion that a soil moisture probe tells, NaN where there is none [mm].
    weight : (...) array
        How much the probe is believed against the balance, 0 to 1 [1].
    reference : (...) array
        Reference evapotranspiration of the day; NaN: the potential stands for it [mm].

    Returns
    -------
    depletion : (...) array
        Depletion at the end of the day, 0 (field capacity) to the available water [mm].
    stress : (...) array
        Water stress coefficient of the day [1].

    References
    ----------
    Allen et al. (1998), FAO-56, Eq. 82–88 and Example 37: the coefficient follows the depletion of the day before;
    capillary rise is left out (groundwater more than about 1 m below the roots). The probe is blended by a fixed gain.
    """
    stress = stress_coefficient(before, available, fraction)
    cut = 0.2 * np.where(np.isnan(reference), np.asarray(potential), np.asarray(reference))
    effective = np.where(np.asarray(rain) < cut, 0.0 * np.asarray(rain), rain)
    after = np.clip(before - effective - irrigation + stress * potential, 0.0, available)
    blended = after + weight * (np.clip(measured, 0.0, available) - after)
    return np.where(np.isnan(measured), after, blended), stress


def stages(window: Window) -> list[Array]:
    """(rows, 1) lengths of the four stages [d]."""
    season = season_of(window)
    return [season.parameter(f"stage_{part}")[:, None] for part in ("initial", "development", "middle", "late")]


def coefficient_curve(window: Window, kind: str = "kc") -> Array:
    """(rows, days) coefficient of each day, adjusted to the climate; an evergreen without stages has one."""
    season = season_of(window)
    days, lengths = days_since_sowing(window) + 1.0, stages(window)
    wind = np.nan_to_num(window.index("wind_speed_mean"), nan=2.0)
    dry = np.nan_to_num(window.index("relative_humidity_minimum"), nan=45.0)
    height = season.parameter("height", 0.5)[:, None]
    at = [season.parameter(f"{kind}_{part}")[:, None] for part in ("initial", "middle", "end")]
    middle, end = (climate_adjusted(value, wind, dry, height) for value in at[1:])
    curve = crop_coefficient(days, lengths[0], lengths[1], lengths[2], lengths[3], at[0], middle, end)
    return np.asarray(np.where(np.isnan(lengths[0]) & np.isfinite(days), middle, curve))


def soil(window: Window) -> tuple[Array, Array, NDArray[np.bool_]]:
    """(rows, days) total available water [mm] and depletion fraction [1]; (rows,) whether the soil was given."""
    season = season_of(window)
    capacity, wilting = season.parameter("field_capacity", LOAM[0]), season.parameter("wilting_point", LOAM[1])
    given = np.isfinite(season.parameter("field_capacity")) & np.isfinite(season.parameter("wilting_point"))
    least, most = season.parameter("root_least")[:, None], season.parameter("root_most")[:, None]
    initial, development = stages(window)[:2]
    # roots grow from the day of sowing to the beginning of the mid-season (FAO-56, ch. 8)
    grown = np.clip((days_since_sowing(window) + 1.0) / (initial + development), 0.0, 1.0)
    depth = least + np.where(np.isnan(grown), 1.0, grown) * (most - least)
    return 1000.0 * (capacity - wilting)[:, None] * depth, season.parameter("depletion")[:, None] + 0.0 * depth, given


def _coefficient(window: Window) -> Result:
    value = coefficient_curve(window)
    return Result(value, np.isfinite(value).astype(np.float64))


def _evapotranspiration(window: Window) -> Result:
    value = crop_evapotranspiration(window.index("crop_coefficient"), window.index("reference_evapotranspiration"))
    return Result(value, window.values["reference_evapotranspiration"].completeness)


def crop_evapotranspiration(coefficient: Values, reference: Values) -> Values:
    """Evapotranspiration of a crop without stress.

    Parameters
    ----------
    coefficient : (...) array
        Crop coefficient [1].
    reference : (...) array
        Reference evapotranspiration [mm].

    Returns
    -------
    (...) array
        Crop evapotranspiration [mm].

    References
    ----------
    Allen et al. (1998), FAO-56, Eq. 58.
    """
    return np.asarray(coefficient, dtype=np.float64) * reference


def probed(window: Window, available: Array) -> Array:
    """(rows, days) depletion that a probe of the field tells [mm]."""
    season = season_of(window)
    capacity = season.parameter("field_capacity")[:, None]
    span = capacity - season.parameter("wilting_point")[:, None]
    return np.asarray((capacity - window.index("soil_moisture_mean")) / span * available)


def poured(window: Window) -> Array:
    """(rows, days) irrigation that was entered [mm], 0 where none was; infinite where the field's area is not known."""
    volume = np.nan_to_num(window.summary("water_volume").total)
    area = season_of(window).parameter("area")[:, None]
    return np.asarray(np.where(volume > 0.0, np.where(np.isnan(area), np.inf, 1000.0 * volume / area), 0.0))


def _depletion(window: Window) -> Result:
    season, active = season_of(window), np.isfinite(days_since_sowing(window))
    available, fraction, given = soil(window)
    potential, rain = window.index("crop_evapotranspiration"), window.index("precipitation_sum")
    reference = window.index("reference_evapotranspiration")
    # water of an unknown area fills the root zone: who entered it irrigated
    irrigation, measured = np.where(np.isinf(water := poured(window)), available, water), probed(window, available)
    weight, state = season.parameter("probe_weight", 0.5), window.state(DEPLETION)
    now = np.where(window.fresh(DEPLETION), season.parameter("initial_depletion", 0.0), state[:, 0])
    share: Values = state[:, 1]
    value, states = np.full(window.shape, np.nan), np.full((*window.shape, 2), np.nan)
    for day in range(window.lead, window.grid.days):
        p = depletion_fraction(fraction[:, day], potential[:, day])
        after, _ = root_zone(
            potential[:, day], rain[:, day], irrigation[:, day], available[:, day], p, now, measured[:, day], weight,
            reference[:, day],
        )  # fmt: skip
        # a probe speaks also on a day whose weather is not known
        after = np.where(np.isnan(after) & active[:, day], np.clip(measured[:, day], 0.0, available[:, day]), after)
        present = np.isfinite(after) & active[:, day]
        value[:, day] = np.where(present, after, np.nan)
        now = np.where(present, after, now)
        share = np.where(active[:, day], np.clip(share + (present - share) / 10.0, 0.0, 1.0), share)
        states[:, day] = np.stack((now, share), axis=-1)
    method = (2 * np.isfinite(measured) + given[:, None]).astype(np.uint8)
    return Result(value, np.nan_to_num(states[:, :, 1]), method, states)


_STAGES = {"initial": 25.0, "development": 25.0, "middle": 30.0, "late": 20.0}
METHODS = ("balance soil:assumed-loam", "balance soil:given", "probe soil:assumed-loam", "probe soil:given")
NOTE = (
    "Not of a crop that stands in water. Capillary rise and runoff are left out. A probe counts where the soil is "
    "given, irrigation as it is entered (water_volume), and fills the root zone where the field's area is not known."
)
DEPLETION = Index(
    name="root_zone_depletion", unit="mm", flooded=False,
    needs=(of_index("crop_evapotranspiration"), of_index("reference_evapotranspiration"),
           of_index("precipitation_sum"), series("water_volume", required=False),
           of_index("soil_moisture_mean", required=False), of_crop("root_least"), of_crop("root_most"),
           of_crop("depletion"), *(of_crop(name, "that of loam") for name in ("field_capacity", "wilting_point")),
           *(of_crop(name, required=False) for name in ("area", "probe_weight", "initial_depletion"))),
    compute=_depletion, kernel=root_zone,
    source=f"{_FAO}, Eq. 82–88", equation="Dr = Dr₋₁ − P − I + Ks Kc ET0 (+ deep percolation), 0 ≤ Dr ≤ TAW",
    example=Example({"potential": 6.0, "rain": 0.0, "irrigation": 0.0, "available": 160.0, "fraction": 0.4,
                     "before": 67.0}, 72.8, 0.05, "FAO-56, Example 37, day 3", part=0),
    completeness=0.5, methods=METHODS, aggregate=Aggregate.LAST, season=True,
    state=(State("depletion", "mm", 0.0), State("completeness", "1", 0.5)), note=NOTE,
)  # fmt: skip

INDICES: tuple[Index, ...] = (
    Index(
        name="crop_coefficient", unit="1",
        needs=(*(of_crop(f"kc_{part}") for part in ("initial", "middle", "end")), of_crop("height", "0.5 m"),
               *(of_crop(f"stage_{part}", required=False) for part in ("initial", "development", "middle", "late")),
               of_index("wind_speed_mean", required=False),
               of_index("relative_humidity_minimum", required=False)),
        compute=_coefficient, kernel=crop_coefficient,
        source=f"{_FAO}, Eq. 62, 65, 66", equation="Kc = Kc,prev + (i − ΣL)/L (Kc,next − Kc,prev)",
        example=Example({"day": 40.0, **_STAGES, "at_initial": 0.15, "at_middle": 1.19, "at_end": 0.35}, 0.77, 0.006,
                        "FAO-56, Example 28"),
        completeness=0.0, season=True,
        note="Climate of the day; without wind or humidity that of the table (2 m/s, 45 %).",
    ),
    Index(
        name="crop_evapotranspiration", unit="mm",
        needs=(of_index("crop_coefficient"), of_index("reference_evapotranspiration")), compute=_evapotranspiration,
        kernel=crop_evapotranspiration,
        source=f"{_FAO}, Eq. 58", equation="ETc = Kc ET0",
        example=Example({"coefficient": 1.2, "reference": 5.0}, 6.0, 1e-12, "FAO-56, Example 37"),
        completeness=0.85, aggregate=Aggregate.SUM, season=True,
    ),
    DEPLETION,
)  # fmt: skip
