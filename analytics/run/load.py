"""Load: what a group of places needs to be computed, from memory where it is at hand, else from the tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from analytics.grid import Array
from analytics.index import Index, Kind
from analytics.run import batch
from analytics.run.batch import Frame, Known, gather, midnight, naive, trusted
from analytics.run.context import Context, Loaded
from analytics.run.memory import Memory
from store import work
from store.work import LOADED, Connection, Span, Verdict, merged

if TYPE_CHECKING:
    from analytics.run.compute import Job

_INSTANT = timedelta(microseconds=1)
NEVER = np.datetime64("NaT", "us")


async def frame_of(
    connection: Connection, jobs: Sequence[Job], first: date, last: date, now: datetime, course: Context
) -> Frame:
    """Load the readings of a chunk and lay them on a grid."""
    lead = course.lead
    cold = [job for job in jobs if job.memory is None]
    asked = [
        merged(
            _spans(job.known, *_limits(job.known, first, last, lead, now)) if job.memory is None else _fresh(job, now)
        )
        for job in jobs
    ]
    array = await work.readings(connection, [span for spans in asked for span in spans])
    verdicts = await _verdicts(connection, cold, first, last, lead, now)
    if not course.later:
        await _heard(connection, jobs, first, lead, course)
    mine = _of_each(array, asked)
    course.loaded = [_loaded(job, row, mine[row], verdicts, first, lead, course) for row, job in enumerate(jobs)]
    return batch.frame(
        [job.known for job in jobs],
        gather([(one.readings, one.good) for one in course.loaded]),
        first,
        last,
        lead,
        now,
        course.heard.astype("datetime64[s]"),
        [one.verdicts for one in course.loaded],
    )


def _limits(known: Known, first: date, last: date, lead: int, now: datetime) -> tuple[datetime, datetime]:
    zone = known.spot.time_zone
    return (
        midnight(first - timedelta(days=lead), zone),
        min(midnight(last + timedelta(days=1), zone) - _INSTANT, now),
    )


def _spans(known: Known, begin: datetime, end: datetime) -> list[Span]:
    spans = []
    for feed in known.feeds:
        since = begin if feed.valid_from is None else max(begin, feed.valid_from)
        until = end if feed.valid_to is None else min(end, feed.valid_to - _INSTANT)
        if since <= until:
            spans.append(Span(feed.datastream, since, until))
    return spans


def _fresh(job: Job, now: datetime) -> list[Span]:
    """What the marks say is new."""
    leased = job.leased
    if leased.from_time is None or leased.to_time is None:
        return []
    return _spans(job.known, leased.from_time, min(leased.to_time, now))


async def _verdicts(
    connection: Connection, jobs: Sequence[Job], first: date, last: date, lead: int, now: datetime
) -> list[Verdict]:
    if not jobs:
        return []
    limits = [_limits(job.known, first, last, lead, now) for job in jobs]
    datastreams = [feed.datastream for job in jobs for feed in job.known.feeds]
    return await work.verdicts(
        connection, datastreams, min(begin for begin, _ in limits), max(end for _, end in limits) + timedelta(days=2)
    )


async def _heard(connection: Connection, jobs: Sequence[Job], first: date, lead: int, course: Context) -> None:
    """When places whose silence matters were last heard before the frame."""
    asked: dict[int, list[int]] = {}
    before = []
    for row, job in enumerate(jobs):
        if job.memory is not None:
            course.heard[row] = job.memory.heard
        elif job.known.spot.kind == "station":
            for feed in job.known.feeds:
                asked.setdefault(feed.datastream, []).append(row)
    if asked:
        zones = [jobs[rows[0]].known.spot.time_zone for rows in asked.values()]
        before = [midnight(first - timedelta(days=lead), zone) for zone in zones]
        for datastream, moment in (await work.heard(connection, list(asked), before)).items():
            for row in asked[datastream]:
                found = naive(moment)
                if np.isnat(course.heard[row]) or found > course.heard[row]:
                    course.heard[row] = found


def _by_stream(array: NDArray[Any]) -> dict[int, NDArray[Any]]:
    """Readings of each datastream; they come in order of it."""
    ids = np.ascontiguousarray(array["datastream_id"])
    if not ids.size:
        return {}
    begins = np.flatnonzero(np.concatenate(([True], ids[1:] != ids[:-1]))).tolist()
    return {int(ids[begin]): array[begin:end] for begin, end in zip(begins, [*begins[1:], ids.size], strict=True)}


def _of_each(array: NDArray[Any], asked: Sequence[Sequence[Span]]) -> list[NDArray[Any]]:
    """What each place asked for; what several asked for was loaded once, and each gets its own part of it."""
    of_stream = _by_stream(array)
    times = Counter(span.datastream for spans in asked for span in spans)

    def part(span: Span) -> NDArray[Any]:
        found = of_stream[span.datastream]
        if times[span.datastream] == 1:
            return found
        time = found["phenomenon_time"]
        begin = np.searchsorted(time, naive(span.from_time))
        return found[begin : np.searchsorted(time, naive(span.to_time), side="right")]

    return [
        np.concatenate([part(span) for span in spans if span.datastream in of_stream] or [LOADED.empty(0)])
        for spans in asked
    ]


def _loaded(
    job: Job,
    row: int,
    mine: NDArray[Any],
    verdicts: Sequence[Verdict],
    first: date,
    lead: int,
    course: Context,
) -> Loaded:
    start = midnight(first - timedelta(days=lead), job.known.spot.time_zone)
    if job.memory is None:
        ours = {feed.datastream for feed in job.known.feeds}
        said = [verdict for verdict in verdicts if verdict.datastream in ours]
        return Loaded(mine, trusted(mine, said), start, course.heard[row], said)
    return _merged(job, job.memory, mine, row, start, course)


def _merged(job: Job, memory: Memory, fresh: NDArray[Any], row: int, start: datetime, course: Context) -> Loaded:
    """Lay what is new over what was known: a marked span is replaced, what lies before the window is let go."""
    kept, good = memory.readings, memory.good
    begin = naive(start)
    stay = kept["phenomenon_time"] >= begin
    if not stay.all():
        course.heard[row] = np.fmax(kept["phenomenon_time"][~stay].max(), course.heard[row])  # fmax leaves NaT out
    leased = job.leased
    if leased.from_time is not None and leased.to_time is not None:
        time = kept["phenomenon_time"]
        stay &= (time < naive(leased.from_time)) | (time > naive(leased.to_time))
    fresh = fresh[fresh["phenomenon_time"] >= begin]
    readings = np.concatenate((kept[stay], fresh))
    judged = np.concatenate((good[stay], trusted(fresh, memory.verdicts)))
    order = np.lexsort((readings["phenomenon_time"], readings["datastream_id"]))
    return Loaded(readings[order], judged[order], start, course.heard[row], memory.verdicts)


async def with_long_past(connection: Connection, part: Frame, indices: Sequence[Index], course: Context) -> Frame:
    """Load the daily values of years that monthly indices compare with, once for all chunks."""
    wanted: dict[str, int] = {}
    for index in indices:
        for need in index.needs:
            if need.kind is Kind.INDEX and need.before:
                wanted[need.name] = max(wanted.get(need.name, 0), need.before)
    grid = part.window.grid
    first = grid.dates[part.window.lead].astype(date)
    past = {}
    for name, before in wanted.items():
        if name not in course.past:
            course.past[name] = await _long(connection, part.places, name, before, first)
        # the window's own context days are recomputed from readings, so the past ends where the window begins
        past[name] = course.past[name][:, : course.past[name].shape[1] - part.window.lead]
    return replace(part, window=replace(part.window, past=past))


async def _long(connection: Connection, places: Sequence[Known], name: str, before: int, first: date) -> Array:
    zones = [known.spot.time_zone for known in places]
    begin = first - timedelta(days=before)
    ids = {known.spot.id: row for row, known in enumerate(places)}
    found = await work.long_past(
        connection,
        list(ids),
        name,
        min(midnight(begin, zone) for zone in zones),
        max(midnight(first, zone) for zone in zones),
    )
    values = np.full((len(places), before), np.nan)
    if found.size:
        row = np.array([ids[place] for place in found["place"].tolist()])
        # local midnights lie within half a day of noon UTC of the day before or the day itself
        offset = np.array(
            [
                int((midnight(first, zone) - datetime(first.year, first.month, first.day, tzinfo=UTC)).total_seconds())
                for zone in zones
            ]
        )
        local = (
            found["time"].astype("datetime64[s]") - offset[row].astype("timedelta64[s]") + np.timedelta64(6, "h")
        ).astype("datetime64[D]")
        column = (local - np.datetime64(begin, "D")).astype(np.int64)
        inside = (column >= 0) & (column < before)
        values[row[inside], column[inside]] = found["value"][inside]
    return values
