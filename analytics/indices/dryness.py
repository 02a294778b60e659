"""Dryness and wetness by the day: Keetch–Byram drought index, antecedent precipitation, climatic water balance."""

from __future__ import annotations

import numpy as np

from analytics.grid import Array, Values
from analytics.index import Example, Index, Result, State, Window, of_index, of_place
from telemetry.unknown import Why

SATURATED = 203.2  # [mm], eight inches of water that the soil holds (Keetch and Byram 1968)
#: How far what began wet and what began dry may be apart for the index to be known, whatever it began from. [mm]
SURE = 8.0


def keetch_byram(
    maximum: Values, rain: Values, annual_rain: Values, before: Values, intercepted: Values
) -> tuple[Values, Values]:
    """Keetch–Byram drought index after a day, and how much of the wet spell's rain the canopy has caught.

    Parameters
    ----------
    maximum : (...) array
        Daily maximum temperature [°C].
    rain : (...) array
        Rain of the day [mm].
    annual_rain : (...) array
        Mean annual rain [mm].
    before : (...) array
        Index of the day before [mm].
    intercepted : (...) array
        What the canopy had caught of the running wet spell, 0 to 5 [mm].

    Returns
    -------
    index : (...) array
        Depth of water that the soil lacks, 0 to 203.2 [mm].
    intercepted : (...) array
        Caught after the day: at most 5 a spell, none after a dry day [mm].

    References
    ----------
    Keetch and Byram (1968), Res. Pap. SE-38, in metric units by Finkele et al. (2006), BMRC Res. Rep. 119, Eq. 1–4,
    whose exponent is −0.00173 R.
    """
    rain = np.asarray(rain, dtype=np.float64)
    caught = np.where(rain == 0.0, 0.0, np.minimum(5.0, intercepted + np.maximum(rain, 0.0)))
    reached = np.maximum(rain - np.maximum(caught - intercepted, 0.0), 0.0)
    drying = (SATURATED - before) * (0.968 * np.exp(0.0875 * np.asarray(maximum) + 1.5552) - 8.30) * 1e-3
    drying = np.maximum(drying / (1.0 + 10.88 * np.exp(-0.00173 * np.asarray(annual_rain))), 0.0)
    return np.clip(before - reached + drying, 0.0, SATURATED), caught + 0.0 * rain


def antecedent_precipitation(rain: Values, before: Values, decay: float = 0.85) -> Values:
    """Antecedent precipitation index after a day.

    Parameters
    ----------
    rain : (...) array
        Rain of the day [mm].
    before : (...) array
        Index of the day before [mm].
    decay : float
        Share that is left after a day, 0.85 to 0.95 [1].

    Returns
    -------
    (...) array
        Antecedent precipitation index [mm].

    References
    ----------
    Kohler and Linsley (1951), Predicting the runoff from storm rainfall, Weather Bureau Res. Pap. 34.
    """
    return decay * np.asarray(before, dtype=np.float64) + rain


def water_surplus(rain: Values, evapotranspiration: Values) -> Values:
    """Climatic water balance of a day.

    Parameters
    ----------
    rain : (...) array
        Rain of the day [mm].
    evapotranspiration : (...) array
        Reference evapotranspiration [mm].

    Returns
    -------
    (...) array
        Rain less reference evapotranspiration [mm].

    References
    ----------
    WMO-No. 134 (2010), Guide to agricultural meteorological practices, ch. 4, climatic water balance.
    """
    return np.asarray(rain, dtype=np.float64) - evapotranspiration


def water_balance(rain: Values, evapotranspiration: Values, capacity: Values, cycles: int = 10) -> tuple[Values, ...]:
    """Climatological water balance of twelve mean months.

    Parameters
    ----------
    rain : (..., 12) array
        Monthly rain, January to December [mm].
    evapotranspiration : (..., 12) array
        Monthly potential evapotranspiration [mm].
    capacity : (...) array
        Water that the soil can give [mm].
    cycles : int
        Years to run until the year's end meets its beginning [1].

    Returns
    -------
    storage : (..., 12) array
        Water in the soil at the month's end [mm].
    actual : (..., 12) array
        Actual evapotranspiration [mm].
    deficit : (..., 12) array
        Potential less actual evapotranspiration [mm].
    surplus : (..., 12) array
        Rain that neither evaporates nor is stored [mm].

    References
    ----------
    Thornthwaite and Mather (1955), The water balance, Publ. in Climatology 8(1): storage falls exponentially with the
    accumulated potential loss.
    """
    gain = np.asarray(rain, dtype=np.float64) - evapotranspiration
    capacity = np.asarray(capacity, dtype=np.float64)
    storage, stored = np.empty(gain.shape), capacity + 0.0 * gain[..., 0]
    before = np.empty(gain.shape)
    for month in list(range(12)) * cycles:
        before[..., month] = stored
        wetter = np.minimum(stored + gain[..., month], capacity)
        drier = stored * np.exp(np.minimum(gain[..., month], 0.0) / capacity)
        stored = storage[..., month] = np.where(gain[..., month] >= 0.0, wetter, drier)
    drawn = before - storage
    actual = np.where(gain >= 0.0, evapotranspiration, rain + drawn)
    return storage, actual, evapotranspiration - actual, np.where(gain >= 0.0, gain + drawn, 0.0)


