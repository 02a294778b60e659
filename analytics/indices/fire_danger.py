"""Forest fire danger: the Canadian codes at a station's noon, and Vietnam's index P by provincial tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from analytics.grid import Array, Values
from analytics.index import Example, Index, Result, State, Window, of_index, of_place, series
from analytics.indices import fire_weather as fwi
from analytics.indices.hours import at_hour, complete_sum, from_hour
from analytics.indices.psychrometrics import vapour_pressure_deficit
from telemetry.unknown import Why

NOON = 12
#: Memory of each code [d]: time lags of fine fuel, duff and deep layers (Van Wagner 1987, table 1).
_MEMORY = {"fine_fuel_moisture_code": 1.5, "duff_moisture_code": 12.0, "drought_code": 52.0}

#: From so dry a ground the drought code may have begun, for all that is known of a first day; how far it may be from
#: what began wet to be given; and the share of a buildup index by which these two may differ [1].
DRIEST, SURE, BUILDUP_SURE = 800.0, 20.0, 0.1


def _months(window: Window) -> Values:
    return np.asarray(window.grid.dates.astype("datetime64[M]").astype(np.int64) % 12 + 1)


def noon_rain(window: Window) -> tuple[Array, Array]:
    """(places, days) rain of the 24 hours to noon [mm], and its completeness."""
    hours = from_hour(window.hourly("precipitation").total, NOON, window.grid.days)
    return complete_sum(hours, 0.9)


def _wind_at_10_m(window: Window) -> Array:
    """(places, days) noon wind at 10 m [km/h] by the logarithmic profile of FAO-56, Eq. 47, taken both ways."""
    height = window.places.wind_height
    height = np.where(np.isfinite(height), height, 2.0)[:, None]
    profile = np.log(67.8 * 10.0 - 5.42) / np.log(67.8 * height - 5.42)
    return np.asarray(at_hour(window, "wind_speed", NOON) * profile * 3.6)


def recur(window: Window, index: Index, step: Callable[[int, Array], Array], memory: float) -> Result:
    """Carry one code from day to day; a day without a value leaves it as it was and lowers the completeness.

    The state is (code, completeness). An index that begins is as complete as its start value may be trusted: not at
    all; it becomes confident as days come in.
    """
    state = window.state(index)
    now, share = state[:, 0], state[:, 1]
    value = np.full(window.shape, np.nan)
    states = np.full((*window.shape, 2), np.nan)
    for day in range(window.lead, window.grid.days):
        after = step(day, now)
        present = np.isfinite(after)
        value[:, day] = after
        now = np.where(present, after, now)
        share = share + (present - share) / memory
        states[:, day, 0], states[:, day, 1] = now, share
    return Result(value, np.nan_to_num(states[:, :, 1]), state=states)


def _fine_fuel(window: Window) -> Result:
    t, rh = at_hour(window, "air_temperature", NOON), at_hour(window, "relative_humidity", NOON)
    u, r = _wind_at_10_m(window), noon_rain(window)[0]

    def step(day: int, before: Array) -> Array:
        return np.asarray(fwi.fine_fuel_moisture_code(t[:, day], rh[:, day], u[:, day], r[:, day], before))

    return recur(window, FINE_FUEL, step, _MEMORY["fine_fuel_moisture_code"])


def _duff(window: Window) -> Result:
    t, rh = at_hour(window, "air_temperature", NOON), at_hour(window, "relative_humidity", NOON)
    r, length = noon_rain(window)[0], fwi.day_length(window.places.latitude[:, None], _months(window)[None, :])

    def step(day: int, before: Array) -> Array:
        return np.asarray(fwi.duff_moisture_code(t[:, day], rh[:, day], r[:, day], before, length[:, day]))

    return recur(window, DUFF, step, _MEMORY["duff_moisture_code"])


def _drought_codes(window: Window) -> tuple[Result, Array]:
    """The code from wet ground on, and (places, days) the same from the driest on."""
    t, r = at_hour(window, "air_temperature", NOON), noon_rain(window)[0]
    factor = fwi.day_factor(window.places.latitude[:, None], _months(window)[None, :])

    code, share, driest = (np.asarray(column, np.float64) for column in window.state(DROUGHT).T)
    low, high = np.full(window.shape, np.nan), np.full(window.shape, np.nan)
    states = np.full((*window.shape, 3), np.nan)
    for day in range(window.lead, window.grid.days):
        weather, same = (t[:, day], r[:, day]), np.array_equal(code, driest)
        low[:, day] = after = fwi.drought_code(*weather, code, factor[:, day])
        # the same weather from the driest ground there is: nobody knows the ground of a first day
        high[:, day] = most = after if same else fwi.drought_code(*weather, driest, factor[:, day])
        present = np.isfinite(after)
        code = np.where(present, after, code)
        driest = code if same else np.where(present, most, driest)
        share = share + (present - share) / _MEMORY["drought_code"]
        states[:, day] = np.stack((code, share, driest), axis=-1)
    return Result(low, np.nan_to_num(states[:, :, 1]), state=states), high


def _drought(window: Window) -> Result:
    found, high = window.once("drought codes", _drought_codes)
    return replace(found, value=np.where(high - found.value <= SURE, found.value, np.nan))


def _least(window: Window, *names: str) -> Array:
    return np.asarray(np.minimum.reduce([window.values[name].completeness for name in names]))


def _spread(window: Window) -> Result:
    value = fwi.initial_spread_index(window.index("fine_fuel_moisture_code"), _wind_at_10_m(window))
    return Result(value, _least(window, "fine_fuel_moisture_code"))


def _buildup(window: Window) -> Result:
    found, high = window.once("drought codes", _drought_codes)
    duff = window.index("duff_moisture_code")
    value = fwi.buildup_index(duff, found.value)
    # where the duff is damp, the depth below it bears on the fuel but little
    same = np.array_equal(high, found.value, equal_nan=True)
    if not same:
        value = np.where(fwi.buildup_index(duff, high) - value <= BUILDUP_SURE * value + 1.0, value, np.nan)
    return Result(value, _least(window, "duff_moisture_code", "drought_code"))


def _fire_weather(window: Window) -> Result:
    value = fwi.fire_weather_index(window.index("initial_spread_index"), window.index("buildup_index"))
    return Result(value, _least(window, "initial_spread_index", "buildup_index"))


@dataclass(frozen=True, slots=True)
class FireTable:
    """A province's table: what resets P, month by month, and where each level ends."""

    name: str
    #: Daily rain that sets P back to 0, January to December [mm]; NaN where the decision gives none.
    reset: tuple[float, ...]
    #: Upper limits of levels I to IV; above the last is V.
    limits: tuple[float, float, float, float]
    source: str


