"""What is kept of a place's readings gives, after any course of changes, the frame that comes of all readings anew."""

import random
import sys
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import psycopg
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))

from field import AT_ONCE, START, contents, same, settle, station

from analytics.run.engine import load
from analytics.run.engine.cache import Kept, together
from analytics.run.engine.engine import Engine
from analytics.run.window.frame import grid_of
from analytics.run.window.gridding import Laid, Readings, intervals, part_of
from analytics.run.window.place_facts import Known, good_readings, midnight, naive
from store.flag import Check, Quality
from store.pool import pool
from store.work import LOADED, Feed, Spot, Verdict

ZONE = "Asia/Kathmandu"  # steps of its days do not begin on whole tens of minutes
FIRST = date(2026, 3, 3)
STREAMS = {1: ("air_temperature", 0.0), 2: ("precipitation", 60.0), 3: ("wind_direction", 60.0),
           4: ("air_temperature", 0.0), 5: ("soil_moisture", 600.0)}  # fmt: skip
DOUBTED = int(Quality.SUSPECT) | int(Check.LOCAL_RANGE)


def known(declared):
    spot = Spot(1, "x", "X", "field", ZONE, 27.7, 85.3, 1400.0, {}, [1], None, None)
    feeds = tuple(Feed(1, stream, name, "-0.30m" if stream == 5 else "", every if declared else 0.0, None, None)
                  for stream, (name, every) in STREAMS.items())  # fmt: skip
    return Known(spot, feeds, (), {})


def laid(place, found, first, days, said):
    """All readings {(stream, time): (value, flag)} of a window laid anew."""
    grid = grid_of([place], first, first + timedelta(days=days - 1), 0)
    start, end = midnight(first, ZONE), midnight(first + timedelta(days=days), ZONE)
    return Laid.of(grid, [place], readings({k: v for k, v in found.items() if start <= k[1] < end}, said), [said])


def readings(found, said):
    array = LOADED.empty(len(found))
    for n, ((stream, time), (value, flag)) in enumerate(sorted(found.items())):
        array[n] = stream, naive(time), value, flag
    return Readings(np.zeros(array.size, np.int64), array, good_readings(array, said))


readings_of = st.dictionaries(
    st.tuples(st.sampled_from(sorted(STREAMS)), st.integers(0, 3 * 1440 - 1)),
    st.tuples(
        st.sampled_from([0.0, 0.1, 7.3, 350.2]), st.sampled_from([int(Quality.GOOD), 2, int(Quality.FAIL), DOUBTED])
    ),
    max_size=40,
)


@settings(max_examples=50)
@given(st.booleans(), readings_of, st.lists(readings_of.filter(bool), max_size=5), st.booleans())
def test_what_is_kept_equals_what_is_laid_anew(declared, begin, changes, moves):
    place = known(declared)
    said = [
        Verdict(
            1, midnight(FIRST, ZONE) + timedelta(hours=5), midnight(FIRST, ZONE) + timedelta(hours=9), 4, "person:x"
        )
    ]
    since = midnight(FIRST, ZONE)

    def at(given):
        return {
            (stream, since + timedelta(minutes=minute, seconds=stream)): value
            for (stream, minute), value in given.items()
        }

    have = at(begin)
    window, first = laid(place, have, FIRST, 3, said), FIRST
    kept = Kept.of(window, 0, place)
    for number, change in enumerate(changes):
        known_times = [time for _, time in have]
        have |= at(change)
        if moves and number == 2:
            first = FIRST + timedelta(days=1)
            grid = grid_of([place], first, first + timedelta(days=2), 0)
            kept, heard = kept.moved(grid.start[0], grid.steps)
            before = [naive(time).astype("datetime64[s]") for time in known_times if time < midnight(first, ZONE)]
            assert np.isnat(heard) if not before else heard == max(before)
        grid = grid_of([place], first, first + timedelta(days=2), 0)
        steps = [load._step(grid, 0, time) for _, time in at(change)]
        a, b = max(min(steps), 0), max(steps) + 1
        if b <= a:
            continue
        part = part_of(grid, np.zeros(1, np.int64), a, b)
        inside = {key: value for key, value in have.items() if a <= load._step(grid, 0, key[1]) < b}
        kept.put(slice(a, b), Laid.of(part, [place], readings(inside, said), [said]), 0, slice(0, b - a))
    expected, found = (
        laid(place, have, first, 3, said),
        together(grid_of([place], first, first + timedelta(days=2), 0), [kept]),
    )
    for name, series in expected.series.items():
        for one in ("value", "minimum", "maximum"):
            np.testing.assert_array_equal(getattr(found.series[name], one), getattr(series, one), err_msg=name)
    np.testing.assert_array_equal(found.last, expected.last)
    doubted = expected.doubted.get("precipitation")
    if doubted is None or np.isnan(doubted.value).all():
        assert not found.doubted
    else:
        np.testing.assert_array_equal(found.doubted["precipitation"].value, doubted.value)
    heard = np.array([np.datetime64("NaT", "s")])
    ours, theirs = (intervals([place], one.recent, heard) for one in (found, expected))
    np.testing.assert_array_equal(ours, theirs)


