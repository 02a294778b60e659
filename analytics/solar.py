"""Where the sun stands and what it sends: day length, radiation outside the air and under a clear sky. Pure.

Below indices and checks, which both need it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from analytics.grid import Times, Values

SOLAR_CONSTANT = 0.0820  # [MJ m-2 min-1], FAO-56, Eq. 21


def day_of_year(dates: Times) -> Values:
    """Day of the year of dates.

    Parameters
    ----------
    dates : (...) datetime64 array
        Local dates [d].

    Returns
    -------
    (...) array
        1 on 1 January, 366 on the last day of a leap year [d].

    References
    ----------
    Allen et al. (1998), FAO-56, Annex 2, table 2.5.
    """
    days = dates.astype("datetime64[D]")
    return (days - days.astype("datetime64[Y]").astype("datetime64[D]")).astype(np.float64) + 1.0


def inverse_distance(day: Values) -> Values:
    """Inverse relative distance between the earth and the sun.

    Parameters
    ----------
    day : (...) array
        Day of the year [d].

    Returns
    -------
    (...) array
        Inverse relative distance [1].

    References
    ----------
    Allen et al. (1998), FAO-56, Eq. 23.
    """
    return 1.0 + 0.033 * np.cos(2.0 * np.pi / 365.0 * np.asarray(day))


def declination(day: Values) -> Values:
    """Declination of the sun.

    Parameters
    ----------
    day : (...) array
        Day of the year [d].

    Returns
    -------
    (...) array
        Declination [rad].

    References
    ----------
    Allen et al. (1998), FAO-56, Eq. 24.
    """
    return 0.409 * np.sin(2.0 * np.pi / 365.0 * np.asarray(day) - 1.39)


def sunset_hour_angle(latitude: Values, day: Values) -> Values:
    """Hour angle of the sunset.

    Parameters
    ----------
    latitude : (...) array
        Latitude, north positive [deg].
    day : (...) array
        Day of the year [d].

    Returns
    -------
    (...) array
        Hour angle: 0 in the polar night, π in the polar day [rad].

    References
    ----------
    Allen et al. (1998), FAO-56, Eq. 25.
    """
    cosine = -np.tan(np.radians(latitude)) * np.tan(declination(day))
    return np.arccos(np.clip(cosine, -1.0, 1.0))


def extraterrestrial_radiation(latitude: Values, day: Values) -> Values:
    """Radiation of a day outside the atmosphere on a level surface.

    Parameters
    ----------
    latitude : (...) array
        Latitude, north positive [deg].
    day : (...) array
        Day of the year [d].

    Returns
    -------
    (...) array
        Extraterrestrial radiation [MJ m-2 d-1].

    References
    ----------
    Allen et al. (1998), FAO-56, Eq. 21.
    """
    phi, delta = np.radians(latitude), declination(day)
    sunset = np.arccos(np.clip(-np.tan(phi) * np.tan(delta), -1.0, 1.0))
    lit = sunset * (np.sin(phi) * np.sin(delta)) + np.cos(phi) * np.cos(delta) * np.sin(sunset)
    return np.maximum(24.0 * 60.0 / np.pi * SOLAR_CONSTANT * inverse_distance(day) * lit, 0.0)


def daylight_hours(latitude: Values, day: Values) -> Values:
    """Longest possible sunshine of a day.

    Parameters
    ----------
    latitude : (...) array
        Latitude, north positive [deg].
    day : (...) array
        Day of the year [d].

    Returns
    -------
    (...) array
        Daylight, of the sun's centre above a level horizon [h].

    References
    ----------
    Allen et al. (1998), FAO-56, Eq. 34.
    """
    return 24.0 / np.pi * sunset_hour_angle(latitude, day)


def clear_sky_radiation(extraterrestrial: Values, elevation: Values) -> Values:
    """Radiation of a day under a clear sky.

    Parameters
    ----------
    extraterrestrial : (...) array
        Extraterrestrial radiation [MJ m-2 d-1].
    elevation : (...) array
        Height above the sea [m].

    Returns
    -------
    (...) array
        Clear-sky radiation [MJ m-2 d-1].

    References
    ----------
    Allen et al. (1998), FAO-56, Eq. 37.
    """
    return (0.75 + 2e-5 * np.asarray(elevation, dtype=np.float64)) * extraterrestrial


def radiation_from_sunshine(
    sunshine: Values, daylight: Values, extraterrestrial: Values, overcast: float = 0.25, clear: float = 0.50
) -> Values:
    """Global radiation from the duration of sunshine.

    Parameters
    ----------
    sunshine : (...) array
        Duration of bright sunshine; more than the daylight counts as the daylight [h].
    daylight : (...) array
        Longest possible sunshine [h].
    extraterrestrial : (...) array
        Extraterrestrial radiation [MJ m-2 d-1].
    overcast : float
        Ångström's a: share that reaches the earth on overcast days [1].
    clear : float
        Ångström's b: what clear days add [1].

    Returns
    -------
    (...) array
        Global radiation [MJ m-2 d-1].

    References
    ----------
    Allen et al. (1998), FAO-56, Eq. 35.
    """
    daylight = np.asarray(daylight, dtype=np.float64)
    share = np.divide(sunshine, daylight, out=np.zeros(np.broadcast(sunshine, daylight).shape), where=daylight > 0)
    return (overcast + clear * np.minimum(share + 0.0 * np.asarray(sunshine), 1.0)) * extraterrestrial


def solar_position(latitude: Values, longitude: Values, times: Times) -> tuple[Values, Values]:
    """Where the sun stands.

    Parameters
    ----------
    latitude : (...) array
        Latitude, north positive [deg].
    longitude : (...) array
        Longitude, east positive [deg].
    times : (...) datetime64 array
        Instants, UTC [s].

    Returns
    -------
    zenith : (...) array
        Angle from the zenith, without refraction [deg].
    azimuth : (...) array
        Angle from north over east [deg].

    References
    ----------
    Michalsky (1988), The Astronomical Almanac's algorithm for approximate solar position, Solar Energy 40, 227–235:
    0.01° from 1950 to 2050.
    """
    height, east, north = _direction(latitude, longitude, times)
    azimuth = np.degrees(np.arctan2(east, north)) % 360.0
    return np.degrees(np.arccos(np.clip(height, -1.0, 1.0))), azimuth


def cosine_of_zenith(latitude: Values, longitude: Values, times: Times) -> Values:
    """How high the sun stands.

    Parameters
    ----------
    latitude : (...) array
        Latitude, north positive [deg].
    longitude : (...) array
        Longitude, east positive [deg].
    times : (...) datetime64 array
        Instants, UTC [s].

    Returns
    -------
    (...) array
        Cosine of the angle from the zenith, below 0 while the sun is down [1].

    References
    ----------
    Michalsky (1988), Solar Energy 40, 227–235.
    """
    return np.clip(_direction(latitude, longitude, times)[0], -1.0, 1.0)


def _direction(latitude: Values, longitude: Values, times: Times) -> tuple[Values, Values, Values]:
    """Unit vector to the sun: upwards, and what of it lies to the east and to the north.

    Angles are turned by products of sines and cosines, so that places and times that stand crosswise cost no
    trigonometry where they meet.
    """
    days = (times - np.datetime64("2000-01-01T12:00:00")) / np.timedelta64(1, "s") / 86_400.0
    anomaly = np.radians((357.528 + 0.9856003 * days) % 360.0)
    ecliptic = np.radians(
        (280.460 + 0.9856474 * days + 1.915 * np.sin(anomaly) + 0.020 * np.sin(2.0 * anomaly)) % 360.0
    )
    oblique = np.radians(23.439 - 4e-7 * days)
    sine = np.sin(oblique) * np.sin(ecliptic)  # of the declination
    cosine = np.sqrt(1.0 - sine * sine)
    ascension = np.arctan2(np.cos(oblique) * np.sin(ecliptic), np.cos(ecliptic))
    greenwich = np.radians((280.46061837 + 360.98564736629 * days) % 360.0) - ascension
    phi, lam = np.radians(latitude), np.radians(longitude)
    along, across = cosine * np.cos(greenwich), cosine * np.sin(greenwich)
    to_noon = along * np.cos(lam) - across * np.sin(lam)  # of the hour angle
    height = np.sin(phi) * sine + np.cos(phi) * to_noon
    east = -(across * np.cos(lam) + along * np.sin(lam))
    return height, east, np.cos(phi) * sine - np.sin(phi) * to_noon


def sunrise_and_sunset(latitude: Values, longitude: Values, dates: Times) -> tuple[Times, Times]:
    """When the upper edge of the sun crosses a level horizon.

    Parameters
    ----------
    latitude : (...) array
        Latitude, north positive [deg].
    longitude : (...) array
        Longitude, east positive [deg].
    dates : (...) datetime64 array
        Local dates [d].

    Returns
    -------
    sunrise : (...) datetime64 array
        Instant of sunrise, UTC; NaT in polar day or night [s].
    sunset : (...) datetime64 array
        Instant of sunset, UTC; NaT in polar day or night [s].

    References
    ----------
    Meeus (1998), Astronomical algorithms, ch. 15, with −0.833° of refraction and radius; the sun's place by Michalsky
    (1988).
    """
    noon: Any = dates.astype("datetime64[D]").astype("datetime64[s]") + np.timedelta64(43_200, "s")
    moments = [noon - _seconds(np.asarray(longitude) * 240.0)] * 2
    for _ in range(3):
        moments = [
            _crossing(latitude, longitude, moment, side, noon) for moment, side in zip(moments, (-1, 1), strict=True)
        ]
    return moments[0], moments[1]


def _seconds(values: Values) -> Any:
    known = np.where(np.isfinite(values), values, 0.0)
    return np.where(np.isfinite(values), np.round(known).astype("timedelta64[s]"), np.timedelta64("NaT", "s"))


def _crossing(latitude: Values, longitude: Values, guess: Times, side: int, noon: Times) -> Times:
    """A better guess of the sunrise (−1) or sunset (1) near ``guess``."""
    known = np.where(np.isnat(guess), noon, guess)
    days = (known - np.datetime64("2000-01-01T12:00:00")) / np.timedelta64(1, "s") / 86_400.0
    anomaly = np.radians(357.528 + 0.9856003 * days)
    mean = 280.460 + 0.9856474 * days
    ecliptic = np.radians(mean + 1.915 * np.sin(anomaly) + 0.020 * np.sin(2.0 * anomaly))
    oblique = np.radians(23.439 - 4e-7 * days)
    ascension = np.degrees(np.arctan2(np.cos(oblique) * np.sin(ecliptic), np.cos(ecliptic)))
    delta, phi = np.arcsin(np.sin(oblique) * np.sin(ecliptic)), np.radians(latitude)
    equation = (mean - ascension + 180.0) % 360.0 - 180.0  # [deg], 4 min each
    cosine = (np.sin(np.radians(-0.833)) - np.sin(phi) * np.sin(delta)) / (np.cos(phi) * np.cos(delta))
    angle = np.degrees(np.arccos(np.where(np.abs(cosine) <= 1.0, cosine, np.nan)))
    crossing: Times = noon + _seconds((side * angle - longitude - equation) * 240.0)
    return crossing


def day_length_to_horizon(latitude: Values, day: Values, horizon: float = -0.8333) -> Values:
    """Time between sunrise and sunset as people see them, with refraction and the sun's radius.

    Parameters
    ----------
    latitude : (...) array
        Latitude, north positive [deg].
    day : (...) array
        Day of the year [d].
    horizon : float
        Height of the sun's centre at sunrise [deg].

    Returns
    -------
    (...) array
        Length of the day [h].

    References
    ----------
    Spencer (1971), Fourier series representation of the position of the sun, Search 2, 172; Almorox, Hontoria and
    Benito (2005), Energy Conversion and Management 46, 1465–1471.
    """
    turn = 2.0 * np.pi * (np.asarray(day) - 1.0) / 365.0
    delta = (
        0.006918 - 0.399912 * np.cos(turn) + 0.070257 * np.sin(turn) - 0.006758 * np.cos(2.0 * turn)
        + 0.000907 * np.sin(2.0 * turn) - 0.002697 * np.cos(3.0 * turn) + 0.00148 * np.sin(3.0 * turn)
    )  # fmt: skip
    phi = np.radians(latitude)
    cosine = (np.sin(np.radians(horizon)) - np.sin(phi) * np.sin(delta)) / (np.cos(phi) * np.cos(delta))
    return 24.0 / np.pi * np.arccos(np.clip(cosine, -1.0, 1.0))


def clear_sky_flux(latitude: Values, longitude: Values, elevation: Values, times: Times) -> Values:
    """Global radiation of an instant under a clear sky.

    Parameters
    ----------
    latitude : (...) array
        Latitude, north positive [deg].
    longitude : (...) array
        Longitude, east positive [deg].
    elevation : (...) array
        Height above the sea [m].
    times : (...) datetime64 array
        Instants, UTC [s].

    Returns
    -------
    (...) array
        Clear-sky radiation, 0 while the sun is down [W m-2].

    References
    ----------
    Allen et al. (1998), FAO-56, Eq. 37, its share taken of the radiation outside the air at that instant (Eq. 28).
    """
    beyond = SOLAR_CONSTANT * 1e6 / 60.0 * inverse_distance(day_of_year(times))
    beyond = beyond * cosine_of_zenith(latitude, longitude, times)
    return clear_sky_radiation(np.maximum(beyond, 0.0), elevation)
