"""A place's good week spoilt in ways that sensors know: gaps, stuck values, spikes, impossible company."""

from datetime import UTC, date, datetime

import numpy as np
from hypothesis import strategies as st

from analytics.indices import INDICES
from analytics.quality import FAIL, SUSPECT, Reason, check_window
from analytics.quality.check import trusted
from analytics.rules import RULES
from analytics.run.engine import compute, context
from analytics.run.engine.cache import NEVER
from analytics.run.window.frame import frame_of_readings
from analytics.run.window.gridding import Readings
from analytics.run.window.place_facts import Known
from store.flag import Quality
from store.work import LOADED, Feed, Spot
from telemetry.quantities import QUANTITIES

LAST = date(2026, 3, 20)
NOW = datetime(2026, 3, 20, 17, tzinfo=UTC)  # the end of the local day
LEAD = compute.lead_days(RULES, INDICES)
STEPS = 144 * (LEAD + 1)
NAMES = ("air_temperature", "relative_humidity", "dew_point", "air_pressure", "wind_speed", "wind_gust",
         "wind_direction", "global_radiation", "precipitation", "leaf_wetness", "soil_moisture", "water_level",
         "water_temperature", "dissolved_oxygen", "water_ph", "total_ammonia_nitrogen")  # fmt: skip
#: How sensors go wrong, where [steps], for how long, and by how much in relation to what the quantity can be.
SPOIL = st.tuples(
    st.sampled_from(("gap", "stuck", "spike", "noise", "limit", "shift")),
    st.sampled_from(NAMES),
    st.integers(0, STEPS - 1),
    st.integers(1, STEPS),
    st.floats(-1.0, 1.0),
)


def good(seed):
    """(steps,) of each quantity: an ordinary week of March, with the noise that instruments have."""
    noise = np.random.default_rng(seed)
    hour = np.arange(STEPS) / 6 % 24
    wave, sun = np.sin((hour - 9) / 12 * np.pi), np.maximum(np.sin((hour - 6) / 12 * np.pi), 0.0)
    jitter = {name: noise.normal(0, 1, STEPS) for name in NAMES}
    air = 19 + 4 * wave + 0.1 * jitter["air_temperature"]
    return {
        "air_temperature": air,
        "relative_humidity": np.clip(80 - 12 * wave + jitter["relative_humidity"], 5, 94),
        "dew_point": air - 3.0 - 0.1 * np.abs(jitter["dew_point"]),
        "air_pressure": 985 + wave + 0.1 * jitter["air_pressure"],
        "wind_speed": np.abs(2 + 0.6 * jitter["wind_speed"]),
        "wind_gust": np.abs(2 + 0.6 * jitter["wind_speed"]) + 2.0,
        "wind_direction": (120 + 30 * jitter["wind_direction"]) % 360,
        "global_radiation": 600 * sun * noise.uniform(0.6, 1.0, STEPS),
        "precipitation": np.where(noise.random(STEPS) < 0.01, 1.0, 0.0),
        "leaf_wetness": np.clip(30 - 20 * wave + jitter["leaf_wetness"], 0, 100),
        "soil_moisture": 0.3 + 0.002 * jitter["soil_moisture"],
        "water_level": 11 + 0.01 * jitter["water_level"],
        "water_temperature": 22 + wave + 0.05 * jitter["water_temperature"],
        "dissolved_oxygen": 7 + wave + 0.05 * jitter["dissolved_oxygen"],
        "water_ph": 7.6 + 0.02 * jitter["water_ph"],
        "total_ammonia_nitrogen": 0.8 + 0.02 * jitter["total_ammonia_nitrogen"],
    }


def spoil(series, kind, name, begin, length, size):
    """Spoil one quantity from a step on; what ingest would refuse cannot come."""
    row, values = QUANTITIES[name], series[name]
    span, width = slice(begin, begin + length), row.maximum - row.minimum
    if kind == "gap":
        values[span] = np.nan
    elif kind == "stuck":
        values[span] = values[begin]
    elif kind == "spike":
        values[begin] += size * width
    elif kind == "noise":
        values[span] = row.minimum + width * np.random.default_rng(begin).random(values[span].size)
    elif kind == "limit":
        values[span] = row.minimum if size < 0 else row.maximum
    else:
        values[span] += size * width
    series[name] = np.clip(values, row.minimum, row.maximum)


def known():
    spot = Spot(1, "s1", "S1", "station", "Asia/Ho_Chi_Minh", 21.85, 106.76, 258.0,
                {"annual_precipitation": 1400.0, "mark_1": 10.5, "mark_2": 12.0}, [1], None, 2.0)  # fmt: skip
    return Known(spot, tuple(Feed(1, n, name, "", 600.0, None, None) for n, name in enumerate(NAMES)), (), {})


def frame(series):
    """Lay the series as the engine lays what it loads."""
    start = np.datetime64(NOW.replace(tzinfo=None), "us") - np.timedelta64(LEAD + 1, "D")
    times = start + np.arange(STEPS) * np.timedelta64(600, "s")
    parts = []
    for number, name in enumerate(NAMES):
        there = np.isfinite(series[name])
        part = LOADED.empty(int(there.sum()))
        part["datastream_id"], part["phenomenon_time"] = number, times[there]
        part["result"], part["flag"] = series[name][there], int(Quality.GOOD)
        parts.append(part)
    array = np.concatenate(parts)
    readings = Readings(np.zeros(array.size, np.int64), array, np.ones(array.size, bool))
    never = np.full(1, np.datetime64("NaT", "s"))
    return frame_of_readings([known()], readings, LAST, LAST, LEAD, NOW, never)


def understood(series):
    """All that analytics makes of it: flags, the window that indices see, and what was thought of it."""
    made = frame(series)
    found = check_window(made.window)
    daily = [index for index in INDICES if index.step.value != "month"]
    before = context.Context(LEAD, (), {}, {}, {}, {}, np.full(1, NEVER))
    trails = {}
    thought = compute._think(daily, RULES, frame(series), before, trails)
    return made, found, trusted(made.window, found), thought, trails


def doubted(found, name, reason):
    """(steps,) where a check doubts a quantity."""
    flags = found.get((name, Reason(reason)))
    return np.zeros(STEPS, bool) if flags is None else np.isin(flags[0], (SUSPECT, FAIL))
