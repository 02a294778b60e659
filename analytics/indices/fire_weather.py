"""Canadian forest fire weather: moisture codes of three layers, spread, build-up and the fire weather index."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from analytics.grid import Values

#: Effective day lengths of the duff moisture code by month [h]: north of 30°, 15–30° N, 15° S–15° N, then southward.
DAY_LENGTHS = np.array([
    [6.5, 7.5, 9.0, 12.8, 13.9, 13.9, 12.4, 10.9, 9.4, 8.0, 7.0, 6.0],
    [7.9, 8.4, 8.9, 9.5, 9.9, 10.2, 10.1, 9.7, 9.1, 8.6, 8.1, 7.8],
    [9.0] * 12,
    [10.1, 9.6, 9.1, 8.5, 8.1, 7.8, 7.9, 8.3, 8.9, 9.4, 9.9, 10.2],
    [11.5, 10.5, 9.2, 7.9, 6.8, 6.2, 6.5, 7.4, 8.7, 10.0, 11.2, 11.8],
])  # fmt: skip
#: Day length factors of the drought code by month: north, near the equator, south.
DAY_FACTORS = np.array([
    [-1.6, -1.6, -1.6, 0.9, 3.8, 5.8, 6.4, 5.0, 2.4, 0.4, -1.6, -1.6],
    [1.4] * 12,
    [6.4, 5.0, 2.4, 0.4, -1.6, -1.6, -1.6, -1.6, -1.6, 0.9, 3.8, 5.8],
])  # fmt: skip
#: Moisture codes after snow or long rain, from which a season starts.
START = (85.0, 6.0, 15.0)
FINE_FUEL = 147.2


def day_length(latitude: Values, month: Values) -> Values:
    """Effective day length of the duff moisture code.

    Parameters
    ----------
    latitude : (...) array
        Latitude, north positive [deg].
    month : (...) array
        Month, 1 to 12 [1].

    Returns
    -------
    (...) array
        Effective day length [h].

    References
    ----------
    Lawson and Armitage (2008), Weather guide for the Canadian forest fire danger rating system, table A3.1; the same
    rows in cffdrs 1.10 (R) and xclim 0.62.
    """
    band = np.searchsorted([-30.0, -15.0, 15.0, 30.0], np.asarray(latitude, dtype=np.float64), side="right")
    length = DAY_LENGTHS[4 - np.minimum(band, 4), np.asarray(month, dtype=np.int64) - 1]
    return np.where(np.isnan(latitude), np.nan, length)


def day_factor(latitude: Values, month: Values) -> Values:
    """Day length factor of the drought code.

    Parameters
    ----------
    latitude : (...) array
        Latitude, north positive [deg].
    month : (...) array
        Month, 1 to 12 [1].

    Returns
    -------
    (...) array
        Day length factor [1].

    References
    ----------
    Lawson and Armitage (2008), table A3.2; the same rows in cffdrs 1.10 (R) and xclim 0.62.
    """
    latitude = np.asarray(latitude, dtype=np.float64)
    band = np.where(latitude > 15.0, 0, np.where(latitude > -15.0, 1, 2))
    return np.where(np.isnan(latitude), np.nan, DAY_FACTORS[band, np.asarray(month, dtype=np.int64) - 1])


def fine_fuel_moisture_code(
    temperature: Values, humidity: Values, wind: Values, rain: Values, before: Values, coefficient: float = FINE_FUEL
) -> Values:
    """Fine fuel moisture code after a day.

    Parameters
    ----------
    temperature : (...) array
        Air temperature at noon [°C].
    humidity : (...) array
        Relative humidity at noon [%].
    wind : (...) array
        Wind speed at 10 m at noon [km h-1].
    rain : (...) array
        Rain of the 24 hours to noon [mm].
    before : (...) array
        Code of the day before [1].
    coefficient : float
        147.2 as published; cffdrs from 1.9 on uses 250 · 59.5/101 = 147.27723 [1].

    Returns
    -------
    (...) array
        Fine fuel moisture code, 0 to 101 [1].

    References
    ----------
    Van Wagner and Pickett (1985), Eq. 1–10.
    """
    return _flat(_fine_fuel, coefficient, temperature, humidity, wind, rain, before)


def _flat(function: Callable[..., Values], constant: float, *arrays: Values) -> Values:
    """Call a function of contiguous 1-D arrays with broadcast ones, and give its result their shape."""
    given = np.broadcast_arrays(*(np.asarray(a, dtype=np.float64) for a in arrays))
    return function(constant, *(np.ravel(a) for a in given)).reshape(given[0].shape)[()]


#: Eq. 4 and 5 with humidity as a share: 0.942 · 100^0.679 and 0.618 · 100^0.753.
_DRY, _WET = 0.942 * 100.0**0.679, 0.618 * 100.0**0.753


def _fine_fuel(coefficient: float, t: Values, rh: Values, u: Values, r: Values, code: Values) -> Values:
    """Eq. 1–10 on 1-D arrays, in place: every pass over memory counts."""
    moisture = _wetted(coefficient, code, r)
    share = np.minimum(rh, 100.0)
    share *= 0.01
    warm = np.exp(-11.5 * share)
    np.subtract(1.0, warm, out=warm)
    warm *= 0.18
    warm *= 21.1 - t
    steep = 10.0 * share
    steep -= 10.0
    np.exp(steep, out=steep)
    logarithm = np.log(np.maximum(share, 1e-300))
    goal = np.exp(0.679 * logarithm)
    goal *= _DRY
    goal += warm
    goal += 11.0 * steep
    left = moisture - goal
    damp = np.exp(1.7 * logarithm)
    eighth = _eighth_power(share)
    where = np.flatnonzero(left <= 0.0)
    if where.size:
        # damper air: towards the equilibrium of wetting (Eq. 5, 7), or at rest between the two
        wet = _WET * np.exp(0.753 * logarithm[where]) + warm[where] + 10.0 * steep[where]
        goal[where] = np.minimum(np.maximum(moisture[where], wet), goal[where])
        left[where] = moisture[where] - goal[where]
        dryness = 1.0 - share[where]
        damp[where], eighth[where] = _power(dryness, 1.7), _eighth_power(dryness)
    rate = _log_rate(t, u, damp, eighth)
    left *= np.exp(rate, out=rate)
    left += goal
    result = 250.0 - left
    result *= 59.5
    left += coefficient
    result /= left
    np.maximum(result, 0.0, out=result)
    return np.minimum(result, 101.0, out=result)


def _log_rate(t: Values, u: Values, damp: Values, eighth: Values) -> Values:
    """Logarithm of what is left of the difference after a day, Eq. 6 to 8; ``damp`` and ``eighth`` are used up."""
    np.subtract(1.0, eighth, out=eighth)
    rate = np.sqrt(np.maximum(u, 0.0))
    rate *= 0.0694
    rate *= eighth
    np.subtract(1.0, damp, out=damp)
    damp *= 0.424
    rate += damp
    warmth = np.multiply(t, 0.0365, out=damp)
    rate *= np.exp(warmth, out=warmth)
    rate *= -0.581 * np.log(10.0)
    return rate


def _power(base: Values, exponent: float) -> Values:
    """A power of what is not negative; a logarithm and an exponential are vector instructions, a power is not."""
    power = np.log(np.maximum(base, 1e-300))
    power *= exponent
    return np.exp(power, out=power)


def _eighth_power(share: Values) -> Values:
    power = share * share
    power *= power
    power *= power
    return power


def _wetted(coefficient: float, code: Values, rain: Values) -> Values:
    """Moisture of fine fuel before a day (Eq. 1), after its rain (Eq. 2 and 3)."""
    moisture = 101.0 - code
    moisture *= coefficient
    moisture /= code + 59.5
    where = np.flatnonzero(rain > 0.5)
    if where.size:
        held, depth = moisture[where], rain[where] - 0.5
        gain = 42.5 * depth * np.exp(-100.0 / (251.0 - held)) * (1.0 - np.exp(-6.93 / depth))
        heavy = np.flatnonzero(held > 150.0)
        gain[heavy] += 0.0015 * (held[heavy] - 150.0) ** 2 * np.sqrt(depth[heavy])
        moisture[where] = np.minimum(held + gain, 250.0)
    moisture[np.isnan(rain)] = np.nan
    return moisture


def duff_moisture_code(temperature: Values, humidity: Values, rain: Values, before: Values, length: Values) -> Values:
    """Duff moisture code after a day.

    Parameters
    ----------
    temperature : (...) array
        Air temperature at noon; below −1.1 counts as −1.1 [°C].
    humidity : (...) array
        Relative humidity at noon [%].
    rain : (...) array
        Rain of the 24 hours to noon [mm].
    before : (...) array
        Code of the day before [1].
    length : (...) array
        Effective day length [h].

    Returns
    -------
    (...) array
        Duff moisture code, from 0 [1].

    References
    ----------
    Van Wagner and Pickett (1985), Eq. 11–17.
    """
    return _flat(_duff, 0.0, temperature, humidity, rain, before, length)


def _duff(_: float, t: Values, rh: Values, r: Values, before: Values, length: Values) -> Values:
    """Eq. 11–17 on 1-D arrays."""
    code = before.copy()
    where = np.flatnonzero(r > 1.5)
    if where.size:
        held, effective = code[where], 0.92 * r[where] - 1.27
        # 280 exp(−0.023 P) as the program of 1985 has it; Eq. 12 prints exp(5.6348 − P/43.43), but the table needs this
        moisture = 280.0 * np.exp(-0.023 * held)
        moisture += 1000.0 * effective / (48.77 + _duff_slope(held) * effective)
        code[where] = np.maximum(244.72 - 43.43 * np.log(moisture), 0.0)
    dried = np.maximum(t, -1.1)
    dried += 1.1
    dried *= 100.0 - np.minimum(rh, 100.0)
    dried *= length
    dried *= 1.894e-4
    code += dried
    code[np.isnan(r)] = np.nan
    return code


def _duff_slope(code: Values) -> Values:
    """Slope of rain's effect on duff, Eq. 13a–c."""
    slope = 100.0 / (0.5 + 0.3 * code)
    where = np.flatnonzero(code > 33.0)
    logarithm = np.log(code[where])
    slope[where] = np.where(code[where] <= 65.0, 14.0 - 1.3 * logarithm, 6.2 * logarithm - 17.2)
    return slope


