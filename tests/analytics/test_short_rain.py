"""An hour's rain is known as far as readings cover the hour, however seldom they come."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from rain_record import window_of

from analytics.rules import BY_NAME
from analytics.run.alerts.evaluation import conclude, judge

START = "2025-07-01T00:00:00"
HOUR = 3600


def episodes(every, rain):
    """Episodes of rain in an hour, in the order of their beginnings."""
    frame, _ = window_of(START, every, rain)
    trails, now, rules = {}, int(frame.moment.timestamp()), [BY_NAME["intense_rain_60min"]]
    judge(rules, frame, {}, set(), trails)
    found = conclude({rule.name: rule for rule in rules}, {1: frame.places[0]}, trails, {}, now)
    return sorted((one.new for finding in found for one in finding.revisions), key=lambda one: one.started)


def shower(every, last):
    """A day of dry hours, 20 mm and 40 mm by the hour, then hours of ``last`` each [mm]."""
    hours = np.concatenate((np.zeros(24), [20.0, 40.0], np.full(8, last)))
    even = np.repeat(hours * every / HOUR, HOUR // every)
    # the same value again and again would be a stuck gauge
    return np.round(even * np.resize([0.9, 1.1, 1.0, 0.95, 1.05], even.size), 3)


@pytest.mark.parametrize("every", [300, 600, 900, 1200, 1800, 3600])
def test_it_ends_when_readings_have_said_so_for_its_hour_of_quiet(every):
    rain = shower(every, 1.0)
    found = episodes(every, rain[: 28 * HOUR // every + 1])
    assert len(found) == 1
    over = np.datetime64(START, "s").astype(int) + 26 * HOUR
    assert over <= found[0].ended < over + HOUR


@pytest.mark.parametrize("every", [600, 900, 1800, 3600])
def test_it_goes_on_while_it_rains_and_for_its_patience_where_readings_stop(every):
    assert [one.ended for one in episodes(every, shower(every, 25.0))] == [None]
    rain = shower(every, 0.0)
    rain[26 * HOUR // every :] = np.nan
    rain[-1] = 0.0  # heard again, eight hours later: what it collected is of all that time
    assert episodes(every, rain[: 29 * HOUR // every])[0].ended is None
    assert episodes(every, rain)[0].ended is not None
