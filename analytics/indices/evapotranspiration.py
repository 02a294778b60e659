"""Reference evapotranspiration by the day: FAO-56 Penman–Monteith with its fall-backs, ASCE short and tall."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics import solar
from analytics.grid import Values
from analytics.index import Example, Index, Result, Window, of_index, of_place, series
from analytics.indices.psychrometrics import air_pressure, psychrometric_constant, saturation_vapour_pressure
from telemetry.quantities import Aggregate

STEFAN_BOLTZMANN = 4.903e-9  # [MJ K-4 m-2 d-1], FAO-56, Eq. 39
ALBEDO = 0.23  # of the reference grass, FAO-56, Eq. 38
#: So far beyond saturation two instruments may disagree in fog; a dew point beyond it is of a sensor that is wrong [1].
MOIST = 1.05
#: Values worked on at a time, so that a block's temporaries stay in the processor's cache.
_BLOCK = 16_384


def wind_at_2_m(speed: Values, height: Values) -> Values:
    """Wind speed at 2 m above grass from another height.

    Parameters
    ----------
    speed : (...) array
        Wind speed [m s-1].
    height : (...) array
        Height of the anemometer above ground [m].

    Returns
    -------
    (...) array
        Wind speed at 2 m [m s-1].

    References
    ----------
    Allen et al. (1998), FAO-56, Eq. 47.
    """
    height = np.asarray(height, dtype=np.float64)
    # at 2 m the factor is 1.0005 by rounding of the source's constants: what is measured there is not touched
    return speed * np.where(height == 2.0, 1.0, 4.87 / np.log(67.8 * height - 5.42))


def net_longwave(minimum: Values, maximum: Values, vapour_pressure: Values, relative_radiation: Values) -> Values:
    """Net outgoing longwave radiation of a day.

    Parameters
    ----------
    minimum : (...) array
        Daily minimum temperature [°C].
    maximum : (...) array
        Daily maximum temperature [°C].
    vapour_pressure : (...) array
        Actual vapour pressure [kPa].
    relative_radiation : (...) array
        Rs/Rso; kept within 0.3 and 1 as ASCE-EWRI (2005), Eq. 18 does, FAO-56 bounding it above only [1].

    Returns
    -------
    (...) array
        Net outgoing longwave radiation [MJ m-2 d-1].

    References
    ----------
    Allen et al. (1998), FAO-56, Eq. 39.
    """
    warmth, cold = np.asarray(maximum) + 273.16, np.asarray(minimum) + 273.16
    warmth = (warmth * warmth) * (warmth * warmth) + (cold * cold) * (cold * cold)
    cloud = 1.35 * np.clip(relative_radiation, 0.3, 1.0) - 0.35
    with np.errstate(invalid="ignore"):  # a vapour pressure below 0 is none
        return (STEFAN_BOLTZMANN / 2.0) * warmth * (0.34 - 0.14 * np.sqrt(vapour_pressure)) * cloud


def _saturation(temperature: Values) -> Values:
    """FAO-56 Eq. 11 on a block, as 0.6108 e^17.27 · exp(−17.27 · 237.3/(T + 237.3)): fewer passes."""
    work = temperature + 237.3
    np.divide(-17.27 * 237.3, work, out=work)
    np.exp(work, out=work)
    work *= 0.6108 * np.exp(17.27)
    return work


def _longwave(low: Values, high: Values, vapour: Values, relative: Values) -> Values:
    """`net_longwave` on a block, in place; ``relative`` is used up."""
    np.maximum(relative, 0.3, out=relative)
    np.minimum(relative, 1.0, out=relative)
    relative *= 1.35 * STEFAN_BOLTZMANN / 2.0
    relative -= 0.35 * STEFAN_BOLTZMANN / 2.0
    with np.errstate(invalid="ignore"):  # a vapour pressure below 0 is none
        damp = np.sqrt(vapour)
    damp *= -0.14
    damp += 0.34
    relative *= damp
    warmth = np.add(high, 273.16, out=damp)
    warmth *= warmth
    warmth *= warmth
    cold = low + 273.16
    cold *= cold
    cold *= cold
    warmth += cold
    relative *= warmth
    return relative


def _combination(
    minimum: Values, maximum: Values, saturation: Values, vapour: Values, radiation: Values, extraterrestrial: Values,
    wind: Values, psychrometric: Values, clear: Values, numerator: float, denominator: float,
) -> Values:  # fmt: skip
    """FAO-56 Eq. 6 on a block; ``saturation`` is es [kPa], used up; ``clear`` is the clear sky's share of Ra."""
    mean = minimum + maximum
    mean *= 0.5
    slope = _saturation(mean)
    slope *= 4098.0
    over = mean + 237.3
    over *= over
    slope /= over
    relative = np.multiply(clear, extraterrestrial, out=over)
    # in the polar night there is no clear sky to compare with: taken as overcast
    np.divide(radiation, relative, out=relative, where=relative != 0.0)
    net = (0.408 * (1.0 - ALBEDO)) * radiation
    loss = _longwave(minimum, maximum, vapour, relative)
    loss *= 0.408
    net -= loss
    net *= slope
    saturation -= vapour
    saturation *= wind
    saturation *= psychrometric
    saturation *= numerator
    mean += 273.0
    saturation /= mean
    net += saturation
    weight = np.multiply(wind, denominator, out=mean)
    weight += 1.0
    weight *= psychrometric
    weight += slope
    net /= weight
    return net


