"""Limits of what comes in files, below, at and above each: readings of loggers, and forecasts."""

import math
from datetime import UTC, datetime

import numpy as np
import pytest

from ingest import forecast
from ingest.history import ColumnMap, HistoryError, Import
from store.flag import Check, Quality
from telemetry.quantities import QUANTITIES, RAIN_SHARE, record_rain

NOW = datetime(2026, 9, 1, tzinfo=UTC)
FAIL = Quality.FAIL | Check.PHYSICAL_RANGE
DAY = float(record_rain(86_400.0))


def rows(tmp_path, quantity, *lines):
    file = tmp_path / "file.csv"
    file.write_text("\n".join(["time,v", *(f"{time},{value!r}" for time, value in lines)]) + "\n")
    wanted = ColumnMap.model_validate(
        {"time_zone": "UTC", "columns": [{"column": "v", "quantity": quantity, "unit": QUANTITIES[quantity].unit}]}
    )
    work = Import(file, wanted, "s", NOW)
    found = np.concatenate([piece[0][2] for piece in work.pieces()])
    return found, work.summary


@pytest.mark.parametrize("quantity", ["air_temperature", "wind_speed", "relative_humidity", "air_pressure"])
def test_what_can_be_is_good_up_to_the_very_limit(tmp_path, quantity):
    row = QUANTITIES[quantity]
    values = [
        *(math.nextafter(row.minimum, way) for way in (-math.inf, math.inf)), row.minimum,
        *(math.nextafter(row.maximum, way) for way in (-math.inf, math.inf)), row.maximum,
    ]  # fmt: skip
    found, summary = rows(tmp_path, quantity, *((f"2020-01-0{1 + n}", value) for n, value in enumerate(values)))
    assert found["flag"].tolist() == [FAIL, Quality.GOOD, Quality.GOOD, Quality.GOOD, FAIL, Quality.GOOD]
    assert summary.columns["v"].outside == 2


@pytest.mark.parametrize(
    ("value", "flag"),
    [
        (math.nextafter(0.0, -1.0), FAIL), (0.0, Quality.GOOD), (RAIN_SHARE * DAY, Quality.GOOD),
        (math.nextafter(RAIN_SHARE * DAY, math.inf), Quality.SUSPECT | Check.LOCAL_RANGE),
        (DAY, Quality.SUSPECT | Check.LOCAL_RANGE), (math.nextafter(DAY, math.inf), FAIL),
    ],
)  # fmt: skip
def test_rain_of_a_day(tmp_path, value, flag):
    assert rows(tmp_path, "precipitation", ("2020-01-01", value))[0]["flag"].tolist() == [flag]


@pytest.mark.parametrize(
    ("time", "good"),
    [
        ("1849-12-31 23:59:59", False), ("1850-01-01 00:00:00", True), ("1850-01-01 00:00:01", True),
        ("2026-08-31 23:59:59", True), ("2026-09-01 00:00:00", True), ("2026-09-01 00:00:01", False),
    ],
)  # fmt: skip
def test_from_1850_to_the_present_second(tmp_path, time, good):
    found, summary = rows(tmp_path, "air_temperature", ("2020-01-01 00:00:00", 1.0), (time, 1.0))
    assert (len(found), summary.wrong_times, summary.wrong_time) == ((2, 0, "") if good else (1, 1, time))


@pytest.mark.parametrize(("alike", "of", "refused"), [(2, 9, False), (4, 9, True), (4, 40, False), (6, 50, True)])
def test_how_many_rows_may_have_another_s_time(tmp_path, alike, of, refused):
    """More than a tenth of the rows, and more than two of them."""
    lines = [(f"2020-01-01 00:{n:02}", float(n)) for n in range(of)]
    for n in range(0, alike, 2):
        lines[n] = lines[n + 1][0], lines[n][1]
    if refused:
        with pytest.raises(HistoryError, match=f"{alike} rows have another's time"):
            rows(tmp_path, "air_temperature", *lines)
    else:
        assert len(rows(tmp_path, "air_temperature", *lines)[0]) == of


@pytest.mark.parametrize("quantity", ["air_temperature", "precipitation", "wind_speed"])
def test_a_forecast_of_what_can_be_is_taken_up_to_the_very_limit(quantity):
    row = QUANTITIES[quantity]

    def taken(value):
        text = f"valid_time,reference_time,{quantity}\n2026-01-02T00:00:00Z,2026-01-01T00:00:00Z,{value!r}\n"
        return [said.value for said in forecast.read(text.encode()).values]

    for limit, beyond in ((row.minimum, -math.inf), (row.maximum, math.inf)):
        assert taken(limit) == [limit]
        within, outside = math.nextafter(limit, -beyond), math.nextafter(limit, beyond)
        assert taken(within) == [within]
        assert taken(outside) == []
