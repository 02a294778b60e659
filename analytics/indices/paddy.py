"""Water of a flooded rice field: its level over or under the soil, when and how much to irrigate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.grid import Array, Values
from analytics.index import Example, Index, Result, State, Window, of_crop, of_index, series
from analytics.indices.crop_stage import days_since_sowing, season_of
from analytics.indices.crop_water import poured
from analytics.indices.irrigation_need import ANSWER
from telemetry.quantities import Aggregate
from telemetry.unknown import Why

_IRRI = "IRRI Rice Knowledge Bank, water management and safe alternate wetting and drying"
#: Where nobody said more. [mm]: over the bund water runs off; at each flooding it is brought to five centimetres.
BUND, FULL = 100.0, 50.0
#: [mm d-1], of puddled clay 2 to 6.
PERCOLATION = 3.0
#: [1], what a loam lets go between saturation (0.45) and field capacity (0.25): so much its water table falls faster.
POROSITY = 0.20
#: Days from sowing in the nursery to the flooding of the field; 0 where rice is sown into the field. [d]
NURSERY = 20.0
#: Level at which a field under alternate wetting and drying is flooded again. [mm]
SAFE = -150.0
#: It is not let dry for so long after transplanting, and before and after flowering. [d]
TAKING_ROOT, IN_FLOWER = 14.0, 7.0
#: From flowering to harvest, and from the draining of the field to harvest. [d]
RIPENING, DRAINED = 30.0, 10.0
#: Deeper than a field tube reaches nothing is said. [mm]
DEEPEST = -300.0
#: What a field tube can show; a reading beyond it is of another water. [mm]
TUBE = 500.0
CONTINUOUS, ALTERNATE = 1.0, 2.0


def stored(level: Values, porosity: Values) -> Values:
    """Water that a field holds over that at which its soil is just saturated.

    Parameters
    ----------
    level : (...) array
        Level of the water, over the soil above 0, under it below [mm].
    porosity : (...) array
        Drainable porosity of the soil [1].

    Returns
    -------
    (...) array
        Depth of water [mm].

    References
    ----------
    Definition of drainable porosity: a water table falls by more than the depth of water that leaves it.
    """
    level = np.asarray(level, dtype=np.float64)
    return np.where(level > 0.0, level, level * porosity) + 0.0 * np.asarray(porosity)


def water_level(
    before: Values, rain: Values, irrigation: Values, evapotranspiration: Values, percolation: Values,
    bund: Values, porosity: Values, deepest: float = DEEPEST,
) -> tuple[Values, Values, Values]:  # fmt: skip
    """Level of a flooded field's water after a day, and where its water went.

    Parameters
    ----------
    before : (...) array
        Level at the end of the day before, over the soil above 0, under it below [mm].
    rain : (...) array
        Rain of the day [mm].
    irrigation : (...) array
        Irrigation of the day [mm].
    evapotranspiration : (...) array
        Crop evapotranspiration of the day [mm].
    percolation : (...) array
        Seepage and percolation of the day [mm].
    bund : (...) array
        Height over which water runs off [mm].
    porosity : (...) array
        Drainable porosity of the soil under the surface [1].
    deepest : float
        Level below which nothing more is reckoned [mm].

    Returns
    -------
    level : (...) array
        Level at the end of the day [mm].
    spill : (...) array
        What ran over the bund [mm].
    lost : (...) array
        What evaporated and percolated: all that was wanted while the level is above the deepest [mm].

    References
    ----------
    Water balance of a bunded field: h + P + I − ETc − percolation − spill; the parts after Bouman, Lampayan and Tuong
    (2007), Water management in irrigated rice, IRRI, ch. 1.
    """
    held = stored(before, porosity) + rain + irrigation
    left = held - evapotranspiration - percolation
    spill = np.maximum(left - bund, 0.0)
    after = np.maximum(left - spill, np.minimum(stored(deepest, porosity), held))
    return np.where(after > 0.0, after, after / np.asarray(porosity)), spill, held - spill - after


def water_margin(level: Values, threshold: Values, porosity: Values) -> Values:
    """Water that a field holds over that at which it is to be irrigated.

    Parameters
    ----------
    level : (...) array
        Level of its water [mm].
    threshold : (...) array
        Level at which it is to be irrigated [mm].
    porosity : (...) array
        Drainable porosity of the soil [1].

    Returns
    -------
    (...) array
        Depth of water, 0 or less: it is time [mm].

    References
    ----------
    IRRI Rice Knowledge Bank: flooded again when the water in the tube has fallen to 15 cm under the soil.
    """
    return stored(level, porosity) - stored(threshold, porosity)


def reflooding(level: Values, threshold: Values, full: Values, porosity: Values) -> Values:
    """Net irrigation that a flooded field wants.

    Parameters
    ----------
    level : (...) array
        Level of its water [mm].
    threshold : (...) array
        Level at which it is to be irrigated [mm].
    full : (...) array
        Level to which it is flooded [mm].
    porosity : (...) array
        Drainable porosity of the soil [1].

    Returns
    -------
    (...) array
        Depth that floods it, 0 until it is time [mm].

    References
    ----------
    IRRI Rice Knowledge Bank: flooded again to a depth of about 5 cm.
    """
    wanted = np.maximum(water_margin(full, level, porosity), 0.0)
    return np.where(water_margin(level, threshold, porosity) <= 0.0, wanted, 0.0 * (wanted + threshold))


def days_left(margin: Values, daily_use: Values) -> Values:
    """Days until a flooded field is to be irrigated, should no rain come.

    Parameters
    ----------
    margin : (...) array
        Water over that at which it is to be irrigated [mm].
    daily_use : (...) array
        Mean crop evapotranspiration of the past days, with percolation [mm d-1].

    Returns
    -------
    (...) array
        Days left: 0 is today; at most 60 [d].

    References
    ----------
    The field's water balance without rain, spill and irrigation.
    """
    return np.minimum(np.floor(np.maximum(margin, 0.0) / np.maximum(daily_use, 0.1)), 60.0)


@dataclass(frozen=True, slots=True)
class Field:
    """Fields of a window's seasons, (rows, 1) each."""

    bund: Array
    percolation: Array
    porosity: Array
    #: Level to which it is flooded [mm].
    full: Array
    #: Day after sowing on which it is flooded for transplanting, at the latest [d].
    start: Array
    flowering: Array
    #: First day after sowing on which it is drained for harvest; NaN: never [d].
    drained: Array
    alternate: NDArray[np.bool_]

    @classmethod
    def of(cls, window: Window) -> Field:
        """Those of a window of seasons."""
        season = season_of(window)

        def column(name: str, default: float = np.nan) -> Array:
            return season.parameter(name, default)[:, None]

        bund = column("bund_height", BUND)
        planned = np.where(np.isnat(season.ended), np.nan, (season.ended - season.sown).astype(np.float64))[:, None]
        stages = sum(column(f"stage_{part}") for part in ("initial", "development", "middle", "late"))
        harvest = np.where(np.isnan(planned), stages, planned)
        flowering = column("flowering")
        return cls(
            bund, column("percolation", PERCOLATION), column("drainable_porosity", POROSITY), np.minimum(FULL, bund),
            column("transplanting", NURSERY), np.where(np.isnan(flowering), harvest - RIPENING, flowering),
            harvest - DRAINED, column("water_regime", CONTINUOUS) == ALTERNATE,
        )  # fmt: skip

    def threshold(self, days: Array) -> Array:
        """(rows, days) level at which a field is to be irrigated on a day after sowing [mm]."""
        kept = (days < self.start + TAKING_ROOT) | (np.abs(days - self.flowering) <= IN_FLOWER)
        return np.where(self.alternate & ~kept, SAFE, 0.0) + 0.0 * days


