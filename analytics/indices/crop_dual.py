"""Dual crop coefficient: transpiration of the crop and evaporation of the soil's surface apart."""

from __future__ import annotations

import numpy as np

from analytics.grid import Array, Values
from analytics.index import Example, Index, Result, State, Window, of_crop, of_index
from analytics.indices.crop_stage import days_since_sowing, season_of
from analytics.indices.crop_water import LOAM, coefficient_curve
from telemetry.quantities import Aggregate

_FAO = "Allen et al. (1998), FAO-56"
EVAPORATION_DEPTH = 0.10  # [m], FAO-56, Eq. 73: 0.10 to 0.15
READILY_EVAPORABLE = 9.0  # [mm], a loam of FAO-56, table 19: 8 to 10


def coefficient_limit(basal: Values, wind: Values, humidity_minimum: Values, height: Values) -> Values:
    """Largest crop coefficient after rain or irrigation.

    Parameters
    ----------
    basal : (...) array
        Basal crop coefficient [1].
    wind : (...) array
        Wind speed at 2 m, kept within 1 and 6 [m s-1].
    humidity_minimum : (...) array
        Daily minimum relative humidity, kept within 20 and 80 [%].
    height : (...) array
        Height of the crop [m].

    Returns
    -------
    (...) array
        Upper limit of the crop coefficient [1].

    References
    ----------
    Allen et al. (1998), FAO-56, Eq. 72.
    """
    dryness = 0.04 * (np.clip(wind, 1.0, 6.0) - 2.0) - 0.004 * (np.clip(humidity_minimum, 20.0, 80.0) - 45.0)
    return np.maximum(1.2 + dryness * (np.asarray(height) / 3.0) ** 0.3, np.asarray(basal) + 0.05)


def cover(basal: Values, limit: Values, height: Values, least: float = 0.15) -> Values:
    """Share of the ground that the crop covers.

    Parameters
    ----------
    basal : (...) array
        Basal crop coefficient [1].
    limit : (...) array
        Largest crop coefficient [1].
    height : (...) array
        Height of the crop [m].
    least : float
        Basal coefficient of bare dry soil, 0.15 to 0.20 [1].

    Returns
    -------
    (...) array
        Share, 0 to 0.99 [1].

    References
    ----------
    Allen et al. (1998), FAO-56, Eq. 76.
    """
    share = np.maximum(np.asarray(basal) - least, 0.01) / np.maximum(np.asarray(limit) - least, 0.01)
    return np.clip(share ** (1.0 + 0.5 * np.asarray(height)), 0.0, 0.99)


def evaporation_reduction(depletion: Values, evaporable: Values, readily: Values) -> Values:
    """How much the evaporation of a drying surface is held back.

    Parameters
    ----------
    depletion : (...) array
        Depletion of the surface layer at the end of the day before [mm].
    evaporable : (...) array
        Total evaporable water [mm].
    readily : (...) array
        Readily evaporable water [mm].

    Returns
    -------
    (...) array
        Evaporation reduction coefficient, 0 to 1 [1].

    References
    ----------
    Allen et al. (1998), FAO-56, Eq. 74.
    """
    return np.clip((np.asarray(evaporable) - depletion) / (np.asarray(evaporable) - readily), 0.0, 1.0)


def surface_layer(
    reference: Values, basal: Values, limit: Values, covered: Values, rain: Values, evaporable: Values,
    readily: Values, before: Values, wetted: Values = 1.0,
) -> tuple[Values, Values]:  # fmt: skip
    """Evaporation coefficient of a day and the surface layer's depletion after it.

    Parameters
    ----------
    reference : (...) array
        Reference evapotranspiration [mm].
    basal : (...) array
        Basal crop coefficient [1].
    limit : (...) array
        Largest crop coefficient [1].
    covered : (...) array
        Share of the ground covered by the crop [1].
    rain : (...) array
        Rain and irrigation of the day [mm].
    evaporable : (...) array
        Total evaporable water [mm].
    readily : (...) array
        Readily evaporable water [mm].
    before : (...) array
        Depletion of the surface layer at the end of the day before [mm].
    wetted : (...) array
        Share of the surface that is wetted, 1 by rain [1].

    Returns
    -------
    coefficient : (...) array
        Soil evaporation coefficient Ke [1].
    depletion : (...) array
        Depletion of the surface layer at the end of the day [mm].

    References
    ----------
    Allen et al. (1998), FAO-56, Eq. 71, 75 and 77, without runoff and transpiration from the surface layer.
    """
    exposed = np.minimum(1.0 - np.asarray(covered), wetted)
    wet = np.maximum(before - rain, 0.0)
    room = evaporation_reduction(wet, evaporable, readily) * (np.asarray(limit) - basal)
    coefficient = np.maximum(np.minimum(room, exposed * limit), 0.0)
    after = wet + coefficient * reference / np.maximum(exposed, 0.01)
    return coefficient + 0.0 * after, np.clip(after, 0.0, evaporable)


