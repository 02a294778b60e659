"""Indices and rules on the days of a forecast, as they run on readings, marked with the forecast's issue time.

It is work on a place of its own, done when the place's past is settled: a mark with the cause ``ahead`` asks for it.
What comes of it depends on the newest forecast, on the readings up to the hour of its issue and on the place's own
settings, so it is done once an issue, and again only where one of these changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import numpy as np

from analytics.forecast import ForecastSeries, laid_on
from analytics.grid import HOUR
from analytics.index import Index, Step
from analytics.indices import BY_NAME
from analytics.quality import check_window
from analytics.quality.check import trusted
from analytics.rule import Rule
from analytics.run.alerts import alert_rows, forecast_alerts
from analytics.run.alerts.evaluation import Trails
from analytics.run.engine import write
from analytics.run.engine.compute import PLACE_DAYS, Frames, follow, lead_days
from analytics.run.engine.context import Context, read_context
from analytics.run.engine.job import Job
from analytics.run.engine.load import read_chunk
from analytics.run.window import index_rows
from analytics.run.window.frame import Frame
from analytics.run.window.place_facts import Known, local_date, midnight, naive
from store import due, forecast, index_value
from store.due import Due
from store.index_value import Values, concatenate
from store.lease import Leased, LeaseLost
from store.pool import Connection
from telemetry.instant import INSTANT


def looks_ahead(rule: Rule) -> bool:
    """Whether a rule says anything of a forecast: not of the network, of whole months, or of what is one itself."""
    slow = any(BY_NAME[name].step is Step.MONTH for name in rule.indices)
    ahead = rule.persistence or not index_rows.EVENING.isdisjoint(rule.indices)
    return rule.hazard != "network" and not slow and not ahead


@dataclass(frozen=True, slots=True)
class Reach:
    """A forecast's time, by which places are looked ahead together."""

    issued: datetime
    until: datetime

    @property
    def since(self) -> datetime:
        """The hour of the issue: readings count up to it, from it on the forecast does."""
        return self.issued.replace(minute=0, second=0, microsecond=0)


@dataclass(frozen=True, slots=True)
class Ahead:
    """A place with its forecast."""

    known: Known
    forecast: Mapping[str, ForecastSeries]
    #: Height above the place for which it was made [m]; NaN where not known.
    rise: float


@dataclass(frozen=True, slots=True)
class Looked:
    """What came of it."""

    reach: Reach
    places: Sequence[Known]
    values: Values
    alerts: alert_rows.Alerts
    due: list[Due]


async def look(
    connection: Connection,
    token: UUID,
    places: Mapping[int, Known],
    rules: Sequence[Rule],
    indices: Sequence[Index],
    now: datetime,
) -> None:
    """Look ahead at leased places, and write it in one transaction that ends the leases; `LeaseLost` if one is gone."""
    groups = grouped(places, *await forecast.newest(connection, list(places), now))
    done = []
    for reach, members in groups.items():
        most = max(PLACE_DAYS // ((reach.until - reach.issued).days + 2), 1)
        for start in range(0, len(members), most):
            some = members[start : start + most]
            done.append(await _look(connection, reach, some, rules, indices, now))
    reaches = {one.known.spot.id: (reach.issued, reach.until) for reach, members in groups.items() for one in members}
    async with connection.transaction():
        held = await forecast.looked(connection.cursor(), token, list(places), reaches)
        if missing := sorted(set(places) - set(held)):
            raise LeaseLost(missing)
        for looked in done:
            await _write(connection, looked, now)


def grouped(
    places: Mapping[int, Known], issues: Sequence[forecast.Issue], said: forecast.Series
) -> dict[Reach, list[Ahead]]:
    """Places by issue and end of their forecast."""
    shared = {key: ForecastSeries(times.astype("datetime64[s]"), values) for key, (times, values) in said.items()}
    of_place: dict[int, list[forecast.Issue]] = {}
    for issue in issues:
        of_place.setdefault(issue.place, []).append(issue)
    groups: dict[Reach, list[Ahead]] = {}
    for place, mine in of_place.items():
        found = {one.quantity: shared[one.source, one.quantity, one.reference_time] for one in mine}
        last = max(one.time[-1] for one in found.values()).item().replace(tzinfo=UTC)
        reach = Reach(max(one.reference_time for one in mine).astimezone(UTC), last + timedelta(seconds=HOUR))
        rise = mine[0].rise
        groups.setdefault(reach, []).append(Ahead(places[place], found, np.nan if rise is None else rise))
    return groups


async def _look(
    connection: Connection,
    reach: Reach,
    members: Sequence[Ahead],
    rules: Sequence[Rule],
    indices: Sequence[Index],
    now: datetime,
) -> Looked:
    zones = [one.known.spot.time_zone for one in members]
    first = min(local_date(reach.since, zone) for zone in zones)
    last = max(local_date(reach.until - INSTANT, zone) for zone in zones)
    jobs: Sequence[Job] = [
        Job(one.known, first, Leased(one.known.spot.id, None, None, [], [], 0), None) for one in members
    ]
    jobs, context = await read_context(connection, jobs, first, lead_days(rules, indices), rules, several=True)
    chunk = await read_chunk(connection, jobs, first, last, reach.since - INSTANT, context.lead, context.heard)
    trails: Trails = {}
    frames = _think(chunk.frame, members, context, reach, rules, indices, trails)
    values = [index_rows.values([one for one in computed if one.step is Step.DAY], frame) for frame, computed in frames]
    known = {one.known.spot.id: one.known for one in members}
    times = forecast_alerts.Times(int(reach.since.timestamp()), int(reach.until.timestamp()), int(now.timestamp()))
    alerts = forecast_alerts.announce(
        known, alert_rows.rule_keys(rules), trails, context.former, context.expected, times
    )
    return Looked(
        reach,
        list(known.values()),
        concatenate(values),
        alerts,
        forecast_alerts.next_looks(alerts, context.expected, now),
    )


def _think(
    part: Frame,
    members: Sequence[Ahead],
    context: Context,
    reach: Reach,
    rules: Sequence[Rule],
    indices: Sequence[Index],
    trails: Trails,
) -> Frames:
    """Lay the forecast on what was read, then go on as on readings, as if its last hour were now."""
    window = trusted(part.window, check_window(part.window))
    window = laid_on(window, [one.forecast for one in members], np.array([one.rise for one in members]))
    part = replace(part, window=window, now=naive(reach.until).astype("datetime64[s]"), moment=reach.until)
    daily = [index for index in indices if index.step is not Step.MONTH]
    return follow(daily, [rule for rule in rules if looks_ahead(rule)], part, context, trails).frames


async def _write(connection: Connection, looked: Looked, now: datetime) -> None:
    """Index values of this issue, in place of an earlier one of the same local day."""
    ids = [known.spot.id for known in looked.places]
    since = looked.reach.since
    days = [midnight(local_date(since, known.spot.time_zone), known.spot.time_zone) for known in looked.places]
    await index_value.clear_issues(connection.cursor(), ids, days, looked.reach.issued)
    await index_value.write(connection.cursor(), looked.values, looked.reach.issued.isoformat())
    await due.replace(
        connection.cursor(), "analytics", [str(place) for place in ids], (forecast_alerts.AHEAD,), looked.due
    )
    if looked.alerts:
        await write.alerts(connection, looked.alerts, now)
