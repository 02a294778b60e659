"""All checks between the stations of an area, day by day: buddies, rain that came alone, clogged gauges, drift."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.grid import Array, Grid
from analytics.quality import spatial
from analytics.quality.finding import NOT_EVALUATED, Findings, Flags, Reason

#: A shower is often alone: only gauges so near must have felt it [km].
SHOWER = 15.0
#: A day of rain everywhere does not leave out a gauge so near [km].
RAINY_DAY = 30.0
#: Share of a day's hours that a gauge or a mean needs to be judged.
WHOLE = 0.8
#: Days of a span whose distance from the neighbours is compared with that of the span before it.
SPAN = 30
#: Change of that distance which is a drift [K]: twice the uncertainty of a station's thermometer (WMO-No. 8).
DRIFT = 1.0
#: Slopes of all pairs are taken of so many stations at most.
PAIRS = 120


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """Stations of an area and who is near whom."""

    elevation: Array
    near: NDArray[np.int64]
    shower: NDArray[np.int64]
    rainy: NDArray[np.int64]
    #: Stations from which the lapse rate is estimated, spread over the heights there are.
    ladder: NDArray[np.int64]


def neighbourhood(latitude: Array, longitude: Array, elevation: Array) -> Neighbourhood:
    """Who is near whom.

    Parameters
    ----------
    latitude, longitude : (places,) arrays
        Positions; a station without one has no neighbours [deg].
    elevation : (places,) array
        Height above the sea [m].

    Returns
    -------
    Neighbourhood
        Neighbours for each check.
    """
    distance = spatial.distances(latitude, longitude)
    order = np.argsort(elevation)
    order = order[np.isfinite(elevation[order])]
    chosen = order[np.linspace(0, order.size - 1, min(PAIRS, order.size)).astype(np.int64)]
    near, shower, rainy = (spatial.neighbours(distance, radius) for radius in (50.0, SHOWER, RAINY_DAY))
    return Neighbourhood(elevation, near, shower, rainy, chosen)


def check_hours(around: Neighbourhood, hours: Grid, temperature: Array, rain: Array) -> Findings:
    """Flags of the checks between stations that look at one day alone, hour by hour.

    Parameters
    ----------
    around : Neighbourhood
        The stations.
    hours : Grid
        The days judged, in steps of an hour.
    temperature : (places, hours) array
        Hourly means of the air's temperature, NaN where missing [°C].
    rain : (places, days) array
        Rain of whole days, NaN where missing [mm].

    Returns
    -------
    mapping of (quantity, reason) to (places, hours) uint8 array
        QARTOD flags [1].
    """
    lapse = spatial.lapse_rate(temperature[around.ladder], around.elevation[around.ladder])
    return {
        ("air_temperature", Reason.SPATIAL): spatial.buddy(temperature, around.near, around.elevation, lapse),
        ("precipitation", Reason.RAIN_OCCURRENCE): by_hour(hours, spatial.rain_occurrence(rain, around.shower)),
        ("precipitation", Reason.CLOGGED): by_hour(hours, spatial.clogged_gauge(rain, around.rainy)),
    }


def check_drift(around: Neighbourhood, means: Array) -> Flags:
    """Drift from the neighbours' median, brought to the station's height by the lapse rate of each day.

    Parameters
    ----------
    around : Neighbourhood
        The stations.
    means : (places, 2 × `SPAN` − 1 + days) array
        Mean temperature of the days judged and of those that they look back at; NaN where missing, and where another
        thermometer measured it [°C].

    Returns
    -------
    (places, days) uint8 array
        QARTOD flags of the days judged [1].
    """
    lapse = spatial.lapse_rate(means[around.ladder], around.elevation[around.ladder])
    reference = np.full(means.shape, np.nan)
    for begin in range(0, len(means), spatial.TOGETHER):
        part = slice(begin, begin + spatial.TOGETHER)
        others = spatial.brought(means, around.near[part], around.elevation, around.elevation[part], lapse)
        enough = np.isfinite(others).sum(axis=1) >= 3
        reference[part] = np.where(enough, spatial.middle(others), np.nan)
    return spatial.drift(means, reference, DRIFT, SPAN)[:, 2 * SPAN - 1 :]


def by_hour(hours: Grid, days: Flags) -> Flags:
    """The flag of a day on each of its hours."""
    flags = np.full((hours.places, hours.steps), NOT_EVALUATED, dtype=np.uint8)
    for row in range(hours.places):
        flags[row, : hours.edges[row, -1]] = np.repeat(days[row], np.diff(hours.edges[row]))
    return flags
