"""Checks between neighbours: buddies with a nightly lapse rate, rain occurrence, clogged gauges, drifting sensors."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analytics.grid import Array, Values
from analytics.quality.finding import GOOD, MISSING, NOT_EVALUATED, SUSPECT, Flags

STANDARD_LAPSE = -0.0065  # [°C m-1], International Standard Atmosphere
EARTH = 6371.0  # [km]
#: Places compared in one array: memory grows with them and with the length of the series.
TOGETHER = 64


def distances(latitude: Values, longitude: Values) -> Values:
    """Great-circle distances between places.

    Parameters
    ----------
    latitude : (places,) array
        Latitude [deg].
    longitude : (places,) array
        Longitude [deg].

    Returns
    -------
    (places, places) array
        Distances [km].

    References
    ----------
    Sinnott (1984), Virtues of the haversine, Sky and Telescope 68, 159.
    """
    phi, lam = np.radians(latitude), np.radians(longitude)
    half = np.sin((phi[:, None] - phi) / 2) ** 2
    half = half + np.cos(phi[:, None]) * np.cos(phi) * np.sin((lam[:, None] - lam) / 2) ** 2
    return 2.0 * EARTH * np.arcsin(np.sqrt(np.clip(half, 0.0, 1.0)))


def neighbours(distance: Values, radius: float = 50.0, most: int = 10) -> NDArray[np.int64]:
    """The nearest neighbours of each place.

    Parameters
    ----------
    distance : (places, places) array
        Distances [km].
    radius : float
        Farthest that a neighbour may be [km].
    most : int
        How many at most [1].

    Returns
    -------
    (places, most) int array
        Rows of the neighbours, −1 where there are no more [1].

    References
    ----------
    Båserud et al. (2020), TITAN automatic spatial quality control of meteorological in-situ observations, Adv. Sci.
    Res. 17, 153–163: neighbourhoods of a radius.
    """
    far = np.where(np.eye(len(distance), dtype=bool), np.inf, distance)
    order = np.argsort(far, axis=1, kind="stable")[:, :most]
    near = np.take_along_axis(far, order, axis=1) <= radius
    result = np.where(near, order, -1)
    return np.pad(result, ((0, 0), (0, max(0, most - result.shape[1]))), constant_values=-1)


def lapse_rate(temperature: Values, elevation: Values, least_range: float = 100.0) -> Values:
    """Change of temperature with height over an area, step by step: the median of the slopes of all pairs.

    Parameters
    ----------
    temperature : (places, steps) array
        Air temperature [°C].
    elevation : (places,) array
        Height above the sea [m].
    least_range : float
        Least difference of height for a pair to count [m].

    Returns
    -------
    (steps,) array
        Lapse rate, positive in an inversion; the standard −0.0065 with fewer than three pairs; −0.0098 (dry
        adiabatic) to 0.02 [°C m-1].

    References
    ----------
    Sen (1968), Estimates of the regression coefficient based on Kendall's tau, J. Amer. Stat. Assoc. 63, 1379–1389;
    estimated rather than assumed because inversions are normal in the valleys.
    """
    temperature, elevation = np.asarray(temperature, dtype=np.float64), np.asarray(elevation, dtype=np.float64)
    first, second = np.triu_indices(len(elevation), 1)
    rise = elevation[second] - elevation[first]
    far = np.abs(rise) >= least_range
    result = np.full(temperature.shape[1], STANDARD_LAPSE)
    if far.sum() >= 3:
        slopes = (temperature[second[far]] - temperature[first[far]]) / rise[far, None]
        known = np.isfinite(slopes).sum(axis=0) >= 3
        result[known] = np.clip(np.nanmedian(slopes[:, known], axis=0), -0.0098, 0.02)
    return result


def buddy(
    values: Values, nearest: NDArray[np.int64], elevation: Values, lapse: Values, floor: float = 2.0, limit: float = 4.0
) -> Flags:
    """Whether a value agrees with the median of its neighbours, brought to its height.

    Parameters
    ----------
    values : (places, steps) array
        Readings, NaN where missing [unit of the quantity].
    nearest : (places, most) int array
        Rows of the neighbours, −1 for none [1].
    elevation : (places,) array
        Height above the sea; unknown heights are not corrected for [m].
    lapse : (steps,) array
        Change with height of each step [unit of the quantity m-1].
    floor : float
        Least spread to compare with [unit of the quantity].
    limit : float
        Spreads from the median above which a value is suspect [1].

    Returns
    -------
    (places, steps) uint8 array
        QARTOD flags; not evaluated with fewer than three neighbours [1].

    References
    ----------
    Båserud et al. (2020), Adv. Sci. Res. 17, 153–163, buddy check, with median and median absolute deviation for mean
    and standard deviation.
    """
    values = np.asarray(values, dtype=np.float64)
    flags = np.full(values.shape, NOT_EVALUATED, dtype=np.uint8)
    for begin in range(0, len(values), TOGETHER):
        part = slice(begin, begin + TOGETHER)
        others = brought(values, nearest[part], elevation, elevation[part], lapse)
        flags[part] = _against(values[part], others, floor, limit)
    flags[np.isnan(values)] = MISSING
    return flags


def brought(values: Values, nearest: NDArray[np.int64], elevation: Values, to: Values, lapse: Values) -> Array:
    """What the neighbours of places measured, brought to their height.

    Parameters
    ----------
    values : (all places, steps) array
        Readings, NaN where missing [unit of the quantity].
    nearest : (places, most) int array
        Rows of the neighbours, −1 for none [1].
    elevation : (all places,) array
        Height above the sea; unknown heights are not corrected for [m].
    to : (places,) array
        Heights of the places themselves [m].
    lapse : (steps,) array
        Change with height of each step [unit of the quantity m-1].

    Returns
    -------
    (places, most, steps) array
        Readings of the neighbours, NaN where there is none [unit of the quantity].

    References
    ----------
    Own rule, as `buddy` and `check_drift` compare: a constant change with height over the area.
    """
    rise = np.nan_to_num(to[:, None] - elevation[nearest])[:, :, None]
    return np.asarray(np.where((nearest >= 0)[:, :, None], values[nearest] + rise * lapse, np.nan))


def middle(values: Values) -> Array:
    """Median of what is known along the second axis.

    Parameters
    ----------
    values : (places, most, …) array
        NaN where missing [any unit].

    Returns
    -------
    (places, …) array
        Medians, the mean of the two in the middle where their number is even; NaN where nothing is known [same unit].

    References
    ----------
    Hyndman and Fan (1996), Sample quantiles in statistical packages, Amer. Stat. 50, 361–365.
    """
    ordered = np.sort(values, axis=1)  # NaN last
    known = np.isfinite(ordered).sum(axis=1, keepdims=True)
    lower, upper = np.maximum(known - 1, 0) // 2, known // 2
    upper = np.minimum(upper, ordered.shape[1] - 1)
    both = np.take_along_axis(ordered, lower, axis=1) + np.take_along_axis(ordered, upper, axis=1)
    return np.asarray(both[:, 0] / 2.0)


def _against(value: Array, others: Array, floor: float, limit: float) -> Flags:
    """Flags of places against their neighbours, (places, steps) and (places, neighbours, steps)."""
    judged = (np.isfinite(others).sum(axis=1) >= 3) & np.isfinite(value)
    median = middle(others)
    # 1.4826 makes the median absolute deviation of a normal distribution its standard deviation
    spread = np.maximum(1.4826 * middle(np.abs(others - median[:, None])), floor / 2.0)
    return np.where(judged, np.where(np.abs(value - median) > limit * spread, SUSPECT, GOOD), NOT_EVALUATED).astype(
        np.uint8
    )


def rain_occurrence(rain: Values, nearest: NDArray[np.int64], least: float = 5.0) -> Flags:
    """Whether a day's rain came where no neighbour had any.

    Parameters
    ----------
    rain : (places, days) array
        Rain of each day, NaN where missing [mm].
    nearest : (places, most) int array
        Rows of the neighbours, −1 for none [1].
    least : float
        Rain that some neighbour should have felt [mm].

    Returns
    -------
    (places, days) uint8 array
        QARTOD flags; suspect where at least three neighbours were all dry, not evaluated with fewer [1].

    References
    ----------
    WMO-No. 1269 (2021), spatial consistency: for rain its occurrence, not its amount, is compared.
    """
    wettest, known = _neighbours_rain(rain, nearest)
    return _judged(rain, known >= 3, (np.asarray(rain) >= least) & (wettest <= 0.0))


def clogged_gauge(rain: Values, nearest: NDArray[np.int64], least: float = 5.0) -> Flags:
    """Whether a gauge stays dry while its neighbours measure rain.

    Parameters
    ----------
    rain : (places, days) array
        Rain of each day, NaN where missing [mm].
    nearest : (places, most) int array
        Rows of the neighbours, −1 for none [1].
    least : float
        Rain that each neighbour must have had [mm].

    Returns
    -------
    (places, days) uint8 array
        QARTOD flags; suspect where it is dry and at least three neighbours all had more than ``least`` [1].

    References
    ----------
    Upton and Rahimi (2003), On-line detection of errors in tipping-bucket raingauges, J. Hydrol. 278, 197–212.
    """
    rain = np.asarray(rain, dtype=np.float64)
    driest = np.full(rain.shape, np.inf)
    known = np.zeros(rain.shape, dtype=np.int64)
    for column in nearest.T:
        other = np.where((column >= 0)[:, None], rain[column], np.nan)
        driest, known = np.fmin(driest, other), known + np.isfinite(other)
    return _judged(rain, known >= 3, (rain <= 0.0) & (driest > least))


def _neighbours_rain(rain: Values, nearest: NDArray[np.int64]) -> tuple[Array, NDArray[np.int64]]:
    rain = np.asarray(rain, dtype=np.float64)
    wettest, known = np.zeros(rain.shape), np.zeros(rain.shape, dtype=np.int64)
    for column in nearest.T:
        other = np.where((column >= 0)[:, None], rain[column], np.nan)
        wettest, known = np.fmax(wettest, other), known + np.isfinite(other)
    return wettest, known


def _judged(values: Values, judged: NDArray[np.bool_], suspect: NDArray[np.bool_]) -> Flags:
    flags = np.where(judged, np.where(suspect, SUSPECT, GOOD), NOT_EVALUATED).astype(np.uint8)
    flags[np.isnan(values)] = MISSING
    return flags


def drift(values: Values, reference: Values, limit: float, days: int = 30) -> Flags:
    """Whether a sensor moves away from its neighbours: its distance from them changes for weeks.

    Parameters
    ----------
    values : (places, days) array
        Daily means, NaN where missing [unit of the quantity].
    reference : (places, days) array
        Daily medians of the neighbours, brought to the place's height [unit of the quantity].
    limit : float
        Change of the median distance between two spans that is suspect [unit of the quantity].
    days : int
        Length of a span: the last ``days`` are compared with as many before them [d].

    Returns
    -------
    (places, days) uint8 array
        QARTOD flags; not evaluated until both spans are two thirds full [1].

    References
    ----------
    WMO-No. 1269 (2021), detection of drift by comparison with neighbours; medians of spans are our own choice.
    """
    apart = np.asarray(values, dtype=np.float64) - reference
    flags = np.full(apart.shape, NOT_EVALUATED, dtype=np.uint8)
    for day in range(2 * days - 1, apart.shape[1]):
        spans = apart[:, day - 2 * days + 1 : day + 1].reshape(-1, 2, days)
        full = (np.isfinite(spans).sum(axis=2) >= 2 * days // 3).all(axis=1)
        if full.any():
            medians = middle(spans[full].transpose(0, 2, 1))
            flags[full, day] = np.where(np.abs(medians[:, 1] - medians[:, 0]) > limit, SUSPECT, GOOD)
    flags[np.isnan(apart)] = MISSING
    return flags