def _kbdi(window: Window) -> Result:
    state = window.state(KBDI)
    now, caught, share, dry = (np.asarray(column, np.float64) for column in state.T)
    given, fresh = window.places.property("kbdi_start"), window.fresh(KBDI)
    now, dry = (np.where(fresh & np.isfinite(given), given, one) for one in (now, dry))
    maximum, rain = window.index("air_temperature_maximum"), window.index("precipitation_sum")
    annual = window.places.property("annual_precipitation")
    value, states = np.full(window.shape, np.nan), np.full((*window.shape, 4), np.nan)
    for day in range(window.lead, window.grid.days):
        after, held = keetch_byram(maximum[:, day], rain[:, day], annual, now, caught)
        # the same weather from the driest soil there is: nobody knows the soil of a first day
        same = np.array_equal(now, dry)
        most = after if same else keetch_byram(maximum[:, day], rain[:, day], annual, dry, caught)[0]
        present = np.isfinite(after)
        value[:, day] = np.where(most - after <= SURE, after, np.nan)
        now, caught = np.where(present, after, now), np.where(present, held, caught)
        dry = now if same else np.where(present, most, dry)
        share = share + (present - share) / 30.0
        states[:, day] = np.stack((now, caught, share, dry), axis=-1)
    return Result(value, np.nan_to_num(states[:, :, 2]), state=states)


def _antecedent(window: Window) -> Result:
    rain, state = window.index("precipitation_sum"), window.state(ANTECEDENT)
    now: Values = state[:, 0]
    share: Values = state[:, 1]
    value, states = np.full(window.shape, np.nan), np.full((*window.shape, 2), np.nan)
    for day in range(window.lead, window.grid.days):
        after = antecedent_precipitation(rain[:, day], now)
        present = np.isfinite(after)
        value[:, day] = after
        # a day without a measurement is taken as dry for the memory's sake, and lowers the completeness
        now = np.where(present, after, antecedent_precipitation(0.0, now))
        share = share + (present - share) / 7.0
        states[:, day] = np.stack((now, share), axis=-1)
    return Result(value, np.nan_to_num(states[:, :, 1]), state=states)


def _surplus(window: Window) -> Result:
    value = water_surplus(window.index("precipitation_sum"), window.index("reference_evapotranspiration"))
    both = ("precipitation_sum", "reference_evapotranspiration")
    return Result(value, _least([window.values[name].completeness for name in both]))


def _least(shares: list[Array]) -> Array:
    return np.asarray(np.minimum.reduce(shares))


KBDI = Index(
    name="keetch_byram_drought_index", unit="mm",
    needs=(of_index("air_temperature_maximum"), of_index("precipitation_sum"), of_place("annual_precipitation"),
           of_place("kbdi_start", "none before a wet spell of some 200 mm")),
    compute=_kbdi, kernel=keetch_byram,
    source="Keetch and Byram (1968); Finkele et al. (2006), BMRC Res. Rep. 119, Eq. 1–4",
    equation="dQ = (203.2 − Q)(0.968 exp(0.0875 Tmax + 1.5552) − 8.30)/(1 + 10.88 exp(−0.00173 R)) · 10⁻³ − P",
    example=Example({"maximum": 30.0, "rain": 0.0, "annual_rain": 1.0, "before": 0.0, "intercepted": 0.0},
                    203.2 * (0.968 * np.exp(4.1802) - 8.3) * 1e-3 / (1 + 10.88 * np.exp(-0.00173)), 1e-9, "by hand",
                    part=0),
    completeness=0.6,
    state=(State("index", "mm", 0.0), State("intercepted", "mm", 0.0), State("completeness", "1", 1.0),
           State("driest", "mm", SATURATED)),
    unknown=Why.RECORD,
    note="Begins twice, from saturated and from wholly dry soil, and is given once both say the same to 8 mm: after a "
    "wet spell of some 200 mm (Keetch and Byram's own beginning), or at once from the place's kbdi_start [mm]. Needs "
    "the place's property annual_precipitation [mm].",
)  # fmt: skip
ANTECEDENT = Index(
    name="antecedent_precipitation_index", unit="mm", needs=(of_index("precipitation_sum"),), compute=_antecedent,
    kernel=antecedent_precipitation,
    source="Kohler and Linsley (1951), Weather Bureau Res. Pap. 34", equation="API = 0.85 API₋₁ + P",
    example=Example({"rain": 10.0, "before": 20.0}, 27.0, 1e-12, "by hand"), completeness=0.6,
    state=(State("index", "mm", 0.0), State("completeness", "1", 0.0)),
    note="The decay 0.85 is not calibrated for Lạng Sơn.",
)  # fmt: skip

INDICES: tuple[Index, ...] = (
    KBDI,
    ANTECEDENT,
    Index(
        name="climatic_water_balance", unit="mm",
        needs=(of_index("precipitation_sum"), of_index("reference_evapotranspiration")), compute=_surplus,
        kernel=water_surplus,
        source="WMO-No. 134 (2010), ch. 4", equation="P − ET0",
        example=Example({"rain": 10.0, "evapotranspiration": 4.0}, 6.0, 1e-12, "by hand"),
    ),
)  # fmt: skip