async def test_a_live_day_of_minutes_with_late_and_corrected_readings_equals_a_cold_one(
    database, empty_database, monkeypatch
):
    from store.migrate import migrate

    migrate(empty_database)
    quantities = ("air_temperature", "precipitation", "relative_humidity")
    streams = {}
    for url in (database, empty_database):
        for code in ("ls01", "ls02"):
            _, streams[url, code] = station(url, code, quantities=quantities)
        place, _ = station(url, "ruong", kind="field", quantities=())
        with psycopg.connect(url) as connection:
            for code in ("ls01", "ls02"):
                connection.execute("INSERT INTO feeds (place, datastream) VALUES (%s, %s)",
                                   (place, streams[url, code]["air_temperature"]))  # fmt: skip
            connection.execute("UPDATE datastream SET interval_seconds = 0 WHERE quantity = 'precipitation'")
    chance, warm, renew = random.Random(5), [], load._renew

    async def watched(connection, jobs, grid, kept, said, now):
        warm.append(len(kept))
        return await renew(connection, jobs, grid, kept, said, now)

    monkeypatch.setattr(load, "_renew", watched)
    begin, have, late = START + timedelta(days=3, hours=18), {}, []

    def value(quantity, minute):
        return {"air_temperature": 18 + 9 * np.sin(minute / 230), "relative_humidity": 80.0,
                "precipitation": chance.choice([0.0, 0.0, 0.2, 95.0])}[quantity]  # fmt: skip

    async with pool(database, name="test", most=3) as connections:
        engine = Engine(connections, AT_ONCE)
        for minute in range(0, 8 * 60, 6):
            now = begin + timedelta(minutes=minute)
            news = [(code, q, now - timedelta(seconds=chance.randint(0, 200)), float(value(q, minute)))
                    for code in ("ls01", "ls02") for q in quantities if chance.random() < 0.8]  # fmt: skip
            if chance.random() < 0.3:
                late += news
                news = []
            if late and chance.random() < 0.2:
                news, late = news + late, []
            if have and chance.random() < 0.1:
                (code, q, time), old = chance.choice(sorted(have.items()))
                news.append((code, q, time, old + 1.5))
            give(database, streams, news, have)
            while await engine.step(now):
                pass
        give(database, streams, late, have)
        now = begin + timedelta(hours=8)
        while await engine.step(now):
            pass
    assert sum(1 for count in warm if count) > 40
    give(empty_database, streams, [(*key, value) for key, value in have.items()], {})
    await settle(empty_database, now)
    assert same(contents(database), contents(empty_database))


def give(url, streams, news, have):
    """Store readings or correct them, and mark them, as ingest does."""
    with psycopg.connect(url) as connection:
        for code, quantity, time, result in news:
            stream = streams[url, code][quantity]
            cause = "correction" if (code, quantity, time) in have else "reading"
            have[code, quantity, time] = result
            connection.execute(
                "INSERT INTO reading VALUES (%s, %s, %s, 1, 0) ON CONFLICT (datastream_id, phenomenon_time)"
                " DO UPDATE SET result = excluded.result", (time, result, stream),
            )  # fmt: skip
            connection.execute(
                "INSERT INTO latest VALUES (%s, %s, %s, 1, 0) ON CONFLICT (datastream_id) DO UPDATE"
                " SET phenomenon_time = excluded.phenomenon_time WHERE latest.phenomenon_time <= excluded.phenomenon_time",
                (stream, time, result),
            )
            connection.execute("SELECT append_marks(%s, %s, %s, %s)", ([stream], [time], [time], cause))
