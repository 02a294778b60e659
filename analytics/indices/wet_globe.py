"""Wet bulb globe temperature by Liljegren's energy balance of a globe and a wick."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from analytics.grid import Values

# Liljegren et al. (2008), appendix A and the authors' program: air and water
_STEFAN, _CP, _AIR, _WATER, _GAS = 5.6696e-8, 1003.5, 28.97, 18.015, 8314.34
_R_AIR = _GAS / _AIR
_PRANDTL = _CP / (_CP + 1.25 * _R_AIR)
_RATIO = _CP * _AIR / _WATER
# instruments and ground: emissivities, albedos, sizes [m]
_WICK_E, _WICK_A, _WICK_D, _WICK_L = 0.95, 0.4, 0.007, 0.0254
_GLOBE_E, _GLOBE_A, _GLOBE_D = 0.95, 0.05, 0.0508
_GROUND_E, _GROUND_A = 0.999, 0.45
_LEAST_WIND = 0.13  # [m s-1]
#: The program stops when a step is smaller than 0.02 K, damped by 0.9: results follow it to that step.
_CLOSE, _DAMPING, _STEPS = 0.02, 0.9, 500
_LOW_SUN = 0.00873  # cosine of 89.5°
#: Exponents of the wind profile by Pasquill's classes A to F, over open land and between buildings (US EPA 1999).
_RURAL, _URBAN = np.array([0.07, 0.07, 0.10, 0.15, 0.35, 0.55]), np.array([0.15, 0.15, 0.20, 0.25, 0.30, 0.30])
#: Pasquill's class less one: wind below 2, 3, 5, 6 m/s and above × radiation from 925, 675, 175 W/m² and below.
_DAY_CLASS = np.array([[0, 0, 1, 3], [0, 1, 2, 3], [1, 1, 2, 3], [2, 2, 3, 3], [2, 3, 3, 3]])


def _saturation(kelvin: Values) -> Values:
    """Saturation vapour pressure over water in moist air [hPa], Buck (1981)."""
    return 1.004 * 6.1121 * np.exp(17.502 * (kelvin - 273.15) / (kelvin - 32.18))


def _viscosity(kelvin: Values) -> Values:
    """Viscosity of air [kg m-1 s-1], Bird, Stewart and Lightfoot (1960)."""
    omega = (kelvin / 97.0 - 2.9) / 0.4 * -0.034 + 1.048
    return 2.6693e-6 * np.sqrt(_AIR * kelvin) / (3.617**2 * omega)


def _diffusivity(kelvin: Values, pressure: Values) -> Values:
    """Diffusivity of water vapour in air [m2 s-1], Bird, Stewart and Lightfoot (1960)."""
    critical = (36.4 * 218.0) ** (1.0 / 3.0) * (132.0 * 647.3) ** (5.0 / 12.0)
    mixed = np.sqrt(1.0 / _AIR + 1.0 / _WATER)
    reduced = kelvin / np.sqrt(132.0 * 647.3)
    return 3.640e-4 * reduced**2.334 * critical * mixed / (pressure / 1013.25) * 1e-4


def _exchange(kelvin: Values, pressure: Values, wind: Values, *, globe: bool) -> Values:
    """Convective heat transfer of the globe or the wick [W m-2 K-1]."""
    viscosity = _viscosity(kelvin)
    size = _GLOBE_D if globe else _WICK_D
    reynolds = np.maximum(wind, _LEAST_WIND) * pressure * 100.0 / (_R_AIR * kelvin) * size / viscosity
    if globe:
        nusselt = 2.0 + 0.6 * np.sqrt(reynolds) * _PRANDTL**0.3333
    else:
        nusselt = 0.281 * reynolds**0.6 * _PRANDTL**0.44
    return nusselt * (_CP + 1.25 * _R_AIR) * viscosity / size


def _settled(step: Callable[..., Values], start: Values, *given: Values) -> Values:
    """Fixed point of a damped iteration; each value stops by itself, NaN where it does not.

    What has settled is left behind, so that the last few do not carry all others on.
    """
    where = np.flatnonzero(np.isfinite(start + sum(given)))
    now, arrays = np.ravel(start)[where], [np.ravel(a)[where] for a in given]
    result = np.full(np.size(start), np.nan)
    for _ in range(_STEPS):
        if not where.size:
            break
        new = step(now, *arrays)
        done = np.abs(new - now) < _CLOSE
        if done.any():
            result[where[done]] = new[done]
            going = ~done
            where, now, new = where[going], now[going], new[going]
            arrays = [a[going] for a in arrays]
        now = _DAMPING * now + (1.0 - _DAMPING) * new
    return result.reshape(np.shape(start))[()]


def wind_below(wind: Values, radiation: Values, cosine: Values, urban: bool = False) -> Values:
    """Wind speed at 2 m from 10 m, by the stability of the air.

    Parameters
    ----------
    wind : (...) array
        Wind speed at 10 m [m s-1].
    radiation : (...) array
        Global radiation [W m-2].
    cosine : (...) array
        Cosine of the sun's zenith angle [1].
    urban : bool
        Between buildings; farms lie in open land [1].

    Returns
    -------
    (...) array
        Wind speed at 2 m, at least 0.13 [m s-1].

    References
    ----------
    Liljegren et al. (2008), J. Occup. Environ. Hyg. 5, 645–655, appendix; US EPA (1999), EPA-454/R-99-005, ch. 6.
    """
    wind = np.asarray(wind, dtype=np.float64)
    row = np.searchsorted([2.0, 3.0, 5.0, 6.0], wind, side="right")
    column = 3 - np.searchsorted([175.0, 675.0, 925.0], radiation, side="right")
    night = np.where(wind >= 2.5, 3, 4)
    profile = _URBAN if urban else _RURAL
    stability = np.where(np.asarray(cosine) > 0.0, _DAY_CLASS[row, column], night)
    return np.where(np.isnan(wind), np.nan, np.maximum(wind * 0.2 ** profile[stability], _LEAST_WIND))


def wet_bulb_globe_temperature(
    temperature: Values, humidity: Values, pressure: Values, wind: Values, radiation: Values, direct: Values,
    cosine: Values,
) -> Values:  # fmt: skip
    """Wet bulb globe temperature outdoors.

    Parameters
    ----------
    temperature : (...) array
        Air temperature [°C].
    humidity : (...) array
        Relative humidity [%].
    pressure : (...) array
        Air pressure [hPa].
    wind : (...) array
        Wind speed at 2 m [m s-1].
    radiation : (...) array
        Global radiation [W m-2].
    direct : (...) array
        Share of it that comes straight from the sun [1].
    cosine : (...) array
        Cosine of the sun's zenith angle [1].

    Returns
    -------
    (...) array
        Wet bulb globe temperature; NaN where its iteration does not settle [°C].

    References
    ----------
    Liljegren, Carhart, Lawday, Tschopp and Sharp (2008), Modeling the wet bulb globe temperature using standard
    meteorological measurements, J. Occup. Environ. Hyg. 5, 645–655, Eq. 2–17.
    """
    air = np.asarray(temperature, dtype=np.float64) + 273.15
    given = np.broadcast_arrays(air, np.asarray(humidity) / 100.0, pressure, wind, radiation, direct, cosine)
    air, moist, pressure, wind, radiation, direct, cosine = (np.asarray(a, dtype=np.float64) for a in given)
    # a sun at the horizon has no beam
    direct = np.where(cosine < _LOW_SUN, 0.0, direct)
    # what is not air, absolutely dry air among it, has no wick that could dry
    moist = np.where((moist > 0.0) & (moist <= 1.05) & (air < 373.15) & (pressure > 300.0), moist, np.nan)
    direct = np.where((direct >= 0.0) & (direct <= 1.0), direct, np.nan)
    vapour = moist * _saturation(air)
    sky = 0.5 * (0.575 * vapour**0.143 * air**4 + _GROUND_E * air**4)
    natural = _wick(air, vapour, pressure, wind, radiation, direct, cosine, sky)
    globe = _globe(air, pressure, wind, radiation, direct, cosine, sky)
    return 0.1 * (air - 273.15) + 0.2 * (globe - 273.15) + 0.7 * (natural - 273.15)


def _globe(
    air: Values, pressure: Values, wind: Values, radiation: Values, direct: Values, cosine: Values, sky: Values
) -> Values:
    """Globe temperature [K], Eq. 15–17."""
    beam = direct * (1.0 / (2.0 * np.maximum(cosine, 1e-6)) - 1.0)
    sun = radiation / (2.0 * _STEFAN * _GLOBE_E) * (1.0 - _GLOBE_A) * (beam + 1.0 + _GROUND_A)

    def step(globe: Values, air: Values, pressure: Values, wind: Values, warmth: Values) -> Values:
        exchange = _exchange(0.5 * (globe + air), pressure, wind, globe=True)
        return np.sqrt(np.sqrt(np.maximum(warmth - exchange / (_STEFAN * _GLOBE_E) * (globe - air), 0.0)))

    return _settled(step, air, air, pressure, wind, sky + sun)


def _wick(
    air: Values, vapour: Values, pressure: Values, wind: Values, radiation: Values, direct: Values, cosine: Values,
    sky: Values,
) -> Values:  # fmt: skip
    """Natural wet bulb temperature [K], Eq. 2–14."""
    ends = 0.25 * _WICK_D / _WICK_L
    slant = np.tan(np.arccos(np.clip(cosine, -1.0, 1.0))) / np.pi
    sun = (1.0 - _WICK_A) * radiation * ((1.0 - direct) * (1.0 + ends) + direct * (slant + ends) + _GROUND_A)
    ratio = np.log(vapour / (1.004 * 6.1121))

    def step(wick: Values, air: Values, vapour: Values, pressure: Values, wind: Values, warmth: Values) -> Values:
        film = 0.5 * (wick + air)
        exchange = _exchange(film, pressure, wind, globe=False)
        squared = wick * wick
        gained = warmth - _STEFAN * _WICK_E * (squared * squared)
        surface = _saturation(wick)
        schmidt = _viscosity(film) / (pressure * 100.0 / (_R_AIR * film) * _diffusivity(film, pressure))
        latent = (313.15 - film) / 30.0 * -71_100.0 + 2.4073e6
        cooled = latent / _RATIO * (surface - vapour) / (pressure - surface) * (_PRANDTL / schmidt) ** 0.56
        return air - cooled + gained / exchange

    start = 273.15 + 240.97 * ratio / (17.502 - ratio)
    return _settled(step, start, air, vapour, pressure, wind, _STEFAN * _WICK_E * sky + sun)
