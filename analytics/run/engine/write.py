"""All that was computed of leased places in one transaction that ends their leases, or nothing at all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from analytics.run.alerts import alert_rows
from analytics.run.alerts.forecast_alerts import AHEAD
from analytics.run.engine.compute import Computed
from analytics.run.window.place_facts import midnight
from store import alert, area, due, index_state, index_value, lease, mark, unjudged, verdict
from store.due import Due
from store.pool import Connection

#: Kinds of due rows that are a place's own.
KINDS = ("end-of-day", "silence", "trouble", "lapse", "renewal", "setting", AHEAD)


async def write(
    connection: Connection, token: UUID, places: Sequence[int], done: Sequence[Computed], now: datetime
) -> None:
    """End the leases and write; `LeaseLost` if one was gone."""
    async with connection.pipeline(), connection.transaction():
        ending = connection.cursor()
        await lease.finish(ending, token, places, now)
        for computed in done:
            await _indices(connection, computed)
            await _due(connection, computed)
            await _unjudged(connection, computed)
        held = await lease.finished(ending)
        if missing := sorted(set(places) - set(held)):
            raise lease.LeaseLost(missing)
        for computed in done:
            if computed.alerts:
                await alerts(connection, computed.alerts, now)
        looking = [job.known.spot.id for computed in done for job in computed.jobs if job.looks_ahead]
        if looking:
            await mark.append(connection.cursor(), looking, now, now, AHEAD)
        ended = [(job.known.spot.id, *span) for computed in done for job in computed.jobs for span in job.compares]
        if ended:
            await area.mark(connection.cursor(), ended)
    for computed in done:
        for place, cached in computed.cached.items():
            cached.generation = held[place]


async def _indices(connection: Connection, computed: Computed) -> None:
    if computed.cold:
        ids = [job.known.spot.id for job in computed.cold]
        moments = [midnight(computed.first, job.known.spot.time_zone) for job in computed.cold]
        await index_value.clear(connection.cursor(), ids, moments)
        await index_state.clear(connection.cursor(), ids, moments)
    await index_value.remove(connection.cursor(), computed.rows.removed)
    await index_value.insert(connection.cursor(), computed.rows.values)
    await index_value.write(connection.cursor(), computed.rows.changed)
    await index_state.write(connection.cursor(), computed.states)
    found, rewritten = computed.checked
    if rewritten:
        streams, moments = list(rewritten), list(rewritten.values())
        await verdict.replace(connection.cursor(), verdict.ORDERED, streams, moments, found, computed.now)


async def _due(connection: Connection, computed: Computed) -> None:
    """Write rows that have to change; one that comes earlier than needed is left, it only looks again."""
    topics: list[str] = []
    rows: list[Due] = []
    for place, wanted in computed.due.items():
        cached = computed.cached.get(place)
        had = {} if cached is None else cached.due
        if _enough(had, wanted, computed.now):
            continue
        topics.append(str(place))
        rows += wanted
        if cached is not None:
            cached.due = {row.kind: row.at for row in wanted}
    if topics:
        await due.replace(connection.cursor(), "analytics", topics, KINDS, rows)


async def _unjudged(connection: Connection, computed: Computed) -> None:
    """Write places where something else cannot be judged than the table has."""
    changed = {}
    for place, rows in computed.unjudged.items():
        cached = computed.cached.get(place)
        if cached is None or cached.unjudged != rows:
            changed[place] = rows
            if cached is not None:
                cached.unjudged = rows
    if changed:
        rows_of_all = [row for rows in changed.values() for row in rows]
        await unjudged.replace(connection.cursor(), list(changed), rows_of_all)


def _enough(had: dict[str, datetime], wanted: Sequence[Due], now: datetime) -> bool:
    return (
        bool(had) and {row.kind for row in wanted} == set(had) and all(now < had[row.kind] <= row.at for row in wanted)
    )


async def alerts(connection: Connection, found: alert_rows.Alerts, now: datetime) -> None:
    """Write what is said of episodes: those that close before those that open."""
    await alert.cancel(connection.cursor(), found.cancelled, now)
    await alert.change(connection.cursor(), found.changed)
    ids = await alert.open_new(connection.cursor(), found.opened)
    await alert.succeed(connection.cursor(), alert_rows.succeeded(found, ids))
    await alert.say(connection.cursor(), alert_rows.numbered(found, ids))
