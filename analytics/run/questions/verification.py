"""A rule's episodes held against a list of events, season by season, and stored forecasts against what came."""

from __future__ import annotations

import difflib
import math
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from analytics import skill
from analytics.rules import BY_NAME
from analytics.skill import Span
from store import skill as stored
from store.csv_list import Row, read_list
from store.settings import connect_async
from telemetry.instant import second_of

#: Seasons of the north, by month of an event's or an episode's beginning.
SEASONS = {"winter": (12, 1, 2), "spring": (3, 4, 5), "summer": (6, 7, 8), "autumn": (9, 10, 11)}


class NotScored(ValueError):  # noqa: N818 — says what it is
    """There is nothing to score, or nothing to score it by; says why."""


#: Columns of a list of events.
EVENT = ("place", "begin", "end")


def read_events(file: Path) -> dict[str, list[Span]]:
    """Place → events of a CSV with columns place, begin, end; `NotScored` names the line that is none."""
    found: dict[str, list[Span]] = {}
    for _, (place, span) in read_list(file, EVENT, EVENT, _event, NotScored):
        found.setdefault(place, []).append(span)
    return found


def _event(row: Row, further: Row) -> tuple[str, Span]:
    del further
    try:
        return row["place"], Span(second_of(row["begin"]), second_of(row["end"]))
    except ValueError as error:
        message = f"{error}: times as 2026-01-20T07:00+07:00"
        raise ValueError(message) from None


def _known(rule: str) -> None:
    """`NotScored` where there is no such rule, naming those that are near."""
    if rule not in BY_NAME:
        near = difflib.get_close_matches(rule, BY_NAME, 3)
        message = f"there is no rule {rule!r}: " + (
            f"did you mean {' or '.join(near)}?" if near else "nongvu rule list"
        )
        raise NotScored(message)


async def score_rule(
    url: str, rule: str, level: int, events: Path, span: tuple[datetime, datetime], now: datetime
) -> dict[str, Any]:
    """Score a rule over all places and seasons."""
    _known(rule)
    came = read_events(events)
    async with connect_async("skill", autocommit=True, url=url) as connection:
        rows = await stored.episodes(connection, rule, level, *span, now)
    warned: dict[str, list[Span]] = {}
    for code, begin, end in rows:
        warned.setdefault(code, []).append(Span(begin, end))
    report = {"rule": rule, "level": level, "all": _score(warned, came, tuple(range(1, 13)))}
    return report | {name: _score(warned, came, months) for name, months in SEASONS.items()}


def _score(warned: dict[str, list[Span]], came: dict[str, list[Span]], months: Sequence[int]) -> dict[str, Any]:
    """Places are laid one behind the other, so that a warning at one place never counts for another."""
    episodes, events = [], []
    for number, code in enumerate(sorted(warned.keys() | came.keys())):
        shift = number * 10**11
        episodes += [Span(one.begin + shift, one.end + shift) for one in warned.get(code, []) if _month(one) in months]
        events += [Span(one.begin + shift, one.end + shift) for one in came.get(code, []) if _month(one) in months]
    return _plain(asdict(skill.warnings(episodes, events)))


def _month(span: Span) -> int:
    return datetime.fromtimestamp(span.begin, UTC).month


async def score_monitored(
    url: str, rule: str | None, place: str | None, span: tuple[datetime, datetime]
) -> dict[str, Any]:
    """Score every rule, or one, by what was measured day by day; without a monitor it has no observations, never 0."""
    if rule is not None:
        _known(rule)
    async with connect_async("skill", autocommit=True, url=url) as connection:
        found = await stored.monitored(connection, rule, place, *span)
    return {one.rule: _monitored(one) for one in found}


def _monitored(one: stored.Monitored) -> dict[str, Any]:
    if one.index is None or not one.days:
        return {"held_against": one.index, "observations": "no observations"}
    score = _plain(asdict(skill.scored(one.hits, one.misses, one.false_alarms)))
    del score["lead"]
    return {"held_against": one.index, "days": one.days} | score | {"in_time": one.in_time}


async def score_eves(
    url: str, place: str | None, span: tuple[datetime, datetime], now: datetime
) -> dict[str, dict[str, Any]]:
    """How often what was said of a morrow by persistence came: the day showed the level."""
    async with connect_async("skill", autocommit=True, url=url) as connection:
        found = await stored.eves(connection, place, *span, now)
    report: dict[str, dict[str, Any]] = {}
    for one in found:
        right = one.value is not None and _reached(one.rule, one.level, one.value)
        score = report.setdefault(one.rule, {"said": 0, "came": 0, "share": 0.0})
        score["said"] += 1
        score["came"] += right
        score["share"] = round(score["came"] / score["said"], 3)
    return report


def _reached(rule: str, level: int, value: float) -> bool:
    """Whether a value reaches a level by the rule's own threshold."""
    own = BY_NAME[rule]
    one = own.levels[level - 1]
    beyond = value < one.enter if own.below else value > one.enter
    return beyond or (one.inclusive and value == one.enter)


async def score_forecasts(url: str, place: str | None, span: tuple[datetime, datetime]) -> dict[str, Any]:
    """Score stored forecasts by quantity and days ahead, and indices on them the same way."""
    async with connect_async("skill", autocommit=True, url=url) as connection:
        rows = await stored.forecasts(connection, place, *span)
        rows += await stored.index_forecasts(connection, place, *span)
    groups: dict[tuple[str, int], list[stored.Met]] = {}
    for row in rows:
        groups.setdefault((row.quantity, row.days_ahead), []).append(row)
    report: dict[str, dict[str, Any]] = {}
    for (quantity, days), members in sorted(groups.items()):
        columns = np.array([[one.value, one.observed, one.persistence] for one in members], float).T
        report.setdefault(quantity, {})[str(days)] = _plain(asdict(skill.forecasts(*columns)))
    return report


def _plain(score: dict[str, Any]) -> dict[str, Any]:
    return {key: None if isinstance(value, float) and math.isnan(value) else value for key, value in score.items()}