def _blockwise(function: Callable[..., None], arrays: Sequence[Any], outputs: Sequence[Any]) -> tuple[Any, ...]:
    """Call ``function(*blocks, *output blocks)`` over broadcast arrays, a cache-sized block at a time."""
    flags = [["readonly"]] * len(arrays) + [["writeonly", "allocate"]] * len(outputs)
    dtypes = [np.float64] * len(arrays) + list(outputs)
    settings: Any = {"flags": ["external_loop", "buffered", "zerosize_ok"], "op_flags": flags, "op_dtypes": dtypes}
    operands = [*arrays, *[None] * len(outputs)]
    with np.nditer(operands, order="C", casting="same_kind", buffersize=_BLOCK, **settings) as blocks:
        for block in blocks:
            function(*block)
        return tuple(blocks.operands[len(arrays) :])


def reference_evapotranspiration(
    minimum: Values, maximum: Values, vapour_pressure: Values, radiation: Values, wind: Values,
    extraterrestrial: Values, elevation: Values, numerator: float = 900.0, denominator: float = 0.34,
) -> Values:  # fmt: skip
    """Evapotranspiration of the reference grass in a day.

    Parameters
    ----------
    minimum : (...) array
        Daily minimum temperature [°C].
    maximum : (...) array
        Daily maximum temperature [°C].
    vapour_pressure : (...) array
        Actual vapour pressure; beyond 1.05 of saturation, what no air holds, there is no value [kPa].
    radiation : (...) array
        Global radiation [MJ m-2 d-1].
    wind : (...) array
        Wind speed at 2 m [m s-1].
    extraterrestrial : (...) array
        Extraterrestrial radiation [MJ m-2 d-1].
    elevation : (...) array
        Height above the sea [m].
    numerator : float
        900 for short grass, 1600 for tall alfalfa [K mm s3 Mg-1 d-1].
    denominator : float
        0.34 for short grass, 0.38 for tall alfalfa [s m-1].

    Returns
    -------
    (...) array
        Reference evapotranspiration [mm d-1]; a little below 0 where dew outweighs it.

    References
    ----------
    Allen et al. (1998), FAO-56, Eq. 6, with Eq. 7, 8, 11–13, 37–40; ASCE-EWRI (2005), Eq. 1 and table 1.
    """
    elevation = np.asarray(elevation, dtype=np.float64)
    psychrometric = psychrometric_constant(air_pressure(elevation))

    def body(*block: Values) -> None:
        low, high, vapour, sunlight, breeze, beyond, gamma, clear, out = block
        saturation = _saturation(low)
        saturation += _saturation(high)
        saturation *= 0.5
        impossible = vapour > MOIST * saturation
        out[...] = _combination(
            low, high, saturation, vapour, sunlight, beyond, breeze, gamma, clear, numerator, denominator
        )
        if impossible.any():
            out[impossible] = np.nan

    arrays = (minimum, maximum, vapour_pressure, radiation, wind, extraterrestrial, psychrometric)
    return _blockwise(body, (*arrays, 0.75 + 2e-5 * elevation), (np.float64,))[0][()]


_HUMIDITY = ("extremes", "mean", "dew-point", "night-minimum")
_RADIATION = ("measured", "sunshine", "temperature-range")
_WIND = ("measured", "assumed-2m/s")
#: Methods of daily values, the first being complete measurements; code = humidity × 6 + radiation × 2 + wind.
METHODS: tuple[str, ...] = tuple(
    f"humidity:{humidity} radiation:{radiation} wind:{wind}"
    for humidity, radiation, wind in product(_HUMIDITY, _RADIATION, _WIND)
)