def drought_code(temperature: Values, rain: Values, before: Values, factor: Values) -> Values:
    """Drought code after a day.

    Parameters
    ----------
    temperature : (...) array
        Air temperature at noon; below −2.8 counts as −2.8 [°C].
    rain : (...) array
        Rain of the 24 hours to noon [mm].
    before : (...) array
        Code of the day before [1].
    factor : (...) array
        Day length factor [1].

    Returns
    -------
    (...) array
        Drought code, from 0 [1].

    References
    ----------
    Van Wagner and Pickett (1985), Eq. 18–23.
    """
    return _flat(_drought, 0.0, temperature, rain, before, factor)


def _drought(_: float, t: Values, r: Values, before: Values, factor: Values) -> Values:
    """Eq. 18–23 on 1-D arrays."""
    code = before.copy()
    where = np.flatnonzero(r > 2.8)
    if where.size:
        held, gain = code[where], 3.937 * (0.83 * r[where] - 1.27)
        code[where] = np.maximum(held - 400.0 * np.log(1.0 + gain / 800.0 * np.exp(held / 400.0)), 0.0)
    drying = np.maximum(t, -2.8)
    drying += 2.8
    drying *= 0.36
    drying += factor
    np.maximum(drying, 0.0, out=drying)
    drying *= 0.5
    code += drying
    code[np.isnan(r)] = np.nan
    return code