_NAN = float("nan")
#: The only province whose decision was read. Lạng Sơn's own was not found: give ``fire_rain_reset`` and
#: ``fire_limit_1`` … ``fire_limit_4`` as properties of the place once it is.
THUA_THIEN_HUE = FireTable(
    "Thừa Thiên Huế, zone 1",
    (_NAN, _NAN, 5.0, 7.0, 7.0, 10.0, 10.0, 10.0, 5.0, _NAN, _NAN, _NAN),
    (5_000.0, 10_000.0, 15_000.0, 20_000.0),
    "QĐ 33/2022/QĐ-UBND of Thừa Thiên Huế",
)


def nesterov_p(temperature: Values, deficit: Values, rain: Values, reset: Values, before: Values) -> Values:
    """Vietnam's fire index P after a day.

    Parameters
    ----------
    temperature : (...) array
        Air temperature at 13 h [°C].
    deficit : (...) array
        Saturation deficit at 13 h [hPa].
    rain : (...) array
        Rain of the day [mm].
    reset : (...) array
        Daily rain from which on P starts anew, of the province's table [mm].
    before : (...) array
        P of the day before [1].

    Returns
    -------
    (...) array
        P, from 0 [1].

    References
    ----------
    Nesterov (1949), as modified by Phạm Ngọc Hưng: P = K Σ t13 · d13, K = 0 on a day of rain from a on, else 1.
    """
    grown = before + np.maximum(temperature, 0.0) * deficit
    return np.where(np.isnan(rain + reset), np.nan, np.where(rain >= reset, 0.0 * grown, grown))