def dual_evapotranspiration(basal: Values, evaporation: Values, reference: Values) -> Values:
    """Crop evapotranspiration by the dual coefficient, without stress.

    Parameters
    ----------
    basal : (...) array
        Basal crop coefficient [1].
    evaporation : (...) array
        Soil evaporation coefficient [1].
    reference : (...) array
        Reference evapotranspiration [mm].

    Returns
    -------
    (...) array
        Crop evapotranspiration [mm].

    References
    ----------
    Allen et al. (1998), FAO-56, Eq. 69.
    """
    return (np.asarray(basal, dtype=np.float64) + evaporation) * reference


def _ingredients(window: Window) -> tuple[Array, Array, Array, Array]:
    """(rows, days) basal coefficient, its limit, cover; (rows, 1) total evaporable water."""
    season = season_of(window)
    basal, height = coefficient_curve(window, "kcb"), season.parameter("height", 0.5)[:, None]
    wind = np.nan_to_num(window.index("wind_speed_mean"), nan=2.0)
    dry = np.nan_to_num(window.index("relative_humidity_minimum"), nan=45.0)
    limit = coefficient_limit(basal, wind, dry, height)
    capacity, wilting = season.parameter("field_capacity", LOAM[0]), season.parameter("wilting_point", LOAM[1])
    evaporable = 1000.0 * (capacity - 0.5 * wilting) * EVAPORATION_DEPTH
    return basal, limit, cover(basal, limit, height), evaporable[:, None]


def _evaporation(window: Window) -> Result:
    basal, limit, covered, evaporable = _ingredients(window)
    reference, rain = window.index("reference_evapotranspiration"), window.index("precipitation_sum")
    wetted, readily = (
        season_of(window).parameter("wetted_fraction", 1.0),
        np.minimum(READILY_EVAPORABLE, evaporable - 1),
    )
    state, active = window.state(EVAPORATION), np.isfinite(days_since_sowing(window))
    now: Values = state[:, 0]
    share: Values = state[:, 1]
    value, states = np.full(window.shape, np.nan), np.full((*window.shape, 2), np.nan)
    for day in range(window.lead, window.grid.days):
        found, after = surface_layer(
            reference[:, day], basal[:, day], limit[:, day], covered[:, day], rain[:, day], evaporable[:, 0],
            readily[:, 0], now, wetted,
        )  # fmt: skip
        present = np.isfinite(after) & active[:, day]
        value[:, day] = np.where(present, found, np.nan)
        now = np.where(present, after, now)
        share = np.where(active[:, day], share + (present - share) / 5.0, share)
        states[:, day] = np.stack((now, share), axis=-1)
    return Result(value, np.nan_to_num(states[:, :, 1]), state=states)


def _dual(window: Window) -> Result:
    basal = _ingredients(window)[0]
    value = dual_evapotranspiration(
        basal, window.index("soil_evaporation_coefficient"), window.index("reference_evapotranspiration")
    )
    return Result(value, window.values["soil_evaporation_coefficient"].completeness)


_NEEDS = (
    of_index("reference_evapotranspiration"),
    of_index("precipitation_sum"),
    of_crop("kcb_initial"),
    of_crop("kcb_middle"),
    of_crop("kcb_end"),
    of_crop("height", "0.5 m"),
    of_crop("field_capacity", "that of loam"),
    of_crop("wilting_point", "that of loam"),
    of_crop("wetted_fraction", "1"),
)
EVAPORATION = Index(
    name="soil_evaporation_coefficient", unit="1", needs=_NEEDS, compute=_evaporation, kernel=surface_layer,
    source=f"{_FAO}, Eq. 71–77",
    equation="Ke = min(Kr (Kc,max − Kcb), few Kc,max)",
    example=Example({"reference": 4.5, "basal": 0.30, "limit": 1.20, "covered": 0.10, "rain": 40.0,
                     "evaporable": 18.0, "readily": 8.0, "before": 18.0}, 0.90, 1e-9,
                    "by hand: wet soil evaporates Kc,max − Kcb", part=0),
    completeness=0.5, season=True, state=(State("depletion", "mm", 0.0), State("completeness", "1", 0.5)),
    note="Without irrigation by parts of the ground; a loam where the soil is not given; REW 9 mm.",
)  # fmt: skip

INDICES: tuple[Index, ...] = (
    EVAPORATION,
    Index(
        name="crop_evapotranspiration_dual", unit="mm",
        needs=(of_index("soil_evaporation_coefficient"), of_index("reference_evapotranspiration")), compute=_dual,
        kernel=dual_evapotranspiration,
        source=f"{_FAO}, Eq. 69",
        equation="ETc = (Kcb + Ke) ET0", completeness=0.5, aggregate=Aggregate.SUM, season=True,
        example=Example({"basal": 0.3, "evaporation": 0.9, "reference": 5.0}, 6.0, 1e-12, "by hand"),
    ),
)  # fmt: skip