def initial_spread_index(fine_fuel: Values, wind: Values, coefficient: float = FINE_FUEL) -> Values:
    """How fast a fire would spread at first.

    Parameters
    ----------
    fine_fuel : (...) array
        Fine fuel moisture code [1].
    wind : (...) array
        Wind speed at 10 m at noon [km h-1].
    coefficient : float
        As of the fine fuel moisture code [1].

    Returns
    -------
    (...) array
        Initial spread index [1].

    References
    ----------
    Van Wagner and Pickett (1985), Eq. 24–26.
    """
    return _flat(_spread, coefficient, fine_fuel, wind)


def _spread(coefficient: float, fine_fuel: Values, wind: Values) -> Values:
    """Eq. 24–26 on 1-D arrays."""
    moisture = 101.0 - fine_fuel
    moisture *= coefficient
    moisture /= 59.5 + fine_fuel
    spread = _power(moisture, 5.31)
    spread *= 1.0 / 4.93e7
    spread += 1.0
    moisture *= -0.1386
    moisture += 0.05039 * wind
    spread *= np.exp(moisture, out=moisture)
    spread *= 0.208 * 91.9
    return spread


def buildup_index(duff: Values, drought: Values) -> Values:
    """How much fuel there is to burn.

    Parameters
    ----------
    duff : (...) array
        Duff moisture code [1].
    drought : (...) array
        Drought code [1].

    Returns
    -------
    (...) array
        Build-up index [1].

    References
    ----------
    Van Wagner and Pickett (1985), Eq. 27.
    """
    return _flat(_buildup, 0.0, duff, drought)


def _buildup(_: float, duff: Values, drought: Values) -> Values:
    """Eq. 27 on 1-D arrays."""
    deep = 0.4 * drought
    both = np.maximum(duff + deep, 1e-12)
    built = 2.0 * duff
    built *= deep
    built /= both
    where = np.flatnonzero(duff > deep)
    if where.size:
        code = duff[where]
        built[where] = code - (1.0 - 2.0 * deep[where] / both[where]) * (0.92 + _power(0.0114 * code, 1.7))
    return np.maximum(built, 0.0, out=built)