def fire_level(p: Values, limits: Values) -> Values:
    """Level of fire danger of an index P.

    Parameters
    ----------
    p : (...) array
        Index P [1].
    limits : (..., 4) array
        Upper limits of levels I to IV, of the province's table [1].

    Returns
    -------
    (...) array
        Level, 1 to 5 [1].

    References
    ----------
    TT 25/2019/TT-BNNPTNT: provinces issue their tables; e.g. QĐ 33/2022/QĐ-UBND of Thừa Thiên Huế.
    """
    p = np.asarray(p, dtype=np.float64)
    level = 1.0 + (p[..., None] > np.asarray(limits)).sum(axis=-1)
    return np.where(np.isnan(p), np.nan, level)


def _reset(window: Window) -> Array:
    """(places, days) rain that resets P: the place's own, else by the table's months, else its least."""
    own = window.places.property("fire_rain_reset")[:, None]
    table = np.array(THUA_THIEN_HUE.reset)
    months = np.where(np.isnan(table), np.nanmin(table), table)[_months(window) - 1]
    return np.where(np.isnan(own), months[None, :], own)


def _p(window: Window) -> Result:
    t, rh = at_hour(window, "air_temperature", 13), at_hour(window, "relative_humidity", 13)
    deficit = vapour_pressure_deficit(t, rh) * 10.0
    rain, reset = window.index("precipitation_sum"), _reset(window)

    def step(day: int, before: Array) -> Array:
        return np.asarray(nesterov_p(t[:, day], deficit[:, day], rain[:, day], reset[:, day], before))

    return recur(window, P, step, 10.0)


def _level(window: Window) -> Result:
    own = [window.places.property(f"fire_limit_{level}") for level in (1, 2, 3, 4)]
    limits: Array = np.stack(
        [np.where(np.isnan(given), table, given) for given, table in zip(own, THUA_THIEN_HUE.limits, strict=True)],
        axis=-1,
    )
    value = fire_level(window.index("fire_danger_p"), limits[:, None, :])
    # one number of another province makes the level that of another province's table
    given = np.isfinite(np.stack([*own, window.places.property("fire_rain_reset")])).all(axis=0)
    method = np.broadcast_to(np.where(given, 1, 0)[:, None], window.shape).astype(np.uint8)
    return Result(value, window.values["fire_danger_p"].completeness, method)


_NOON = (
    series("air_temperature"),
    series("relative_humidity"),
    series("wind_speed"),
    series("precipitation", before=1),
)
_TABLE = "table of Thừa Thiên Huế"
_SOURCE = "Van Wagner and Pickett (1985), For. Tech. Rep. 33"
_FIRST = "first day of the test table (13 April)"
_DAY = {"temperature": 17.0, "humidity": 42.0, "wind": 25.0, "rain": 0.0}
_NOTE = "Weather of the local hour from 12 h; wind brought to 10 m. {start} A day without weather leaves it as it was."


def _state(initial: float) -> tuple[State, ...]:
    return (State("code", "1", initial), State("completeness", "1", 0.0))


