"""Readings of a group of places over some days, from what is kept of them where it is at hand, else from the tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.grid import Array, Grid, Times
from analytics.index import Index, Kind
from analytics.run.engine.cache import Kept, together
from analytics.run.engine.job import Job
from analytics.run.window.frame import Frame, frame_of, grid_of
from analytics.run.window.gridding import Laid, gather, part_of
from analytics.run.window.place_facts import STEP, Known, good_readings, midnight, naive
from store import work
from store.pool import Connection
from store.work import LOADED, Span, Verdict, merged
from telemetry.instant import INSTANT

#: Readings at hand at once: 12 MB, and five times that while they are laid.
PAGE = work.PAGE
#: Taken for the interval of a datastream of which nobody said one [s]; what really comes corrects it.
GUESS = 60.0


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was loaded of one place over a frame."""

    #: From when its readings are complete.
    start: datetime
    #: Last reading before it, datetime64[us]; NaT where there is none.
    heard: np.datetime64
    verdicts: Sequence[Verdict]
    #: Its readings on the grid, where they were at hand.
    kept: Kept | None


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some days of a group of places as they were read."""

    frame: Frame
    #: Readings on the frame's grid, as they came.
    laid: Laid
    #: Of each place.
    loaded: Sequence[Loaded]

    @property
    def verdicts(self) -> list[Sequence[Verdict]]:
        """What was said of the readings of each place."""
        return [one.verdicts for one in self.loaded]

    @property
    def heard(self) -> Times:
        """(places,) last reading before the frame, datetime64[us]; NaT where there is none."""
        return np.array([one.heard for one in self.loaded], "datetime64[us]")


async def read_chunk(
    connection: Connection, jobs: Sequence[Job], first: date, last: date, now: datetime, lead: int, heard: Times
) -> Chunk:
    """Lay the readings of a chunk on its grid: of cold places all, of warm ones what is new on what is kept.

    ``heard`` has for each place what is known of its last reading before the frame, datetime64[us].
    """
    places = [job.known for job in jobs]
    grid = grid_of(places, first, last, lead)
    verdicts = await _verdicts(connection, [job for job in jobs if job.cached is None], first, last, lead, now)
    loaded = [_loaded(job, row, verdicts, grid, heard[row]) for row, job in enumerate(jobs)]
    laid = await _laid(connection, jobs, grid, loaded, now)
    before = np.array([one.heard for one in loaded], "datetime64[us]").astype("datetime64[s]")
    frame = frame_of(places, laid, first, lead, now, before, [one.verdicts for one in loaded])
    return Chunk(frame, laid, loaded)


async def _laid(
    connection: Connection, jobs: Sequence[Job], grid: Grid, loaded: Sequence[Loaded], now: datetime
) -> Laid:
    places, said = [job.known for job in jobs], [one.verdicts for one in loaded]
    kept = {row: one.kept for row, one in enumerate(loaded) if one.kept is not None}
    await _renew(connection, jobs, grid, kept, said, now)
    if len(kept) == len(jobs):
        return together(grid, list(kept.values()))
    laid = Laid.blank(grid, {name: None for known in places for names in known.series().values() for name in names})
    for row, one in kept.items():
        one.lay(laid, row)
    await lay(connection, places, [row for row in range(len(jobs)) if row not in kept], laid, said, now)
    return laid


async def lay(
    connection: Connection,
    places: Sequence[Known],
    rows: Sequence[int],
    laid: Laid,
    said: Sequence[Sequence[Verdict]],
    now: datetime,
) -> None:
    """Read all of some rows up to ``now`` and lay it, slice by slice: no more than `PAGE` readings are at hand.

    Rows are read together as long as what is expected of them, by the intervals of their datastreams, fits into a page;
    then in slices of time. Where more comes than was expected, the slice is cut and read again.
    """
    rates = {row: rate(places[row]) for row in rows}
    beside = sorted(rows, key=lambda row: min((feed.datastream for feed in places[row].feeds), default=0))
    for block in blocks(beside, {row: rates[row] * laid.grid.steps for row in rows}):
        await _lay_block(connection, places, block, laid, said, now, sum(rates[row] for row in block))


def rate(known: Known) -> float:
    """Readings of a place that are expected in a step of the grid."""
    return sum(STEP / (feed.interval_seconds if feed.interval_seconds > 0 else GUESS) for feed in known.feeds)


def blocks(rows: Sequence[int], expected: Mapping[int, float]) -> list[list[int]]:
    """Rows in their order, together as long as what is expected of them fits into a page."""
    found: list[list[int]] = []
    room = 0.0
    for row in rows:
        if not found or expected[row] > room:
            found.append([])
            room = float(PAGE)
        found[-1].append(row)
        room -= expected[row]
    return found


async def _lay_block(
    connection: Connection,
    places: Sequence[Known],
    rows: Sequence[int],
    laid: Laid,
    said: Sequence[Sequence[Verdict]],
    now: datetime,
    expected: float,
) -> None:
    grid = laid.grid
    reach = min(max(int(_step(grid, row, now)) + 1 for row in rows), grid.steps)
    first, length = 0, max(int(PAGE / max(expected, 1e-9)), 1)
    while first < reach:
        end = min(first + length, reach)
        asked = [merged(_spans(places[row], *_between(grid, row, first, end, now))) for row in rows]
        spans = merged(span for mine in asked for span in mine)
        array, left = await work.page(connection, spans, PAGE) if spans else (LOADED.empty(0), [])
        if left and end - first > 1:
            # more than the intervals say: as far as it came is a measure of how much there is
            length = max(min(int((end - first) * 0.8 * (1 - len(left) / len(spans))), (end - first) // 2), 1)
            continue
        if left:
            array = np.concatenate([array, await work.readings(connection, left, PAGE)])
        _lay_slice(places, rows, laid, said, _of_each(array, asked), (first, end))
        length = max(min(int(0.8 * PAGE * (end - first) / max(array.size, 1)), 4 * length), 1)
        first = end


def _lay_slice(
    places: Sequence[Known],
    rows: Sequence[int],
    laid: Laid,
    said: Sequence[Sequence[Verdict]],
    arrays: Sequence[NDArray[Any]],
    steps: tuple[int, int],
) -> None:
    which, verdicts = np.array(rows, np.int64), [said[row] for row in rows]
    readings = gather([(array, good_readings(array, mine)) for array, mine in zip(arrays, verdicts, strict=True)])
    grid = part_of(laid.grid, which, *steps)
    laid.put(which, steps[0], Laid.of(grid, [places[row] for row in rows], readings, verdicts))


def _step(grid: Grid, row: int, moment: datetime) -> int:
    """In which step of a row a moment lies; below 0 or beyond the last where it is outside."""
    return int((naive(moment) - grid.start[row]) // np.timedelta64(grid.step, "s"))


def _between(grid: Grid, row: int, first: int, end: int, now: datetime) -> tuple[datetime, datetime]:
    """First and last moment of some steps of a row, as far as they have come."""
    start = grid.start[row].item().replace(tzinfo=UTC)
    end = min(end, int(grid.edges[row, -1]))
    return start + timedelta(seconds=first * grid.step), min(start + timedelta(seconds=end * grid.step) - INSTANT, now)


async def _renew(
    connection: Connection,
    jobs: Sequence[Job],
    grid: Grid,
    kept: Mapping[int, Kept],
    said: Sequence[Sequence[Verdict]],
    now: datetime,
) -> None:
    """Read the steps of warm places in which the marks say that something changed, and lay them anew."""
    changed: dict[int, tuple[int, int]] = {}
    for row in kept:
        leased = jobs[row].leased
        if leased.from_time is not None and leased.to_time is not None:
            begin = max(_step(grid, row, leased.from_time), 0)
            end = min(_step(grid, row, min(leased.to_time, now)) + 1, int(grid.edges[row, -1]))
            if begin < end:
                changed[row] = begin, end
    expected = {row: rate(jobs[row].known) * (end - begin) for row, (begin, end) in changed.items()}
    for rows in blocks(sorted(changed, key=changed.__getitem__), expected):
        asked = [merged(_spans(jobs[row].known, *_between(grid, row, *changed[row], now))) for row in rows]
        array = await work.readings(connection, [span for spans in asked for span in spans])
        arrays, verdicts = _of_each(array, asked), [said[row] for row in rows]
        readings = gather([(mine, good_readings(mine, given)) for mine, given in zip(arrays, verdicts, strict=True)])
        first, last = min(changed[row][0] for row in rows), max(changed[row][1] for row in rows)
        piece = part_of(grid, np.array(rows, np.int64), first, last)
        part = Laid.of(piece, [jobs[row].known for row in rows], readings, verdicts)
        for k, row in enumerate(rows):
            begin, end = changed[row]
            kept[row].put(slice(begin, end), part, k, slice(begin - first, end - first))


def _limits(known: Known, first: date, last: date, lead: int, now: datetime) -> tuple[datetime, datetime]:
    zone = known.spot.time_zone
    return (
        midnight(first - timedelta(days=lead), zone),
        min(midnight(last + timedelta(days=1), zone) - INSTANT, now),
    )


def _spans(known: Known, begin: datetime, end: datetime) -> list[Span]:
    spans = []
    for feed in known.feeds:
        since = begin if feed.valid_from is None else max(begin, feed.valid_from)
        until = end if feed.valid_to is None else min(end, feed.valid_to - INSTANT)
        if since <= until:
            spans.append(Span(feed.datastream, since, until))
    return spans


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


def _loaded(job: Job, row: int, verdicts: Sequence[Verdict], grid: Grid, heard: np.datetime64) -> Loaded:
    start = grid.start[row].item().replace(tzinfo=UTC)
    if job.cached is None:
        ours = {feed.datastream for feed in job.known.feeds}
        said = [verdict for verdict in verdicts if verdict.datastream in ours]
        return Loaded(start, heard, said, None)
    kept, left = job.cached.kept.moved(grid.start[row], grid.steps)
    return Loaded(start, np.fmax(left, heard), job.cached.verdicts, kept)  # fmax leaves NaT out


async def with_long_past(
    connection: Connection, part: Frame, indices: Sequence[Index], known: Mapping[str, Array]
) -> tuple[Frame, dict[str, Array]]:
    """The frame with the daily values of years that monthly indices compare with, and these.

    ``known`` has those that were read for earlier chunks, to the day before this one: they are read once.
    """
    wanted: dict[str, int] = {}
    for index in indices:
        for need in index.needs:
            if need.kind is Kind.INDEX and need.before:
                wanted[need.name] = max(wanted.get(need.name, 0), need.before)
    first = part.window.grid.dates[part.window.lead].astype(date)
    past = dict(known)
    for name, before in wanted.items():
        if name not in past:
            past[name] = await _long(connection, part.places, name, before, first)
    # the window's own context days are recomputed from readings, so the past ends where the window begins
    before_window = {name: past[name][:, : past[name].shape[1] - part.window.lead] for name in wanted}
    return replace(part, window=replace(part.window, past=before_window)), past


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
        local = found["time"].astype("datetime64[s]") - _midnights(zones, first)[row] + np.timedelta64(6, "h")
        column = (local.astype("datetime64[D]") - np.datetime64(begin, "D")).astype(np.int64)
        inside = (column >= 0) & (column < before)
        values[row[inside], column[inside]] = found["value"][inside]
    return values


def _midnights(zones: Sequence[str], day: date) -> NDArray[np.timedelta64]:
    """(zones,) by how much a local day begins after that of UTC, timedelta64[s]."""
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return np.array([int((midnight(day, zone) - start).total_seconds()) for zone in zones], "timedelta64[s]")
