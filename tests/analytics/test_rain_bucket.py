"""A false tip is no heavy rain, a cloudburst is: rain judged bucket by bucket, at every interval."""

import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from rain_record import flags_of, levels

from store.flag import Check, Quality
from store.work import Verdict
from telemetry.quantities import RAIN_SHARE, record_rain

START = "2025-07-01T00:00:00"
#: Interval [s] → a false tip [mm].
TIPS = {60: 30.0, 300: 60.0, 600: 60.0, 900: 80.0, 3600: 150.0}


def dry(every, days=3):
    return np.zeros(days * 86_400 // every)


def above_one(found):
    return {name: level for name, level in found.items() if level >= 2}


#: Duration [s] → the most rain ever measured in it [mm] (WMO-No. 168; WMO archive of weather extremes).
RECORDS = {60: 31.2, 480: 126.0, 1200: 205.7, 2520: 305.0, 3600: 401.0, 43_200: 1144.0, 86_400: 1825.0}


@pytest.mark.parametrize(("seconds", "depth"), RECORDS.items())
def test_the_envelope_holds_the_worlds_records_and_little_more(seconds, depth):
    assert depth <= record_rain(seconds) <= 2 * depth
    assert record_rain(np.array([float(seconds)]))[0] == pytest.approx(record_rain(seconds))
    # what is asked about here: some 65 mm in 10 minutes, 150 in an hour
    assert 60 < RAIN_SHARE * record_rain(600.0) < 70
    assert 145 < RAIN_SHARE * record_rain(3600.0) < 155


@pytest.mark.parametrize("every", TIPS)
@pytest.mark.parametrize("drizzle", [0.0, 0.2])
def test_one_false_tip_opens_nothing_above_level_1_but_is_told_as_what_it_is(every, drizzle):
    rain = dry(every)
    spot = len(rain) // 2
    rain[spot - 2 : spot + 3] = drizzle if every >= 600 else 0.0
    rain[spot] = TIPS[every]
    found = levels(START, every, rain)
    assert above_one(found) == {}
    assert found["sudden_rain"] == 1


@pytest.mark.parametrize("every", TIPS)
def test_a_false_tip_between_dry_readings_is_suspect(every):
    rain = dry(every)
    rain[len(rain) // 2] = TIPS[every]
    assert "spike" in flags_of(START, every, rain)


@pytest.mark.parametrize("declared", [0.0, 600.0])
def test_a_cloudburst_of_several_buckets_opens_at_once(declared):
    burst = [0.4, 6.0, 21.0, 18.0, 26.0, 12.0, 5.0, 2.0]
    rain = np.concatenate((dry(600, 2), burst[:3]))  # what is known when the third bucket has come
    found = levels(START, 600, rain, declared=declared)
    assert "spike" not in flags_of(START, 600, rain)
    if declared:  # rules of short spans need a station that says how often it reports
        assert found["intense_rain_10min"] == 2
    rain = np.concatenate((dry(600, 2), burst))
    found = levels(START, 600, rain, declared=declared)
    assert found["heavy_rain"] == 2
    if declared:
        assert found["intense_rain_60min"] == 2
    assert flags_of(START, 600, rain) == {}


def test_a_storm_beyond_what_is_believed_unasked_still_opens_every_level():
    """70 mm in 10 minutes is suspect at ingest; the buckets beside it bear it out."""
    storm = [20.0, 45.0, 70.0, 40.0, 15.0]
    rain = np.concatenate((dry(600, 2), storm, [1.0, 0.0]))
    flags = np.where(rain > RAIN_SHARE * record_rain(600.0), Quality.SUSPECT | Check.LOCAL_RANGE, Quality.GOOD)
    assert (flags != Quality.GOOD).sum() == 1
    found = levels(START, 600, rain, flags=flags)
    assert (found["heavy_rain"], found["intense_rain_10min"]) == (3, 2)


def test_a_first_bucket_is_told_at_once_and_a_second_raises_it():
    rain = np.concatenate((dry(600, 2), [24.0]))
    assert levels(START, 600, rain) == {"sudden_rain": 1}
    assert levels(START, 600, np.append(rain, 19.0))["intense_rain_10min"] == 2


@pytest.mark.parametrize(("every", "grave"), [(300, 20.0), (600, 20.0), (1200, 26.0), (1800, 32.0), (3600, 50.0)])
def test_only_what_would_be_grave_if_it_were_true_is_told_unsure(every, grave):
    assert levels(START, every, np.concatenate((dry(every, 2), [grave - 0.1]))) == {}
    assert levels(START, every, np.concatenate((dry(every, 2), [grave]))) == {"sudden_rain": 1}


def test_a_real_hour_alone_is_told_unsure_and_stands_once_the_next_hour_has_rain():
    rain = np.concatenate((dry(3600, 2), [80.0]))
    assert levels(START, 3600, rain) == {"sudden_rain": 1}
    assert levels(START, 3600, np.append(rain, 6.0))["heavy_rain"] == 2


def test_damp_air_keeps_a_lonely_hour_from_being_called_an_error():
    rain = dry(3600)
    rain[40] = 80.0
    humidity = np.full(rain.size, 70.0)
    assert "spike" in flags_of(START, 3600, rain, humidity=humidity)
    humidity[40:43] = 96.0
    assert flags_of(START, 3600, rain, humidity=humidity) == {}
    assert above_one(levels(START, 3600, rain, humidity=humidity)) == {}


def test_a_second_gauge_bears_a_bucket_out():
    rain = dry(3600)
    rain[40] = 80.0
    other = dry(3600)
    other[40] = 71.0
    assert levels(START, 3600, rain, gauge=other)["heavy_rain"] == 2
    assert above_one(levels(START, 3600, rain, gauge=dry(3600))) == {}


def _person(flag):
    begin = datetime(2025, 7, 2, tzinfo=UTC)
    return [Verdict(1, begin, datetime(2025, 7, 3, tzinfo=UTC), flag, "person:1")]


def test_a_person_has_the_last_word():
    rain = dry(3600)
    rain[30] = 120.0
    assert levels(START, 3600, rain, said=_person(Quality.GOOD)) == {"heavy_rain": 3, "intense_rain_60min": 2}
    assert flags_of(START, 3600, rain, said=_person(Quality.GOOD)) == {}
    assert levels(START, 3600, rain, said=_person(Quality.FAIL)) == {}
    rain[30] = 200.0  # in doubt since it came
    flags = np.where(rain > 150, Quality.SUSPECT | Check.LOCAL_RANGE, Quality.GOOD)
    assert levels(START, 3600, rain, flags=flags) == {"sudden_rain": 1}
    assert levels(START, 3600, rain, flags=flags, said=_person(Quality.FAIL)) == {}


@pytest.mark.parametrize(("every", "tip", "highest"), [(60, 0.2, 1), (600, 2.0, 1), (600, 5.0, 1), (3600, 4.5, 2)])
def test_a_reed_that_tips_at_every_sample_is_stuck(every, tip, highest):
    """What it said at first stands, as of rain that may be true; what it goes on to say is not added to it."""
    rain = dry(every)
    rain[len(rain) // 2 :] = tip
    assert flags_of(START, every, rain)["persistence"] >= 24 * 3600 / max(every, 600)
    assert levels(START, every, rain)["heavy_rain"] == highest


@pytest.mark.parametrize("every", [600, 3600])
def test_a_storm_of_equal_values_is_a_storm(every):
    rain = np.concatenate((dry(every, 2), [20.0] * 6))
    assert flags_of(START, every, rain) == {}
    assert levels(START, every, rain)["heavy_rain"] == 3


def test_water_poured_into_a_gauge_in_dry_air_is_no_rain():
    rain, humidity = dry(600), np.full(432, 42.0)
    rain[200:202] = 14.0, 22.0
    assert "consistency" in flags_of(START, 600, rain, humidity=humidity)
    assert levels(START, 600, rain, humidity=humidity) == {}


def test_the_rain_of_a_day_read_once_a_day():
    rain = np.zeros(20)
    rain[10] = 130.0
    assert levels(START, 86_400, rain) == {"sudden_rain": 1}
    assert flags_of(START, 86_400, rain) == {}, "a day of rain alone is no error"
    rain[9] = 35.0
    assert levels(START, 86_400, rain)["heavy_rain"] == 3
    rain[10] = 700.0
    assert "local_range" not in flags_of(START, 86_400, rain), "the day before bears it out"
    rain[9] = 0.0
    assert "local_range" in flags_of(START, 86_400, rain)


def test_no_bucket_holds_more_than_was_ever_measured():
    rain = dry(600)
    rain[100:103] = 60.0, 200.0, 50.0
    assert flags_of(START, 600, rain)["local_range"] == 1
    assert levels(START, 600, rain)["heavy_rain"] == 3
    rain[100:103] = 0.0, 200.0, 0.0
    assert levels(START, 600, rain) == {}


def test_rain_after_an_outage_may_be_of_the_outage():
    rain = dry(600)
    rain[100:172] = np.nan
    rain[172] = 20.0  # of half a day
    assert flags_of(START, 600, rain, declared=0.0) == {}
    assert levels(START, 600, rain, declared=0.0) == {"heavy_rain": 1}