def unasked(window: Window) -> NDArray[np.bool_]:
    """(rows, days) on which nobody asks for water: before transplanting, once it is drained, out of the season."""
    field, days = Field.of(window), days_since_sowing(window)
    return np.asarray(~(days >= field.start) | (days > field.drained))


def tube(window: Window) -> Array:
    """(rows, days) level that a field tube showed last on a day [mm]; NaN where there is none."""
    hours = window.hourly_grid().by_day(window.hourly("water_level").mean)
    seen = np.isfinite(hours)
    last = hours.shape[2] - 1 - np.argmax(seen[:, :, ::-1], axis=2)
    shown = np.take_along_axis(hours, last[:, :, None], axis=2)[:, :, 0]
    level = 1000.0 * (shown - season_of(window).parameter("soil_surface_level", 0.0)[:, None])
    return np.where(np.abs(level) <= TUBE, level, np.nan)


def _level(window: Window) -> Result:
    field, days, measured = Field.of(window), days_since_sowing(window), tube(window)
    use, rain, water = window.index("crop_evapotranspiration"), window.index("precipitation_sum"), poured(window)
    threshold, porosity, state = field.threshold(days), field.porosity[:, 0], window.state(LEVEL)
    now, share, begun, asked = (np.asarray(column, np.float64) for column in state.T)
    initial = season_of(window).parameter("initial_level", np.nan)
    initial = np.where(np.isnan(initial), field.full[:, 0], initial)
    value, states = np.full(window.shape, np.nan), np.full((*window.shape, 4), np.nan)
    for day in range(window.lead, window.grid.days):
        active, by_calendar = np.isfinite(days[:, day]), days[:, day] >= field.start[:, 0]
        starts = (begun == 0.0) & active & (by_calendar | (water[:, day] > 0.0) | (measured[:, day] >= 0.0))
        # who floods it earlier begins with a soil that is just saturated
        now = np.where(starts, np.where(by_calendar, initial, 0.0), now)
        begun = np.where(starts, 1.0, begun)
        # water of an unknown area floods the field: who entered it irrigated
        wanted = np.maximum(field.full[:, 0] - stored(now, porosity), 0.0)
        given = np.where(np.isinf(water[:, day]), wanted, water[:, day])
        after, _, _ = water_level(
            now, rain[:, day], given, use[:, day], field.percolation[:, 0], field.bund[:, 0], porosity
        )
        told = np.isfinite(measured[:, day])
        after = np.where(told, measured[:, day], after)
        present = np.isfinite(after) & active & (begun > 0.0)
        value[:, day], now = np.where(present, after, np.nan), np.where(present, after, now)
        due = (water_margin(after, threshold[:, day], porosity) <= 0.0) & ~(days[:, day] > field.drained[:, 0])
        asked = np.where(present, np.where(due & ~told & ~(water[:, day] > 0.0), asked + 1.0, 0.0), asked)
        share = np.where(active & (begun > 0.0), np.clip(share + (present - share) / 10.0, 0.0, 1.0), share)
        states[:, day] = np.stack((now, share, begun, asked), axis=-1)
    value = np.where(days > field.drained, np.nan, value)
    unsized = np.isnan(season_of(window).parameter("area"))[:, None]
    method = np.where(np.isfinite(measured), 2, np.broadcast_to(unsized, window.shape)).astype(np.uint8)
    return Result(value, np.nan_to_num(states[:, :, 1]), method, states)