FINE_FUEL = Index(
    name="fine_fuel_moisture_code", unit="1", needs=_NOON, compute=_fine_fuel, kernel=fwi.fine_fuel_moisture_code,
    source=f"{_SOURCE}, Eq. 1–10", equation="wetting by rain above 0.5 mm, then drying to the air's equilibrium",
    example=Example({**_DAY, "before": 85.0}, 87.7, 0.06, _FIRST), completeness=0.5, state=_state(85.0),
    note=_NOTE.format(start="Starts from 85."),
)  # fmt: skip
DUFF = Index(
    name="duff_moisture_code", unit="1", needs=(*_NOON[:2], _NOON[3], of_place("latitude")), compute=_duff,
    kernel=fwi.duff_moisture_code,
    source=f"{_SOURCE}, Eq. 11–17; day lengths Lawson and Armitage (2008), table A3.1",
    equation="P = P₀ (after rain above 1.5 mm) + 100 K, K = 1.894 (T + 1.1)(100 − H) Le · 10⁻⁶",
    example=Example({"temperature": 17.0, "humidity": 42.0, "rain": 0.0, "before": 6.0, "length": 12.8}, 8.5, 0.06,
                    _FIRST),
    completeness=0.5, state=_state(6.0), note=_NOTE.format(start="Starts from 6."),
)  # fmt: skip
DROUGHT = Index(
    name="drought_code", unit="1", needs=(_NOON[0], _NOON[3], of_place("latitude")), compute=_drought,
    kernel=fwi.drought_code,
    source=f"{_SOURCE}, Eq. 18–23", equation="D = D₀ (after rain above 2.8 mm) + 0.5 (0.36 (T + 2.8) + Lf)",
    example=Example({"temperature": 17.0, "rain": 0.0, "before": 15.0, "factor": 0.9}, 19.0, 0.06, _FIRST),
    completeness=0.3, unknown=Why.RECORD,
    state=(State("code", "1", 15.0), State("completeness", "1", 1.0), State("driest", "1", DRIEST)),
    note=_NOTE.format(start="Begins twice, from 15 and from 800, and is given once both say the same to 20: after a "
                      "wet spell of some 200 mm."),
)  # fmt: skip
P = Index(
    name="fire_danger_p", unit="1",
    needs=(series("air_temperature"), series("relative_humidity"), of_index("precipitation_sum"),
           of_place("fire_rain_reset", _TABLE)), compute=_p,
    kernel=nesterov_p,
    source="Nesterov (1949), modified by Phạm Ngọc Hưng; rain that resets it by the province's decision",
    equation="P = K Σ t13 · d13, K = 0 on a day of rain ≥ a",
    example=Example({"temperature": 30.0, "deficit": 15.0, "rain": 0.0, "reset": 5.0, "before": 550.0}, 1000.0, 1e-9,
                    "by hand"),
    completeness=0.5, state=_state(0.0),
    note="Provinces differ in what rain resets it; without the place's own the table of Thừa Thiên Huế is taken.",
)  # fmt: skip

INDICES: tuple[Index, ...] = (
    FINE_FUEL,
    DUFF,
    DROUGHT,
    Index(
        name="initial_spread_index", unit="1", needs=(of_index("fine_fuel_moisture_code"), series("wind_speed")),
        compute=_spread, kernel=fwi.initial_spread_index,
        source=f"{_SOURCE}, Eq. 24–26",
        equation="R = 0.208 f(W) f(F)", completeness=0.5,
        example=Example({"fine_fuel": 87.69, "wind": 25.0}, 10.9, 0.06, _FIRST),
    ),
    Index(
        name="buildup_index", unit="1", needs=(of_index("duff_moisture_code"), of_index("drought_code")),
        compute=_buildup, kernel=fwi.buildup_index,
        source=f"{_SOURCE}, Eq. 27", equation="U = 0.8 P D/(P + 0.4 D) where P ≤ 0.4 D", completeness=0.3,
        unknown=Why.RECORD, note="Given where it hardly matters from what drought code the record began (10 %).",
        example=Example({"duff": 8.545, "drought": 19.014}, 8.5, 0.06, _FIRST),
    ),
    Index(
        name="fire_weather_index", unit="1", needs=(of_index("initial_spread_index"), of_index("buildup_index")),
        compute=_fire_weather, kernel=fwi.fire_weather_index,
        source=f"{_SOURCE}, Eq. 28–30",
        equation="B = 0.1 R f(D); S = exp(2.72 (0.434 ln B)^0.647) where B > 1", completeness=0.3,
        unknown=Why.RECORD,
        example=Example({"spread": 10.85, "buildup": 8.49}, 10.1, 0.06, _FIRST),
        note="Classes made for Canada: read it against the place's own history.",
    ),
    P,
    Index(
        name="fire_danger_level", unit="1", compute=_level, kernel=fire_level,
        needs=(of_index("fire_danger_p"), of_place("fire_rain_reset", _TABLE),
               *(of_place(f"fire_limit_{level}", _TABLE) for level in (1, 2, 3, 4))),
        source="TT 25/2019/TT-BNNPTNT; limits: QĐ 33/2022/QĐ-UBND of Thừa Thiên Huế until the place has its own",
        equation="I ≤ 5 000 < II ≤ 10 000 < III ≤ 15 000 < IV ≤ 20 000 < V", completeness=0.5,
        methods=("table:thua-thien-hue", "table:place"),
        example=Example({"p": 10001.0, "limits": (5000, 10000, 15000, 20000)}, 3.0, 0.0, "QĐ 33/2022/QĐ-UBND"),
        note="Not Lạng Sơn's own decision, which was not found.",
    ),
)  # fmt: skip