def evapotranspiration_with_fallbacks(
    minimum: Values, maximum: Values, humidity_maximum: Values, humidity_minimum: Values, humidity_mean: Values,
    dew_point: Values, radiation: Values, sunshine: Values, wind: Values, extraterrestrial: Values, daylight: Values,
    elevation: Values, numerator: float = 900.0, denominator: float = 0.34,
) -> tuple[Values, NDArray[np.uint8]]:  # fmt: skip
    """Reference evapotranspiration from what was measured, and how what was not was made up for.

    Parameters
    ----------
    minimum : (...) array
        Daily minimum temperature; without it there is no value [°C].
    maximum : (...) array
        Daily maximum temperature; without it, or below the minimum, there is no value [°C].
    humidity_maximum : (...) array
        Daily maximum relative humidity, NaN where missing [%].
    humidity_minimum : (...) array
        Daily minimum relative humidity, NaN where missing [%].
    humidity_mean : (...) array
        Daily mean relative humidity, taken where an extreme is missing [%].
    dew_point : (...) array
        Daily mean dew point, taken where humidity is missing; else the dew point is the minimum temperature [°C].
    radiation : (...) array
        Global radiation, NaN where missing [MJ m-2 d-1].
    sunshine : (...) array
        Duration of sunshine, taken where radiation is missing; else the temperature range [h].
    wind : (...) array
        Wind speed at 2 m; where missing 2 m/s, the mean of over 2,000 stations [m s-1].
    extraterrestrial : (...) array
        Extraterrestrial radiation [MJ m-2 d-1].
    daylight : (...) array
        Longest possible sunshine [h].
    elevation : (...) array
        Height above the sea [m].
    numerator : float
        900 for short grass, 1600 for tall alfalfa [K mm s3 Mg-1 d-1].
    denominator : float
        0.34 for short grass, 0.38 for tall alfalfa [s m-1].

    Returns
    -------
    value : (...) array
        Reference evapotranspiration [mm d-1].
    method : (...) uint8 array
        Code into `METHODS` [1].

    References
    ----------
    Allen et al. (1998), FAO-56, Eq. 6; ch. 3: Eq. 14, 17, 19, 35, 48, 50; missing wind p. 63.
    """
    elevation = np.asarray(elevation, dtype=np.float64)
    gamma, clear = psychrometric_constant(air_pressure(elevation)), 0.75 + 2e-5 * elevation

    def body(*block: Values) -> None:
        low, high, damp, dry, moist, dew, measured, shone, breeze, beyond, lit, psychro, sky, out, code = block
        at_low, at_high = _saturation(low), _saturation(high)
        vapour, humid = _vapour(at_low, at_high, damp, dry, moist, dew)
        sunlight, sunny = _sunlight(low, high, measured, shone, beyond, lit, sky)
        calm = np.isnan(breeze)
        if calm.any():
            breeze = breeze.copy()
            breeze[calm] = 2.0
        np.add(humid, sunny, out=code, casting="unsafe")
        code += calm
        at_low += at_high
        at_low *= 0.5
        out[...] = _combination(
            low, high, at_low, vapour, sunlight, beyond, breeze, psychro, sky, numerator, denominator
        )
        impossible = low > high
        if impossible.any():
            out[impossible] = np.nan

    arrays = (
        minimum, maximum, humidity_maximum, humidity_minimum, humidity_mean, dew_point, radiation, sunshine, wind,
        extraterrestrial, daylight, gamma, clear,
    )  # fmt: skip
    value, method = _blockwise(body, arrays, (np.float64, np.uint8))
    return value[()], method[()]


def _vapour(
    at_low: Values, at_high: Values, damp: Values, dry: Values, moist: Values, dew: Values
) -> tuple[Values, Any]:
    """Actual vapour pressure of a block and six times the code of its source: FAO-56 Eq. 17, 19, 14, 48."""
    vapour = at_low * damp
    vapour += at_high * dry
    vapour *= 0.005
    missing = np.flatnonzero(np.isnan(vapour))
    if not missing.size:
        return vapour, np.uint8(0)
    code = np.zeros(vapour.shape, dtype=np.uint8)
    for number in (1, 2, 3):
        if number == 1:
            vapour[missing] = 0.005 * moist[missing] * (at_low[missing] + at_high[missing])
        elif number == 2:
            vapour[missing] = _possible(saturation_vapour_pressure(dew[missing]), at_low[missing], at_high[missing])
        else:
            vapour[missing] = at_low[missing]
        code[missing] = 6 * number
        missing = missing[np.isnan(vapour[missing])]
    return vapour, code


def _possible(vapour: Values, at_low: Values, at_high: Values) -> Values:
    """Vapour that the air of the day can hold; NaN of a dew point that stands above the air beyond `MOIST`."""
    saturation = 0.5 * (at_low + at_high)
    return np.where(vapour > MOIST * saturation, np.nan, np.minimum(vapour, saturation))


