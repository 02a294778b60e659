"""Seconds of written times, and the beginning and step of time."""

import pytest

from telemetry.instant import EPOCH, INSTANT, second_of


def test_a_time_is_its_second_whatever_its_zone():
    assert second_of("1970-01-01T00:00:00Z") == second_of("1970-01-01") == second_of("1970-01-01T07:00+07:00") == 0
    assert second_of("2026-01-20T00:00:00.999999+00:00") == second_of("2026-01-20T07:00+07:00") == 1_768_867_200
    assert second_of((EPOCH + INSTANT).isoformat()) == 0
    with pytest.raises(ValueError, match="tomorrow"):
        second_of("tomorrow")
