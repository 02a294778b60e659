"""The heat sum of a crop from a list of harvest days and the temperatures that were measured there."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from analytics import heat_fit
from analytics.heat_fit import Fit, Grown, TooLittle
from analytics.run.questions.preview import daily_values
from store import rule_setting
from store import season as seasons
from store.csv_list import Row, read_list
from store.pool import Connection

#: Columns of a list of harvests; ``variety`` may be left out.
NEEDED = ("place", "crop", "sown", "harvested")
COLUMNS = (*NEEDED, "variety")


class NotFitted(ValueError):  # noqa: N818 — says what it is
    """A list that cannot be read, or of which nothing can be fitted; says why."""


class Harvest(NamedTuple):
    """A row of the list."""

    place: str
    crop: str
    variety: str
    sown: date
    harvested: date


class Fitted(NamedTuple):
    """What came of a crop, or of one of its varieties."""

    crop: str
    variety: str
    #: None where it could not be fitted, for the reason given.
    fit: Fit | None
    reason: str
    #: Seasons that could not be used, and why.
    left_aside: tuple[str, ...]

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        found = None if self.fit is None else asdict(self.fit)
        return self._asdict() | {"fit": found, "left_aside": list(self.left_aside)}


def read_harvests(file: Path) -> dict[tuple[str, str], list[Harvest]]:
    """(crop, variety) → harvests of a CSV with columns place, crop, sown, harvested[, variety]."""
    found: dict[tuple[str, str], list[Harvest]] = {}
    for _, one in read_list(file, COLUMNS, NEEDED, _harvest, NotFitted):
        found.setdefault((one.crop, one.variety), []).append(one)
    if not found:
        message = f"{file.name} names no harvest"
        raise NotFitted(message)
    return found


def _harvest(row: Row, further: Row) -> Harvest:
    del further
    one = Harvest(
        row["place"], row["crop"], row.get("variety", ""), seasons.day(row["sown"]), seasons.day(row["harvested"])
    )
    if one.harvested <= one.sown:
        message = f"harvested {one.harvested}, which is not after the sowing {one.sown}"
        raise ValueError(message)
    return one


async def fit_heat(connection: Connection, file: Path, ceiling: float) -> list[Fitted]:
    """Fit every crop and variety of a list; nothing is written."""
    found = []
    for (crop, variety), harvests in sorted(read_harvests(file).items()):
        grown, aside = [], []
        for one in harvests:
            season = await _grown(connection, one)
            why = heat_fit.usable(season)
            if why:
                aside.append(f"{one.place}, sown {one.sown}: {why}")
            else:
                grown.append(season)
        try:
            fit, reason = heat_fit.fit(grown, ceiling), ""
        except TooLittle as error:
            fit, reason = None, str(error)
        found.append(Fitted(crop, variety, fit, reason, tuple(aside)))
    return found


async def _grown(connection: Connection, one: Harvest) -> Grown:
    """A season with the daily extremes of its place."""
    place = next(place for place in await rule_setting.area(connection, one.place) if place.code == one.place)
    last = one.harvested - timedelta(days=1)
    low, high = [
        (await daily_values(connection, [place], f"air_temperature_{name}", one.sown, last))[0]
        for name in ("minimum", "maximum")
    ]
    return Grown(one.place, one.harvested.year, (one.harvested - one.sown).days, np.asarray(low), np.asarray(high))


def said(one: Fitted) -> list[str]:
    """Lines for people."""
    title = one.crop + (f" {one.variety}" if one.variety else "")
    lines = [f"  left aside: {why}" for why in one.left_aside]
    if one.fit is None:
        return [f"{title}: not fitted: {one.reason}", *lines]
    fit: Mapping[str, Any] = asdict(one.fit)
    lines = [
        "{title}: base {base:g} °C, {heat:.0f} ± {spread:.0f} °C d from sowing to harvest "
        "({seasons} seasons, {years} years)".format(title=title, **fit),
        "  each season left out in turn: ± {error:.1f} days, {bias:+.1f} on average; "
        "counting days alone: ± {error_of_days:.1f}".format(**fit),
        *lines,
    ]
    if one.fit.at_the_edge:
        lines.append("  the base is the last that was tried: these seasons do not tell it")
    if not math.isfinite(one.fit.error) or one.fit.error >= one.fit.error_of_days:
        return [*lines, "  no better than counting days: do not use it"]
    return [*lines, f"  to use it: nongvu season add … --property heat_base={one.fit.base:g}"]
