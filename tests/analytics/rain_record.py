"""Rain of one station on the rules' grid, and the levels that the rules of rain find in it."""

from dataclasses import replace
from datetime import UTC, timedelta

import numpy as np

from analytics.quality.check import check_window, trusted
from analytics.rules import BY_NAME
from analytics.run.alerts.evaluation import conclude, judge
from analytics.run.window.frame import frame_of_readings
from analytics.run.window.gridding import Readings
from analytics.run.window.place_facts import Known, good_readings
from store.work import LOADED, Feed, Spot

NAMES = ("heavy_rain", "intense_rain_60min", "intense_rain_10min", "sudden_rain")


def window_of(start, every, rain, humidity=None, declared=None, said=(), flags=None, gauge=None):
    """A checked frame of a station's days; ``every`` and ``declared`` in seconds."""
    times = np.datetime64(start, "s") + np.arange(len(rain)) * np.timedelta64(every, "s")
    series = {1: rain, 2: humidity, 3: gauge}
    feeds, rows = [], []
    for stream, (quantity, level) in {
        1: ("precipitation", ""), 2: ("relative_humidity", ""), 3: ("precipitation", "second")
    }.items():  # fmt: skip
        if series[stream] is None:
            continue
        feeds.append(Feed(1, stream, quantity, level, every if declared is None else declared, None, None))
        for number, (time, value) in enumerate(zip(times, series[stream], strict=True)):
            flag = flags[number] if flags is not None and stream == 1 else 1
            if np.isfinite(value):
                rows.append((stream, time, value, flag))
    array = np.array(rows, LOADED.dtype)
    spot = Spot(1, "a", "a", "station", "UTC", 21.8, 106.8, 260.0, {}, [1], None, None)
    readings = Readings(np.zeros(len(array), np.int64), array, good_readings(array, said))
    first, last = times[0].astype("datetime64[D]").item(), times[-1].astype("datetime64[D]").item()
    now = times[-1].item().replace(tzinfo=UTC) + timedelta(minutes=1)
    frame = frame_of_readings(
        [Known(spot, tuple(feeds), (), {})],
        readings,
        first,
        last,
        0,
        now,
        np.full(1, np.datetime64("NaT", "s")),
        [said],
    )
    found = check_window(frame.window)
    return replace(frame, window=trusted(frame.window, found)), found


def levels(start, every, rain, **more):
    """Rule → highest level of its episodes."""
    frame, _ = window_of(start, every, rain, **more)
    rules = [BY_NAME[name] for name in NAMES if name in BY_NAME]
    trails, now = {}, int(frame.moment.timestamp())
    judge(rules, frame, {}, set(), trails)
    found = {}
    for finding in conclude({rule.name: rule for rule in rules}, {1: frame.places[0]}, trails, {}, now):
        for revision in finding.revisions:
            highest = max(change.level for change in revision.new.course)
            found[finding.rule.name] = max(found.get(finding.rule.name, 0), highest)
    return found


def flags_of(start, every, rain, **more):
    """Check → values of the rain that it found suspect or failed."""
    frame, found = window_of(start, every, rain, **more)
    del frame
    return {
        reason.value: int((flags[0] >= 3).sum() - (flags[0] == 9).sum())
        for (quantity, reason), flags in found.items()
        if quantity == "precipitation" and ((flags[0] == 3) | (flags[0] == 4)).any()
    }