def _unanswered(window: Window) -> NDArray[np.bool_]:
    """(rows, days) where nobody has said for days whether the field was irrigated."""
    state = window.values["paddy_water_level"].state
    return np.zeros(window.shape, np.bool_) if state is None else np.asarray(state[:, :, 3] > ANSWER)


def _of_level(window: Window, value: Array) -> Result:
    """What follows from the level, unknown where nobody answers."""
    found, silent = window.values["paddy_water_level"], _unanswered(window)
    known = np.where(silent, np.nan, value)
    return Result(known, found.completeness, found.method, why=silent * np.uint8(Why.UNANSWERED))


def _margin(window: Window) -> Result:
    field = Field.of(window)
    threshold = field.threshold(days_since_sowing(window))
    return _of_level(window, water_margin(window.index("paddy_water_level"), threshold, field.porosity))


def _requirement(window: Window) -> Result:
    field = Field.of(window)
    threshold = field.threshold(days_since_sowing(window))
    return _of_level(window, reflooding(window.index("paddy_water_level"), threshold, field.full, field.porosity))


def _days_left(window: Window) -> Result:
    use = window.index("crop_evapotranspiration", before=4)
    spans = np.lib.stride_tricks.sliding_window_view(use, 5, axis=1)
    known = np.isfinite(spans)
    mean = np.where(known, spans, 0.0).sum(axis=2) / np.where(known.any(axis=2), known.sum(axis=2), np.nan)
    return _of_level(window, days_left(window.index("paddy_water_margin"), mean + Field.of(window).percolation))