def _sunlight(
    low: Values, high: Values, measured: Values, shone: Values, beyond: Values, lit: Values, sky: Values
) -> tuple[Values, Any]:
    """Global radiation of a block and twice the code of its source: measured, FAO-56 Eq. 35, Eq. 50."""
    missing = np.flatnonzero(np.isnan(measured))
    if not missing.size:
        return measured, np.uint8(0)
    radiation, code = measured.copy(), np.zeros(measured.shape, dtype=np.uint8)
    sunny, day, ceiling = shone[missing], lit[missing], beyond[missing]
    share = np.divide(sunny, day, out=0.0 * sunny, where=day > 0.0)
    radiation[missing], code[missing] = (0.25 + 0.50 * np.minimum(share, 1.0)) * ceiling, 2
    missing = missing[np.isnan(radiation[missing])]
    spread = 0.16 * np.sqrt(np.maximum(high[missing] - low[missing], 0.0))
    radiation[missing], code[missing] = np.minimum(spread, sky[missing]) * beyond[missing], 4
    return radiation, code


def _astronomy(window: Window) -> tuple[Values, Values]:
    """(places, days) extraterrestrial radiation and daylight, computed once for each day of the year."""
    days, back = np.unique(solar.day_of_year(window.grid.dates), return_inverse=True)
    latitude = window.places.latitude[:, None]
    beyond = solar.extraterrestrial_radiation(latitude, days[None, :])
    lit = solar.daylight_hours(latitude, days[None, :])
    return np.take(beyond, back, axis=1), np.take(lit, back, axis=1)


def _computed(numerator: float, denominator: float) -> Callable[[Window], Result]:
    def compute(window: Window) -> Result:
        height = window.places.wind_height
        height = np.where(np.isfinite(height), height, 2.0)[:, None]
        minimum, maximum = window.index("air_temperature_minimum"), window.index("air_temperature_maximum")
        dew = window.summary("dew_point")
        value, method = evapotranspiration_with_fallbacks(
            minimum, maximum,
            window.index("relative_humidity_maximum"), window.index("relative_humidity_minimum"),
            window.index("relative_humidity_mean"), np.where(dew.completeness >= 0.8, dew.mean, np.nan),
            window.index("radiation_sum"), window.index("sunshine_sum") / 60.0,
            wind_at_2_m(window.index("wind_speed_mean"), height),
            *_astronomy(window), window.places.elevation[:, None], numerator, denominator,
        )  # fmt: skip
        completeness = window.values["air_temperature_minimum"].completeness
        return Result(np.maximum(value, 0.0), completeness, method)

    return compute


_NEEDS = (
    of_index("air_temperature_minimum"),
    of_index("air_temperature_maximum"),
    of_index("relative_humidity_maximum", required=False),
    of_index("relative_humidity_minimum", required=False),
    of_index("relative_humidity_mean", required=False),
    series("dew_point", required=False),
    of_index("radiation_sum", required=False),
    of_index("sunshine_sum", required=False),
    of_index("wind_speed_mean", required=False),
    of_place("latitude"),
    of_place("elevation"),
)
_EQUATION = "ET0 = (0.408 Δ (Rn − G) + γ {cn}/(T + 273) u2 (es − ea)) / (Δ + γ (1 + {cd} u2)), G = 0"
_NOTE = "Daily values below 0 are given as 0. Without an elevation or a latitude there is no value."
_UCCLE = {
    "minimum": 12.3, "maximum": 21.5, "vapour_pressure": 1.409, "radiation": 22.07, "wind": 2.078,
    "extraterrestrial": 41.09, "elevation": 100.0,
}  # fmt: skip


def _row(name: str, source: str, cn: float, cd: float, example: Example, note: str) -> Index:
    return Index(
        name=name,
        unit="mm",
        needs=_NEEDS,
        compute=_computed(cn, cd),
        kernel=reference_evapotranspiration,
        source=source,
        equation=_EQUATION.format(cn=cn, cd=cd),
        example=example,
        completeness=0.85,
        methods=METHODS,
        aggregate=Aggregate.SUM,
        note=note,
    )


INDICES: tuple[Index, ...] = (
    _row(
        "reference_evapotranspiration",
        "Allen et al. (1998), FAO-56, Eq. 6 (for a day the same as ASCE-EWRI 2005, short reference)", 900.0, 0.34,
        Example(_UCCLE, 3.9, 0.06, "FAO-56, Example 18 (Uccle, 6 July)"), _NOTE,
    ),
    _row(
        "reference_evapotranspiration_tall", "ASCE-EWRI (2005), Eq. 1 and table 1, tall reference",
        1600.0, 0.38, Example({**_UCCLE, "numerator": 1600.0, "denominator": 0.38}, 4.8, 0.5, "bounded by the short"
                              " reference (3.9) and its usual ratio 1.05 to 1.4"), _NOTE,
    ),
)  # fmt: skip
