"""Canadian forest fire weather: moisture codes of three layers, spread, build-up and the fire weather index."""

from __future__ import annotations

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
    temperature, humidity = np.asarray(temperature, dtype=np.float64), np.minimum(humidity, 100.0)
    moisture = _wetted(coefficient * (101.0 - np.asarray(before)) / (59.5 + before) + 0.0 * humidity, rain)
    warm = 0.18 * (21.1 - temperature) * -np.expm1(-0.115 * humidity)
    warm += np.exp(0.1 * (humidity - 100.0)) * 11.0
    logarithm = np.log(np.maximum(humidity, 1e-300) / 100.0)
    goal = _DRY * np.exp(0.679 * logarithm) + warm
    damp = np.exp(1.7 * logarithm)
    eighth = _eighth_power(humidity / 100.0)
    damper = moisture <= goal
    if np.any(damper):
        goal, damp, eighth = _wetting(damper, goal, damp, eighth, humidity, warm, logarithm, moisture)
    rate = 0.0694 * np.sqrt(np.maximum(wind, 0.0)) * (1.0 - eighth)
    rate += 0.424 * (1.0 - damp)
    rate *= np.exp(0.0365 * temperature)
    rate *= -0.581 * np.log(10.0)
    after = goal + (moisture - goal) * np.exp(rate)
    return np.clip(59.5 * (250.0 - after) / (coefficient + after), 0.0, 101.0)


#: Eq. 4 and 5 with humidity as a share: 0.942 · 100^0.679 and 0.618 · 100^0.753.
_DRY, _WET = 0.942 * 100.0**0.679, 0.618 * 100.0**0.753


def _eighth_power(share: Values) -> Values:
    power = share * share
    power *= power
    power *= power
    return power


def _wetting(
    damper: Values, goal: Values, damp: Values, eighth: Values, humidity: Values, warm: Values, logarithm: Values,
    moisture: Values,
) -> tuple[Values, Values, Values]:  # fmt: skip
    """Equilibrium of wetting (Eq. 5), and its rate's terms (Eq. 7), where fuel is damper than the air dries it to."""
    goal, damp, eighth = np.array(goal), np.array(damp), np.array(eighth)
    air, held = humidity[damper], moisture[damper]
    wet = _WET * np.exp(0.753 * logarithm[damper]) + warm[damper] - np.exp(0.1 * (air - 100.0))
    goal[damper] = np.where(held < wet, wet, held)
    dryness = (100.0 - air) / 100.0
    damp[damper], eighth[damper] = dryness**1.7, _eighth_power(dryness)
    return goal, damp, eighth


def _wetted(moisture: Values, rain: Values) -> Values:
    """Moisture of fine fuel after rain, Eq. 2 and 3."""
    effective = np.asarray(rain, dtype=np.float64) - 0.5
    moisture = np.array(moisture + 0.0 * effective)
    wet = effective > 0.0
    if np.any(wet):
        held, depth = moisture[wet], effective[wet]
        gain = 42.5 * depth * np.exp(-100.0 / (251.0 - held)) * -np.expm1(-6.93 / depth)
        gain += 0.0015 * np.maximum(held - 150.0, 0.0) ** 2 * np.sqrt(depth)
        moisture[wet] = np.minimum(held + gain, 250.0)
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
    rain = np.asarray(rain, dtype=np.float64)
    humidity = np.minimum(humidity, 100.0)
    dried = 1.894 * (np.maximum(temperature, -1.1) + 1.1) * (100.0 - humidity) * length * 1e-4
    code = np.array(np.asarray(before, dtype=np.float64) + 0.0 * rain)
    wet = rain > 1.5
    if np.any(wet):
        held, effective = code[wet], 0.92 * rain[wet] - 1.27
        # 280 exp(−0.023 P) as the program of 1985 has it; Eq. 12 prints exp(5.6348 − P/43.43), but the table needs this
        moisture = 20.0 + 280.0 * np.exp(-0.023 * held)
        moisture += 1000.0 * effective / (48.77 + _duff_slope(held) * effective)
        code[wet] = np.maximum(244.72 - 43.43 * np.log(moisture - 20.0), 0.0)
    return code + dried