_METHODS = ("balance", "balance area:unset, water that is entered floods the field", "measured in the field tube")
_FIELD = (
    of_crop("bund_height", "100 mm"), of_crop("percolation", "3 mm a day"), of_crop("drainable_porosity", "0.20"),
    of_crop("water_regime", "1, flooded throughout"), of_crop("transplanting", "20 d after sowing"),
)  # fmt: skip
_NOTE = (
    "Begins on the day of transplanting, with 5 cm where nothing else is said, or earlier with the first water that is "
    "entered or seen in the tube; ends 10 d before harvest. A field tube's water_level is read from the soil surface. "
    "Under alternate wetting and drying (water_regime 2) the field dries to 15 cm under the soil, but not in the two "
    "weeks after transplanting nor a week before and after flowering, taken as 30 d before harvest."
)
LEVEL = Index(
    name="paddy_water_level", unit="mm", flooded=True,
    needs=(of_index("crop_evapotranspiration"), of_index("precipitation_sum"), series("water_volume", required=False),
           series("water_level", required=False), *_FIELD,
           of_crop("area", "water that is entered floods the field"),
           *(of_crop(name, required=False) for name in ("initial_level", "soil_surface_level", "flowering"))),
    compute=_level, kernel=water_level,
    source="Bouman, Lampayan and Tuong (2007), Water management in irrigated rice, IRRI; " + _IRRI,
    equation="h = h₋₁ + P + I − ETc − percolation − spill, h ≤ bund",
    example=Example({"before": 50.0, "rain": 0.0, "irrigation": 0.0, "evapotranspiration": 5.0, "percolation": 3.0,
                     "bund": 100.0, "porosity": 0.2}, 42.0, 1e-12, "by hand: 50 mm last six days", part=0),
    completeness=0.5, methods=_METHODS, aggregate=Aggregate.LAST, season=True,
    state=(State("level", "mm", 0.0), State("completeness", "1", 0.5), State("begun", "1", 0.0),
           State("days_asked", "d", 0.0)),
    note=_NOTE,
)  # fmt: skip

INDICES: tuple[Index, ...] = (
    LEVEL,
    Index(
        name="paddy_water_margin", unit="mm", flooded=True, needs=(of_index("paddy_water_level"),), compute=_margin,
        kernel=water_margin, source=_IRRI, equation="h − h at which to irrigate, as depths of water",
        example=Example({"level": 42.0, "threshold": -150.0, "porosity": 0.2}, 72.0, 1e-12, "by hand"),
        completeness=0.5, methods=_METHODS, aggregate=Aggregate.LAST, season=True,
        note="Not known once irrigation has been due for a week and nobody entered any: rain that fills the field "
        "or water that is entered tells again. " + _NOTE,
    ),
    Index(
        name="paddy_irrigation_requirement", unit="mm", flooded=True, needs=(of_index("paddy_water_level"),),
        compute=_requirement, kernel=reflooding, source=_IRRI, equation="5 cm − h where it is time, else 0",
        example=Example({"level": -150.0, "threshold": -150.0, "full": 50.0, "porosity": 0.2}, 80.0, 1e-12, "by hand"),
        completeness=0.5, methods=_METHODS, aggregate=Aggregate.LAST, season=True,
        note="Net: losses of the canal come on top. " + _NOTE,
    ),
    Index(
        name="paddy_days_to_irrigation", unit="d", flooded=True,
        needs=(of_index("paddy_water_margin"), of_index("crop_evapotranspiration", before=4)), compute=_days_left,
        kernel=days_left, source="The field's water balance without rain",
        equation="⌊margin/(mean ETc of 5 days + percolation)⌋",
        example=Example({"margin": 42.0, "daily_use": 8.0}, 5.0, 1e-12, "by hand"),
        completeness=0.5, methods=_METHODS, aggregate=Aggregate.LAST, season=True, note=_NOTE,
    ),
)  # fmt: skip
