"""Winter chill of fruit trees: chill hours, Utah units and the Dynamic model's portions, since 1 November."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from analytics.grid import Array, Values
from analytics.index import Example, Index, Result, State, Window, of_index, series
from telemetry.quantities import Aggregate

#: The winter is counted from 1 November: the month before the first cold of northern Vietnam.
WINTER_MONTH = 11

# Dynamic model (Fishman, Erez and Couvillon 1987): E0, E1 [K], A0, A1 [h-1], slope [1], transition [K]
_E0, _E1, _A0, _A1, _SLOPE, _FREEZE = 4153.5, 12888.8, 139_500.0, 2.567e18, 1.6, 277.0


def chill_hours(temperature: Values) -> Values:
    """Whether an hour counts as chill.

    Parameters
    ----------
    temperature : (...) array
        Mean temperature of the hour [°C].

    Returns
    -------
    (...) array
        1 above 0 and up to 7.2 °C, else 0 [h].

    References
    ----------
    Weinberger (1950), Chilling requirements of peach varieties, Proc. Amer. Soc. Hort. Sci. 56, 122–128, bounded below
    at freezing as in chillR.
    """
    temperature = np.asarray(temperature, dtype=np.float64)
    cold = ((temperature > 0.0) & (temperature <= 7.2)).astype(np.float64)
    return np.where(np.isnan(temperature), np.nan, cold)


def utah_units(temperature: Values) -> Values:
    """Chill units of an hour by the Utah model.

    Parameters
    ----------
    temperature : (...) array
        Mean temperature of the hour [°C].

    Returns
    -------
    (...) array
        Chill units, −1 to 1 [h].

    References
    ----------
    Richardson, Seeley and Walker (1974), A model for estimating the completion of rest for 'Redhaven' and 'Elberta'
    peach trees, HortScience 9, 331–332.
    """
    temperature = np.asarray(temperature, dtype=np.float64)
    band = np.searchsorted([1.4, 2.4, 9.1, 12.4, 15.9, 18.0], temperature, side="left")
    units = np.array([0.0, 0.5, 1.0, 0.5, 0.0, -0.5, -1.0])[band]
    return np.where(np.isnan(temperature), np.nan, units)


def chill_portions(temperature: Values, intermediate: Values = 0.0, kelvin: float = 273.0) -> tuple[Values, Values]:
    """Chill portions of consecutive hours by the Dynamic model.

    Parameters
    ----------
    temperature : (..., hours) array
        Mean temperature of the hours; an hour without one changes nothing [°C].
    intermediate : (...) array
        Intermediate product before the first hour [1].
    kelvin : float
        What makes °C into K: 273 as in chillR and the authors' sheets, 273.15 as in xclim [K].

    Returns
    -------
    portions : (..., hours) array
        Portions fixed in each hour, NaN in an hour without a temperature [1].
    intermediate : (..., hours) array
        Intermediate product after each hour [1].

    References
    ----------
    Fishman, Erez and Couvillon (1987), The temperature dependence of dormancy breaking in plants, J. Theor. Biol. 124,
    473–483 and 126, 309–321; constants as in Luedeling and Brown (2011), Int. J. Biometeorol. 55, 411–421.
    """
    absolute = np.asarray(temperature, dtype=np.float64) + kelvin
    ratio = np.exp(_SLOPE * _FREEZE * (absolute - _FREEZE) / absolute)
    fixed, level = ratio / (1.0 + ratio), (_A0 / _A1) * np.exp((_E1 - _E0) / absolute)
    kept = np.exp(-_A1 * np.exp(-_E1 / absolute))
    portions, products = np.empty(absolute.shape), np.empty(absolute.shape)
    now = np.asarray(intermediate, dtype=np.float64) + np.zeros(absolute.shape[:-1])
    for hour in range(absolute.shape[-1]):
        new = level[..., hour] - (level[..., hour] - now) * kept[..., hour]
        full = new >= 1.0
        portions[..., hour] = np.where(full, new * fixed[..., hour], np.where(np.isnan(new), np.nan, 0.0))
        now = np.where(np.isnan(new), now, np.where(full, new * (1.0 - fixed[..., hour]), new))
        products[..., hour] = now
    return portions, products


def winter_sum(amount: Values, first: Values, before: Values) -> Values:
    """Running sum of a winter.

    Parameters
    ----------
    amount : (..., days) array
        What each day adds; a day without it adds nothing and has no sum [unit of the amount].
    first : (days) array
        True on 1 November, on which the sum starts anew [1].
    before : (...) array
        Sum before the first day [unit of the amount].

    Returns
    -------
    (..., days) array
        Sum since 1 November [unit of the amount].

    References
    ----------
    Own bookkeeping; the start by Luedeling and Brown (2011), Int. J. Biometeorol. 55, 411–421, for the north.
    """
    amount = np.asarray(amount, dtype=np.float64)
    sums, now = np.empty(amount.shape), np.asarray(before, dtype=np.float64) + np.zeros(amount.shape[:-1])
    for day in range(amount.shape[-1]):
        now = np.where(first[day], 0.0, now) + np.nan_to_num(amount[..., day])
        sums[..., day] = np.where(np.isnan(amount[..., day]), np.nan, now)
    return sums


def _hours(window: Window) -> Array:
    return window.hourly("air_temperature").mean


def _day_total(window: Window, hours: Array) -> Result:
    """Mean of the measured hours × the hours of the day, so that a lost hour is made up for by the others."""
    by_day = window.hourly_grid().by_day(hours)
    present = np.isfinite(by_day)
    count = present.sum(axis=2)
    mean = np.where(present, by_day, 0.0).sum(axis=2) / np.where(count > 0, count, np.nan)
    return Result(mean * window.grid.day_hours, window.summary("air_temperature").completeness)


def _chill_hours(window: Window) -> Result:
    return _day_total(window, chill_hours(_hours(window)))


def _utah(window: Window) -> Result:
    return _day_total(window, utah_units(_hours(window)))


def _portions(window: Window) -> Result:
    grid = window.hourly_grid()
    begin = int(grid.edges[:, window.lead].min())
    hours = _hours(window)
    portions, products = np.full(hours.shape, np.nan), np.full(hours.shape, np.nan)
    portions[:, begin:], products[:, begin:] = chill_portions(hours[:, begin:], window.state(PORTIONS)[:, 0])
    present = np.isfinite(grid.by_day(portions))
    total = np.where(present.any(axis=2), np.nansum(grid.by_day(portions), axis=2), np.nan)
    states = grid.day_ends(products)[:, :, None]
    states[:, : window.lead] = np.nan
    return Result(total, window.summary("air_temperature").completeness, state=states)


def _winter(name: str) -> Callable[[Window], Result]:
    def compute(window: Window) -> Result:
        row = WINTERS[name]
        dates, lead = window.grid.dates, window.lead
        first = (dates.astype("datetime64[M]").astype(np.int64) % 12 == WINTER_MONTH - 1) & (
            dates == dates.astype("datetime64[M]").astype("datetime64[D]")
        )
        state, daily = window.state(row), window.index(name)
        sums, known = np.full(window.shape, np.nan), np.isfinite(daily).astype(np.float64)
        sums[:, lead:] = winter_sum(daily[:, lead:], first[lead:], state[:, 0])
        states = np.full((*window.shape, 3), np.nan)
        states[:, lead:, 0] = winter_sum(np.nan_to_num(daily[:, lead:]), first[lead:], state[:, 0])
        states[:, lead:, 1] = winter_sum(known[:, lead:], first[lead:], state[:, 1])
        states[:, lead:, 2] = winter_sum(np.ones_like(known[:, lead:]), first[lead:], state[:, 2])
        share = states[:, :, 1] / np.where(states[:, :, 2] > 0, states[:, :, 2], np.nan)
        return Result(sums, np.nan_to_num(share), state=states)

    return compute


def _winter_row(name: str, unit: str) -> Index:
    return Index(
        name=f"{name}_winter", unit=unit, needs=(of_index(name),), compute=_winter(name), kernel=winter_sum,
        source="Luedeling and Brown (2011), Int. J. Biometeorol. 55, 411–421",
        equation="sum of the days since 1 November",
        example=Example({"amount": [1.0, 2.0, 4.0], "first": [False, True, False], "before": 5}, 6.0, 1e-12,
                        "by hand", position=2),
        aggregate=Aggregate.LAST,
        state=(State("sum", unit, 0.0), State("known", "d", 0.0), State("days", "d", 0.0)),
        note="Starts at the first day computed where the record begins after 1 November.",
    )  # fmt: skip


_NEEDS = (series("air_temperature"),)
PORTIONS = Index(
    name="chill_portions", unit="1", needs=_NEEDS, compute=_portions, kernel=chill_portions,
    source="Fishman, Erez and Couvillon (1987), J. Theor. Biol. 124, 473–483 and 126, 309–321",
    equation="x = xs − (xs − x₀) exp(−k1); a portion ξ x is fixed when x ≥ 1",
    example=Example({"temperature": [6.0] * 960}, 33.227056639 / 40, 1.0, "chillR 0.77: 33.227 portions in 40 days,"
                    " in whole portions of one hour", part=0, position=28),
    aggregate=Aggregate.SUM, state=(State("intermediate", "1", 0.0),),
)  # fmt: skip
_DAILY: tuple[Index, ...] = (
    Index(
        name="chill_hours", unit="h", needs=_NEEDS, compute=_chill_hours, kernel=chill_hours,
        source="Weinberger (1950), Proc. Amer. Soc. Hort. Sci. 56, 122–128", equation="hours of 0 < T ≤ 7.2 °C",
        example=Example({"temperature": 6.0}, 1.0, 0.0, "chillR 0.77"), aggregate=Aggregate.SUM,
    ),
    Index(
        name="utah_chill_units", unit="h", needs=_NEEDS, compute=_utah, kernel=utah_units,
        source="Richardson, Seeley and Walker (1974), HortScience 9, 331–332",
        equation="0, ½, 1, ½, 0, −½, −1 between 1.4, 2.4, 9.1, 12.4, 15.9, 18 °C",
        example=Example({"temperature": 16.0}, -0.5, 0.0, "xclim 0.62, test_chill_units"), aggregate=Aggregate.SUM,
        note="Turns negative in warm winters; portions are the better measure in Lạng Sơn.",
    ),
    PORTIONS,
)  # fmt: skip
WINTERS = {
    name: _winter_row(name, unit)
    for name, unit in (("chill_hours", "h"), ("utah_chill_units", "h"), ("chill_portions", "1"))
}

INDICES: tuple[Index, ...] = (*_DAILY, *WINTERS.values())