def _duff_slope(code: Values) -> Values:
    """Slope of rain's effect on duff, Eq. 13a–c."""
    logarithm = np.log(np.maximum(code, 1.0))
    deep = np.where(code <= 65.0, 14.0 - 1.3 * logarithm, 6.2 * logarithm - 17.2)
    return np.where(code <= 33.0, 100.0 / (0.5 + 0.3 * code), deep)


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
    rain = np.asarray(rain, dtype=np.float64)
    code = np.array(np.asarray(before, dtype=np.float64) + 0.0 * rain)
    drying = np.maximum(0.36 * (np.maximum(temperature, -2.8) + 2.8) + factor, 0.0)
    wet = rain > 2.8
    if np.any(wet):
        held, gain = code[wet], 3.937 * (0.83 * rain[wet] - 1.27)
        code[wet] = np.maximum(held - 400.0 * np.log1p(gain / (800.0 * np.exp(-held / 400.0))), 0.0)
    return code + 0.5 * drying


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
    moisture = coefficient * (101.0 - np.asarray(fine_fuel)) / (59.5 + fine_fuel)
    squared = moisture * moisture
    dryness = 0.208 * 91.9 * np.exp(0.05039 * wind - 0.1386 * moisture)
    return dryness * (1.0 + squared * squared * moisture * np.exp(0.31 * np.log(np.maximum(moisture, 1e-300))) / 4.93e7)


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
    duff, deep = np.asarray(duff, dtype=np.float64), 0.4 * np.asarray(drought)
    both = np.maximum(duff + deep, 1e-12)
    built = np.array(2.0 * duff * deep / both)
    shallow = duff > deep
    if np.any(shallow):
        code, below, total = (np.broadcast_to(a, built.shape)[shallow] for a in (duff, deep, both))
        built[shallow] = code - (1.0 - 2.0 * below / total) * (0.92 + (0.0114 * code) ** 1.7)
    return np.maximum(built, 0.0)


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
    buildup = np.asarray(buildup, dtype=np.float64)
    duff = np.array(0.626 * np.exp(0.809 * np.log(np.maximum(buildup, 1e-300))) + 2.0)
    thick = buildup > 80.0
    if np.any(thick):
        duff[thick] = 1000.0 / (25.0 + 108.64 * np.exp(-0.023 * buildup[thick]))
    raw = np.array(0.1 * spread * duff)
    strong = raw > 1.0
    if np.any(strong):
        logarithm = np.log(0.434 * np.log(raw[strong]))
        raw[strong] = np.exp(2.72 * np.exp(0.647 * logarithm))
    return raw


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
    weather = np.broadcast_arrays(*(np.asarray(a, dtype=np.float64) for a in (temperature, humidity, wind, rain)))
    shape = weather[0].shape
    # a day's values of all places lie side by side while they are worked on
    by_day = [np.ascontiguousarray(np.moveaxis(a, -1, 0)) for a in weather]
    length, factor = (np.moveaxis(np.broadcast_to(a, shape), -1, 0) for a in (length, factor))
    codes = np.empty((6, shape[-1], *shape[:-1]))
    now = [np.broadcast_to(np.asarray(code, dtype=np.float64), shape[:-1]) for code in (fine_fuel, duff, drought)]
    for day in range(shape[-1]):
        now = _day(codes[:, day], [a[day] for a in by_day], length[day], factor[day], now)
    return np.moveaxis(codes, 1, -1)


def _day(codes: Values, weather: list[Values], length: Values, factor: Values, now: list[Values]) -> list[Values]:
    """Write a day's six codes and return the three that are carried."""
    t, rh, u, r = weather
    today = [
        fine_fuel_moisture_code(t, rh, u, r, now[0]),
        duff_moisture_code(t, rh, r, now[1], length),
        drought_code(t, r, now[2], factor),
    ]
    for row, code in enumerate(today):
        codes[row] = code
    codes[3] = initial_spread_index(codes[0], u)
    codes[4] = buildup_index(codes[1], codes[2])
    codes[5] = fire_weather_index(codes[3], codes[4])
    missing = np.isnan(codes[0] + codes[1] + codes[2])
    if not missing.any():
        return today
    codes[:, missing] = np.nan
    return [np.where(missing, old, new) for old, new in zip(now, today, strict=True)]
