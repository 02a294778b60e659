"""Weather for disease where its crop stands: when to look at rice for blast, when to protect potato and tomato."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from analytics.grid import Values
from analytics.index import Example, Index, Result, State, Window, of_index, whole
from analytics.indices.crop_stage import days_since_sowing, season_of
from telemetry.quantities import Aggregate

Flags = NDArray[np.bool_]

RICE = ("rice_spring", "rice_summer")
BLIGHTED = ("potato", "tomato")
#: Stages in which rice takes blast: development (tillering) and mid-season (to heading); 4 to 5 it ripens.
SUSCEPTIBLE = (2.0, 4.0)
#: Months of potato and tomato in the province, of a place where nobody entered what is sown.
COOL_MONTHS = (10, 11, 12, 1, 2, 3)
#: Lesions show within so many days of an infection.
LESIONS = 7.0
#: Severity from which on a crop is to be protected, days that a spray lasts, severity of a week that needs none.
FIRST_SPRAY, SPRAY_DAYS, NO_SPRAY = 18.0, 7.0, 3.0
#: Severity of a week from which on a crop that was sprayed once is to be sprayed again.
AGAIN = 5.0


def days_to_look(infection: Values, since: Values) -> tuple[Values, Values]:
    """Whether lesions of an infection may be showing, and the days since the last one.

    Parameters
    ----------
    infection : (...) array
        1 where a day favoured infection, else 0 [1].
    since : (...) array
        Days since the last infection, at the end of the day before [d].

    Returns
    -------
    looking : (...) array
        1 on the day of an infection and the seven after it, else 0; NaN where neither is known [1].
    since : (...) array
        Days since the last infection, at the end of this day [d].

    References
    ----------
    Koshimizu (1988), BLASTAM: symptoms come 7 to 10 days after.
    """
    infection = np.asarray(infection, dtype=np.float64)
    after = np.where(infection > 0.0, 0.0, np.asarray(since) + 1.0)
    beyond = np.where(np.isnan(infection), np.nan, 0.0)
    return np.where(after <= LESIONS, 1.0, beyond), after


def blight_pressure(severity: Values, before: Values, sprayed: Values, week: Values) -> tuple[Values, Values]:
    """Severity gathered for late blight, and since when the crop has been told to be protected.

    Parameters
    ----------
    severity : (...) array
        Severity value of the day, 0 to 4 [1].
    before : (...) array
        Severity gathered at the end of the day before [1].
    sprayed : (...) array
        Days since the crop was to be protected, the day itself 1; 0 while it was not yet, below 0 the days since the
        weather allowed to stop [d].
    week : (...) array
        Severity of the last seven days, this one included [1].

    Returns
    -------
    gathered : (...) array
        Severity gathered; it begins anew once a spray has lasted seven days and the last seven had less than 3, and is
        18 again once, seven days later or more, seven days have 5 [1].
    sprayed : (...) array
        As given, at the end of this day [d].

    References
    ----------
    Krause, Massie and Hyre (1975), BLITECAST, Plant Dis. Rep. 59, 95–98: first spray at 18 severity values, then
    every seven days while a week has 5, none where it has less than 3.
    """
    severity, before = np.asarray(severity, dtype=np.float64), np.asarray(before, dtype=np.float64)
    sprayed, week = np.asarray(sprayed, dtype=np.float64), np.asarray(week, dtype=np.float64)
    over = (sprayed >= SPRAY_DAYS) & (week < NO_SPRAY)
    again = (sprayed <= -SPRAY_DAYS) & (week >= AGAIN)
    gathered = np.where(over, 0.0, before) + severity + 0.0 * (before + sprayed + week)
    going, resting = (sprayed > 0.0) & ~over, (sprayed < 0.0) & ~again
    gathered = np.where(again, np.maximum(gathered, FIRST_SPRAY), gathered)
    # of a crop that was sprayed once the week alone decides
    gathered = np.where(resting, np.minimum(gathered, FIRST_SPRAY - 1.0), gathered)
    begun = np.where(gathered >= FIRST_SPRAY, 1.0, 0.0 * gathered)
    waiting = np.where(over, -1.0, np.where(resting, sprayed - 1.0, begun))
    return gathered, np.where(going, sprayed + 1.0, waiting)


def _stands(window: Window, crops: tuple[str, ...]) -> tuple[Flags, Flags]:
    """(rows, days) whether a crop of these stands in the field, and whether the row and day are of its season.

    A season that nobody ended ends with its last stage. Days after the end are of it, and the crop does not stand.
    """
    season, dates = season_of(window), window.grid.dates
    mine = np.isin(np.array(season.crop), crops)[:, None]
    with np.errstate(invalid="ignore"):
        begun = dates[None, :] >= season.sown[:, None]
        ripe = window.index("crop_stage") >= 5.0
    return np.isfinite(days_since_sowing(window)) & mine & ~ripe, np.asarray(mine & begun)


def _look(index: Callable[[], Index], window: Window, open_to: Flags, spoken: Flags) -> Result:
    """Follow infections where the crop is open to them; 0 elsewhere, no value where nothing is spoken of."""
    infection = np.where(open_to, window.index("rice_blast_infection"), 0.0)
    since = window.state(index())[:, 0]
    value, states = np.full(window.shape, np.nan), np.full((*window.shape, 1), np.nan)
    for day in range(window.lead, window.grid.days):
        value[:, day], since = days_to_look(infection[:, day], since)
        states[:, day, 0] = since
    value = np.where(spoken, np.where(open_to, value, 0.0 * np.nan_to_num(value)), np.nan)
    return Result(value, whole(value), state=states)


def _look_unsown(window: Window) -> Result:
    everywhere = np.ones(window.shape, np.bool_)
    return _look(lambda: LOOK, window, everywhere, everywhere)


def _look_season(window: Window) -> Result:
    stands, spoken = _stands(window, RICE)
    stage = window.index("crop_stage")
    open_to = stands & (stage >= SUSCEPTIBLE[0]) & (stage < SUSCEPTIBLE[1])
    return _look(lambda: LOOK_SEASON, window, open_to, spoken & (np.isfinite(stage) | ~stands))


def _pressure(index: Callable[[], Index], window: Window, stands: Flags, spoken: Flags) -> Result:
    """Gather severity where the crop stands; 0 elsewhere, no value where nothing is spoken of."""
    severity = window.index("late_blight_severity")
    now = window.state(index())
    value, states = np.full(window.shape, np.nan), np.full((*window.shape, len(index().state)), np.nan)
    for day in range(window.lead, window.grid.days):
        now = np.where(stands[:, day, None], now, 0.0)
        today = np.where(stands[:, day], severity[:, day], 0.0)
        counted = np.nan_to_num(today)
        week = now[:, 2:].sum(axis=1) + counted
        gathered, sprayed = blight_pressure(counted, now[:, 0], now[:, 1], week)
        value[:, day] = np.where(np.isnan(today), np.nan, gathered)
        now = np.column_stack((gathered, sprayed, now[:, 3:], counted))
        states[:, day] = now
    value = np.where(spoken, value, np.nan)
    return Result(value, whole(value), state=states)


def _pressure_unsown(window: Window) -> Result:
    months = window.grid.dates.astype("datetime64[M]").astype(np.int64) % 12 + 1
    cool = np.broadcast_to(np.isin(months, COOL_MONTHS), window.shape)
    return _pressure(lambda: PRESSURE, window, cool, np.isfinite(window.index("late_blight_severity")))


def _pressure_season(window: Window) -> Result:
    return _pressure(lambda: PRESSURE_SEASON, window, *_stands(window, BLIGHTED))


def _looking(name: str, season: bool, note: str) -> Index:
    needs = (of_index("rice_blast_infection"), *((of_index("crop_stage", required=False),) if season else ()))
    return Index(
        name=name, unit="1", needs=needs, compute=_look_season if season else _look_unsown, kernel=days_to_look,
        source="Koshimizu (1988), BLASTAM: symptoms 7 to 10 days after an infection",
        equation="1 on the day of a favourable wet period and the seven after it",
        example=Example({"infection": [1.0, 0.0, 0.0], "since": [30.0, 6.0, 7.0]}, [1.0, 1.0, 0.0], 0.0, "by hand",
                        part=0),
        completeness=0.0, aggregate=Aggregate.SUM, season=season, state=(State("since", "d", 99.0),),
        bounded=frozenset({"infection", "since"}), note=note,
    )  # fmt: skip


def _gathered(name: str, season: bool, note: str) -> Index:
    needs = (of_index("late_blight_severity"), *((of_index("crop_stage", required=False),) if season else ()))
    return Index(
        name=name, unit="1", needs=needs, compute=_pressure_season if season else _pressure_unsown,
        kernel=blight_pressure, source="Krause, Massie and Hyre (1975), BLITECAST, Plant Dis. Rep. 59, 95–98",
        equation="Σ severity to 18, anew after 7 days sprayed and a week below 3; 18 again at a week of 5",
        example=Example({"severity": [3.0, 1.0, 2.0], "before": [15.0, 20.0, 30.0], "sprayed": [0.0, 7.0, 7.0],
                         "week": [9.0, 2.0, 4.0]}, [18.0, 1.0, 32.0], 0.0, "by hand", part=0),
        completeness=0.0, aggregate=Aggregate.LAST, season=season,
        state=(State("gathered", "1", 0.0), State("sprayed", "d", 0.0), *(State(f"day_{day}", "1", 0.0)
               for day in range(6, 0, -1))),
        note=note,
    )  # fmt: skip


LOOK = _looking("rice_blast_watch", False, "Of a place of which no season is known; infections of all the year.")
LOOK_SEASON = _looking(
    "rice_blast_watch_season", True,
    "Of rice from the end of its initial stage to heading (stages 2 to 4); 0 before, after and once it is harvested.",
)  # fmt: skip
PRESSURE = _gathered(
    "late_blight_pressure", False, "October to March, of a place of which no season is known; 0 in other months."
)
PRESSURE_SEASON = _gathered(
    "late_blight_pressure_season", True,
    "Of potato and tomato from planting (emergence is not recorded) to the end of the season or of its last stage. A "
    "day without severity adds nothing.",
)  # fmt: skip

INDICES: tuple[Index, ...] = (LOOK, LOOK_SEASON, PRESSURE, PRESSURE_SEASON)