def fire_weather_index(spread: Values, buildup: Values) -> Values:
    """Intensity of a spreading fire.

    Parameters
    ----------
    spread : (...) array
        Initial spread index [1].
    buildup : (...) array
        Build-up index [1].

    Returns
    -------
    (...) array
        Fire weather index [1].

    References
    ----------
    Van Wagner and Pickett (1985), Eq. 28–30.
    """
    return _flat(_intensity, 0.0, spread, buildup)


def _intensity(_: float, spread: Values, buildup: Values) -> Values:
    """Eq. 28–30 on 1-D arrays."""
    duff = np.log(np.maximum(buildup, 1e-300))
    duff *= 0.809
    np.exp(duff, out=duff)
    duff *= 0.626
    duff += 2.0
    thick = np.flatnonzero(buildup > 80.0)
    if thick.size:
        duff[thick] = 1000.0 / (25.0 + 108.64 * np.exp(-0.023 * buildup[thick]))
    duff *= spread
    duff *= 0.1
    where = np.flatnonzero(duff > 1.0)
    if where.size:
        strong = np.log(duff[where])
        strong *= 0.434
        np.log(strong, out=strong)
        strong *= 0.647
        np.exp(strong, out=strong)
        strong *= 2.72
        duff[where] = np.exp(strong, out=strong)
    return duff


def fire_weather(
    temperature: Values, humidity: Values, wind: Values, rain: Values, length: Values, factor: Values,
    fine_fuel: Values, duff: Values, drought: Values,
) -> Values:  # fmt: skip
    """The six codes of consecutive days, many places at once.

    Parameters
    ----------
    temperature : (..., days) array
        Air temperature at noon [°C].
    humidity : (..., days) array
        Relative humidity at noon [%].
    wind : (..., days) array
        Wind speed at 10 m at noon [km h-1].
    rain : (..., days) array
        Rain of the 24 hours to noon [mm].
    length : (..., days) array
        Effective day lengths of the duff moisture code [h].
    factor : (..., days) array
        Day length factors of the drought code [1].
    fine_fuel : (...) array
        Fine fuel moisture code before the first day [1].
    duff : (...) array
        Duff moisture code before the first day [1].
    drought : (...) array
        Drought code before the first day [1].

    Returns
    -------
    (6, ..., days) array
        Fine fuel moisture, duff moisture and drought code, initial spread, build-up and fire weather index; NaN on a
        day that lacks an input, on which the codes stay what they were [1].

    References
    ----------
    Van Wagner and Pickett (1985), Eq. 1–30.
    """
    given = [np.asarray(a, dtype=np.float64) for a in (temperature, humidity, wind, rain, length, factor)]
    shape = np.broadcast_shapes(*(a.shape for a in given))
    # what is the same everywhere, such as the day length of one latitude, stays a number a day
    rows = [a if a.ndim == 1 < len(shape) else np.broadcast_to(a, shape).reshape(-1, shape[-1]) for a in given]
    now = [np.broadcast_to(a, shape[:-1]).ravel().astype(np.float64) for a in (fine_fuel, duff, drought)]
    codes = np.empty((6, shape[-1], now[0].size))
    for begin in range(0, now[0].size, _BLOCK):
        block = slice(begin, begin + _BLOCK)
        # a day's values of all places lie side by side while they are worked on
        by_day = [a if a.ndim == 1 else np.ascontiguousarray(a[block].T) for a in rows]
        carried = [code[block] for code in now]
        for day in range(shape[-1]):
            carried = _day(codes[:, day, block], [a[day] for a in by_day], carried)
    return np.moveaxis(codes, 1, -1).reshape(6, *shape)


#: Places worked on at a time: enough to outweigh the calls, few enough for a day's temporaries to stay in cache.
_BLOCK = 16_384


def _day(codes: Values, weather: list[Values], now: list[Values]) -> list[Values]:
    """Write a day's six codes and return the three that are carried."""
    t, rh, u, r, length, factor = weather
    today = [
        _fine_fuel(FINE_FUEL, t, rh, u, r, now[0]),
        _duff(0.0, t, rh, r, now[1], length),
        _drought(0.0, t, r, now[2], factor),
    ]
    spread, buildup = _spread(FINE_FUEL, today[0], u), _buildup(0.0, today[1], today[2])
    for row, code in enumerate((*today, spread, buildup, _intensity(0.0, spread, buildup))):
        codes[row] = code
    if np.isfinite(sum(code.sum() for code in today)):
        return today
    missing = np.isnan(codes[0] + codes[1] + codes[2])
    codes[:, missing] = np.nan
    return [np.where(missing, old, new) for old, new in zip(now, today, strict=True)]
