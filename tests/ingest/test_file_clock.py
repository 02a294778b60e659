"""Times of files: a year that stands first leaves nothing to be guessed, whatever the other dates are like."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.file_clock import FileClock, HistoryError

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


def two(*rows):
    found = FileClock("x.csv", "csv", ("Ngày", "Giờ"), None, "Etc/GMT-7")
    return found.moments(found.text(pd.DataFrame(rows, columns=["Ngày", "Giờ"], dtype=str)))


@pytest.mark.parametrize(
    ("hour", "is_hour"),
    [("07:00", 7), ("7", 7), ("07", 7), ("7h", 7), ("19h00", 19), ("19 giờ", 19), ("7:00:00", 7), ("7:00 CH", 19)],
)
@pytest.mark.parametrize("date", ["13/01/2020", "2020-01-13 00:00:00", "2020-01-13"])
def test_an_hour_in_a_column_of_its_own(date, hour, is_hour):
    """As people write it, and as a spreadsheet hands a date over: with a midnight that is none."""
    assert two([date, hour])[0] == utc(2020, 1, 13, is_hour)


def test_the_hour_24_ends_its_day():
    assert two(["13/01/2020", "24"], ["13/01/2020", "24:00"]).tolist() == [utc(2020, 1, 14).item()] * 2


def test_where_one_column_says_all_the_other_adds_nothing():
    assert two(["13/01/2020 07:00", "1"], ["13/01/2020", "13/01/2020 9:00"]).tolist() == [
        utc(2020, 1, 13, 7).item(), utc(2020, 1, 13, 9).item()
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["12:30", "19h", "1/2", "01/2020", "2020-01", "2020", "Jan 2020", "thg 1 2020"])
def test_what_names_no_day_is_no_time(text):
    """pandas takes today, the year 1 or the first of the month for what is missing."""
    assert np.isnat(clock(True).moments(pd.Series([text]))[0])


@pytest.mark.parametrize("layout", ["7:00 {}", "07h00 {}", "Wed {}", "{} 7:00", "{} 7:00 SA", " {} 07h"])
def test_the_day_comes_first_wherever_the_date_stands(layout):
    """A date behind its hour was read with the month first, unasked."""
    found = clock().moments(pd.Series([layout.format("05/02/2020"), layout.format("13/02/2020")]))
    assert found[0] == (utc(2020, 2, 5) if layout == "Wed {}" else utc(2020, 2, 5, 7))
    with pytest.raises(HistoryError, match="day/month or month/day"):
        clock().moments(pd.Series([layout.format("05/02/2020")]))
