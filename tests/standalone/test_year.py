"""A replayed year: the table of its episodes by hazard is that of a plain scan of the record, and none of them flaps.

The scan leaves out what the checks of quality found wrong in the record (they are tested by themselves), and nothing else.
Readings come in as ingest stores them, thirty days at a time with its clock, through marks and the engine to the tables.
(`nongvu demo --from 2013-01-01 --to 2013-12-30` is the same year through devices, gateway and broker as well.)
"""

import itertools
import sys
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from plain_scan import RULES, Found, rain, readings, scan

sys.path.insert(0, str(Path(__file__).parents[1] / "analytics"))

from field import deliver, settle

from analytics.rules import BY_NAME
from analytics.rules import RULES as RULES_OF_ALL
from standalone.field.record import STATIONS

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("replay")]

FIRST, LAST = datetime(2013, 1, 1, 5, tzinfo=UTC), datetime(2013, 12, 31, 4, tzinfo=UTC)
STEP = timedelta(days=30)
#: Quantity → what its register's unit is multiplied with.
SHOWN = {
    "air_temperature": 1.0,
    "relative_humidity": 1.0,
    "air_pressure": 1.0,
    "wind_speed": 1 / 3.6,
    "wind_gust": 1 / 3.6,
}


def entered(database, code):
    """A station of the record, in a commune's place; its datastreams by quantity."""
    one = STATIONS[code]
    with psycopg.connect(database) as connection:
        place = connection.execute(
            "INSERT INTO place (code, kind, name, longitude, latitude, elevation, time_zone)"
            " VALUES (%s, 'station', %s, %s, %s, %s, 'America/New_York') RETURNING id",
            (code, one.name, one.longitude, one.latitude, one.elevation),
        ).fetchone()[0]
        return {
            quantity: connection.execute(
                "INSERT INTO datastream (place, quantity, interval_seconds) VALUES (%s, %s, 3600) RETURNING id",
                (place, quantity),
            ).fetchone()[0]
            for quantity in (*SHOWN, "precipitation")
        }


def series_of(code, streams):
    """Datastream → hour → value of the whole year."""
    found = {
        streams[quantity]: {hour: value * times for hour, value in readings(code, quantity, FIRST, LAST).items()}
        for quantity, times in SHOWN.items()
    }
    return found | {streams["precipitation"]: rain(code, FIRST, LAST)}


#: Steps are longer than the past in which silence is judged live.
ALL_THE_PAST = tuple(replace(rule, horizon=None) for rule in RULES_OF_ALL)


def episodes(database):
    with psycopg.connect(database, options="-c timezone=UTC") as connection:
        rows = connection.execute(
            "SELECT rule, place.code, started, ended, course FROM alert JOIN place ON place.id = alert.place"
            " WHERE state <> 'cancelled' ORDER BY 1, 2, 3"
        ).fetchall()
    return [Found(rule, place, start, end, tuple((_moment(at), level) for at, level in course))
            for rule, place, start, end, course in rows]  # fmt: skip


def doubted(database, series):
    """(station, quantity) → hours whose readings the checks of quality do not let stand."""
    with psycopg.connect(database, options="-c timezone=UTC") as connection:
        rows = connection.execute(
            "SELECT place.code, quantity, datastream.id, valid_from, valid_to FROM verdict"
            " JOIN datastream ON datastream.id = datastream_id JOIN place ON place.id = datastream.place WHERE verdict.flag >= 3"
        ).fetchall()
    found = defaultdict(set)
    for code, quantity, stream, begin, end in rows:
        found[code, quantity] |= {hour for hour in series[stream] if begin <= hour <= end}
    return found


def _moment(at):
    return (
        datetime.fromtimestamp(at, UTC) if isinstance(at, int | float) else datetime.fromisoformat(at).astimezone(UTC)
    )


def table(found):
    """(hazard, highest level) → episodes and the hours for which they went on."""
    counts, hours = Counter(), defaultdict(float)
    for one in found:
        key = (BY_NAME[one.rule].hazard, max(level for _, level in one.course))
        counts[key] += 1
        hours[key] += ((one.ended or LAST) - one.started) / timedelta(hours=1)
    return {key: (counts[key], round(hours[key])) for key in sorted(counts)}


def goes_over(one, others):
    """Whether a class of which nobody is told becomes one of which people are, or the other way round."""
    floor = BY_NAME[one.rule].tells_from
    return any(
        (other.rule, other.place, other.started) == (one.rule, one.place, one.ended)
        and (other.course[0][1] >= floor) != (one.course[-1][1] >= floor)
        for other in others
    )


async def test_a_years_table_of_episodes_is_that_of_a_plain_scan_and_nothing_flaps(database):
    series = {}
    for code in STATIONS:
        series |= series_of(code, entered(database, code))
    begin = FIRST
    while begin <= LAST:
        end = min(begin + STEP, LAST + timedelta(seconds=1))
        for stream, values in series.items():
            deliver(database, stream, [(hour, value) for hour, value in values.items() if begin <= hour < end])
        await settle(database, end - timedelta(seconds=1) if end > LAST else end, rules=ALL_THE_PAST)
        begin += STEP
    everything = episodes(database)
    wrong = doubted(database, series)
    assert datetime(2013, 5, 9, 2, tzinfo=UTC) in wrong["jfk", "air_temperature"], "-10.5 °C on an evening of May"
    assert sum(map(len, wrong.values())) < 0.01 * sum(map(len, series.values()))
    ours, plain = [one for one in everything if one.rule in RULES], scan(FIRST, LAST, wrong=wrong)
    assert table(ours) == table(plain)
    assert {hazard for hazard, _ in table(ours)} == {"cold", "frost", "heat", "rain", "network"}
    assert ours == plain
    assert len(everything) > len(ours) > 200
    too_short = [
        one for one in everything
        if one.ended and one.ended - one.started < max(BY_NAME[one.rule].minimum, timedelta(seconds=1))
        and not goes_over(one, everything)
    ]  # fmt: skip
    assert too_short == []
    for _, group in itertools.groupby(everything, key=lambda one: (one.rule, one.place)):
        for one, other in itertools.pairwise(group):
            assert one.ended is not None
            if not goes_over(one, [other]):
                assert other.started - one.ended >= min(BY_NAME[one.rule].quiet, timedelta(hours=1)), (one, other)
