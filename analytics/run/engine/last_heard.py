"""When places whose silence matters were last heard before the days that are loaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from store import work
from store.pool import Connection
from store.work import Span
from telemetry.instant import INSTANT

#: Looked back, one after the other, until something is found: nearly every station is heard within the first.
_BACK = (timedelta(days=8), timedelta(days=64), timedelta(days=512))
_EVER = datetime(1900, 1, 1, tzinfo=UTC)


async def last_heard(
    connection: Connection, streams: Mapping[int, Sequence[int]], before: Mapping[int, datetime]
) -> dict[int, datetime]:
    """Time of the last reading of each place before a moment; absent where there is none.

    ``streams`` has the datastreams of each place, ``before`` its moment. `latest` knows of most: what fell silent
    before the moment has its last reading there, and what was never heard has none. Only for those that went on are
    days looked through, from the moment back and no further than to the first reading found.
    """
    everything = sorted({stream for mine in streams.values() for stream in mine})
    newest = await work.newest(connection, everything) if everything else {}
    found: dict[int, datetime] = {}
    wanted: dict[int, list[int]] = {}
    for place, mine in streams.items():
        ended = [newest[stream] for stream in mine if stream in newest and newest[stream] < before[place]]
        if ended:
            found[place] = max(ended)
        if going := [stream for stream in mine if stream in newest and newest[stream] >= before[place]]:
            wanted[place] = going
    until = dict(before)
    for back in (*_BACK, None):
        since = {place: _EVER if back is None else max(before[place] - back, _EVER) for place in wanted}
        await _look(connection, wanted, since, until, found)
        wanted = {place: mine for place, mine in wanted.items() if place not in found or found[place] < since[place]}
        if not wanted:
            break
        until |= since
    return found


async def _look(
    connection: Connection,
    wanted: Mapping[int, Sequence[int]],
    since: Mapping[int, datetime],
    until: Mapping[int, datetime],
    found: dict[int, datetime],
) -> None:
    """Find the last reading of places within a span each."""
    # a datastream may speak for several places, each with a moment of its own: asked once, it is the later one's
    for moment in sorted({until[place] for place in wanted}):
        places = [place for place in wanted if until[place] == moment]
        spans = {stream: Span(stream, since[place], moment - INSTANT) for place in places for stream in wanted[place]}
        times = await work.heard(connection, list(spans.values()))
        for place in places:
            for stream in wanted[place]:
                if stream in times and (place not in found or times[stream] > found[place]):
                    found[place] = times[stream]
