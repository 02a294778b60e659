"""A crop on a field in words: its stage and the days to the next one, its water balance, what it needs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from markupsafe import Markup

from api import languages
from api.answers import stored_json
from api.web.chart import chart
from api.web.words import Language, short_date, with_unit
from store import visible_row

#: Indices of a season that the page shows.
SHOWN = (
    "crop_stage", "root_zone_depletion", "irrigation_requirement", "days_to_irrigation", "crop_evapotranspiration",
    "paddy_water_level", "paddy_irrigation_requirement", "paddy_days_to_irrigation",
)  # fmt: skip
#: An index's newest value says nothing of today once it is older.
FRESH = timedelta(days=3)
DAY = timedelta(days=1)
Values = list[tuple[datetime, float]]


@dataclass(frozen=True, slots=True)
class Growing:
    """A season as it stands on the page."""

    title: str
    stage: str
    water: str
    picture: Markup | None
    says: str


def days_to_next(stages: Values) -> int | None:
    """Whole days until the next stage, at the pace of the newest two values of one stage; None where none is known.

    Parameters
    ----------
    stages : (n) list of (time, stage)
        1 to 5, the whole number the stage and the rest how much of it has passed [1], oldest first.

    Returns
    -------
    int or None
        Days after the newest value [d].
    """
    if len(stages) < 2:
        return None
    (before, was), (at, stage) = stages[-2:]
    days = (at - before) / DAY
    pace = (stage - was) / days if days > 0 and math.floor(was) == math.floor(stage) else 0.0
    if pace <= 0 or stage >= 5:
        return None
    return math.ceil((math.floor(stage) + 1 - stage) / pace - 1e-9)


def _stage(season: visible_row.Growing, stages: Values, today: date, language: Language) -> str:
    words = languages.SHELF.words(language, "season")
    said = words["sown"].format(day=short_date(_midnight(season["sown"]), language), days=(today - season["sown"]).days)
    if not stages:
        return said
    names, at = languages.SHELF.listed(language, "season", "stages"), stages[-1][1]
    number = min(max(int(at), 1), 5)
    said += f" {words['stage'].format(stage=names[number - 1])}"
    left = days_to_next(stages)
    if left is not None and number < 5:
        left -= (today - stages[-1][0].date()).days
        said += f" {words['next'].format(stage=names[number], days=max(left, 0))}"
    return said


def _water(newest: dict[str, float], language: Language) -> str:
    words, said = languages.SHELF.words(language, "season"), []
    if "root_zone_depletion" in newest:
        said.append(words["lacks"].format(water=with_unit(newest["root_zone_depletion"], "mm", language)))
    if "paddy_water_level" in newest:
        level = newest["paddy_water_level"] / 10.0
        said.append(words["pond" if level > 0 else "under"].format(level=with_unit(abs(level), "cm", language)))
    wanted = newest.get("irrigation_requirement", newest.get("paddy_irrigation_requirement", 0))
    left = newest.get("days_to_irrigation", newest.get("paddy_days_to_irrigation"))
    if wanted > 0:
        said.append(words["irrigate"].format(water=with_unit(wanted, "mm", language)))
    elif left is not None:
        said.append(words["days_left"].format(days=int(left)))
    return " ".join(said)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)  # noqa: DTZ001 — only its day is written


def growing(
    season: visible_row.Growing,
    rows: Sequence[visible_row.SeasonValue],
    crop: dict[str, object],
    now: datetime,
    language: Language,
) -> Growing:
    """A season of its row, its index values (oldest first) and its crop's entry in the catalogue."""
    zone = ZoneInfo(season["time_zone"])
    values: dict[str, Values] = {name: [] for name in SHOWN}
    for row in rows:
        values[row["index"]].append((row["time"].astimezone(zone), row["value"]))
    newest = {name: found[-1][1] for name, found in values.items() if found and now - found[-1][0] < FRESH}
    words, ponded = languages.SHELF.words(language, "season"), values["paddy_water_level"]
    lacking = ponded or values["root_zone_depletion"]
    picture, says = None, ""
    if len(lacking) > 1:
        says = words["ponded" if ponded else "balance"]
        last = lacking[-1][0]
        drawn = chart(
            lacking, (lacking[0][0], last), zone=zone, unit="mm", language=language, bars=False, every=DAY, label=says
        )
        picture = Markup(drawn)  # noqa: S704 — labels escaped
    name = stored_json.title(crop, language, season["crop"].replace("_", " "))
    variety = f" {season['variety']}" if season["variety"] else ""
    title = f"{name}{variety} – {season['place_name']}"
    stage = _stage(season, values["crop_stage"], now.astimezone(zone).date(), language)
    return Growing(title, stage, _water(newest, language), picture, says)
