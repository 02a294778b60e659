"""Alerts on the basis of a forecast: announced, changed or withdrawn by an issue, and settled by what comes.

There is one open alert of a forecast for a rule at a place: the highest it expects. It ends when an observed episode
reaches what it said, which it then names as its successor, or when its time has passed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from analytics import level
from analytics.episode import Episode, Revision, level_before
from analytics.forecast import GRACE, MOVED, Coming, came_true, coming
from analytics.index import Step
from analytics.level import Change, Course
from analytics.renewal import LEAD
from analytics.rule import Rule
from analytics.run.alerts import alert_rows
from analytics.run.alerts.evaluation import Outcome, RuleKey, Trail, Trails, value_of
from analytics.run.window.place_facts import Known
from analytics.wording import local_day
from store.alert import AlertKey, Stored
from store.due import Due
from telemetry.instant import second_of

FORECAST = "forecast"
#: Cause of a mark, and kind of a due row.
AHEAD = "ahead"
#: An observed episode: its id, or its key and start while it has none.
Reference = int | tuple[AlertKey, datetime]


class Times(NamedTuple):
    """Seconds since 1970: when the forecast takes over, when it ends, and now."""

    since: int
    until: int
    now: int


class Settled(NamedTuple):
    """What becomes of the alerts of forecasts by what came."""

    alerts: alert_rows.Alerts
    #: Places where any changed.
    places: set[int]


def announce(
    places: Mapping[int, Known],
    rules: Mapping[str, Rule],
    trails: Trails,
    observed: Mapping[RuleKey, Sequence[Episode]],
    expected: Mapping[RuleKey, Sequence[Stored]],
    times: Times,
) -> alert_rows.Alerts:
    """What a forecast says of every rule becomes its alert, beside what was observed and what was expected before."""
    alerts: list[alert_rows.Alerts] = []
    open_before = {key: one for key, stored in expected.items() for one in stored if one.state == "open"}
    for key in trails.keys() | open_before.keys():
        rule, known = rules.get(key[0]), places[key[1]]
        if rule is None:
            continue
        found = _expected(rule, trails[key], observed.get(key, ()), times) if key in trails else None
        former = open_before.get(key)
        if found is None and (former is None or former_span(former).until <= times.now):
            continue  # what has passed is settled when the past is computed
        revision = _revision(known, former, found, trails.get(key))
        outcome = _outcome(rule, known, key, revision, times.since, found or former_span(_given(former)), times.now)
        alerts.append(_alerts_of(outcome, times.now))
    return alert_rows.together(alerts)


def _given(former: Stored | None) -> Stored:
    if former is None:
        raise AssertionError("an alert of a forecast has a former or a new episode")
    return former


def _expected(rule: Rule, trail: Trail, observed: Sequence[Episode], times: Times) -> Coming | None:
    before = [episode for episode in observed if episode.ended is None or episode.ended >= trail.base]
    begin = level_before(before, trail.base)
    # what the days of a forecast say stands by itself: a mild one is not part of the spell
    plain = replace(rule, quiet=timedelta(0) if rule.step is Step.DAY else min(rule.quiet, timedelta(days=1)))
    way = level.course(plain, trail.runs, begin, times.until)
    standing = level_before(observed, times.since)
    found = coming(way.changes, (trail.base, begin), standing, times.since, times.until)
    if found is None or found.until <= times.now:
        return None
    # an issue that comes late may be of what is here already
    come = came_true(found, times.since, observed)
    return None if come is not None and observed[come].level >= found.level else found


def _revision(known: Known, former: Stored | None, found: Coming | None, trail: Trail | None) -> Revision:
    old = None if former is None else alert_rows.episode_of(former)
    if found is None or trail is None:
        return Revision(old, None)
    zone = known.spot.time_zone
    first, last = local_day(found.started, zone), local_day(found.until - 1, zone)
    days = {day: trail.extremes[day] for day in sorted(trail.extremes) if first <= day <= last}
    return Revision(old, Episode(found.started, None, (Change(found.started, found.level),), days))


def _outcome(
    rule: Rule, known: Known, key: RuleKey, revision: Revision, issued: int, span: Coming, now: int
) -> Outcome:
    shown = revision.new or revision.former
    value = float("nan") if shown is None else value_of(rule, shown)
    return Outcome(
        rule, known, key[2], [revision], Course((), span.level, None), now, lapsed=False, latest=value,
        issued=issued, until=span.until,
    )  # fmt: skip


def _alerts_of(outcome: Outcome, now: int) -> alert_rows.Alerts:
    """What changed; a beginning that moved by little is not worth a word."""
    alerts = alert_rows.alerts_of([outcome], now, FORECAST)
    (revision,) = outcome.revisions
    former, new = revision.former, revision.new
    if former is None or new is None or revision.kind != "update" or abs(former.started - new.started) >= MOVED:
        return alerts
    return replace(alerts, steps=[])


def settle(
    expected: Mapping[RuleKey, Sequence[Stored]],
    observed: Mapping[RuleKey, Sequence[tuple[Episode, Reference]]],
    places: Mapping[int, Known],
    rules: Mapping[str, Rule],
    now: int,
) -> Settled:
    """End alerts of forecasts that came true or whose time has passed, renew those that go on."""
    alerts, changed = [], set()
    for key, of_key in expected.items():
        episodes = observed.get(key, ())
        for former in of_key:
            span, issued = former_span(former), issued_of(former)
            come = came_true(span, issued, [episode for episode, _ in episodes])
            if come is not None and former.successor is None:
                alerts.append(alert_rows.Alerts(successors={former.id: episodes[come][1]}))
                changed.add(key[1])
            if former.state != "open" or key[0] not in rules:
                continue
            revision = _settled(former, span, None if come is None else episodes[come][0], now)
            if revision is not None:
                outcome = _outcome(rules[key[0]], places[key[1]], key, revision, issued, span, now)
                alerts.append(_alerts_of(outcome, now))
                changed.add(key[1])
    return Settled(alert_rows.together(alerts), changed)


def _settled(former: Stored, span: Coming, came: Episode | None, now: int) -> Revision | None:
    """What becomes of an open alert of a forecast: ended by what came, or by time; said again before it expires."""
    old = alert_rows.episode_of(former)
    reached = came is not None and came.level >= span.level
    if reached or span.until + (GRACE if came is None else 0) <= now:
        ended = max(span.started, came.started) if reached and came is not None else span.until
        return Revision(old, Episode(old.started, ended, old.course, old.by_day))
    if former.expires is not None and former.expires.timestamp() - LEAD <= now:
        return Revision(old, old)
    return None


def former_span(former: Stored) -> Coming:
    """What an alert of a forecast said."""
    return Coming(int(former.started.timestamp()), second_of(former.values["until"]), former.level)


def _next_look(former: Stored) -> int:
    """Second, less the grace, at which an open alert of a forecast has passed or its newest message is renewed."""
    until = former_span(former).until
    return until if former.expires is None else min(until, int(former.expires.timestamp()) - LEAD - GRACE)


def issued_of(former: Stored) -> int:
    """Second of the issue that it was last said of."""
    return second_of(former.values["issued"])


def next_looks(alerts: alert_rows.Alerts, expected: Mapping[RuleKey, Sequence[Stored]], now: datetime) -> list[Due]:
    """When the open alerts of forecasts, as they are once these are written, have to be looked at again."""
    stored = {one.id: one for found in expected.values() for one in found}
    ends = {(one.place, one.id): _next_look(one) for one in stored.values() if one.state == "open"}
    for gone in alerts.cancelled:
        if gone in stored:
            ends.pop((stored[gone].place, gone), None)
    for number, row in enumerate((*alerts.changed, *alerts.opened)):
        if "until" in row["values"]:
            key = (stored[row["id"]].place, row["id"]) if "id" in row else (row["place"], -number)
            ends[key] = second_of(row["values"]["until"])
            if row["state"] != "open":
                del ends[key]
    first: dict[int, int] = {}
    for (place, _), end in ends.items():
        first[place] = min(first.get(place, end), end)
    soon = now + timedelta(minutes=1)
    return [Due(max(datetime.fromtimestamp(end + GRACE, UTC), soon), AHEAD, str(place)) for place, end in first.items()]
