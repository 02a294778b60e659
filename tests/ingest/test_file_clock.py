"""Times of files: a year that stands first leaves nothing to be guessed, whatever the other dates are like."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.file_clock import FileClock

LAYOUTS = ["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y/%m/%d %H:%M", "%Y.%m.%d %H:%M", "%Y%m%d %H%M", "%Y-%m-%d"]


def clock(day_first=None):
    return FileClock("x.csv", "csv", ("time",), None, "Etc/GMT-7", day_first)


def utc(year, month, day, hour=0):
    return np.datetime64(dt.datetime(year, month, day, hour) - dt.timedelta(hours=7), "us")


@pytest.mark.parametrize("layout", LAYOUTS)
@given(day=st.dates(dt.date(1900, 1, 1), dt.date(2100, 12, 31)), other=st.sampled_from(["13/02/2024 07:00", "2/13/24"]))
def test_a_year_first_is_never_read_as_year_day_month(layout, day, other):
    """Beside a date that puts the day first, and after one in a former piece of the file."""
    for text, known in (([f"{day:{layout}}", other], None), ([f"{day:{layout}}"], True), ([f"{day:{layout}}"], False)):
        first = clock(known).moments(pd.Series(text))[0]
        assert first == utc(day.year, day.month, day.day)


def test_offsets_are_kept_beside_dates_of_the_other_kind():
    text = pd.Series(["2024-02-01T07:00:00Z", "2024-02-01T07:00:00Z", "13/02/2024 07:00", "3/2/2024 07:00"])
    found = clock().moments(text)
    assert found.tolist() == [
        dt.datetime(2024, 2, 1, 7), dt.datetime(2024, 2, 1, 7), dt.datetime(2024, 2, 13), dt.datetime(2024, 2, 3)
    ]  # fmt: skip


def test_what_is_no_time_stays_none():
    found = clock(True).moments(pd.Series(["2024-13-01", "2024-02-30 07:00", "soon", None, "2024-02-01"]))
    assert np.isnat(found).tolist() == [True, True, True, True, False]
